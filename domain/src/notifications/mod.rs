//! What people are told of while they are not looking: one row an event, that changes in place when
//! what it tells of does. The chat badge needs no rows: it comes from the rooms' own numbers.

mod cards;
mod entity;

use protocol::{
    AccountId, Items, Limit, NotificationId,
    notifications::{Inbox, Notification},
};
use sea_orm::{
    ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*, sea_query::ExprTrait as _,
};

use crate::{Ctx, Error, Result, Viewer, accounts, bus::Change};

pub(crate) use cards::{
    asked, befriended, declined, forget, forget_between, mentioned, unfriended, withdrawn,
};

/// More than this after a number are too many to be told: they are loaded afresh.
const SINCE: u64 = 200;

/// The viewer's notifications, newest first.
///
/// # Errors
/// `Invalid` for a cursor that is none.
pub async fn list(ctx: &Ctx, viewer: &Viewer, cursor: Option<&str>, limit: Limit) -> Result<Inbox> {
    let before: Option<i64> = match cursor {
        None => None,
        Some(cursor) => {
            let number = cursor.parse();
            Some(number.map_err(|_| Error::invalid("cursor", "This is no cursor of this list."))?)
        }
    };
    let conn = ctx.db.read();
    let mine = entity::Column::AccountId.eq(viewer.account());
    let mut find = entity::Entity::find()
        .filter(mine)
        .order_by_desc(entity::Column::Seq)
        .limit(limit.get() + 1);
    if let Some(before) = before {
        find = find.filter(entity::Column::Seq.lt(before));
    }
    let mut rows = find.all(conn).await?;
    let more = rows.len() as u64 > limit.get();
    rows.truncate(usize::try_from(limit.get()).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| more).map(|row| row.seq.to_string());
    let items = shown(conn, rows).await?;
    let unread = unread(conn, viewer.account()).await?;
    Ok(Inbox { page: Items { items, next }, unread })
}

/// Marks everything up to a number as read. Once more, nothing changes.
///
/// # Errors
/// As writing fails.
pub async fn mark_read(ctx: &Ctx, viewer: &Viewer, up_to: i64) -> Result<i64> {
    let account = viewer.account();
    ctx.transact_as(viewer, async |tx| {
        let now = tx.now();
        let theirs = entity::Column::AccountId
            .eq(account)
            .and(entity::Column::Seq.lte(up_to))
            .and(entity::Column::ReadAt.is_null());
        let changed = entity::Entity::update_many()
            .col_expr(entity::Column::ReadAt, Expr::value(now))
            .filter(theirs)
            .exec(tx.conn())
            .await?;
        if changed.rows_affected > 0 {
            tx.emit(Change::NotificationsRead { account, up_to });
        }
        unread(tx.conn(), account).await
    })
    .await
}

/// A notification as it is now, with how many are unread; `None` where it is gone.
///
/// # Errors
/// As reading fails.
pub async fn one(
    ctx: &Ctx,
    account: AccountId,
    id: NotificationId,
) -> Result<Option<(Notification, i64)>> {
    let conn = ctx.db.read();
    let row = entity::Entity::find_by_id(id)
        .filter(entity::Column::AccountId.eq(account))
        .one(conn)
        .await?;
    let card = shown(conn, row.into_iter().collect()).await?.pop();
    let unread = unread(conn, account).await?;
    Ok(card.map(|card| (card, unread)))
}

/// How many are unread.
///
/// # Errors
/// As reading fails.
pub async fn unread_of(ctx: &Ctx, account: AccountId) -> Result<i64> {
    unread(ctx.db.read(), account).await
}

/// What came after a number, the oldest first, with how many are unread; `None` where it is too much
/// to tell.
///
/// # Errors
/// As reading fails.
pub async fn since(
    ctx: &Ctx,
    viewer: &Viewer,
    seq: i64,
) -> Result<Option<(Vec<Notification>, i64)>> {
    let conn = ctx.db.read();
    let rows = entity::Entity::find()
        .filter(entity::Column::AccountId.eq(viewer.account()))
        .filter(entity::Column::Seq.gt(seq))
        .order_by_asc(entity::Column::Seq)
        .limit(SINCE + 1)
        .all(conn)
        .await?;
    if rows.len() as u64 > SINCE {
        return Ok(None);
    }
    Ok(Some((shown(conn, rows).await?, unread(conn, viewer.account()).await?)))
}

async fn unread(conn: &impl ConnectionTrait, account: AccountId) -> Result<i64> {
    let count = entity::Entity::find()
        .filter(entity::Column::AccountId.eq(account))
        .filter(entity::Column::ReadAt.is_null())
        .count(conn)
        .await?;
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

async fn shown(conn: &impl ConnectionTrait, rows: Vec<entity::Model>) -> Result<Vec<Notification>> {
    let users = accounts::by_ids(conn, rows.iter().map(|row| row.actor_id)).await?;
    let card = |row: entity::Model| {
        let actor = users.get(&row.actor_id)?.clone();
        Some(Notification {
            id: row.id,
            seq: row.seq,
            kind: row.kind,
            text: row.kind.text(&actor.display_name, row.own),
            actor,
            room: row.room_id,
            message: row.message_id,
            request: row.request_id,
            created_at: row.created_at,
            read_at: row.read_at,
        })
    };
    Ok(rows.into_iter().filter_map(card).collect())
}
