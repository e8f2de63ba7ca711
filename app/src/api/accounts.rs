//! Signing up, in and out, and how the page looks.

use leptos::prelude::*;

use super::Failure;

/// Makes an account and signs in to it.
#[server(prefix = "/fn", endpoint = "accounts/sign_up")]
pub async fn sign_up(
    #[server(default)] username: String,
    #[server(default)] password: String,
    #[server(default)] email: String,
    #[server(default)] next: String,
    #[server(default)] challenge: String,
    #[server(default)] answer: String,
) -> Result<(), Failure> {
    use protocol::{Email, Password, Username, accounts};

    let caller = super::Caller::here()?;
    let email = Some(email.trim()).filter(|email| !email.is_empty());
    let form = accounts::SignUp {
        username: Username::parse(&username).map_err(Failure::in_field("username"))?,
        email: email.map(Email::parse).transpose().map_err(Failure::in_field("email"))?,
        password: Password::parse(&password).map_err(Failure::in_field("password"))?,
        display_name: None,
        challenge: Some(accounts::Challenge { token: challenge, answer: Some(answer) })
            .filter(|challenge| !challenge.token.is_empty()),
    };
    let (_, token) = domain::accounts::sign_up(&caller.ctx, form, caller.device()).await?;
    enter(&caller, &token, &next);
    Ok(())
}

/// Signs in by username or e-mail address.
#[server(prefix = "/fn", endpoint = "accounts/sign_in")]
pub async fn sign_in(
    #[server(default)] login: String,
    #[server(default)] password: String,
    #[server(default)] next: String,
) -> Result<(), Failure> {
    use protocol::{Login, Password, Problem, accounts};

    let caller = super::Caller::here()?;
    let form = accounts::SignIn {
        login: Login::parse(&login).map_err(Failure::in_field("login"))?,
        // A password that could never be one is as wrong as any other.
        password: Password::parse(&password).map_err(|_| match password.is_empty() {
            true => Failure(Problem::invalid("password", "Type your password.")),
            false => Failure::from(domain::accounts::sessions::wrong()),
        })?,
    };
    let (_, token) =
        domain::accounts::sessions::sign_in(&caller.ctx, form, caller.device()).await?;
    enter(&caller, &token, &next);
    Ok(())
}

/// Asks for a link to set a new password. The answer is the same whether or not anybody has the
/// address.
#[server(prefix = "/fn", endpoint = "accounts/request_reset")]
pub async fn request_reset(#[server(default)] email: String) -> Result<(), Failure> {
    let caller = super::Caller::here()?;
    let email = protocol::Email::parse(&email).map_err(Failure::in_field("email"))?;
    domain::accounts::request_reset(&caller.ctx, email, Some(caller.address)).await?;
    leptos_axum::redirect("/forgotten?sent");
    Ok(())
}

/// Sets a new password with the token of a link.
#[server(prefix = "/fn", endpoint = "accounts/reset_password")]
pub async fn reset_password(
    #[server(default)] token: String,
    #[server(default)] password: String,
) -> Result<(), Failure> {
    let caller = super::Caller::here()?;
    let password = protocol::Password::parse(&password).map_err(Failure::in_field("password"))?;
    domain::accounts::reset_password(&caller.ctx, &token, &password).await.map_err(|error| {
        match error {
            domain::Error::NotFound => Failure(crate::accounts::stale_link()),
            error => error.into(),
        }
    })?;
    leptos_axum::redirect("/sign-in?changed");
    Ok(())
}

/// Ends this session.
#[server(prefix = "/fn", endpoint = "accounts/sign_out")]
pub async fn sign_out() -> Result<(), Failure> {
    let caller = super::Caller::here()?;
    if let Some(viewer) = &caller.viewer {
        domain::accounts::sessions::end(&caller.ctx, viewer, viewer.session()).await?;
    }
    set_cookie(&caller.cookie.clear());
    leptos_axum::redirect("/sign-in");
    Ok(())
}

/// Changes what others are called by, and what of oneself they see.
#[server(prefix = "/fn", endpoint = "accounts/change_profile")]
pub async fn change_profile(
    #[server(default)] display_name: Option<String>,
    #[server(default)] email: Option<String>,
    #[server(default)] current: String,
    /// Which boxes the form has: one that is not ticked is not sent.
    #[server(default)]
    boxes: String,
    #[server(default)] email_shown: Option<String>,
    #[server(default)] seen_shown: Option<String>,
    #[server(default)] invisible: Option<String>,
) -> Result<(), Failure> {
    use protocol::{DisplayName, accounts::ProfileChange};

    let (ctx, viewer) = super::signed_in()?;
    let name = display_name.as_deref().map(DisplayName::parse).transpose();
    let ticked = |name: &str, value: Option<String>| {
        boxes.split(' ').any(|known| known == name).then_some(value.is_some())
    };
    let change = ProfileChange {
        display_name: name.map_err(Failure::in_field("display_name"))?,
        email: email.map(|email| email.trim().to_owned()),
        // One that could never be a password is as wrong as none.
        current: protocol::Password::parse(&current).ok(),
        email_shown: ticked("email_shown", email_shown),
        seen_shown: ticked("seen_shown", seen_shown),
        invisible: ticked("invisible", invisible),
    };
    let asks = change.email.as_ref().is_some_and(|email| !email.is_empty());
    domain::accounts::profile::change(&ctx, &viewer, change).await?;
    let own = domain::accounts::profile::own(&ctx, &viewer).await?;
    said(if asks && !own.email_confirmed { "letter" } else { "saved" });
    Ok(())
}

/// Sets another password, by the present one.
#[server(prefix = "/fn", endpoint = "accounts/change_password")]
pub async fn change_password(
    #[server(default)] current: String,
    #[server(default)] password: String,
) -> Result<(), Failure> {
    use protocol::Password;

    let (ctx, viewer) = super::signed_in()?;
    // One that could never be a password is as wrong as none.
    let current = Password::parse(&current).ok();
    let new = Password::parse(&password).map_err(Failure::in_field("password"))?;
    domain::accounts::change_password(&ctx, &viewer, current.as_ref(), &new).await?;
    said("password");
    Ok(())
}

/// Ends one of the viewer's sessions on another device.
#[server(prefix = "/fn", endpoint = "accounts/end_session")]
pub async fn end_session(session: protocol::SessionId) -> Result<(), Failure> {
    let (ctx, viewer) = super::signed_in()?;
    domain::accounts::sessions::end(&ctx, &viewer, session).await?;
    said("device");
    Ok(())
}

/// Deletes the viewer's account, and leads to the front door.
#[server(prefix = "/fn", endpoint = "accounts/delete")]
pub async fn delete_account(
    #[server(default)] password: String,
    #[server(default)] messages: protocol::accounts::Said,
) -> Result<(), Failure> {
    let caller = super::Caller::here()?;
    let (ctx, viewer) = super::signed_in()?;
    let password = protocol::Password::parse(&password).ok();
    let deleted = domain::accounts::delete(&ctx, &viewer, password.as_ref(), messages).await;
    deleted.map_err(|error| match error {
        domain::Error::Invalid { detail, .. } => {
            Failure(protocol::Problem::invalid("password", detail))
        }
        error => error.into(),
    })?;
    set_cookie(&caller.cookie.clear());
    leptos_axum::redirect("/sign-in?deleted");
    Ok(())
}

/// Light, dark, or as the system has it; kept by the browser.
#[server(prefix = "/fn", endpoint = "accounts/set_theme")]
pub async fn set_theme(theme: String) -> Result<(), Failure> {
    let theme = match theme.as_str() {
        "light" | "dark" => theme,
        _ => "system".to_owned(),
    };
    set_cookie(&format!("kith_theme={theme}; Path=/; SameSite=Lax; Max-Age=31536000"));
    Ok(())
}

#[cfg(feature = "ssr")]
fn enter(caller: &super::Caller, token: &domain::accounts::sessions::Token, next: &str) {
    set_cookie(&caller.cookie.set(token.as_str()));
    leptos_axum::redirect(crate::accounts::local_path(next));
}

/// Leads back to the page that the form stood on, which says what has been done.
#[cfg(feature = "ssr")]
fn said(what: &str) {
    let headers = use_context::<http::request::Parts>().map(|parts| parts.headers);
    let referrer = headers.as_ref().and_then(|headers| headers.get(http::header::REFERER));
    let uri = referrer.and_then(|value| value.to_str().ok()?.parse::<http::Uri>().ok());
    let page = uri.as_ref().map_or("/settings", http::Uri::path);
    leptos_axum::redirect(&format!("{}?said={what}", crate::accounts::local_path(page)));
}

#[cfg(feature = "ssr")]
fn set_cookie(cookie: &str) {
    use http::{HeaderValue, header::SET_COOKIE};

    let response = use_context::<leptos_axum::ResponseOptions>();
    if let (Some(response), Ok(value)) = (response, HeaderValue::from_str(cookie)) {
        response.append_header(SET_COOKIE, value);
    }
}
