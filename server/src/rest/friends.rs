//! Friends and requests.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    friends::{self, Asked},
    presence,
};
use http::StatusCode;
use protocol::{
    Items, Limit, RequestId, User,
    friends::{Direction, FriendRequest},
};
use serde::Deserialize;

use super::{
    Answer,
    input::{self, Paging, Path, Query},
};
use crate::{auth::SignedIn, serve::House};

/// `GET /friends`
pub async fn list(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Query(Paging { cursor, limit }): Query<Paging>,
) -> Answer<Json<Items<User>>> {
    let friends = presence::friends(&house.ctx, &viewer).await?;
    Ok(Json(Items::cut(friends, cursor.as_deref(), limit, |user| user.id.to_string())))
}

/// `DELETE /friends/{username}`
pub async fn unfriend(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(username): Path<String>,
) -> Answer<StatusCode> {
    friends::unfriend(&house.ctx, &viewer, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub struct Which {
    #[serde(default)]
    direction: Direction,
    cursor: Option<String>,
    #[serde(default)]
    limit: Limit,
}

/// `GET /friend-requests?direction=`
pub async fn requests(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Query(Which { direction, cursor, limit }): Query<Which>,
) -> Answer<Json<Items<FriendRequest>>> {
    let requests = friends::requests(&house.ctx, &viewer, Some(direction)).await?;
    let key = |request: &FriendRequest| request.id.to_string();
    Ok(Json(Items::cut(requests, cursor.as_deref(), limit, key)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    username: String,
}

/// `POST /friend-requests`: 201 the request; 200 the state between the two where it accepted.
pub async fn ask(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    input::Json(Ask { username }): input::Json<Ask>,
) -> Answer<Response> {
    match friends::ask(&house.ctx, &viewer, &username).await? {
        Asked::Requested(request) => Ok((StatusCode::CREATED, Json(request)).into_response()),
        Asked::Befriended(state) => Ok(Json(state).into_response()),
    }
}

/// `POST /friend-requests/{id}/accept`
pub async fn accept(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RequestId>,
) -> Answer<StatusCode> {
    friends::accept(&house.ctx, &viewer, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /friend-requests/{id}/decline`
pub async fn decline(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RequestId>,
) -> Answer<StatusCode> {
    friends::decline(&house.ctx, &viewer, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /friend-requests/{id}`
pub async fn withdraw(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RequestId>,
) -> Answer<StatusCode> {
    friends::withdraw(&house.ctx, &viewer, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /blocks`
pub async fn blocked(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Query(Paging { cursor, limit }): Query<Paging>,
) -> Answer<Json<Items<User>>> {
    let blocked = friends::blocked(&house.ctx, &viewer).await?;
    Ok(Json(Items::cut(blocked, cursor.as_deref(), limit, |user| user.id.to_string())))
}

/// `PUT /blocks/{username}`
pub async fn block(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(username): Path<String>,
) -> Answer<StatusCode> {
    friends::block(&house.ctx, &viewer, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /blocks/{username}`
pub async fn unblock(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(username): Path<String>,
) -> Answer<StatusCode> {
    friends::unblock(&house.ctx, &viewer, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}
