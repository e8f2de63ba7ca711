//! The settings: pages of the server alone, each a few forms that work without a script.

use leptos::prelude::*;
use protocol::{
    Timestamp, User,
    accounts::{Account, Session},
};

use super::form::{Form, Outcome, Part, Password, TextField, Tick};
use crate::ui::{Avatar, Here, Icon, Mark, Moment, Size, Style};

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
fn Save(#[prop(default = "Save")] says: &'static str) -> impl IntoView {
    view! {
        <button class="button settings__save" type="submit">
            {says}
        </button>
    }
}

#[component]
fn Profile(own: Own, form: Form) -> impl IntoView {
    let user = own.account.user;
    let typed = form.typed("display_name");
    let name = if typed.is_empty() { user.display_name.clone() } else { typed };
    let has_picture = user.avatar_url.is_some();
    let username = format!("@{}", user.username);
    let fault = form.fault("display_name");
    view! {
        <Part title="Picture" about="A square. PNG, JPEG, WebP or GIF, smaller than 10 MB.">
            <div class="picture">
                <Avatar user size=Size::Large />
                <form
                    class="picture__form"
                    action="/settings/picture"
                    method="post"
                    enctype="multipart/form-data"
                    data-crop
                >
                    <label class="visually-hidden" for="picture">
                        "Picture"
                    </label>
                    <input
                        class="picture__file"
                        id="picture"
                        name="picture"
                        type="file"
                        accept="image/png,image/jpeg,image/webp,image/gif"
                        required
                    />
                    <div class="crop" hidden>
                        <canvas
                            class="crop__canvas"
                            width="256"
                            height="256"
                            tabindex="0"
                            role="img"
                            aria-label="The part of the picture that is shown. Drag it, or use the arrow keys."
                        ></canvas>
                        <label class="crop__zoom">
                            "Zoom"
                            <input type="range" min="1" max="4" step="0.01" value="1" />
                        </label>
                    </div>
                    <p class="field__fault" role="alert"></p>
                    <button class="button" type="submit">
                        "Use this picture"
                    </button>
                </form>
                {has_picture
                    .then(|| {
                        view! {
                            <form action="/settings/picture/remove" method="post">
                                <button class="button button--quiet" type="submit">
                                    "Remove"
                                </button>
                            </form>
                        }
                    })}
            </div>
        </Part>
        <Part title="Name" about="What others read. Your username stays what it is.">
            <form class="settings__form" action="/fn/accounts/change_profile" method="post">
                <TextField
                    label="Display name"
                    name="display_name"
                    value=name
                    fault
                    autocomplete="name"
                    maxlength=64
                />
                <p class="settings__fact">
                    "Username: " <strong>{username}</strong>
                </p>
                <Save />
            </form>
        </Part>
    }
}

#[component]
fn AccountForms(own: Own, form: Form) -> impl IntoView {
    let account = own.account;
    let typed = form.typed("email");
    let email = if typed.is_empty() { account.email.clone().unwrap_or_default() } else { typed };
    let fault = form.fault("email");
    let (refused, wrong) = (form.fault("current"), form.fault("password"));
    let waits = account.email.is_some() && !account.email_confirmed;
    let is_wrong = wrong.is_some();
    view! {
        <Part title="E-mail" about="To sign in with, and to get back in when the password is forgotten.">
            <form class="settings__form" action="/fn/accounts/change_profile" method="post">
                <input type="hidden" name="boxes" value="email_shown" />
                <TextField
                    label="E-mail"
                    name="email"
                    value=email
                    fault
                    autocomplete="email"
                    maxlength=254
                    note="empty for none"
                />
                {waits
                    .then(|| {
                        view! {
                            <p class="settings__fact">
                                <Icon name="clock" />
                                " Not confirmed yet: follow the link in the letter."
                            </p>
                        }
                    })}
                <Password
                    label="Your password, to change the address"
                    name="current"
                    autocomplete="current-password"
                    fault=refused
                    is_optional=true
                />
                <Tick
                    label="Show it on my profile"
                    name="email_shown"
                    about="Everyone who sees your profile sees it then. Nobody is found by it."
                    is_ticked=account.email_shown
                />
                <Save />
            </form>
        </Part>
        <Part title="Your data" about="Everything that is kept about you, with your pictures, in one archive.">
            <a class="button button--plain" href="/api/v1/me/export" download="kith.zip">
                <Icon name="download" />
                "Download the archive"
            </a>
        </Part>
        <Part
            title="Delete the account"
            about="You are signed out everywhere, and your friendships end. Nobody else can ever take your username. This cannot be undone."
        >
            <details class="settings__delete" open=is_wrong>
                <summary class="button button--plain">"Delete my account …"</summary>
                <form class="settings__form" action="/fn/accounts/delete" method="post">
                    <fieldset class="settings__choice">
                        <legend>"What you said"</legend>
                        <label>
                            <input type="radio" name="messages" value="stays" checked />
                            " stays, as said by a deleted account"
                        </label>
                        <label>
                            <input type="radio" name="messages" value="goes" />
                            " is deleted too"
                        </label>
                    </fieldset>
                    <Password
                        label="Your password"
                        autocomplete="current-password"
                        fault=wrong
                    />
                    <button class="button button--danger settings__save" type="submit">
                        "Delete my account"
                    </button>
                </form>
            </details>
        </Part>
    }
}

#[component]
fn Security(own: Own, form: Form) -> impl IntoView {
    let devices = own.devices.into_iter().map(|device| view! { <Device device /> });
    view! {
        <Part title="Password" about="Changing it signs out your other devices.">
            <form class="settings__form" action="/fn/accounts/change_password" method="post">
                <input
                    type="hidden"
                    name="username"
                    autocomplete="username"
                    value=own.account.user.username
                />
                <Password
                    label="Your password now"
                    name="current"
                    autocomplete="current-password"
                    fault=form.fault("current")
                />
                <Password
                    label="A new one"
                    autocomplete="new-password"
                    fault=form.fault("password")
                    hint="At least 8 characters. A few words in a row are easy to keep."
                />
                <Save says="Change the password" />
            </form>
        </Part>
        <Part title="Devices" about="Where you are signed in. What you do not know, sign out.">
            <ul class="devices">{devices.collect_view()}</ul>
        </Part>
    }
}

#[component]
fn Device(device: Session) -> impl IntoView {
    let name = device.user_agent.as_deref().map_or("Unknown device".to_owned(), browser);
    view! {
        <li class="device">
            <Icon name="monitor" />
            <span class="device__text">
                <span class="device__name">{name}</span>
                <span class="device__about">
                    {if device.current {
                        "This device".to_owned()
                    } else {
                        "Last used ".to_owned()
                    }}
                    {(!device.current)
                        .then(|| view! { <Moment at=device.last_seen_at style=Style::Ago /> })}
                    " · signed in " <Moment at=device.created_at style=Style::Ago />
                </span>
            </span>
            {(!device.current)
                .then(|| {
                    view! {
                        <form action="/fn/accounts/end_session" method="post">
                            <input type="hidden" name="session" value=device.id.to_string() />
                            <button class="button button--plain" type="submit">
                                "Sign out"
                            </button>
                        </form>
                    }
                })}
        </li>
    }
}

/// Browser and system, as far as their own names tell.
fn browser(agent: &str) -> String {
    let first = |names: &[(&str, &'static str)]| {
        names.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => agent.chars().take(40).collect(),
    }
}

#[component]
fn Privacy(own: Own) -> impl IntoView {
    let account = own.account;
    let nobody = own.blocked.is_empty();
    let blocked = own.blocked.into_iter().map(|user| {
        view! {
            <li class="device">
                <Avatar user=user.clone() />
                <span class="device__text">
                    <span class="device__name" dir="auto">
                        {user.display_name.clone()}
                    </span>
                    <span class="device__about">{format!("@{}", user.username)}</span>
                </span>
                <form action="/fn/friends/step" method="post">
                    <input type="hidden" name="username" value=user.username.clone() />
                    <button class="button button--plain" type="submit" name="step" value="unblock">
                        "Unblock"
                    </button>
                </form>
            </li>
        }
    });
    view! {
        <Part title="Who sees you" about="Friends, and people in your rooms, see whether you are here.">
            <form class="settings__form" action="/fn/accounts/change_profile" method="post">
                <input type="hidden" name="boxes" value="seen_shown invisible" />
                <Tick
                    label="Friends see when I was here last"
                    name="seen_shown"
                    about="“Seen on Monday”, while you are away."
                    is_ticked=account.seen_shown
                />
                <Tick
                    label="Nobody sees that I am here"
                    name="invisible"
                    about="On all of your devices. You count nowhere, and nobody sees you typing."
                    is_ticked=account.invisible
                />
                <Save />
            </form>
        </Part>
        <Part
            title="Blocked"
            about="They can neither befriend you nor write to you, and are not told."
        >
            {nobody.then(|| view! { <p class="settings__fact">"You block nobody."</p> })}
            <ul class="devices">{blocked.collect_view()}</ul>
        </Part>
    }
}

#[component]
fn Notifications() -> impl IntoView {
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
fn Appearance(theme: &'static str) -> impl IntoView {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_by_their_names() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.1", "curl/8.1"),
        ] {
            assert_eq!(browser(agent), name);
        }
    }

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
