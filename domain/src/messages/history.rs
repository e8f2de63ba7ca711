//! Reading what was said: ranges of a room by `seq`, or what changed after a revision.

use protocol::{
    Limit, Message, MessageId,
    messages::{History, Window},
};
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};

use super::{entity, shown};
use crate::{
    Ctx, Error, Result, accounts,
    rooms::{Member, access, entity::room},
    rows::padded,
};

/// A range of the room's messages.
///
/// The room's revision is read before the items, so that resuming from it misses nothing.
///
/// # Errors
/// `NotFound` where the room is gone.
pub async fn history(ctx: &Ctx, member: &Member, window: Window, limit: Limit) -> Result<History> {
    let conn = ctx.db.read();
    let room = room::Entity::find_by_id(member.room()).one(conn).await?.ok_or(Error::NotFound)?;
    let limit = limit.get();
    if let Window::ChangedAfter(revision) = window {
        let changes = changes(conn, &room, revision, limit).await?;
        still_readable(conn, member).await?;
        return Ok(changes);
    }
    let rows = match window {
        Window::After(seq) => after(conn, &room, seq, limit).await?,
        Window::Before(seq) => before(conn, &room, seq, limit).await?,
        Window::Around(seq) => {
            let mut rows = before(conn, &room, seq, limit / 2).await?;
            rows.extend(after(conn, &room, seq.saturating_sub(1), limit - limit / 2).await?);
            rows
        }
        Window::Newest | Window::ChangedAfter(_) => before(conn, &room, i64::MAX, limit).await?,
    };
    let first = rows.first().map(|row| row.seq);
    let last = rows.last().map(|row| row.seq);
    // An empty range has on each side what lies beyond the number that was asked for.
    let (has_older, has_newer) = match (first, last, window) {
        (Some(first), Some(last), _) => (first > 1, last < room.last_seq),
        (_, _, Window::Before(seq)) => (false, seq <= room.last_seq),
        (_, _, Window::After(_)) => (room.last_seq > 0, false),
        _ => (false, false),
    };
    let items = with_authors(conn, rows).await?;
    still_readable(conn, member).await?;
    Ok(History { items, revision: room.revision, has_older, has_newer })
}

/// Membership, read after the items: nothing that was committed after a removal is shown.
async fn still_readable(conn: &impl ConnectionTrait, member: &Member) -> Result<()> {
    let membership = access::membership_of(conn, member.room(), member.account()).await?;
    membership.map(drop).ok_or(Error::NotFound)
}

/// One message.
///
/// # Errors
/// `NotFound` where it is not in this room.
pub async fn one(ctx: &Ctx, member: &Member, id: MessageId) -> Result<Message> {
    let conn = ctx.db.read();
    let row = entity::Entity::find()
        .filter(entity::Column::Id.eq(id))
        .filter(entity::Column::RoomId.eq(member.room()))
        .one(conn)
        .await?
        .ok_or(Error::NotFound)?;
    still_readable(conn, member).await?;
    with_authors(conn, vec![row]).await?.pop().ok_or(Error::NotFound)
}

fn of_room(room: &room::Model) -> Select<entity::Entity> {
    entity::Entity::find().filter(entity::Column::RoomId.eq(room.id))
}

async fn before(
    conn: &impl ConnectionTrait,
    room: &room::Model,
    seq: i64,
    limit: u64,
) -> Result<Vec<entity::Model>> {
    let mut rows = of_room(room)
        .filter(entity::Column::Seq.lt(seq))
        .order_by_desc(entity::Column::Seq)
        .limit(limit)
        .all(conn)
        .await?;
    rows.reverse();
    Ok(rows)
}

async fn after(
    conn: &impl ConnectionTrait,
    room: &room::Model,
    seq: i64,
    limit: u64,
) -> Result<Vec<entity::Model>> {
    let rows = of_room(room)
        .filter(entity::Column::Seq.gt(seq))
        .order_by_asc(entity::Column::Seq)
        .limit(limit)
        .all(conn)
        .await?;
    Ok(rows)
}

/// What changed after a revision, in rising revision.
///
/// A message that was only ever posted lies in the order of its `seq`: every change takes one
/// revision and posting takes one `seq` as well, so none that was posted after `revision` lies
/// further back than the difference of the revisions. One that was edited or deleted is found in the
/// table of changes, by its latest. Two ranges of keys, merged.
async fn changes(
    conn: &impl ConnectionTrait,
    room: &room::Model,
    revision: i64,
    limit: u64,
) -> Result<History> {
    let behind = room.revision.saturating_sub(revision).max(0);
    let mut rows = of_room(room)
        .filter(entity::Column::Seq.gt(room.last_seq.saturating_sub(behind)))
        .filter(entity::Column::Revision.gt(revision))
        .filter(entity::Column::EditedAt.is_null())
        .filter(entity::Column::DeletedAt.is_null())
        .order_by_asc(entity::Column::Seq)
        .limit(limit + 1)
        .all(conn)
        .await?;
    if behind > 0 {
        rows.extend(changed(conn, room, revision, limit).await?);
        rows.sort_unstable_by_key(|row| row.revision);
    }
    let has_newer = rows.len() as u64 > limit;
    rows.truncate(limit as usize);
    let revision = match rows.last() {
        Some(last) if has_newer => last.revision,
        // What was committed between the reads is among the items.
        Some(last) => last.revision.max(room.revision),
        None => room.revision,
    };
    Ok(History { items: with_authors(conn, rows).await?, revision, has_older: false, has_newer })
}

/// What was edited or deleted after a revision.
async fn changed(
    conn: &impl ConnectionTrait,
    room: &room::Model,
    revision: i64,
    limit: u64,
) -> Result<Vec<entity::Model>> {
    let lines = entity::change::Entity::find()
        .filter(entity::change::Column::RoomId.eq(room.id))
        .filter(entity::change::Column::Revision.gt(revision))
        .order_by_asc(entity::change::Column::Revision)
        .all(conn)
        .await?;
    let seqs = padded(lines.iter().map(|line| line.seq));
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let rows = of_room(room)
        .filter(entity::Column::Seq.is_in(seqs))
        .filter(entity::Column::Revision.gt(revision))
        .order_by_asc(entity::Column::Revision)
        .limit(limit + 1)
        .all(conn)
        .await?;
    Ok(rows)
}

async fn with_authors(
    conn: &impl ConnectionTrait,
    rows: Vec<entity::Model>,
) -> Result<Vec<Message>> {
    let authors = accounts::by_ids(conn, rows.iter().map(|row| row.author_id)).await?;
    let known = rows.into_iter().filter_map(|row| {
        let author = authors.get(&row.author_id)?.clone();
        Some(shown(row, author))
    });
    Ok(known.collect())
}
