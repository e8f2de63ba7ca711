//! Who visits which page, and how one is answered: the document around it, its policy, and the way of
//! who may not see it.

use app::{
    accounts::{Form, Notice},
    live::snapshot::Snapshot,
    shell::{self, Document},
};
use axum::{
    extract::OriginalUri,
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::{Viewer, accounts};
use http::{HeaderValue, StatusCode, Uri, header};
use leptos::prelude::*;
use protocol::{MessageId, socket::Ready};

use crate::{
    auth::{self, Anyone},
    flash::Flash,
    headers::page_policy,
    problem::Refusal,
    provider,
    serve::House,
};

/// What every page is asked with.
pub struct Visit {
    pub house: House,
    pub viewer: Option<Viewer>,
    uri: Uri,
    flash: Option<Flash>,
    /// What the person chose: `light`, `dark` or `system`.
    pub theme: &'static str,
}

impl axum::extract::FromRequestParts<House> for Visit {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut http::request::Parts,
        house: &House,
    ) -> Result<Self, Response> {
        let Anyone(viewer) = Anyone::from_request_parts(parts, house)
            .await
            .map_err(|refusal| failed(house, &refusal))?;
        let theme = match auth::cookie(&parts.headers, "kith_theme") {
            Some("light") => "light",
            Some("dark") => "dark",
            _ => "system",
        };
        let uri =
            parts.extensions.get::<OriginalUri>().map_or(parts.uri.clone(), |uri| uri.0.clone());
        let flash = Flash::read(&parts.headers);
        Ok(Self { house: house.clone(), viewer, uri, flash, theme })
    }
}

/// A page, or what is shown instead of it.
pub type Page = Result<Response, Response>;

impl Visit {
    /// Of who asks for what is at no address.
    pub fn astray(house: House, uri: Uri) -> Self {
        Self { house, viewer: None, uri, flash: None, theme: "system" }
    }

    /// Who is signed in; everyone else goes to sign in, and comes back.
    pub fn signed_in(&self) -> Result<Viewer, Response> {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let next: String = form_urlencoded(path);
        self.viewer.ok_or_else(|| Redirect::to(&format!("/sign-in?next={next}")).into_response())
    }

    pub fn refused(&self, error: domain::Error) -> Response {
        match error {
            domain::Error::NotFound => self.not_here(),
            error => failed(&self.house, &Refusal::from(error)),
        }
    }

    pub fn not_here(&self) -> Response {
        let text = "This page is not there, or it is not yours to see.";
        let mut response = self
            .plain("Nothing here · Kith", move || view! { <Notice title="Nothing here" text /> });
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
    }

    pub fn plain<V: IntoView>(&self, title: &str, page: impl FnOnce() -> V) -> Response {
        let nonce = nonce(&self.house);
        let assets = self.house.assets();
        let document = Document { assets: &assets, nonce: &nonce, theme: self.theme };
        self.finished(shell::plain_page(document, title, page), &nonce)
    }

    /// What the viewer's page is rendered from.
    pub async fn snapshot(&self, viewer: &Viewer) -> Result<Snapshot, Response> {
        let ctx = &self.house.ctx;
        let mut ready =
            domain::snapshot::ready(ctx, viewer).await.map_err(|error| self.refused(error))?;
        self.house.hub.dress(ctx, &mut ready.rooms).await;
        Ok(self.stage(ready))
    }

    /// A page of this world, and nothing of it open yet.
    pub fn stage(&self, ready: Ready) -> Snapshot {
        let ctx = &self.house.ctx;
        Snapshot {
            ready,
            histories: Vec::new(),
            person: None,
            found: None,
            cards: None,
            rendered_at: ctx.clock().now(),
            form_id: ctx.new_id(MessageId::new),
            problem: self.flash.as_ref().and_then(|flash| flash.problem.clone()),
        }
    }

    pub fn app(&self, snapshot: Snapshot, is_live: bool) -> Response {
        let nonce = nonce(&self.house);
        let assets = self.house.assets();
        let document = Document { assets: &assets, nonce: &nonce, theme: self.theme };
        let html = shell::app_page(document, self.address(), snapshot, is_live);
        self.finished(html, &nonce)
    }

    /// Path and query.
    pub fn address(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }

    fn finished(&self, html: String, nonce: &str) -> Response {
        let mut response = Html(html).into_response();
        let headers = response.headers_mut();
        if let Ok(policy) =
            HeaderValue::from_str(&page_policy(nonce, self.house.assets().reload_port))
        {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        if self.flash.is_some()
            && let Ok(cookie) = HeaderValue::from_str(&Flash::clear())
        {
            headers.append(header::SET_COOKIE, cookie);
        }
        response
    }

    pub fn form(self, next: Option<String>) -> (Self, Form) {
        let Flash { problem, typed } = self.flash.clone().unwrap_or_default();
        let ctx = &self.house.ctx;
        let challenge = ctx.challenges_bots().then(|| accounts::challenge::give(ctx));
        let next = next.unwrap_or_default();
        let provider = self.house.provider.as_ref();
        let provider = provider.map(|one| (one.name.clone(), provider::sign_in_url(&next)));
        let takes_passwords = ctx.takes_passwords();
        let form = Form { next, problem, said: None, typed, challenge, provider, takes_passwords };
        (self, form)
    }
}

/// Text as it stands in an address.
pub fn form_urlencoded(text: &str) -> String {
    let pair = serde_urlencoded::to_string([("", text)]).unwrap_or_default();
    pair.trim_start_matches('=').to_owned()
}

/// Something that nobody can guess, for the inline script of one answer.
fn nonce(house: &House) -> String {
    house.ctx.new_id(MessageId::new).to_string()
}

fn failed(house: &House, refusal: &Refusal) -> Response {
    let Refusal(problem) = refusal;
    let text = problem.detail.clone().into_owned();
    let assets = house.assets();
    let document = Document { assets: &assets, nonce: "", theme: "system" };
    let title = "Not right now";
    let html = shell::plain_page(document, title, move || view! { <Notice title text /> });
    let mut response = Html(html).into_response();
    *response.status_mut() =
        StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(policy) = HeaderValue::from_str(&page_policy("", None)) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
