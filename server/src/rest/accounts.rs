//! Accounts and sessions.

use std::net::SocketAddr;

use axum::{
    Json,
    extract::{ConnectInfo, FromRequest as _, Request, State},
    response::{IntoResponse, Response},
};
use domain::{
    accounts::{self, challenge, passwords, profile, sessions},
    limits::Rule,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use protocol::{
    Items, Limit, Problem, SessionId, User,
    accounts::{
        Account, Deletion, PasswordChange, ProfileChange, Reset, ResetRequest, Session, SignIn,
        SignUp, SignedIn as SignedInBody, Strength, StrengthCheck,
    },
    friends::Profile,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer,
    input::{self, Paging, Path, Picture, Query},
};
use crate::{
    auth::{Anyone, Caller, SignedIn},
    origin,
    serve::House,
};

/// `POST /accounts`
pub async fn sign_up(
    State(house): State<House>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    caller: Caller,
    input::Json(form): input::Json<SignUp>,
) -> Answer<Response> {
    let (user, token) = accounts::sign_up(&house.ctx, form, caller.device()).await?;
    Ok(signed_in(&house, peer, &headers, user, &token))
}

/// `POST /sessions`
pub async fn sign_in(
    State(house): State<House>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    caller: Caller,
    input::Json(form): input::Json<SignIn>,
) -> Answer<Response> {
    let (user, token) = sessions::sign_in(&house.ctx, form, caller.device()).await?;
    Ok(signed_in(&house, peer, &headers, user, &token))
}

/// `POST /password-resets`: the same answer, in the same time, whether or not anybody has the address.
pub async fn request_reset(
    State(house): State<House>,
    caller: Caller,
    input::Json(ResetRequest { email }): input::Json<ResetRequest>,
) -> Answer<StatusCode> {
    accounts::request_reset(&house.ctx, email, Some(caller.address)).await?;
    Ok(StatusCode::ACCEPTED)
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
pub async fn me(State(house): State<House>, SignedIn(viewer): SignedIn) -> Answer<Json<Account>> {
    Ok(Json(profile::own(&house.ctx, &viewer).await?))
}

/// `PATCH /me`: what is absent stays.
pub async fn change_me(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    input::Json(change): input::Json<ProfileChange>,
) -> Answer<Json<Account>> {
    Ok(Json(profile::change(&house.ctx, &viewer, change).await?))
}

/// `PUT /me/avatar`: the bytes of a picture.
pub async fn set_picture(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    request: Request,
) -> Answer<Json<User>> {
    profile::expect_picture(&house.ctx, &viewer).await?;
    let Picture(bytes) = Picture::from_request(request, &()).await?;
    Ok(Json(profile::set_picture(&house.ctx, &viewer, Some(bytes)).await?))
}

/// `DELETE /me/avatar`: initials from here on.
pub async fn remove_picture(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
) -> Answer<Json<User>> {
    Ok(Json(profile::set_picture(&house.ctx, &viewer, None).await?))
}

/// `POST /me/password`
pub async fn change_password(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    input::Json(PasswordChange { current, new }): input::Json<PasswordChange>,
) -> Answer<StatusCode> {
    accounts::change_password(&house.ctx, &viewer, current.as_ref(), &new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /me`
pub async fn delete(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    input::Json(Deletion { password, messages }): input::Json<Deletion>,
) -> Answer<StatusCode> {
    accounts::delete(&house.ctx, &viewer, password.as_ref(), messages).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /me/export`: a ZIP.
pub async fn export(State(house): State<House>, SignedIn(viewer): SignedIn) -> Answer<Response> {
    let archive = domain::export::archive(&house.ctx, &viewer).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"kith.zip\""),
    ];
    Ok((headers, archive).into_response())
}

/// `POST /password-strength`: as one types.
pub async fn strength(
    State(house): State<House>,
    caller: Caller,
    input::Json(StrengthCheck { password, words }): input::Json<StrengthCheck>,
) -> Answer<Json<Strength>> {
    house.ctx.limits().take_from(Rule::Strength, Some(caller.address)).await?;
    Ok(Json(passwords::judge(&house.ctx, &password, &words).await?.strength))
}

/// `GET /challenge`: for who signs up, where the house asks for one.
pub async fn challenge(State(house): State<House>) -> Json<Value> {
    let ctx = &house.ctx;
    let token = ctx.challenges_bots().then(|| challenge::give(ctx));
    Json(json!({"token": token, "bits": challenge::BITS}))
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
pub async fn show(
    State(house): State<House>,
    Anyone(viewer): Anyone,
    Path(username): Path<String>,
) -> Answer<Json<Profile>> {
    Ok(Json(domain::presence::profile(&house.ctx, viewer.as_ref(), &username).await?))
}

/// `GET /users/{username}/friends`
pub async fn friends_of(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(username): Path<String>,
    Query(Paging { cursor, limit }): Query<Paging>,
) -> Answer<Json<Items<Profile>>> {
    let friends = domain::friends::friends_of(&house.ctx, &viewer, &username).await?;
    let key = |profile: &Profile| profile.user.id.to_string();
    Ok(Json(Items::cut(friends, cursor.as_deref(), limit, key)))
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
