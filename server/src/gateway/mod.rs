//! The socket: who hears what, and one task for each connection.

pub(crate) mod admission;
mod catch_up;
mod commands;
mod connection;
mod crowd;
pub(crate) mod end;
mod hub;
mod presence;
mod queue;
mod recent;
mod room;
mod seat;
mod seats;
mod sharded;
mod tell;
pub(crate) mod upgrade;

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, FromRequestParts as _, Request, State},
    response::Response,
};
use domain::{limits::Rule, rooms};
use protocol::{Code, Problem, RoomId};
use serde::Deserialize;

use connection::Who;
pub use hub::Hub;

use crate::{
    auth::{Caller, SignedIn, shows_token},
    problem::Refusal,
    rest::Query,
    serve::House,
};

/// How the client wants its socket.
#[derive(Debug, Default, Deserialize)]
pub struct Wish {
    /// Hold room events back until the first `resume`.
    resume: Option<u8>,
    /// Look at this public room, and nothing else.
    room: Option<RoomId>,
}

/// `GET /api/v1/socket`
pub async fn open(
    State(house): State<House>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    caller: Caller,
    Query(wish): Query<Wish>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut parts, _) = request.into_parts();
    if house.origins.is_foreign(&parts.headers, peer.ip()) {
        let detail = "This socket is for Kith's own page.";
        return Err(Problem::new(Code::Forbidden, detail).into());
    }
    let limits = house.ctx.limits();
    // Who only looks is counted before they take a turn.
    let visitor = match wish.room {
        Some(_) => {
            limits.take_from(Rule::HandshakeAddress, Some(caller.address)).await?;
            limits.are_on().then(|| house.hub.crowd.enter(caller.address)).transpose()?
        }
        None => None,
    };
    // Who shows nothing is turned away without a turn.
    let turn = match wish.room.is_some() || shows_token(&parts, &house) {
        true => Some(house.hub.admission.handshake(&house.shutdown).await.ok_or_else(too_many)?),
        false => None,
    };
    // Here and not by an extractor: to read it takes a turn.
    let signed_in = SignedIn::from_request_parts(&mut parts, &house).await;
    let who = match (signed_in, wish.room) {
        (Ok(SignedIn(viewer)), None) => {
            limits.take_for(Rule::Handshake, viewer.account()).await?;
            if limits.are_on() && house.hub.has_many_of(&viewer) {
                return Err(domain::Error::RateLimited { retry_after_ms: 60_000 }.into());
            }
            Who::Viewer(viewer)
        }
        (Err(refused), None) => {
            limits.take_from(Rule::HandshakeAddress, Some(caller.address)).await?;
            return Err(refused);
        }
        (_, Some(room)) => Who::Visitor(rooms::reader(&house.ctx, None, room).await?),
    };
    drop(turn);
    if house.shutdown.is_cancelled() {
        return Err(Problem::new(Code::Unavailable, "This server is about to restart.").into());
    }
    let (answer, socket) = upgrade::agree(&mut parts)?.open();
    let holds = wish.resume == Some(1);
    let sockets = house.sockets.clone();
    sockets.spawn(async move {
        if let Some(opened) = socket.await {
            connection::serve(opened, house, who, holds).await;
            drop(visitor);
        }
    });
    Ok(answer)
}

fn too_many() -> Problem {
    Problem::new(Code::Unavailable, "Too many come at once. Try again in a moment.")
}
