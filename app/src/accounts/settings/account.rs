//! What the account is: picture, name, address, and its end.

use leptos::prelude::*;

use super::{Own, Save};
use crate::{
    accounts::form::{Form, Part, Password, TextField, Tick},
    ui::{Avatar, Icon, Size},
};

#[component]
pub(super) fn Profile(own: Own, form: Form) -> impl IntoView {
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
pub(super) fn AccountForms(own: Own, form: Form) -> impl IntoView {
    let account = own.account;
    let typed = form.typed("email");
    let email = if typed.is_empty() { account.email.clone().unwrap_or_default() } else { typed };
    let fault = form.fault("email");
    let (refused, wrong) = (form.fault("current"), form.fault("password"));
    let waits = account.email.is_some() && !account.email_confirmed;
    let is_wrong = wrong.is_some();
    let has_password = account.has_password;
    let about = match form.takes_passwords {
        true => "To sign in with, and to get back in when the password is forgotten.",
        false => "For letters, and to be shown if you like.",
    };
    view! {
        <Part title="E-mail" about=about>
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
                {has_password
                    .then(|| {
                        view! {
                            <Password
                                label="Your password, to change the address"
                                name="current"
                                autocomplete="current-password"
                                fault=refused.clone()
                                is_optional=true
                            />
                        }
                    })}
                {refused
                    .clone()
                    .filter(|_| !has_password)
                    .map(|fault| view! { <p class="field__fault" role="alert">{fault}</p> })}
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
                    {has_password
                        .then(|| {
                            view! {
                                <Password
                                    label="Your password"
                                    autocomplete="current-password"
                                    fault=wrong.clone()
                                />
                            }
                        })}
                    {wrong
                        .clone()
                        .filter(|_| !has_password)
                        .map(|fault| view! { <p class="field__fault" role="alert">{fault}</p> })}
                    <button class="button button--danger settings__save" type="submit">
                        "Delete my account"
                    </button>
                </form>
            </details>
        </Part>
    }
}
