//! Messages.

use axum::{Json, extract::State};
use domain::{Viewer, messages, rooms};
use http::StatusCode;
use protocol::{
    Items, Limit, Message, MessageId, Problem, RoomId,
    messages::{Draft, Edit, History, Said, Window},
};
use serde::Deserialize;

use super::{
    Answer,
    input::{self, Path, Query},
    rooms::reader,
};
use crate::{
    auth::{Anyone, SignedIn},
    serve::House,
};

#[derive(Deserialize)]
pub struct Which {
    before: Option<i64>,
    after: Option<i64>,
    around: Option<i64>,
    changed_after: Option<i64>,
    #[serde(default)]
    limit: Limit,
}

impl Which {
    fn window(&self) -> Answer<Window> {
        let asked: Vec<Window> = [
            self.before.map(Window::Before),
            self.after.map(Window::After),
            self.around.map(Window::Around),
            self.changed_after.map(Window::ChangedAfter),
        ]
        .into_iter()
        .flatten()
        .collect();
        match asked[..] {
            [] => Ok(Window::Newest),
            [window] => Ok(window),
            _ => Err(Problem::invalid(
                "before",
                "Ask for one of before, after, around and changed_after.",
            )
            .into()),
        }
    }
}

/// `GET /rooms/{id}/messages`
pub async fn list(
    State(house): State<House>,
    Anyone(viewer): Anyone,
    Path(id): Path<RoomId>,
    Query(which): Query<Which>,
) -> Answer<Json<History>> {
    let window = which.window()?;
    let reader = reader(&house, viewer.as_ref(), id).await?;
    Ok(Json(messages::history(&house.ctx, reader, window, which.limit).await?))
}

/// `GET /rooms/{id}/messages/{message}`
pub async fn show(
    State(house): State<House>,
    Anyone(viewer): Anyone,
    Path((room, id)): Path<(RoomId, MessageId)>,
) -> Answer<Json<Message>> {
    let reader = reader(&house, viewer.as_ref(), room).await?;
    Ok(Json(messages::one(&house.ctx, reader, id).await?))
}

/// `PUT /rooms/{id}/messages/{message}`: 201, again 200.
pub async fn put(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path((room, id)): Path<(RoomId, MessageId)>,
    input::Json(draft): input::Json<Draft>,
) -> Answer<(StatusCode, Json<Message>)> {
    let member = rooms::member(&house.ctx, &viewer, room).await?;
    let posted = messages::post(&house.ctx, &member, id, draft).await?;
    let status = if posted.again { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(Message::clone(&posted.message))))
}

/// `POST /rooms/{id}/messages`: under an id of the server's.
pub async fn post(
    house: State<House>,
    viewer: SignedIn,
    Path(room): Path<RoomId>,
    draft: input::Json<Draft>,
) -> Answer<(StatusCode, Json<Message>)> {
    let id = house.ctx.new_id(MessageId::new);
    put(house, viewer, Path((room, id)), draft).await
}

/// `PATCH /rooms/{id}/messages/{message}`: only its author.
pub async fn edit(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path((room, id)): Path<(RoomId, MessageId)>,
    input::Json(Edit { body }): input::Json<Edit>,
) -> Answer<Json<Message>> {
    let member = rooms::member(&house.ctx, &viewer, room).await?;
    let message = messages::edit(&house.ctx, &member, id, body).await?;
    Ok(Json(Message::clone(&message)))
}

/// `DELETE /rooms/{id}/messages/{message}`: its author, and moderators.
pub async fn delete(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path((room, id)): Path<(RoomId, MessageId)>,
) -> Answer<Json<Message>> {
    let member = rooms::member(&house.ctx, &viewer, room).await?;
    let message = messages::delete(&house.ctx, &member, id).await?;
    Ok(Json(Message::clone(&message)))
}

/// `POST /rooms/{id}/messages/{message}/restore`: who has just deleted it.
pub async fn restore(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path((room, id)): Path<(RoomId, MessageId)>,
) -> Answer<Json<Message>> {
    let member = rooms::member(&house.ctx, &viewer, room).await?;
    let message = messages::restore(&house.ctx, &member, id).await?;
    Ok(Json(Message::clone(&message)))
}

/// `GET /rooms/{id}/messages/{message}/history`
pub async fn history(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path((room, id)): Path<(RoomId, MessageId)>,
) -> Answer<Json<Items<Said>>> {
    let member = rooms::member(&house.ctx, &viewer, room).await?;
    let items = messages::edits(&house.ctx, &member, id).await?;
    Ok(Json(Items { items, next: None }))
}

/// `PUT /rooms/{id}/messages/{message}/reactions/{emoji}`
pub async fn react(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path((room, id, emoji)): Path<(RoomId, MessageId, String)>,
) -> Answer<Json<Message>> {
    reacted(&house, &viewer, (room, id), &emoji, true).await
}

/// `DELETE /rooms/{id}/messages/{message}/reactions/{emoji}`
pub async fn unreact(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Path((room, id, emoji)): Path<(RoomId, MessageId, String)>,
) -> Answer<Json<Message>> {
    reacted(&house, &viewer, (room, id), &emoji, false).await
}

async fn reacted(
    house: &House,
    viewer: &Viewer,
    (room, id): (RoomId, MessageId),
    emoji: &str,
    on: bool,
) -> Answer<Json<Message>> {
    let member = rooms::member(&house.ctx, viewer, room).await?;
    let message = messages::react(&house.ctx, &member, id, emoji, on).await?;
    Ok(Json(Message::clone(&message)))
}
