//! Invites to rooms.

use axum::{Json, body::Bytes, extract::State};
use domain::rooms::{self, invites};
use http::StatusCode;
use protocol::{
    Items, Problem, Room, RoomId,
    rooms::{Invitation, NewInvite, OpenInvite},
};
use serde::Deserialize;

use super::{Answer, input::Path};
use crate::{auth::SignedIn, serve::House};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    /// Seconds.
    #[serde(default)]
    expires_in: Option<i64>,
    #[serde(default)]
    uses: Option<i64>,
}

/// `POST /rooms/{id}/invites` `{expires_in?, uses?}`
pub async fn create(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
    body: Bytes,
) -> Answer<(StatusCode, Json<NewInvite>)> {
    let New { expires_in, uses } = match body.is_empty() {
        true => New::default(),
        false => serde_json::from_slice(&body)
            .map_err(|_| Problem::malformed("An invite takes expires_in and uses, as numbers."))?,
    };
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    let made = invites::invite(&house.ctx, &member, expires_in, uses).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// `GET /rooms/{id}/invites`
pub async fn list(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
) -> Answer<Json<Items<OpenInvite>>> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    let items = invites::invites(&house.ctx, &member).await?;
    Ok(Json(Items { items, next: None }))
}

/// `DELETE /rooms/{id}/invites/{code}`
pub async fn end(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path((id, code)): Path<(RoomId, String)>,
) -> Answer<StatusCode> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    invites::end(&house.ctx, &member, &code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /invites/{code}`: also signed out.
pub async fn show(
    State(house): State<House>,
    Path(code): Path<String>,
) -> Answer<Json<Invitation>> {
    Ok(Json(invites::preview(&house.ctx, &code).await?))
}

/// `POST /invites/{code}`
pub async fn accept(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(code): Path<String>,
) -> Answer<Json<Room>> {
    Ok(Json(invites::accept(&house.ctx, &viewer, &code).await?))
}
