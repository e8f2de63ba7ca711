//! The password, the devices, and who sees what.

use leptos::prelude::*;
use protocol::accounts::Session;

use super::{Own, Save};
use crate::{
    accounts::form::{Form, Part, Password, Tick},
    ui::{Avatar, Icon, Moment, Style},
};

#[component]
pub(super) fn Security(own: Own, form: Form) -> impl IntoView {
    let devices = own.devices.clone().into_iter().map(|device| view! { <Device device /> });
    let takes_passwords = form.takes_passwords;
    view! {
        <ByProvider own=own.clone() form=form.clone() />
        {takes_passwords.then(|| view! { <ByPassword own=own form=form /> })}
        <Part title="Devices" about="Where you are signed in. What you do not know, sign out.">
            <ul class="devices">{devices.collect_view()}</ul>
        </Part>
    }
}

/// Another password, or a first one.
#[component]
fn ByPassword(own: Own, form: Form) -> impl IntoView {
    let has_one = own.account.has_password;
    let (label, says) = match has_one {
        true => ("A new one", "Change the password"),
        false => ("A password", "Set the password"),
    };
    let about = match has_one {
        true => "Changing it signs out your other devices.",
        false => "You have none yet. With one you can sign in without the provider, too.",
    };
    view! {
        <Part title="Password" about>
            <form class="settings__form" action="/fn/accounts/change_password" method="post">
                <input
                    type="hidden"
                    name="username"
                    autocomplete="username"
                    value=own.account.user.username
                />
                {has_one
                    .then(|| {
                        view! {
                            <Password
                                label="Your password now"
                                name="current"
                                autocomplete="current-password"
                                fault=form.fault("current")
                            />
                        }
                    })}
                {form
                    .fault("current")
                    .filter(|_| !has_one)
                    .map(|fault| view! { <p class="field__fault" role="alert">{fault}</p> })}
                <Password
                    label
                    autocomplete="new-password"
                    fault=form.fault("password")
                    hint="At least 8 characters. A few words in a row are easy to keep."
                />
                <Save says />
            </form>
        </Part>
    }
}

/// The provider that one signs in by, or may.
#[component]
fn ByProvider(own: Own, form: Form) -> impl IntoView {
    let may_unlink = own.account.has_password && form.takes_passwords;
    form.provider.map(|(name, _)| {
        view! {
            <Part title="Identity provider" about="Signs you in without a password of Kith's.">
                {match own.is_linked {
                    false => {
                        view! {
                            <a class="button button--plain" href="/sign-in/provider?link" rel="external">
                                <Icon name="shield" />
                                "Sign in with "
                                {name}
                                " from now on"
                            </a>
                        }
                            .into_any()
                    }
                    true => {
                        view! {
                            <p class="settings__fact">
                                <Icon name="check" />
                                " You sign in with "
                                {name}
                                "."
                            </p>
                            <a
                                class="button button--plain"
                                href="/sign-in/provider?again&next=/settings/security"
                                rel="external"
                            >
                                "Sign in again"
                            </a>
                            {may_unlink
                                .then(|| {
                                    view! {
                                        <form action="/settings/provider/unlink" method="post">
                                            <button class="button button--plain" type="submit">
                                                "Sign in with it no more"
                                            </button>
                                        </form>
                                    }
                                })}
                        }
                            .into_any()
                    }
                }}
            </Part>
        }
    })
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
pub(super) fn Privacy(own: Own) -> impl IntoView {
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
}
