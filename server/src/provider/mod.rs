//! Signing in by an identity provider: to it and back, and the name that who is new chooses. What is on
//! the way is kept by the browser, for a few minutes; who the provider says somebody is only under this
//! house's seal.

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
use domain::{
    accounts::{
        identities::{self, Identity},
        sessions::Token,
    },
    limits::{self, Rule},
};
use http::{HeaderMap, HeaderValue, header};
use leptos::prelude::*;
use protocol::{Code, Problem, SessionId, Username};
use serde::{Deserialize, Serialize};

use crate::{
    auth::{self, Caller},
    config,
    flash::{self, Flash},
    serve::House,
    visit::{Page, Visit, form_urlencoded},
};

#[cfg(feature = "oidc")]
pub use oidc::Provider;
#[cfg(not(feature = "oidc"))]
pub use without::Provider;

/// How long somebody may take at the provider, in seconds.
const AWAY: u32 = 15 * 60;

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

/// What is kept of who is on their way.
#[derive(Debug, Serialize, Deserialize)]
struct UnderWay {
    secrets: Secrets,
    next: String,
    /// The session of who is signed in, and wants to sign in so from then on.
    links: Option<SessionId>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Begin {
    #[serde(default)]
    next: String,
    /// Links the provider to the account that is signed in.
    link: Option<String>,
}

/// `GET /sign-in/provider?next=`: off to the provider.
pub async fn begin(
    visit: Visit,
    caller: Caller,
    headers: HeaderMap,
    Query(Begin { next, link }): Query<Begin>,
) -> Page {
    let provider = provided(&visit)?;
    let links = link.is_some();
    let session = link.map(|_| visit.signed_in()).transpose()?.map(|viewer| viewer.session());
    // Each has this house ask the provider.
    let limits = visit.house.ctx.limits();
    let counted = limits.take_from(Rule::SignInAddress, Some(caller.address)).await;
    counted.map_err(|error| visit.refused(error))?;
    if links && visit.house.origins.is_foreign(&headers, caller.peer) {
        return Err(back(&visit, links, "This did not come from your settings."));
    }
    let sent = provider.send(&callback_address(&visit.house)).await;
    let Sent { url, secrets } = sent.map_err(|refused| back(&visit, links, told(&refused)))?;
    // A browser keeps no cookie of any length.
    let next =
        Some(local_path(&next)).filter(|next| next.len() <= LONGEST).unwrap_or("/").to_owned();
    let mut response = Redirect::to(&url).into_response();
    let under_way = Kept::UnderWay(UnderWay { secrets, next, links: session });
    keep(&mut response, &visit.house, &headers, &caller, Some(&under_way));
    Ok(response)
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
    let Some(Kept::UnderWay(under_way)) = kept(&visit.house, &headers, &caller) else {
        return Err(back(&visit, false, "That took too long, or began elsewhere. Try again."));
    };
    let UnderWay { secrets, next, links: session } = under_way;
    let links = session.is_some();
    let forget = |mut response: Response| {
        keep(&mut response, &visit.house, &headers, &caller, None);
        response
    };
    let refuse = |text: &str| forget(back(&visit, links, text));
    if secrets.state.is_empty() || state != secrets.state {
        return Err(refuse("That did not begin here. Try again."));
    }
    let Some(code) = code.filter(|_| error.is_none()) else {
        return Err(refuse("You did not sign in there."));
    };
    let ctx = &visit.house.ctx;
    let counted = ctx.limits().take_from(Rule::SignInAddress, Some(caller.address)).await;
    counted.map_err(|error| visit.refused(error))?;
    let address = callback_address(&visit.house);
    let identity = provider.identify(&address, code, secrets).await;
    let identity = identity.map_err(|refused| refuse(told(&refused)))?.cut();
    // It was asked for without need.
    let key = ctx.limits().key(limits::network(caller.address));
    for _ in 0..2 {
        ctx.limits().give_back(Rule::SignInAddress, key).await;
    }
    if links {
        let viewer = visit.signed_in().map_err(forget)?;
        if session != Some(viewer.session()) {
            return Err(refuse("That did not begin here. Try again."));
        }
        let linked = identities::link(ctx, &viewer, &identity).await;
        linked.map_err(|error| refuse(&error.problem().detail))?;
        return Ok(forget(Redirect::to("/settings/security?said=linked").into_response()));
    }
    let signed_in = identities::sign_in(ctx, &identity, caller.device()).await;
    match signed_in.map_err(|error| refuse(&error.problem().detail))? {
        Some((_, token)) => Ok(forget(enter(&visit, &headers, &caller, &token, &next))),
        None => {
            let identity = identities::keep(ctx, &identity);
            let sealed = identity.map_err(|error| visit.refused(error))?;
            let mut response = Redirect::to("/sign-in/provider/name").into_response();
            let new = Kept::New { sealed, next };
            keep(&mut response, &visit.house, &headers, &caller, Some(&new));
            Ok(response)
        }
    }
}

/// `GET /sign-in/provider/name`: who is new here chooses a name.
pub async fn name(visit: Visit, caller: Caller, headers: HeaderMap) -> Page {
    let provider = provided(&visit)?.name.clone();
    let (identity, _) = new(&visit, &headers, &caller)?;
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
    let (identity, next) = new(&visit, &headers, &caller)?;
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
    let mut response = enter(&visit, &headers, &caller, &token, &next);
    keep(&mut response, &house, &headers, &caller, None);
    Ok(response)
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
fn new(
    visit: &Visit,
    headers: &HeaderMap,
    caller: &Caller,
) -> Result<(Identity, String), Response> {
    let late = || back(visit, false, "That took too long. Try again.");
    let Some(Kept::New { sealed, next }) = kept(&visit.house, headers, caller) else {
        return Err(late());
    };
    let identity = identities::kept(&visit.house.ctx, &sealed).ok_or_else(late)?;
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
    let mut response = Redirect::to(page).into_response();
    add_cookie(&mut response, &flash.set());
    response
}

fn enter(
    visit: &Visit,
    headers: &HeaderMap,
    caller: &Caller,
    token: &Token,
    next: &str,
) -> Response {
    let mut response = Redirect::to(local_path(next)).into_response();
    let cookie = visit.house.origins.cookie(headers, caller.peer);
    add_cookie(&mut response, &cookie.set(token.as_str()));
    response
}

fn add_cookie(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// What the browser keeps meanwhile.
#[derive(Debug)]
enum Kept {
    UnderWay(UnderWay),
    /// Who comes from the provider and chooses a name, under seal.
    New {
        sealed: String,
        next: String,
    },
}

impl Kept {
    /// As a cookie may have it. What is sealed is so already.
    fn write(&self) -> String {
        match self {
            Self::UnderWay(under_way) => format!("to.{}", flash::hex(under_way)),
            Self::New { sealed, next } => format!("new.{}.{sealed}", flash::hex(next)),
        }
    }

    fn read(text: &str) -> Option<Self> {
        match text.split_once('.')? {
            ("to", under_way) => Some(Self::UnderWay(flash::unhex(under_way)?)),
            ("new", rest) => {
                let (next, sealed) = rest.split_once('.')?;
                Some(Self::New { sealed: sealed.to_owned(), next: flash::unhex(next)? })
            }
            _ => None,
        }
    }
}

fn cookie_name(house: &House, headers: &HeaderMap, caller: &Caller) -> &'static str {
    match house.origins.cookie(headers, caller.peer).secure {
        true => "__Host-kith_provider",
        false => "kith_provider",
    }
}

fn keep(
    response: &mut Response,
    house: &House,
    headers: &HeaderMap,
    caller: &Caller,
    kept: Option<&Kept>,
) {
    let secure = house.origins.cookie(headers, caller.peer).secure;
    let value = kept.map(Kept::write).unwrap_or_default();
    let (name, age) = (cookie_name(house, headers, caller), if kept.is_some() { AWAY } else { 0 });
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
    add_cookie(response, &cookie);
}

fn kept(house: &House, headers: &HeaderMap, caller: &Caller) -> Option<Kept> {
    Kept::read(auth::cookie(headers, cookie_name(house, headers, caller))?)
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
pub fn door(next: &str) -> String {
    match next.is_empty() {
        true => "/sign-in/provider".to_owned(),
        false => format!("/sign-in/provider?next={}", form_urlencoded(next)),
    }
}
