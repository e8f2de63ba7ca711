//! Opening rooms.

use leptos::prelude::*;
use protocol::RoomId;

use super::Failure;

/// Opens the direct room with somebody, made on first use, and leads there.
#[server(prefix = "/fn", endpoint = "rooms/open_direct")]
pub async fn open_direct(username: String) -> Result<RoomId, Failure> {
    let (ctx, viewer) = super::signed_in()?;
    let room = domain::rooms::direct::open(&ctx, &viewer, &username).await?;
    leptos_axum::redirect(&format!("/rooms/{}", room.id));
    Ok(room.id)
}
