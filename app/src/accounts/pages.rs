//! The pages for who is not signed in.

use std::collections::BTreeMap;

use leptos::{form::ActionForm, prelude::*};
use protocol::{Problem, User};

use crate::{
    api::accounts as api,
    ui::{Avatar, Empty, Icon, Mark, Size},
};

/// What a form is rendered with: where to go on, and what became of the last try.
#[derive(Clone, Debug, Default)]
pub struct Form {
    pub next: String,
    pub problem: Option<Problem>,
    /// What has been done, and where this page follows from it.
    pub said: Option<&'static str>,
    /// What was typed before, without secrets.
    pub typed: BTreeMap<String, String>,
}

impl Form {
    fn typed(&self, field: &str) -> String {
        self.typed.get(field).cloned().unwrap_or_default()
    }

    fn fault(&self, field: &str) -> Option<String> {
        let problem = self.problem.as_ref()?;
        problem.fields.get(field).map(|fault| fault.clone().into_owned())
    }

    /// What is wrong with none of the fields.
    fn fault_of_all(&self) -> Option<String> {
        let problem = self.problem.as_ref()?;
        problem.fields.is_empty().then(|| problem.detail.clone().into_owned())
    }

    fn elsewhere(&self, page: &str) -> String {
        if self.next.is_empty() {
            page.to_owned()
        } else {
            format!("{page}?next={}", escaped(&self.next))
        }
    }
}

fn escaped(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.bytes().fold(String::new(), |mut out, byte| {
        if keep(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[component]
pub fn SignIn(form: Form) -> impl IntoView {
    let sign_up = form.elsewhere("/sign-up");
    let action = ServerAction::<api::SignIn>::new();
    view! {
        <Entry title="Good to see you" lead="Sign in, and pick up where you left off.">
            <ActionForm action attr:class="entry__form">
                <FormFault fault=form.fault_of_all() />
                {form
                    .said
                    .map(|said| {
                        view! {
                            <p class="entry__said" role="status">
                                <Icon name="check" />
                                {said}
                            </p>
                        }
                    })}
                <input type="hidden" name="next" value=form.next.clone() />
                <TextField
                    label="Username or e-mail"
                    name="login"
                    value=form.typed("login")
                    fault=form.fault("login")
                    autocomplete="username"
                    maxlength=254
                    is_first=true
                />
                <Password autocomplete="current-password" fault=form.fault("password") forgotten=true />
                <button class="button button--wide button--tall" type="submit">
                    "Sign in"
                </button>
            </ActionForm>
            <p class="entry__other">
                "New here? " <a class="link" href=sign_up>
                    "Create an account"
                </a>
            </p>
        </Entry>
    }
}

#[component]
pub fn SignUp(form: Form) -> impl IntoView {
    let sign_in = form.elsewhere("/sign-in");
    let action = ServerAction::<api::SignUp>::new();
    view! {
        <Entry title="Make yourself known" lead="One name, one password. Your friends will find you.">
            <ActionForm action attr:class="entry__form">
                <FormFault fault=form.fault_of_all() />
                <input type="hidden" name="next" value=form.next.clone() />
                <TextField
                    label="Username"
                    name="username"
                    value=form.typed("username")
                    fault=form.fault("username")
                    autocomplete="username"
                    maxlength=32
                    is_first=true
                />
                <TextField
                    label="E-mail"
                    name="email"
                    value=form.typed("email")
                    fault=form.fault("email")
                    autocomplete="email"
                    maxlength=254
                    note="optional"
                />
                <Password
                    autocomplete="new-password"
                    fault=form.fault("password")
                    hint="At least 8 characters. A few words in a row are easy to keep."
                />
                <button class="button button--wide button--tall" type="submit">
                    "Create account"
                </button>
            </ActionForm>
            <p class="entry__other">
                "Here before? " <a class="link" href=sign_in>
                    "Sign in"
                </a>
            </p>
        </Entry>
    }
}

/// Asks for a link to set a new password.
#[component]
pub fn Forgotten(form: Form) -> impl IntoView {
    let action = ServerAction::<api::RequestReset>::new();
    view! {
        <Entry title="Forgotten? It happens" lead="We send a link to your e-mail address. It works once, for half an hour.">
            <ActionForm action attr:class="entry__form">
                <FormFault fault=form.fault_of_all() />
                {form
                    .said
                    .map(|said| {
                        view! {
                            <p class="entry__said" role="status">
                                <Icon name="check" />
                                {said}
                            </p>
                        }
                    })}
                <TextField
                    label="E-mail"
                    name="email"
                    value=form.typed("email")
                    fault=form.fault("email")
                    autocomplete="email"
                    maxlength=254
                    is_first=true
                />
                <button class="button button--wide button--tall" type="submit">
                    "Send the link"
                </button>
            </ActionForm>
            <p class="entry__other">
                "Remembered? " <a class="link" href="/sign-in">
                    "Sign in"
                </a>
            </p>
        </Entry>
    }
}

/// Sets a new password with the token of a link.
#[component]
pub fn Reset(form: Form, token: String) -> impl IntoView {
    let action = ServerAction::<api::ResetPassword>::new();
    view! {
        <Entry title="A new password" lead="You will be signed out everywhere, and sign in with this one.">
            <ActionForm action attr:class="entry__form">
                <FormFault fault=form.fault_of_all() />
                <input type="hidden" name="token" value=token />
                <Password
                    autocomplete="new-password"
                    fault=form.fault("password")
                    hint="At least 8 characters. A few words in a row are easy to keep."
                />
                <button class="button button--wide button--tall" type="submit">
                    "Set the password"
                </button>
            </ActionForm>
            <p class="entry__other">
                <a class="link" href="/forgotten">
                    "Ask for another link"
                </a>
            </p>
        </Entry>
    }
}

/// The front door.
#[component]
pub fn Welcome() -> impl IntoView {
    view! {
        <Entry
            title="A chat of your own"
            lead="Kith is for the people you know: friends, rooms and direct messages, on a machine that is yours."
        >
            <div class="entry__form">
                <a class="button button--wide button--tall" href="/sign-up">
                    "Create an account"
                </a>
                <a class="button button--plain button--wide button--tall" href="/sign-in">
                    "Sign in"
                </a>
            </div>
        </Entry>
    }
}

/// A person's page for who is not signed in.
#[component]
pub fn PublicProfile(user: User) -> impl IntoView {
    let path = format!("/sign-in?next=/people/{}", user.username);
    view! {
        <main class="standalone" id="main">
            <section class="profile">
                <Avatar user=user.clone() size=Size::Large />
                <h1 class="profile__name" dir="auto">
                    {user.display_name.clone()}
                </h1>
                <p class="profile__about">{format!("@{}", user.username)}</p>
                <a class="button" href=path>
                    "Sign in to say hello"
                </a>
            </section>
        </main>
    }
}

/// One sentence about what is not to be had here, and the way back.
#[component]
pub fn Notice(title: &'static str, #[prop(into)] text: String) -> impl IntoView {
    view! {
        <main class="standalone" id="main">
            <h1 class="visually-hidden">{title}</h1>
            <Empty icon="search" title text>
                <a class="button" href="/">
                    "Back to Kith"
                </a>
            </Empty>
        </main>
    }
}

#[component]
fn Entry(title: &'static str, lead: &'static str, children: Children) -> impl IntoView {
    view! {
        <div class="entry">
            <main class="entry__main" id="main">
                <a class="entry__mark" href="/">
                    <Mark />
                    <span>"Kith"</span>
                </a>
                <h1 class="entry__title">{title}</h1>
                <p class="entry__lead">{lead}</p>
                {children()}
            </main>
            <Scene />
        </div>
    }
}

/// What Kith is, shown instead of told. Decoration: hidden from the accessibility tree.
#[component]
fn Scene() -> impl IntoView {
    let bubble = |class: &'static str, face: &'static str, text: &'static str, by: &'static str| {
        view! {
            <div class=format!("scene__bubble {class}")>
                {(!face.is_empty())
                    .then(|| view! { <span class="avatar avatar--medium scene__face">{face}</span> })}
                <div>
                    <p class="scene__text">{text}</p>
                    <p class="scene__by">{by}</p>
                </div>
            </div>
        }
    };
    view! {
        <div class="scene" aria-hidden="true">
            <div class="scene__talk">
                {bubble("scene__bubble--a", "SR", "The tomatoes made it.", "Sol · 9:41")}
                {bubble(
                    "scene__bubble--b scene__bubble--mine",
                    "",
                    "Then Saturday it is. Who brings coffee?",
                    "You · 9:42 ✓",
                )} {bubble("scene__bubble--c", "TO", "I will. And the good cups.", "Theo · 9:42")}
                {bubble("scene__bubble--d", "ML", "See you at eight 🌱", "Mara · 9:43")}
            </div>
            <p class="scene__claims">
                <span>
                    <Icon name="server" />
                    "Yours to host"
                </span>
                <span>
                    <Icon name="check-check" />
                    "Stored once you see the tick"
                </span>
                <span>
                    <Icon name="shield" />
                    "No third parties"
                </span>
            </p>
        </div>
    }
}

#[component]
fn FormFault(fault: Option<String>) -> impl IntoView {
    view! {
        <div role="alert">
            {fault
                .map(|fault| {
                    view! {
                        <p class="field__fault field__fault--form">
                            <Icon name="circle-alert" />
                            {fault}
                        </p>
                    }
                })}
        </div>
    }
}

#[component]
fn TextField(
    label: &'static str,
    name: &'static str,
    value: String,
    fault: Option<String>,
    autocomplete: &'static str,
    maxlength: u16,
    #[prop(optional)] note: Option<&'static str>,
    /// Where typing begins.
    #[prop(optional)]
    is_first: bool,
) -> impl IntoView {
    let invalid = fault.is_some().then_some("true");
    view! {
        <Field label name fault note>
            <input
                class="field__input"
                id=name
                name=name
                type=if name == "email" { "email" } else { "text" }
                value=value
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                maxlength=maxlength
                required=note.is_none()
                autofocus=is_first
                aria-invalid=invalid
                aria-describedby=format!("{name}-fault")
            />
        </Field>
    }
}

#[component]
fn Field(
    label: &'static str,
    name: &'static str,
    fault: Option<String>,
    #[prop(optional_no_strip)] note: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let is_faulty = fault.is_some();
    view! {
        <div class="field" class:field--faulty=is_faulty>
            <div class="field__head">
                <label class="field__label" for=name>
                    {label}
                </label>
                {note.map(|note| view! { <span class="field__note">{note}</span> })}
            </div>
            {children()}
            <p class="field__fault" id=format!("{name}-fault")>
                {fault
                    .map(|fault| {
                        view! {
                            <Icon name="circle-alert" />
                            {fault}
                        }
                    })}
            </p>
        </div>
    }
}

/// One field for the password, with an eye to see it (a few lines of script, gone without them).
#[component]
fn Password(
    autocomplete: &'static str,
    fault: Option<String>,
    #[prop(optional)] hint: Option<&'static str>,
    /// Whether there is a way out for who has forgotten it.
    #[prop(optional)]
    forgotten: bool,
) -> impl IntoView {
    let is_faulty = fault.is_some();
    view! {
        <Field label="Password" name="password" fault>
            <div class="field__with-button">
                <input
                    class="field__input"
                    id="password"
                    name="password"
                    type="password"
                    autocomplete=autocomplete
                    maxlength="256"
                    required
                    aria-invalid=is_faulty.then_some("true")
                    aria-describedby="password-fault password-hint"
                />
                <button
                    class="icon-button field__button"
                    type="button"
                    data-reveal="password"
                    aria-pressed="false"
                    aria-label="Show the password"
                    hidden
                >
                    <Icon name="eye" />
                </button>
            </div>
            <p class="field__hint" id="password-hint">
                {hint}
                {forgotten
                    .then(|| {
                        view! {
                            <a class="link" href="/forgotten">
                                "Forgotten?"
                            </a>
                        }
                    })}
            </p>
        </Field>
    }
}
