//! How Kith is on this device: messages of the system, and how it looks.

use leptos::prelude::*;

use crate::{accounts::form::Part, ui::Icon};

#[component]
pub(super) fn Notifications() -> impl IntoView {
    view! {
        <Part
            title="In Kith"
            about="The bell tells of friend requests and what became of them; the chat icon of conversations with something unread. Both are counted in the title of the page."
        >
            ""
        </Part>
        <Part
            title="On this device"
            about="A message of the system, when somebody writes while Kith is not in front of you."
        >
            <div class="settings__form" data-notify hidden>
                <p class="settings__fact" role="status"></p>
                <button class="button settings__save" type="button">
                    "Show them on this device"
                </button>
            </div>
            <noscript>
                <p class="settings__fact">"This needs JavaScript."</p>
            </noscript>
        </Part>
    }
}

#[component]
pub(super) fn Appearance(theme: &'static str) -> impl IntoView {
    let choice = move |value: &'static str, icon: &'static str, label: &'static str| {
        view! {
            <button
                class="theme"
                type="submit"
                name="theme"
                value=value
                aria-pressed=(theme == value).to_string()
            >
                <Icon name=icon />
                {label}
            </button>
        }
    };
    view! {
        <Part title="Colours" about="Kept by this browser.">
            <form class="themes" action="/fn/accounts/set_theme" method="post">
                {choice("system", "monitor", "As the system has it")} {choice("light", "sun", "Light")}
                {choice("dark", "moon", "Dark")}
            </form>
        </Part>
    }
}
