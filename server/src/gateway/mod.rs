//! The socket: who hears what, and one task for each connection.

mod commands;
mod connection;
mod hub;
mod queue;

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use protocol::{
    Code, Problem,
    socket::{MAX_FRAME, SUBPROTOCOL},
};
use serde::Deserialize;

pub use hub::Hub;

use crate::{auth::SignedIn, problem::Refusal, rest::Query, serve::House};

/// How the client wants its socket.
#[derive(Debug, Default, Deserialize)]
pub struct Wish {
    /// Hold room events back until the first `resume`.
    resume: Option<u8>,
}

/// `GET /api/v1/socket`
pub async fn open(
    State(house): State<House>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    SignedIn(viewer): SignedIn,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    if house.origins.is_foreign(&headers, peer.ip()) {
        let detail = "This socket is for Kith's own page.";
        return Err(Problem::new(Code::Forbidden, detail).into());
    }
    let upgrade = upgrade.map_err(|_| Problem::malformed("This address speaks WebSocket."))?;
    if house.shutdown.is_cancelled() {
        return Err(Problem::new(Code::Unavailable, "This server is about to restart.").into());
    }
    let holds = wish.resume == Some(1);
    let sockets = house.sockets.clone();
    let response = upgrade
        .protocols([SUBPROTOCOL])
        // axum's own sizes are for few sockets with large frames; here are many with small ones.
        .read_buffer_size(4 * 1024)
        .write_buffer_size(8 * 1024)
        .max_write_buffer_size(2 * 1024 * 1024)
        .max_message_size(MAX_FRAME)
        .max_frame_size(MAX_FRAME)
        .on_upgrade(move |socket| {
            sockets.track_future(connection::run(socket, house, viewer, holds))
        });
    Ok(response.into_response())
}
