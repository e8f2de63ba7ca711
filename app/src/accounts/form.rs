//! What the forms of these pages are made of.

use std::collections::BTreeMap;

use leptos::prelude::*;
use protocol::Problem;

use crate::ui::Icon;

/// What a form is rendered with: where to go on, and what became of the last try.
#[derive(Clone, Debug)]
pub struct Form {
    pub next: String,
    pub problem: Option<Problem>,
    /// What has been done, and where this page follows from it.
    pub said: Option<&'static str>,
    /// What was typed before, without secrets.
    pub typed: BTreeMap<String, String>,
    /// For who signs up, where the house asks for a challenge.
    pub challenge: Option<String>,
    /// What else signs people in, and where.
    pub provider: Option<(String, String)>,
    /// Whether anybody signs up or in with a password.
    pub takes_passwords: bool,
}

impl Form {
    pub(crate) fn typed(&self, field: &str) -> String {
        self.typed.get(field).cloned().unwrap_or_default()
    }

    pub(crate) fn fault(&self, field: &str) -> Option<String> {
        let problem = self.problem.as_ref()?;
        problem.fields.get(field).map(|fault| fault.clone().into_owned())
    }

    /// What is wrong with none of the fields.
    pub(crate) fn fault_of_all(&self) -> Option<String> {
        let problem = self.problem.as_ref()?;
        problem.fields.is_empty().then(|| problem.detail.clone().into_owned())
    }

    pub(crate) fn elsewhere(&self, page: &str) -> String {
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

/// What became of the last try: why it failed, or what has been done.
#[component]
pub(crate) fn Outcome(fault: Option<String>, said: Option<&'static str>) -> impl IntoView {
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
        {said
            .map(|said| {
                view! {
                    <p class="entry__said" role="status">
                        <Icon name="check" />
                        {said}
                    </p>
                }
            })}
    }
}

/// A form with a heading of its own.
#[component]
pub(crate) fn Part(title: &'static str, about: &'static str, children: Children) -> impl IntoView {
    view! {
        <section class="settings__part">
            <h2 class="settings__heading">{title}</h2>
            <p class="settings__about">{about}</p>
            {children()}
        </section>
    }
}

#[component]
pub(crate) fn TextField(
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

/// One field for a password, with an eye to see it and, for a new one, how strong it is: a few lines of
/// script, gone without them.
#[component]
pub(crate) fn Password(
    #[prop(default = "Password")] label: &'static str,
    #[prop(default = "password")] name: &'static str,
    autocomplete: &'static str,
    fault: Option<String>,
    #[prop(optional)] hint: Option<&'static str>,
    /// Whether there is a way out for who has forgotten it.
    #[prop(optional)]
    forgotten: bool,
    /// Whether the form goes without it.
    #[prop(optional)]
    is_optional: bool,
) -> impl IntoView {
    let is_faulty = fault.is_some();
    let is_new = autocomplete == "new-password";
    view! {
        <Field label name fault>
            <div class="field__with-button">
                <input
                    class="field__input"
                    id=name
                    name=name
                    type="password"
                    autocomplete=autocomplete
                    maxlength="256"
                    required=!is_optional
                    data-strength=is_new.then_some("")
                    aria-invalid=is_faulty.then_some("true")
                    aria-describedby=format!("{name}-fault {name}-hint")
                />
                <button
                    class="icon-button field__button"
                    type="button"
                    data-reveal=name
                    aria-pressed="false"
                    aria-label="Show the password"
                    hidden
                >
                    <Icon name="eye" />
                </button>
            </div>
            {is_new
                .then(|| {
                    view! {
                        <div class="strength" id=format!("{name}-strength") aria-hidden="true" hidden>
                            <span></span>
                            <span></span>
                            <span></span>
                            <span></span>
                        </div>
                    }
                })}
            <p class="field__hint" id=format!("{name}-hint") role=is_new.then_some("status")>
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

/// A box to tick, with what it means under it.
#[component]
pub(crate) fn Tick(
    label: &'static str,
    name: &'static str,
    about: &'static str,
    is_ticked: bool,
) -> impl IntoView {
    view! {
        <div class="tick">
            <input
                class="tick__box"
                id=name
                name=name
                type="checkbox"
                value="on"
                checked=is_ticked
                aria-describedby=format!("{name}-about")
            />
            <label class="tick__label" for=name>
                {label}
            </label>
            <p class="tick__about" id=format!("{name}-about")>
                {about}
            </p>
        </div>
    }
}
