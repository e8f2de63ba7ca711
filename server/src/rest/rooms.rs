//! Rooms, and the direct room with a person.

use axum::{Json, body::Bytes, extract::State};
use domain::{Viewer, messages, presence, rooms};
use http::StatusCode;
use protocol::{
    Items, Limit, Problem, Room, RoomId, Timestamp,
    rooms::{Logged, MemberOf, NewRoom, Notify, Read, Receipt, Role, RoomChange},
};
use serde::Deserialize;

use super::{
    Answer,
    input::{self, Paging, Path, Query},
};
use crate::{
    auth::{Anyone, SignedIn},
    serve::House,
};

/// Who may read a room, as members or as anyone; who is signed out is asked to sign in where that is
/// what it takes.
pub(super) async fn reader(
    house: &House,
    viewer: Option<&Viewer>,
    id: RoomId,
) -> Answer<rooms::Reader> {
    match rooms::reader(&house.ctx, viewer, id).await {
        Err(domain::Error::NotFound) if viewer.is_none() => Err(Problem::unauthenticated().into()),
        read => Ok(read?),
    }
}

/// `GET /rooms?cursor=`
pub async fn list(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Query(Paging { cursor, limit }): Query<Paging>,
) -> Answer<Json<Items<Room>>> {
    let mut rooms = rooms::list(&house.ctx, &viewer, cursor.as_deref(), limit).await?;
    house.hub.dress(&house.ctx, &mut rooms.items).await;
    Ok(Json(rooms))
}

/// `POST /rooms`
pub async fn create(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    input::Json(new): input::Json<NewRoom>,
) -> Answer<(StatusCode, Json<Room>)> {
    let room = rooms::create(&house.ctx, &viewer, new).await?;
    Ok((StatusCode::CREATED, Json(room)))
}

#[derive(Deserialize)]
pub struct Search {
    #[serde(default)]
    query: String,
    cursor: Option<String>,
    #[serde(default)]
    limit: Limit,
}

/// `GET /rooms/public?query=&cursor=`: also signed out.
pub async fn directory(
    State(house): State<House>,
    Query(Search { query, cursor, limit }): Query<Search>,
) -> Answer<Json<Items<Room>>> {
    let mut rooms = rooms::directory(&house.ctx, &query, cursor.as_deref(), limit).await?;
    house.hub.dress(&house.ctx, &mut rooms.items).await;
    Ok(Json(rooms))
}

/// `PATCH /rooms/{id}`
pub async fn change(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
    input::Json(change): input::Json<RoomChange>,
) -> Answer<Json<Room>> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    let mut room = rooms::settings::change(&house.ctx, &member, change).await?;
    house.hub.dress(&house.ctx, [&mut room]).await;
    Ok(Json(room))
}

/// `DELETE /rooms/{id}`
pub async fn delete(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
) -> Answer<StatusCode> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    rooms::settings::delete(&house.ctx, &member).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /rooms/{id}`
pub async fn show(
    State(house): State<House>,
    Anyone(viewer): Anyone,
    Path(id): Path<RoomId>,
) -> Answer<Json<Room>> {
    let reader = reader(&house, viewer.as_ref(), id).await?;
    let mut room = rooms::show_to(&house.ctx, &reader).await?;
    house.hub.dress(&house.ctx, [&mut room]).await;
    Ok(Json(room))
}

/// `GET /rooms/{id}/receipt`: what of it is stored, for who is in it.
pub async fn receipt(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
) -> Answer<Json<Receipt>> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    Ok(Json(messages::receipt(&house.ctx, &member).await?))
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

/// `PATCH /rooms/{id}/members/me` `{notify}`
pub async fn set_notify(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
    input::Json(Told { notify }): input::Json<Told>,
) -> Answer<Json<Room>> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    Ok(Json(rooms::settings::set_notify(&house.ctx, &member, notify).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    notify: Notify,
}

/// `GET /rooms/{id}/members`
pub async fn members(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
    Query(Paging { cursor, limit }): Query<Paging>,
) -> Answer<Json<Items<MemberOf>>> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    let members = presence::members(&house.ctx, &member).await?;
    let key = |member: &MemberOf| member.user.id.to_string();
    Ok(Json(Items::cut(members, cursor.as_deref(), limit, key)))
}

/// `{role?}`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    #[serde(default)]
    role: Option<Role>,
}

/// `PUT /rooms/{id}/members/{username}`: adds a friend, or gives somebody there a role.
pub async fn add(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path((id, username)): Path<(RoomId, String)>,
    body: Bytes,
) -> Answer<StatusCode> {
    let given = match body.is_empty() {
        true => Given::default(),
        false => serde_json::from_slice(&body)
            .map_err(|_| Problem::invalid("role", "A role is owner, moderator or member."))?,
    };
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    match given.role {
        Some(role) => {
            rooms::moderation::set_role(&house.ctx, &member, &username, role).await?;
        }
        None => rooms::add(&house.ctx, &member, &username).await?,
    }
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

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    #[serde(default)]
    reason: String,
}

/// `PUT /rooms/{id}/bans/{username}` `{reason?}`
pub async fn ban(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path((id, username)): Path<(RoomId, String)>,
    body: Bytes,
) -> Answer<StatusCode> {
    let Reason { reason } = match body.is_empty() {
        true => Reason::default(),
        false => serde_json::from_slice(&body)
            .map_err(|_| Problem::invalid("reason", "A reason is a text."))?,
    };
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    rooms::moderation::ban(&house.ctx, &member, &username, &reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /rooms/{id}/bans/{username}`
pub async fn unban(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path((id, username)): Path<(RoomId, String)>,
) -> Answer<StatusCode> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    rooms::moderation::unban(&house.ctx, &member, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Until {
    until: Timestamp,
}

/// `PUT /rooms/{id}/mutes/{username}` `{until}`
pub async fn mute(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path((id, username)): Path<(RoomId, String)>,
    input::Json(Until { until }): input::Json<Until>,
) -> Answer<StatusCode> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    rooms::moderation::mute(&house.ctx, &member, &username, Some(until)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /rooms/{id}/mutes/{username}`
pub async fn unmute(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path((id, username)): Path<(RoomId, String)>,
) -> Answer<StatusCode> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    rooms::moderation::mute(&house.ctx, &member, &username, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /rooms/{id}/log`: who did what, for owners and moderators.
pub async fn log(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
    Query(Paging { cursor, limit }): Query<Paging>,
) -> Answer<Json<Items<Logged>>> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    let log = rooms::moderation::log(&house.ctx, &member, cursor.as_deref(), limit).await?;
    Ok(Json(log))
}

/// `PUT /rooms/{id}/read`
pub async fn read(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<RoomId>,
    input::Json(Read { seq, back }): input::Json<Read>,
) -> Answer<StatusCode> {
    let member = rooms::member(&house.ctx, &viewer, id).await?;
    rooms::mark_read(&house.ctx, &member, seq, back).await?;
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
