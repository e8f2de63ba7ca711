//! Where everything stands for one person: the socket's first frame, and the world that the first
//! page is rendered from.

use protocol::socket::{NotificationState, Ready};
use sea_orm::{ConnectionTrait as _, Statement};

use crate::{
    Ctx, Error, Result, Viewer, friends, presence,
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
    let Mine { me, rooms, mut positions } = rooms::mine(ctx, viewer, ROOMS).await?;
    if rooms.next.is_some() {
        positions = rooms::positions(ctx, viewer).await?;
    }
    let (notifications, is_invisible) = standing(ctx, viewer).await?;
    let ready = Ready {
        me,
        rooms: rooms.items,
        next: rooms.next,
        friends: presence::friends(ctx, viewer).await?,
        requests: friends::requests(ctx, viewer, None).await?,
        blocked: friends::blocked_ids(ctx, viewer).await?,
        invisible: is_invisible,
        notifications,
        session: viewer.session(),
        epoch: ctx.epoch().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        heartbeat_ms: HEARTBEAT_MS,
    };
    Ok(Greeting { ready, positions, is_invisible })
}

async fn standing(ctx: &Ctx, viewer: &Viewer) -> Result<(NotificationState, bool)> {
    let sql = "SELECT notified_seq, invisible, (SELECT COUNT(*) FROM notification \
               WHERE notification.account_id = account.id AND read_at IS NULL) \
               FROM account WHERE id = $1";
    let conn = ctx.db.read();
    let values = [viewer.account().into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let row = conn.query_one_raw(statement).await?.ok_or(Error::NotFound)?;
    let (last_seq, unread) = (row.try_get_by_index(0)?, row.try_get_by_index(2)?);
    Ok((NotificationState { last_seq, unread }, row.try_get_by_index(1)?))
}
