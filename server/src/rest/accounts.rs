//! Accounts and sessions.

use std::net::SocketAddr;

use axum::{
    Json,
    extract::{ConnectInfo, State},
    response::{IntoResponse, Response},
};
use domain::accounts::{self, sessions};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use protocol::{
    Items, Limit, Problem, SessionId, User,
    accounts::{Reset, ResetRequest, Session, SignIn, SignUp, SignedIn as SignedInBody},
    friends::Profile,
};
use serde::Deserialize;

use super::{
    Answer,
    input::{self, Paging, Path, Query},
};
use crate::{
    auth::{Anyone, SignedIn},
    origin,
    serve::House,
};

/// `POST /accounts`
pub async fn sign_up(
    State(house): State<House>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    input::Json(form): input::Json<SignUp>,
) -> Answer<Response> {
    let (user, token) = accounts::sign_up(&house.ctx, form, agent(&headers)).await?;
    Ok(signed_in(&house, peer, &headers, user, &token))
}

/// `POST /sessions`
pub async fn sign_in(
    State(house): State<House>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    input::Json(form): input::Json<SignIn>,
) -> Answer<Response> {
    let (user, token) = sessions::sign_in(&house.ctx, form, agent(&headers)).await?;
    Ok(signed_in(&house, peer, &headers, user, &token))
}

/// `POST /password-resets`: the same answer, in the same time, whether or not anybody has the address.
pub async fn request_reset(
    State(house): State<House>,
    input::Json(ResetRequest { email }): input::Json<ResetRequest>,
) -> StatusCode {
    tokio::spawn(async move {
        match accounts::request_reset(&house.ctx, &email).await {
            Ok(letter) => letter.iter().for_each(|letter| house.mailer.send(letter)),
            Err(error) => tracing::error!(%error, "a reset could not be asked for"),
        }
    });
    StatusCode::ACCEPTED
}

/// `POST /password-resets/{token}`
pub async fn reset_password(
    State(house): State<House>,
    Path(token): Path<String>,
    input::Json(Reset { password }): input::Json<Reset>,
) -> Answer<StatusCode> {
    accounts::reset_password(&house.ctx, &token, &password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /sessions`
pub async fn devices(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Query(Paging { cursor, limit }): Query<Paging>,
) -> Answer<Json<Items<Session>>> {
    let sessions = sessions::list(&house.ctx, &viewer).await?;
    Ok(Json(Items::cut(sessions, cursor.as_deref(), limit, |session| session.id.to_string())))
}

/// `DELETE /sessions/{id}`, or `current`
pub async fn sign_out(
    State(house): State<House>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    SignedIn(viewer): SignedIn,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Answer<Response> {
    let id: SessionId = match id.as_str() {
        "current" => viewer.session(),
        id => id.parse().map_err(|_| Problem::not_found())?,
    };
    sessions::end(&house.ctx, &viewer, id).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if id == viewer.session() {
        set_cookie(&mut response, &house.origins.cookie(&headers, peer.ip()).clear());
    }
    Ok(response)
}

/// `GET /me`
pub async fn me(State(house): State<House>, SignedIn(viewer): SignedIn) -> Answer<Json<User>> {
    Ok(Json(accounts::me(&house.ctx, &viewer).await?))
}

#[derive(Deserialize)]
pub struct Search {
    #[serde(default)]
    query: String,
    cursor: Option<String>,
    #[serde(default)]
    limit: Limit,
}

/// `GET /users?query=&cursor=`
pub async fn search(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Query(Search { query, cursor, limit }): Query<Search>,
) -> Answer<Json<Items<Profile>>> {
    let cursor = cursor.as_deref();
    Ok(Json(domain::friends::search(&house.ctx, &viewer, &query, cursor, limit).await?))
}

/// `GET /users/{username}`
pub async fn profile(
    State(house): State<House>,
    Anyone(viewer): Anyone,
    Path(username): Path<String>,
) -> Answer<Json<Profile>> {
    Ok(Json(domain::friends::profile(&house.ctx, viewer.as_ref(), &username).await?))
}

/// `GET /users/{username}/friends`
pub async fn friends_of(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(username): Path<String>,
    Query(Paging { cursor, limit }): Query<Paging>,
) -> Answer<Json<Items<User>>> {
    let friends = domain::friends::friends_of(&house.ctx, &viewer, &username).await?;
    Ok(Json(Items::cut(friends, cursor.as_deref(), limit, |user| user.id.to_string())))
}

fn agent(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok())
}

/// The cookie to a browser, the token to anyone else: a script on a page never sees it.
fn signed_in(
    house: &House,
    peer: SocketAddr,
    headers: &HeaderMap,
    user: User,
    token: &sessions::Token,
) -> Response {
    let is_browser = origin::is_browser(headers);
    let shown = (!is_browser).then(|| token.as_str().to_owned());
    let mut response =
        (StatusCode::CREATED, Json(SignedInBody { user, token: shown })).into_response();
    if is_browser {
        let cookie = house.origins.cookie(headers, peer.ip());
        set_cookie(&mut response, &cookie.set(token.as_str()));
    }
    response
}

fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
