//! Rooms, and the direct room with a person.

use axum::{Json, body::Bytes, extract::State};
use domain::{presence, rooms};
use http::StatusCode;
use protocol::{
    Items, Problem, Room, RoomId, RoomName, User,
    rooms::{Kind, Read, Role},
};
use serde::{Deserialize, Serialize};

use super::{
    Answer,
    input::{self, Paging, Path, Query},
};
use crate::{auth::SignedIn, serve::House};

/// `GET /rooms?cursor=`
pub async fn list(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Query(Paging { cursor, limit }): Query<Paging>,
) -> Answer<Json<Items<Room>>> {
    let mut rooms = rooms::list(&house.ctx, &viewer, cursor.as_deref(), limit).await?;
    house.hub.dress(&house.ctx, &mut rooms.items);
    Ok(Json(rooms))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    name: RoomName,
    kind: Kind,
}

/// `POST /rooms`
pub async fn create(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    input::Json(New { name, kind }): input::Json<New>,
) -> Answer<(StatusCode, Json<Room>)> {
    let room = rooms::create(&house.ctx, &viewer, rooms::NewRoom { kind, name }).await?;
    Ok((StatusCode::CREATED, Json(room)))
}

/// `GET /rooms/{id}`
pub async fn show(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
) -> Answer<Json<Room>> {
    let mut room = rooms::show(&house.ctx, viewer.account(), id).await?;
    house.hub.dress(&house.ctx, [&mut room]);
    Ok(Json(room))
}

/// `PUT /rooms/{id}/members/me`
pub async fn join(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
) -> Answer<Json<Room>> {
    Ok(Json(rooms::join(&house.ctx, &viewer, id).await?))
}

/// `DELETE /rooms/{id}/members/me`
pub async fn leave(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
) -> Answer<StatusCode> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    rooms::leave(&house.ctx, &member).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A person and what they are in a room.
#[derive(Serialize)]
pub struct MemberBody {
    user: User,
    role: Role,
}

/// `GET /rooms/{id}/members`
pub async fn members(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
    Query(Paging { cursor, limit }): Query<Paging>,
) -> Answer<Json<Items<MemberBody>>> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    let members = presence::members(&house.ctx, &member).await?;
    let members = members.into_iter().map(|(user, role)| MemberBody { user, role }).collect();
    let key = |member: &MemberBody| member.user.id.to_string();
    Ok(Json(Items::cut(members, cursor.as_deref(), limit, key)))
}

/// `{}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

/// `PUT /rooms/{id}/members/{username}`
pub async fn add(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path((id, username)): Path<(RoomId, String)>,
    body: Bytes,
) -> Answer<StatusCode> {
    if !body.is_empty() && serde_json::from_slice::<Empty>(&body).is_err() {
        return Err(Problem::invalid("role", "Roles cannot be given yet.").into());
    }
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    rooms::add(&house.ctx, &member, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /rooms/{id}/members/{username}`
pub async fn remove(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path((id, username)): Path<(RoomId, String)>,
) -> Answer<StatusCode> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    rooms::remove(&house.ctx, &member, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /rooms/{id}/read`
pub async fn read(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
    input::Json(Read { seq }): input::Json<Read>,
) -> Answer<StatusCode> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    rooms::mark_read(&house.ctx, &member, seq).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /direct/{username}`
pub async fn direct(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(username): Path<String>,
) -> Answer<Json<Room>> {
    Ok(Json(rooms::direct::open(&house.ctx, &viewer, &username).await?))
}
