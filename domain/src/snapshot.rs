//! Where everything stands for one person: the socket's first frame, and the world that the first
//! page is rendered from.

use protocol::socket::{NotificationState, Ready};

use crate::{Ctx, Result, Viewer, friends, rooms};

/// As many rooms as the first frame has.
pub const ROOMS: u64 = 200;
/// How often the server pings, in milliseconds.
pub const HEARTBEAT_MS: u64 = 25_000;

/// The viewer's rooms, friends and requests.
///
/// # Errors
/// As reading fails.
pub async fn ready(ctx: &Ctx, viewer: &Viewer) -> Result<Ready> {
    let rooms::Mine { me, rooms } = rooms::mine(ctx, viewer, ROOMS).await?;
    Ok(Ready {
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
    })
}
