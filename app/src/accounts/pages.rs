//! The pages for who is not signed in.

use leptos::{form::ActionForm, prelude::*};
use protocol::friends::Profile;

use super::form::{Form, Outcome, Password, TextField};
use crate::{
    api::accounts as api,
    ui::{Avatar, Empty, Icon, Mark, Size},
};

#[component]
pub fn SignIn(form: Form) -> impl IntoView {
    let sign_up = form.elsewhere("/sign-up");
    let takes_passwords = form.takes_passwords;
    let action = ServerAction::<api::SignIn>::new();
    view! {
        <Entry title="Good to see you" lead="Sign in, and pick up where you left off.">
            <Outcome fault=form.fault_of_all() said=form.said />
            <ByProvider form=form.clone() />
            {takes_passwords
                .then(|| {
                    view! {
                        <ActionForm action attr:class="entry__form">
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
                            <Password
                                autocomplete="current-password"
                                fault=form.fault("password")
                                forgotten=true
                            />
                            <button class="button button--wide button--tall" type="submit">
                                "Sign in"
                            </button>
                        </ActionForm>
                        <p class="entry__other">
                            "New here? " <a class="link" href=sign_up>
                                "Create an account"
                            </a>
                        </p>
                    }
                })}
        </Entry>
    }
}

#[component]
pub fn SignUp(form: Form) -> impl IntoView {
    let sign_in = form.elsewhere("/sign-in");
    let takes_passwords = form.takes_passwords;
    let action = ServerAction::<api::SignUp>::new();
    view! {
        <Entry title="Make yourself known" lead="One name, one password. Your friends will find you.">
            <Outcome fault=form.fault_of_all() said=None />
            <ByProvider form=form.clone() />
            {takes_passwords
                .then(|| {
                    view! {
                        <ActionForm action attr:class="entry__form">
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
                            {form
                                .challenge
                                .clone()
                                .map(|token| {
                                    view! {
                                        <input type="hidden" name="challenge" value=token data-challenge />
                                        <input type="hidden" name="answer" />
                                        <p class="field__fault">{form.fault("challenge")}</p>
                                    }
                                })}
                            <button class="button button--wide button--tall" type="submit">
                                "Create account"
                            </button>
                        </ActionForm>
                    }
                })}
            <p class="entry__other">
                "Here before? " <a class="link" href=sign_in>
                    "Sign in"
                </a>
            </p>
        </Entry>
    }
}

/// The way by the provider, before the one by a password.
#[component]
fn ByProvider(form: Form) -> impl IntoView {
    let takes_passwords = form.takes_passwords;
    form.provider.map(|(name, href)| {
        view! {
            <a class="button button--plain button--wide button--tall" href=href rel="external">
                <Icon name="shield" />
                "Sign in with " {name}
            </a>
            {takes_passwords.then(|| view! { <p class="entry__or">"or with a password"</p> })}
        }
    })
}

/// Who comes from the provider for the first time chooses a name.
#[component]
pub fn ChooseName(
    form: Form,
    /// What the provider is called.
    provider: String,
    /// Who they are there.
    known: String,
) -> impl IntoView {
    let known = (!known.is_empty()).then(|| format!(" as {known}"));
    view! {
        <Entry title="What shall we call you?" lead="Your friends find you by this name. It is yours for good.">
            <p class="entry__said" role="status">
                <Icon name="check" />
                "Signed in with " {provider} {known}
            </p>
            <form class="entry__form" action="/sign-in/provider/name" method="post">
                <Outcome fault=form.fault_of_all() said=None />
                <TextField
                    label="Username"
                    name="username"
                    value=form.typed("username")
                    fault=form.fault("username")
                    autocomplete="username"
                    maxlength=32
                    is_first=true
                />
                <button class="button button--wide button--tall" type="submit">
                    "Go in"
                </button>
            </form>
            <p class="entry__other">
                "Here before, with a password? " <a class="link" href="/sign-in">
                    "Sign in with it"
                </a> ", then link the two in your settings."
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
                <Outcome fault=form.fault_of_all() said=form.said />
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
                <Outcome fault=form.fault_of_all() said=None />
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
pub fn PublicProfile(profile: Profile) -> impl IntoView {
    let Profile { user, email, .. } = profile;
    let path = format!("/sign-in?next=/people/{}", user.username);
    view! {
        <main class="standalone" id="main">
            <section class="profile">
                <Avatar user=user.clone() size=Size::Large />
                <h1 class="profile__name" dir="auto">
                    {user.display_name.clone()}
                </h1>
                <p class="profile__about">{format!("@{}", user.username)}</p>
                {email
                    .map(|email| {
                        view! {
                            <a class="link profile__note" href=format!("mailto:{email}")>
                                {email.clone()}
                            </a>
                        }
                    })}
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
