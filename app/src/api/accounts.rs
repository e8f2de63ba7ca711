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
) -> Result<(), Failure> {
    use protocol::{Email, Password, Username, accounts};

    let caller = super::Caller::here()?;
    let email = Some(email.trim()).filter(|email| !email.is_empty());
    let form = accounts::SignUp {
        username: Username::parse(&username).map_err(Failure::in_field("username"))?,
        email: email.map(Email::parse).transpose().map_err(Failure::in_field("email"))?,
        password: Password::parse(&password).map_err(Failure::in_field("password"))?,
        display_name: None,
        challenge: None,
    };
    let agent = caller.user_agent.as_deref();
    let (_, token) = domain::accounts::sign_up(&caller.ctx, form, agent).await?;
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
    let agent = caller.user_agent.as_deref();
    let (_, token) = domain::accounts::sessions::sign_in(&caller.ctx, form, agent).await?;
    enter(&caller, &token, &next);
    Ok(())
}

/// Asks for a link to set a new password. The answer is the same whether or not anybody has the
/// address.
#[server(prefix = "/fn", endpoint = "accounts/request_reset")]
pub async fn request_reset(#[server(default)] email: String) -> Result<(), Failure> {
    let caller = super::Caller::here()?;
    let email = protocol::Email::parse(&email).map_err(Failure::in_field("email"))?;
    // The letter is made behind the answer, so that its time tells nothing.
    tokio::spawn(async move {
        match domain::accounts::request_reset(&caller.ctx, &email).await {
            Ok(letter) => letter.into_iter().for_each(|letter| (caller.mail)(letter)),
            Err(error) => tracing::error!(%error, "a reset could not be asked for"),
        }
    });
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

#[cfg(feature = "ssr")]
fn set_cookie(cookie: &str) {
    use http::{HeaderValue, header::SET_COOKIE};

    let response = use_context::<leptos_axum::ResponseOptions>();
    if let (Some(response), Ok(value)) = (response, HeaderValue::from_str(cookie)) {
        response.append_header(SET_COOKIE, value);
    }
}
