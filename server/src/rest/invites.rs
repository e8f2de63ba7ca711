//! Invites to rooms.

use axum::{Json, body::Bytes, extract::State};
use domain::rooms::{self, invites};
use http::StatusCode;
use protocol::{Items, Problem, Room, RoomId, Timestamp, rooms::Invitation};
use serde::{Deserialize, Serialize};

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

/// An invite, for who made it: the code is told once.
#[derive(Serialize)]
pub struct Made {
    code: String,
    url: String,
    expires_at: Timestamp,
}

/// `POST /rooms/{id}/invites` `{expires_in?, uses?}`
pub async fn create(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
    body: Bytes,
) -> Answer<(StatusCode, Json<Made>)> {
    let New { expires_in, uses } = match body.is_empty() {
        true => New::default(),
        false => serde_json::from_slice(&body)
            .map_err(|_| Problem::malformed("An invite takes expires_in and uses, as numbers."))?,
    };
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    let invites::Made { code, expires_at } =
        invites::invite(&house.ctx, &member, expires_in, uses).await?;
    let url = format!("{}/invite/{code}", house.ctx.address());
    Ok((StatusCode::CREATED, Json(Made { code, url, expires_at })))
}

/// An invite that stands open.
#[derive(Serialize)]
pub struct Open {
    name: String,
    created_at: Timestamp,
    expires_at: Timestamp,
    uses_left: Option<i64>,
}

/// `GET /rooms/{id}/invites`
pub async fn list(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
) -> Answer<Json<Items<Open>>> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    let open = invites::invites(&house.ctx, &member).await?.into_iter().map(|open| Open {
        name: open.name,
        created_at: open.created_at,
        expires_at: open.expires_at,
        uses_left: open.uses_left,
    });
    Ok(Json(Items { items: open.collect(), next: None }))
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
