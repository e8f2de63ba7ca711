//! Saying something without JavaScript. With it, messages go up the socket.

use leptos::prelude::*;
use protocol::{MessageId, RoomId};

use super::Failure;

/// Stores a message under the id that the form was rendered with, so that sending the form twice
/// says it once.
#[server(prefix = "/fn", endpoint = "messages/post")]
pub async fn post(room: RoomId, id: MessageId, body: String) -> Result<(), Failure> {
    use protocol::{Body, messages::Draft};

    let (ctx, viewer) = super::signed_in()?;
    let draft = Draft::of(Body::parse(&body).map_err(Failure::in_field("body"))?);
    let member = domain::rooms::member(&ctx, &viewer, room).await?;
    domain::messages::post(&ctx, &member, id, draft).await?;
    leptos_axum::redirect(&format!("/rooms/{room}"));
    Ok(())
}
