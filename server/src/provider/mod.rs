//! Signing in by an identity provider: to it and back, and the name that who is new chooses. What is on
//! the way is kept by the browser, for a few minutes; who the provider says somebody is only under this
//! house's seal.

mod cookie;
#[cfg(feature = "oidc")]
mod oidc;
#[cfg(not(feature = "oidc"))]
mod without;

use app::accounts::{ChooseName, local_path};
use axum::{
    body::Bytes,
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use domain::accounts::{
    identities::{self, Arrived, Identity},
    sessions::{self, Token},
};
use http::{HeaderMap, HeaderValue, header};
use leptos::prelude::*;
use protocol::{Code, Problem, Username};
use serde::{Deserialize, Serialize};

use crate::{
    auth::Caller,
    config,
    flash::Flash,
    serve::House,
    visit::{Page, Visit, form_urlencoded},
};

use cookie::{Cookie, Kept, UnderWay};
#[cfg(feature = "oidc")]
pub use oidc::Provider;
#[cfg(not(feature = "oidc"))]
pub use without::Provider;

/// The longest address of this house that somebody is led on to, in bytes.
const LONGEST: usize = 512;

/// Somebody is on their way to the provider.
pub struct Sent {
    /// Where they go.
    pub url: String,
    pub secrets: Secrets,
}

/// What only who was sent can show.
#[derive(Debug, Serialize, Deserialize)]
pub struct Secrets {
    pub state: String,
    pub nonce: String,
    pub verifier: String,
}

/// Why nobody came back as anybody.
#[derive(Debug)]
#[cfg_attr(not(feature = "oidc"), expect(dead_code, reason = "there is nobody to refuse"))]
pub enum Refused {
    /// The provider does not answer, or not as it should.
    Unavailable(String),
    /// What it says of somebody is not to be believed.
    Unbelievable(String),
}

#[derive(Debug, Default, Deserialize)]
pub struct Begin {
    #[serde(default)]
    next: String,
    /// Links the provider to the account that is signed in.
    link: Option<String>,
    /// Whoever they are to the provider already, they show it again.
    again: Option<String>,
}

/// `GET /sign-in/provider?next=`: off to the provider.
pub async fn begin(
    visit: Visit,
    caller: Caller,
    headers: HeaderMap,
    Query(Begin { next, link, again }): Query<Begin>,
) -> Page {
    let provider = provided(&visit)?;
    let links = link.is_some();
    let session = link.map(|_| visit.signed_in()).transpose()?.map(|viewer| viewer.session());
    if links && visit.house.origins.is_foreign(&headers, caller.peer) {
        return Err(back(&visit, links, "This did not come from your settings."));
    }
    // Pictures of any page would use up what the visitor's network may.
    if headers.get("sec-fetch-dest").is_some_and(|dest| dest != "document") {
        return Err(back(&visit, links, "Open this page by itself to sign in."));
    }
    let expected = identities::expect(&visit.house.ctx, caller.device()).await;
    expected.map_err(|error| visit.refused(error))?;
    let sent = provider.send(&callback_address(&visit.house), again.is_some()).await;
    let Sent { url, secrets } = sent.map_err(|refused| back(&visit, links, told(&refused)))?;
    // A browser keeps no cookie of any length.
    let next =
        Some(local_path(&next)).filter(|next| next.len() <= LONGEST).unwrap_or("/").to_owned();
    let under_way = Kept::UnderWay(UnderWay { secrets, next, links: session });
    let cookie = Cookie::of(&visit.house, &headers, &caller);
    Ok(with_cookie(Redirect::to(&url), &cookie.set(&under_way)))
}

#[derive(Debug, Default, Deserialize)]
pub struct Return {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
}

/// `GET /sign-in/provider/callback`: back from the provider.
pub async fn callback(
    visit: Visit,
    caller: Caller,
    headers: HeaderMap,
    Query(Return { state, code, error }): Query<Return>,
) -> Page {
    let provider = provided(&visit)?;
    let cookie = Cookie::of(&visit.house, &headers, &caller);
    let Some(Kept::UnderWay(under_way)) = cookie.read(&headers) else {
        return Err(back(&visit, false, "That took too long, or began elsewhere. Try again."));
    };
    let UnderWay { secrets, next, links: session } = under_way;
    let links = session.is_some();
    let forget = |response: Response| with_cookie(response, &cookie.clear());
    let refuse = |text: &str| forget(back(&visit, links, text));
    if secrets.state.is_empty() || state != secrets.state {
        return Err(refuse("That did not begin here. Try again."));
    }
    let Some(code) = code.filter(|_| error.is_none()) else {
        return Err(refuse("You did not sign in there."));
    };
    let ctx = &visit.house.ctx;
    let expected = identities::expect(ctx, caller.device()).await;
    expected.map_err(|error| visit.refused(error))?;
    let address = callback_address(&visit.house);
    let identity = provider.identify(&address, code, secrets).await;
    let identity = identity.map_err(|refused| refuse(told(&refused)))?.cut();
    if links {
        let viewer = visit.signed_in().map_err(forget)?;
        if session != Some(viewer.session()) {
            return Err(refuse("That did not begin here. Try again."));
        }
        let linked = identities::link(ctx, &viewer, &identity).await;
        linked.map_err(|error| refuse(&error.problem().detail))?;
        return Ok(forget(Redirect::to("/settings/security?said=linked").into_response()));
    }
    let arrived = identities::arrive(ctx, &identity, caller.device()).await;
    match arrived.map_err(|error| refuse(&error.problem().detail))? {
        Arrived::Known(_, token) => {
            if let Some(viewer) = &visit.viewer {
                // This browser has another one from here on.
                let _ = sessions::end(ctx, viewer, viewer.session()).await;
            }
            Ok(forget(enter(&visit, &headers, &caller, &token, &next)))
        }
        Arrived::New(sealed) => {
            let chooses = Redirect::to("/sign-in/provider/name");
            Ok(with_cookie(chooses, &cookie.set(&Kept::New { sealed, next })))
        }
    }
}

/// `GET /sign-in/provider/name`: who is new here chooses a name.
pub async fn name(visit: Visit, caller: Caller, headers: HeaderMap) -> Page {
    let provider = provided(&visit)?.name.clone();
    let (identity, _) = newcomer(&visit, &headers, &caller)?;
    let (visit, mut form) = visit.form(None);
    if form.typed.is_empty() {
        form.typed.insert("username".into(), identity.suggested());
    }
    let known = identity.email.or(identity.username).unwrap_or_default();
    Ok(visit.plain("Choose a name · Kith", move || view! { <ChooseName form provider known /> }))
}

#[derive(Debug, Default, Deserialize)]
struct Chosen {
    #[serde(default)]
    username: String,
}

/// `POST /sign-in/provider/name`: from here on they have an account.
pub async fn choose_name(
    visit: Visit,
    State(house): State<House>,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Page {
    provided(&visit)?;
    let (identity, next) = newcomer(&visit, &headers, &caller)?;
    let Chosen { username } = serde_urlencoded::from_bytes(&body).unwrap_or_default();
    let again = |problem: Problem| {
        let typed = [("username".to_owned(), username.clone())].into();
        flashed("/sign-in/provider/name", Flash { problem: Some(problem), typed })
    };
    let name = Username::parse(&username);
    let name = name.map_err(|error| again(Problem::invalid("username", error.0)))?;
    let made = identities::sign_up(&house.ctx, &identity, &name, caller.device()).await;
    let (_, token) = made.map_err(|error| {
        let mut problem = error.problem();
        if matches!(error, domain::Error::Conflict(_)) {
            problem.fields.insert("username".into(), problem.detail.clone());
        }
        again(problem)
    })?;
    let entered = enter(&visit, &headers, &caller, &token, &next);
    Ok(with_cookie(entered, &Cookie::of(&house, &headers, &caller).clear()))
}

/// `POST /settings/provider/unlink`
pub async fn unlink(visit: Visit) -> Page {
    let viewer = visit.signed_in()?;
    let issuer = &provided(&visit)?.issuer;
    match identities::unlink(&visit.house.ctx, &viewer, issuer).await {
        Ok(()) => Ok(Redirect::to("/settings/security?said=unlinked").into_response()),
        Err(error) => Err(back(&visit, true, &error.problem().detail)),
    }
}

/// Who comes from the provider and has no account, and where they want to go.
fn newcomer(
    visit: &Visit,
    headers: &HeaderMap,
    caller: &Caller,
) -> Result<(Identity, String), Response> {
    let late = || back(visit, false, "That took too long. Try again.");
    let kept = Cookie::of(&visit.house, headers, caller).read(headers);
    let Some(Kept::New { sealed, next }) = kept else {
        return Err(late());
    };
    let identity = identities::unseal(&visit.house.ctx, &sealed).ok_or_else(late)?;
    Ok((identity, next))
}

fn provided(visit: &Visit) -> Result<&Provider, Response> {
    visit.house.provider.as_deref().ok_or_else(|| visit.not_here())
}

/// By the address from the configuration, and no other.
fn callback_address(house: &House) -> String {
    format!("{}/sign-in/provider/callback", house.ctx.address())
}

fn told(refused: &Refused) -> &'static str {
    match refused {
        Refused::Unavailable(why) => {
            tracing::error!(%why, "the identity provider does not answer");
            "The provider does not answer. Try again in a moment."
        }
        Refused::Unbelievable(why) => {
            tracing::warn!(%why, "what the identity provider said is not to be believed");
            "What the provider said does not fit. Try again."
        }
    }
}

/// Back to where it began, with the reason.
fn back(visit: &Visit, links: bool, text: &str) -> Response {
    let page = if links && visit.viewer.is_some() { "/settings/security" } else { "/sign-in" };
    let problem = Some(Problem::new(Code::Forbidden, text.to_owned()));
    flashed(page, Flash { problem, ..Flash::default() })
}

fn flashed(page: &str, flash: Flash) -> Response {
    with_cookie(Redirect::to(page), &flash.set())
}

fn enter(
    visit: &Visit,
    headers: &HeaderMap,
    caller: &Caller,
    token: &Token,
    next: &str,
) -> Response {
    let cookie = visit.house.origins.cookie(headers, caller.peer);
    with_cookie(Redirect::to(local_path(next)), &cookie.set(token.as_str()))
}

fn with_cookie(response: impl IntoResponse, cookie: &str) -> Response {
    let mut response = response.into_response();
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The provider that this house is set up with, if it is with one.
///
/// # Errors
/// A sentence where what is set does not fit together.
pub fn set_up(serve: &config::Provider) -> Result<Option<Provider>, String> {
    let config::Provider { oidc_issuer, oidc_client_id, oidc_client_secret, oidc_name } = serve;
    let Some(issuer) = oidc_issuer else { return Ok(None) };
    let Some(client_id) = oidc_client_id else {
        return Err("KITH_OIDC_ISSUER wants KITH_OIDC_CLIENT_ID as well".into());
    };
    Provider::new(issuer, client_id, oidc_client_secret.as_deref(), oidc_name).map(Some)
}

/// Where who is not signed in goes to the provider.
pub fn sign_in_url(next: &str) -> String {
    match next.is_empty() {
        true => "/sign-in/provider".to_owned(),
        false => format!("/sign-in/provider?next={}", form_urlencoded(next)),
    }
}
