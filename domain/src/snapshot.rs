//! Where everything stands for one person: the socket's first frame, and the world that the first
//! page is rendered from.

use protocol::socket::{NotificationState, Ready};

use crate::{
    Ctx, Result, Viewer, friends,
    rooms::{self, Mine, Position},
};

/// As many rooms as the first frame has.
pub const ROOMS: u64 = 200;
/// How often the server pings, in milliseconds.
pub const HEARTBEAT_MS: u64 = 25_000;

/// The viewer's rooms, friends and requests.
///
/// # Errors
/// As reading fails.
pub async fn ready(ctx: &Ctx, viewer: &Viewer) -> Result<Ready> {
    Ok(greeting(ctx, viewer).await?.0)
}

/// [`ready`], and where every room stood that the viewer is in, also those beyond the first page: for
/// who delivers from there on.
///
/// # Errors
/// As reading fails.
pub async fn greeting(ctx: &Ctx, viewer: &Viewer) -> Result<(Ready, Vec<Position>)> {
    let Mine { me, rooms, mut positions } = rooms::mine(ctx, viewer, ROOMS).await?;
    if rooms.next.is_some() {
        positions = rooms::positions(ctx, viewer).await?;
    }
    let ready = Ready {
        me,
        rooms: rooms.items,
        next: rooms.next,
        friends: friends::list(ctx, viewer).await?,
        requests: friends::requests(ctx, viewer, None).await?,
        notifications: NotificationState::default(),
        session: viewer.session(),
        epoch: ctx.epoch().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        heartbeat_ms: HEARTBEAT_MS,
    };
    Ok((ready, positions))
}
