//! Where everything stands for one person: the socket's first frame, and the world that the first
//! page is rendered from.

use std::collections::HashSet;

use protocol::{
    Room, RoomId, SessionId, User,
    socket::{NotificationState, Ready},
};
use sea_orm::ConnectionTrait as _;

use crate::{
    Ctx, Error, Result, Viewer,
    accounts::Named,
    db::statement,
    friends::{self, Everyone},
    presence,
    rooms::{self, Mine, Position, Reader},
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
    Ok(greeting(ctx, viewer).await?.ready)
}

/// [`ready`], and what who delivers from there on has to know.
#[derive(Debug)]
pub struct Greeting {
    pub ready: Ready,
    /// Where every room stood that the viewer is in, also those beyond the first page.
    pub positions: Vec<Position>,
    /// Whether the viewer wants to be seen by nobody.
    pub is_invisible: bool,
}

/// [`ready`] for who delivers from there on.
///
/// # Errors
/// As reading fails.
pub async fn greeting(ctx: &Ctx, viewer: &Viewer) -> Result<Greeting> {
    let Standing { me, notifications, is_invisible } = standing(ctx, viewer).await?;
    let Everyone { mut friends, requests, blocked } = friends::everyone(ctx, viewer).await?;
    presence::follow(ctx, viewer, &mut friends).await;
    // The rooms last: what is said in them while the rest is read has to be told again.
    let Mine { rooms, mut positions } = rooms::mine(ctx, viewer, ROOMS).await?;
    if rooms.next.is_some() {
        // Those that are told stand where they were told: what is said in the meantime is still to come.
        let told: HashSet<RoomId> = positions.iter().map(|at| at.room).collect();
        let all = rooms::positions(ctx, viewer).await?.into_iter();
        positions.extend(all.filter(|at| !told.contains(&at.room)));
    }
    let ready = Ready {
        me: Some(me),
        rooms: rooms.items,
        next: rooms.next,
        friends,
        requests,
        blocked,
        invisible: is_invisible,
        notifications,
        session: viewer.session(),
        epoch: ctx.epoch().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        heartbeat_ms: HEARTBEAT_MS,
    };
    Ok(Greeting { ready, positions, is_invisible })
}

/// A public room alone, for who looks at it without being in it.
///
/// # Errors
/// `NotFound` where it is gone.
pub async fn visit(ctx: &Ctx, reader: &Reader) -> Result<Ready> {
    let room = rooms::show_to(ctx, reader).await?;
    Ok(Ready {
        me: None,
        rooms: vec![Room { revision: reader.revision(), ..room }],
        next: None,
        friends: Vec::new(),
        requests: Vec::new(),
        blocked: Vec::new(),
        invisible: true,
        notifications: NotificationState::default(),
        session: ctx.new_id(SessionId::new),
        epoch: ctx.epoch().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        heartbeat_ms: HEARTBEAT_MS,
    })
}

/// What is the account's own.
struct Standing {
    me: User,
    notifications: NotificationState,
    is_invisible: bool,
}

async fn standing(ctx: &Ctx, viewer: &Viewer) -> Result<Standing> {
    let sql = "SELECT id, username, display_name, picture_id, notified_seq, invisible, \
               (SELECT COUNT(*) FROM notification \
               WHERE notification.account_id = account.id AND read_at IS NULL) \
               FROM account WHERE id = $1";
    let conn = ctx.db.read();
    let values = [viewer.account().into()];
    let statement = statement(conn.get_database_backend(), sql, values);
    let row = conn.query_one_raw(statement).await?.ok_or(Error::NotFound)?;
    let named = Named {
        id: row.try_get_by_index(0)?,
        username: row.try_get_by_index(1)?,
        display_name: row.try_get_by_index(2)?,
        picture_id: row.try_get_by_index(3)?,
    };
    let (last_seq, unread) = (row.try_get_by_index(4)?, row.try_get_by_index(6)?);
    let notifications = NotificationState { last_seq, unread };
    Ok(Standing { me: named.into(), notifications, is_invisible: row.try_get_by_index(5)? })
}
