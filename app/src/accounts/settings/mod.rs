//! The settings: pages of the server alone, each a few forms that work without a script.

mod account;
mod device;
mod security;

use leptos::prelude::*;
use protocol::{
    Timestamp, User,
    accounts::{Account, Session},
};

use account::{AccountForms, Profile};
use device::{Appearance, Notifications};
use security::{Privacy, Security};

use super::form::{Form, Outcome};
use crate::ui::{Here, Icon, Mark};

/// One page of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    Profile,
    Account,
    Security,
    Privacy,
    Notifications,
    Appearance,
}

impl Section {
    const ALL: [Self; 6] = [
        Self::Profile,
        Self::Account,
        Self::Security,
        Self::Privacy,
        Self::Notifications,
        Self::Appearance,
    ];

    /// The section with this name in its address; the first without one.
    pub fn named(name: Option<&str>) -> Option<Self> {
        let Some(name) = name else { return Some(Self::Profile) };
        let path = format!("/settings/{name}");
        Self::ALL.into_iter().find(|section| section.path() == path)
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Profile => "Profile",
            Self::Account => "Account",
            Self::Security => "Security and devices",
            Self::Privacy => "Privacy",
            Self::Notifications => "Notifications",
            Self::Appearance => "Appearance",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Profile => "/settings",
            Self::Account => "/settings/account",
            Self::Security => "/settings/security",
            Self::Privacy => "/settings/privacy",
            Self::Notifications => "/settings/notifications",
            Self::Appearance => "/settings/appearance",
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Self::Profile => "user",
            Self::Account => "settings",
            Self::Security => "shield",
            Self::Privacy => "eye-off",
            Self::Notifications => "bell",
            Self::Appearance => "sun",
        }
    }

    /// What has been done, by the word in the address: never text from there.
    pub fn said(word: &str) -> Option<&'static str> {
        match word {
            "saved" => Some("Saved."),
            "picture" => Some("Your picture is changed."),
            "letter" => {
                Some("A letter is on its way. The address counts once you follow its link.")
            }
            "password" => Some("Your password is changed, and your other devices are signed out."),
            "device" => Some("That device is signed out."),
            "linked" => Some("From now on you may sign in with the provider."),
            "unlinked" => Some("You sign in with your password alone from now on."),
            _ => None,
        }
    }
}

/// What the settings are about.
#[derive(Clone, Debug)]
pub struct Own {
    pub account: Account,
    /// On the page of devices.
    pub devices: Vec<Session>,
    /// On the page of who is blocked.
    pub blocked: Vec<User>,
    pub now: Timestamp,
    pub theme: &'static str,
    /// Whether one signs in by the provider.
    pub is_linked: bool,
}

#[component]
pub fn Settings(section: Section, own: Own, form: Form) -> impl IntoView {
    provide_context(Here::new(own.now));
    let fault = form.fault_of_all().or_else(|| form.fault("picture"));
    let said = form.said;
    let links = Section::ALL.map(|one| {
        view! {
            <li>
                <a
                    class="settings__link"
                    href=one.path()
                    aria-current=(one == section).then_some("page")
                >
                    <Icon name=one.icon() />
                    {one.title()}
                </a>
            </li>
        }
    });
    let body = match section {
        Section::Profile => view! { <Profile own form /> }.into_any(),
        Section::Account => view! { <AccountForms own form /> }.into_any(),
        Section::Security => view! { <Security own form /> }.into_any(),
        Section::Privacy => view! { <Privacy own /> }.into_any(),
        Section::Notifications => view! { <Notifications /> }.into_any(),
        Section::Appearance => view! { <Appearance theme=own.theme /> }.into_any(),
    };
    view! {
        <div class="settings">
            <header class="settings__header">
                <a class="settings__home" href="/">
                    <Mark />
                    <span class="visually-hidden">"Back to Kith"</span>
                </a>
                <p class="settings__name">"Settings"</p>
                <a class="button button--plain" href="/">
                    <Icon name="arrow-left" />
                    "Back to chats"
                </a>
            </header>
            <nav class="settings__nav" aria-label="Settings">
                <ul>{links.into_iter().collect_view()}</ul>
            </nav>
            <main class="settings__main" id="main">
                <h1 class="settings__title">{section.title()}</h1>
                <Outcome fault said />
                {body}
            </main>
        </div>
        <script src="/settings.js" defer></script>
    }
}

#[component]
pub(super) fn Save(#[prop(default = "Save")] says: &'static str) -> impl IntoView {
    view! {
        <button class="button settings__save" type="submit">
            {says}
        </button>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_has_its_address() {
        assert_eq!(Section::named(None), Some(Section::Profile));
        for section in Section::ALL {
            let name = section.path().strip_prefix("/settings/");
            assert_eq!(Section::named(name), Some(section));
        }
        assert_eq!(Section::named(Some("x")), None);
    }
}
