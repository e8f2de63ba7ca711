//! The socket: who hears what, and one task for each connection.

mod catch_up;
mod commands;
mod connection;
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
    extract::{ConnectInfo, Request, State},
    response::Response,
};
use domain::limits::Rule;
use protocol::{Code, Problem};
use serde::Deserialize;

pub use hub::Hub;

use crate::{
    auth::{Caller, SignedIn},
    problem::Refusal,
    rest::Query,
    serve::House,
};

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
    caller: Caller,
    signed_in: Result<SignedIn, Refusal>,
    Query(wish): Query<Wish>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut parts, _) = request.into_parts();
    if house.origins.is_foreign(&parts.headers, peer.ip()) {
        let detail = "This socket is for Kith's own page.";
        return Err(Problem::new(Code::Forbidden, detail).into());
    }
    let limits = house.ctx.limits();
    let SignedIn(viewer) = match signed_in {
        Ok(signed_in) => signed_in,
        Err(refused) => {
            limits.take_from(Rule::HandshakeAddress, Some(caller.address))?;
            return Err(refused);
        }
    };
    limits.take_for(Rule::Handshake, viewer.account())?;
    if house.shutdown.is_cancelled() {
        return Err(Problem::new(Code::Unavailable, "This server is about to restart.").into());
    }
    let (answer, socket) = upgrade::agree(&mut parts)?.open();
    let holds = wish.resume == Some(1);
    let sockets = house.sockets.clone();
    sockets.spawn(async move {
        if let Some(opened) = socket.await {
            connection::serve(opened, house, viewer, holds).await;
        }
    });
    Ok(answer)
}
