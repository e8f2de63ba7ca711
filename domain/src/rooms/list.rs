//! Rooms as one member sees them.

use std::{collections::HashMap, sync::LazyLock};

use protocol::{
    AccountId, Items, Limit, Room, RoomId, Timestamp, User,
    rooms::{Kind, Notify, Preview, Retention, Role, unread},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait, FromQueryResult as _, QueryFilter as _,
    QueryResult, QuerySelect as _, Value, prelude::Uuid,
};

use super::{entity::room, reader::Reader};
use crate::{
    Ctx, Error, Result, Viewer, accounts,
    db::statement,
    rows::{columns, padded},
};

/// The viewer's rooms, the latest activity first.
///
/// # Errors
/// `Invalid` for a cursor that was never given.
pub async fn list(
    ctx: &Ctx,
    viewer: &Viewer,
    cursor: Option<&str>,
    limit: Limit,
) -> Result<Items<Room>> {
    let cursor = cursor.map(parse_cursor).transpose()?;
    Ok(page(ctx, viewer.account(), cursor, limit.get()).await?.rooms)
}

/// Where an account is.
#[derive(Clone, Debug)]
pub struct Mine {
    pub rooms: Items<Room>,
    /// Where each of these rooms stood when it was read.
    pub positions: Vec<Position>,
}

/// Where a room stands: what has happened in it, and to who is in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    pub room: RoomId,
    pub revision: i64,
    /// Rises with every change of who is in the room.
    pub access: i64,
}

/// The first `limit` of the viewer's rooms, for the socket's first frame.
///
/// # Errors
/// As reading fails.
pub async fn mine(ctx: &Ctx, viewer: &Viewer, limit: u64) -> Result<Mine> {
    page(ctx, viewer.account(), None, limit).await
}

/// Those of these rooms that are no direct ones, each with its kind.
///
/// # Errors
/// As reading fails.
pub async fn of_many(
    ctx: &Ctx,
    ids: impl IntoIterator<Item = RoomId>,
) -> Result<Vec<(RoomId, Kind)>> {
    let ids = padded(ids);
    let mut found = HashMap::new();
    for some in ids.chunks(1_024) {
        let rows: Vec<(RoomId, Kind)> = room::Entity::find()
            .select_only()
            .columns([room::Column::Id, room::Column::Kind])
            .filter(room::Column::Id.is_in(some.iter().copied()))
            .filter(room::Column::Kind.ne(Kind::Direct))
            .into_tuple()
            .all(ctx.db.deliver())
            .await?;
        found.extend(rows);
    }
    Ok(found.into_iter().collect())
}

/// Where every room stands that the viewer is in.
///
/// # Errors
/// As reading fails.
pub async fn positions(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<Position>> {
    let sql = "SELECT room.id, room.revision, room.access FROM membership \
               JOIN room ON room.id = membership.room_id WHERE membership.account_id = $1";
    let conn = ctx.db.read();
    let values = [viewer.account().into()];
    let statement = statement(conn.get_database_backend(), sql, values);
    let rows = conn.query_all_raw(statement).await?;
    let position = |row: &QueryResult| {
        let room = row.try_get_by_index(0)?;
        Ok(Position { room, revision: row.try_get_by_index(1)?, access: row.try_get_by_index(2)? })
    };
    Ok(rows.iter().map(position).collect::<Result<_, DbErr>>()?)
}

/// One room as this account sees it now.
///
/// # Errors
/// `NotFound` where they are not in it.
pub async fn show(ctx: &Ctx, account: AccountId, id: RoomId) -> Result<Room> {
    Ok(show_by(ctx.db.read(), account, id).await?.0)
}

/// [`show`], and where the room stood then: for who delivers from there on.
///
/// # Errors
/// `NotFound` where they are not in it.
pub async fn show_at(ctx: &Ctx, account: AccountId, id: RoomId) -> Result<(Room, Position)> {
    show_by(ctx.db.deliver(), account, id).await
}

async fn show_by(
    conn: &impl ConnectionTrait,
    account: AccountId,
    id: RoomId,
) -> Result<(Room, Position)> {
    let rows = own_rooms(conn, account, "AND room.id = $2", [id.into()]).await?;
    let people = people_in(conn, account, &rows).await?;
    let row = rows.into_iter().next().ok_or(Error::NotFound)?;
    let position = row.position();
    Ok((shown(row.room, Some(row.own), &people), position))
}

/// One room as somebody sees it who may read it, also signed out.
///
/// # Errors
/// `NotFound` where it is gone.
pub async fn show_to(ctx: &Ctx, reader: &Reader) -> Result<Room> {
    match reader.account() {
        Some(account) => show(ctx, account, reader.room()).await,
        None => {
            let (room, _) = show_everyone(ctx, reader.room()).await?;
            // It may be for everyone's eyes no more since that was proven.
            if room.is_open_to_all() { Ok(room) } else { Err(Error::NotFound) }
        }
    }
}

/// One room as everyone in it sees it: without what is one viewer's own, and without what was said
/// last, which is told with its message to who may hear it. With the room's `access` as it was read: who is in
/// it by then is told.
///
/// # Errors
/// `NotFound` where it is gone.
pub async fn show_everyone(ctx: &Ctx, id: RoomId) -> Result<(Room, i64)> {
    let room = room::Entity::find_by_id(id).one(ctx.db.deliver()).await?.ok_or(Error::NotFound)?;
    let access = room.access;
    Ok((shown(room, None, &HashMap::new()), access))
}

async fn page(
    ctx: &Ctx,
    account: AccountId,
    cursor: Option<(Timestamp, RoomId)>,
    limit: u64,
) -> Result<Mine> {
    let conn = ctx.db.read();
    let (after, values): (_, Vec<Value>) = match cursor {
        None => ("", Vec::new()),
        Some((at, id)) => {
            ("AND (room.last_message_at, room.id) < ($2, $3)", vec![at.into(), id.into()])
        }
    };
    // Not a parameter: SQLite plans a statement anew each time that its limit is bound.
    let order =
        format!("{after} ORDER BY room.last_message_at DESC, room.id DESC LIMIT {}", limit + 1);
    let mut rows = own_rooms(conn, account, &order, values).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| cursor_of(&row.room));
    let people = people_in(conn, account, &rows).await?;
    let positions = rows.iter().map(Row::position).collect();
    let items = rows.into_iter().map(|row| shown(row.room, Some(row.own), &people)).collect();
    Ok(Mine { rooms: Items { items, next }, positions })
}

fn cursor_of(room: &room::Model) -> String {
    format!("{}_{}", room.last_message_at.0, room.id)
}

fn parse_cursor(cursor: &str) -> Result<(Timestamp, RoomId)> {
    let parse = || {
        let (at, id) = cursor.split_once('_')?;
        Some((Timestamp(at.parse().ok()?), id.parse().ok()?))
    };
    parse().ok_or_else(|| Error::invalid("cursor", "This cursor was not given by Kith."))
}

/// A room, and what of it is one member's own.
struct Row {
    room: room::Model,
    own: Own,
}

impl Row {
    fn position(&self) -> Position {
        let room = &self.room;
        Position { room: room.id, revision: room.revision, access: room.access }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Own {
    account: AccountId,
    role: Role,
    read_seq: i64,
    mentioned_seq: i64,
    notify: Notify,
    muted_until: Option<Timestamp>,
}

/// The account's rooms, those of them that `which` names, in its order.
async fn own_rooms(
    conn: &impl ConnectionTrait,
    account: AccountId,
    which: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<Row>> {
    static COLUMNS: LazyLock<String> = LazyLock::new(|| columns::<room::Entity>("room"));
    let sql = format!(
        "SELECT {}, membership.role AS own_role, membership.read_seq AS own_read_seq, \
         membership.mentioned_seq, membership.notify, membership.muted_until \
         FROM membership JOIN room ON room.id = membership.room_id \
         WHERE membership.account_id = $1 {which}",
        *COLUMNS
    );
    let values: Vec<Value> = std::iter::once(account.into()).chain(values).collect();
    let statement = statement(conn.get_database_backend(), sql, values);
    let rows = conn.query_all_raw(statement).await?;
    let row = |row: &QueryResult| {
        let room = room::Model::from_query_result(row, "")?;
        let own = Own {
            account,
            role: row.try_get("", "own_role")?,
            read_seq: row.try_get("", "own_read_seq")?,
            mentioned_seq: row.try_get("", "mentioned_seq")?,
            notify: row.try_get("", "notify")?,
            muted_until: row.try_get("", "muted_until")?,
        };
        Ok(Row { room, own })
    };
    Ok(rows.iter().map(row).collect::<Result<_, DbErr>>()?)
}

/// Everyone that these rooms show.
async fn people_in(
    conn: &impl ConnectionTrait,
    account: AccountId,
    rows: &[Row],
) -> Result<HashMap<AccountId, User>> {
    let mut shown = Vec::new();
    for Row { room, .. } in rows {
        shown.extend(room.last_author_id);
        shown.extend(other_of(room, account));
    }
    accounts::by_ids(conn, shown).await
}

/// Who the other is in a direct room.
fn other_of(room: &room::Model, account: AccountId) -> Option<AccountId> {
    let (low, high) = room.direct_pair.as_deref()?.split_at_checked(16)?;
    let id = |bytes| Uuid::from_slice(bytes).ok().map(AccountId);
    let (low, high) = (id(low)?, id(high)?);
    Some(if low == account { high } else { low })
}

/// A room, and what of it is one member's own where there is one.
pub(super) fn shown(
    room: room::Model,
    own: Option<Own>,
    people: &HashMap<AccountId, User>,
) -> Room {
    let last_message = room.last_author_id.and_then(|author| {
        Some(Preview {
            seq: room.last_seq,
            author: people.get(&author)?.clone(),
            text: room.last_text.clone(),
            created_at: room.last_message_at,
        })
    });
    let viewer = own.map(|own| own.account);
    let other = viewer.and_then(|viewer| other_of(&room, viewer));
    let direct_with = other.and_then(|id| people.get(&id).cloned());
    Room {
        id: room.id,
        kind: room.kind,
        name: match (&direct_with, room.kind) {
            (Some(other), Kind::Direct) => other.display_name.clone(),
            _ => room.name,
        },
        topic: room.topic,
        retention: Retention::of_days(room.retention_days),
        staff_only: room.staff_only,
        notices: room.notices,
        slow_mode: room.slow_mode,
        closed: room.closed,
        first_seq: room.first_seq,
        last_seq: room.last_seq,
        revision: room.revision,
        member_count: room.member_count,
        online_count: 0,
        last_message,
        read_seq: own.map(|own| own.read_seq),
        unread: own.map(|own| unread(own.read_seq, room.first_seq, room.last_seq)),
        mentions: own.map(|own| i64::from(own.mentioned_seq > own.read_seq)),
        mentioned_seq: own.map(|own| own.mentioned_seq),
        notify: own.map(|own| own.notify),
        muted_until: own.and_then(|own| own.muted_until),
        role: own.map(|own| own.role),
        direct_with,
    }
}
