//! The way to the server functions, and of what they answer: a failure gets its HTTP status where a
//! script asked, and leads back to the page where a plain form did.

use std::{collections::BTreeMap, net::SocketAddr};

use app::api::{Caller, Failure};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use leptos::prelude::provide_context;
use protocol::{Code, Problem};

use crate::{auth::Anyone, flash::Flash, problem::Refusal, serve::House, visit::form_urlencoded};

/// The largest form: a message of 4,000 characters of four bytes, each escaped.
const LARGEST: usize = 64 * 1024;
/// What is given back to be typed again. Everything else, passwords above all, is not.
const GIVEN_BACK: [&str; 6] = ["username", "login", "email", "display_name", "name", "topic"];

/// `POST /fn/…`
pub async fn call(
    State(house): State<House>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Anyone(viewer): Anyone,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let headers = parts.headers.clone();
    let Ok(form) = to_bytes(body, LARGEST).await else {
        let problem = Problem::new(Code::TooLarge, "That is more than Kith takes at once.");
        return Refusal(problem).into_response();
    };
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let caller = Caller {
        ctx: house.ctx.clone(),
        viewer,
        user_agent: text(header::USER_AGENT).map(str::to_owned),
        address: house.origins.client(&headers, peer.ip()),
        cookie: house.origins.cookie(&headers, peer.ip()),
    };
    let context = move || provide_context(caller.clone());
    let request = Request::from_parts(parts, Body::from(form.clone()));
    let response =
        leptos_axum::handle_server_fns_with_context(context, request).await.into_response();
    match response.headers().contains_key("serverfnerror") {
        true => failed(response, &headers, &form).await,
        false => response,
    }
}

async fn failed(response: Response, headers: &HeaderMap, form: &Bytes) -> Response {
    let body = to_bytes(response.into_body(), LARGEST).await.unwrap_or_default();
    let Failure(problem) = serde_json::from_slice(&body)
        .unwrap_or_else(|_| Failure(Problem::new(Code::Unknown, "Something went wrong here.")));
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accepts.is_some_and(|accepts| accepts.contains("text/html")) {
        back_to_the_page(problem, headers, form)
    } else {
        Refusal(problem).into_response()
    }
}

fn back_to_the_page(problem: Problem, headers: &HeaderMap, form: &Bytes) -> Response {
    let page = referring_page(headers);
    let is_entry = ["/sign-in", "/sign-up", "/reset", "/forgotten"]
        .iter()
        .any(|entry| page.starts_with(entry));
    let location = match problem.code {
        // The session has ended: sign in, and come back to where one was.
        Code::Unauthenticated if !is_entry => {
            format!("/sign-in?next={}", form_urlencoded(&page))
        }
        _ => page,
    };
    let fields: BTreeMap<String, String> = serde_urlencoded::from_bytes(form).unwrap_or_default();
    let typed = fields.into_iter().filter(|(name, _)| GIVEN_BACK.contains(&name.as_str()));
    let flash = Flash { problem: Some(problem), typed: typed.collect() };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let answer = response.headers_mut();
    let location = HeaderValue::from_str(&location).unwrap_or(HeaderValue::from_static("/"));
    answer.insert(header::LOCATION, location);
    if let Ok(cookie) = HeaderValue::from_str(&flash.set()) {
        answer.insert(header::SET_COOKIE, cookie);
    }
    response
}

/// The path of the page that the form stood on. Only the path: a referrer names no other host.
fn referring_page(headers: &HeaderMap) -> String {
    let referrer = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let uri = referrer.and_then(|referrer| referrer.parse::<http::Uri>().ok());
    let path = uri.as_ref().and_then(|uri| uri.path_and_query()).map_or("/", |path| path.as_str());
    app::accounts::local_path(path).to_owned()
}
