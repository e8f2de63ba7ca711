//! Reading what was said: ranges of a room by `seq`, or what changed after a revision.

use protocol::{
    Limit, Message, MessageId,
    messages::{History, Window},
};
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};

use super::{COLUMNS, message};
use crate::{
    Ctx, Error, Result,
    rooms::{Member, access},
};

/// A range of the room's messages.
///
/// The room's revision is that of the proof, read before the items: resuming from it misses nothing.
///
/// # Errors
/// `NotFound` where they are in the room no more.
pub async fn history(ctx: &Ctx, member: &Member, window: Window, limit: Limit) -> Result<History> {
    let conn = ctx.db.read();
    let limit = limit.get();
    let items = match window {
        Window::ChangedAfter(revision) => return changes(conn, member, revision, limit).await,
        Window::After(seq) => read(conn, member, AFTER, [seq], limit).await?,
        Window::Before(seq) => before(conn, member, seq, limit).await?,
        Window::Around(seq) => {
            let mut items = before(conn, member, seq, limit / 2).await?;
            let from = seq.saturating_sub(1);
            items.extend(read(conn, member, AFTER, [from], limit - limit / 2).await?);
            items
        }
        Window::Newest => before(conn, member, i64::MAX, limit).await?,
    };
    let first = items.first().map(|message| message.seq);
    let last = items.last().map(|message| message.seq);
    let end = member.last_seq();
    // An empty range has on each side what lies beyond the number that was asked for.
    let (has_older, has_newer) = match (first, last, window) {
        (Some(first), Some(last), _) => (first > 1, last < end),
        (_, _, Window::Before(seq)) => (false, seq <= end),
        (_, _, Window::After(_)) => (end > 0, false),
        _ => (false, false),
    };
    Ok(History { items, revision: member.revision(), has_older, has_newer })
}

/// One message.
///
/// # Errors
/// `NotFound` where it is not in this room.
pub async fn one(ctx: &Ctx, member: &Member, id: MessageId) -> Result<Message> {
    let found = read(ctx.db.read(), member, "m.id = $3 ORDER BY m.seq", [id], 1).await?;
    found.into_iter().next().ok_or(Error::NotFound)
}

const BEFORE: &str = "m.seq < $3 ORDER BY m.seq DESC";
const AFTER: &str = "m.seq > $3 ORDER BY m.seq";
/// Only ever posted, and after a revision.
const POSTED: &str = "m.seq > $3 AND m.revision > $4 AND m.edited_at IS NULL \
                      AND m.deleted_at IS NULL ORDER BY m.seq";
/// Edited or deleted after a revision.
const CHANGED: &str = "m.seq IN (SELECT seq FROM message_change WHERE room_id = $1 \
                       AND revision > $3) AND m.revision > $3 ORDER BY m.revision";

/// Messages of the member's room with their authors, in one statement that asks for membership as
/// well: nothing that was committed after a removal is shown.
async fn read<V: Into<Value>>(
    conn: &impl ConnectionTrait,
    member: &Member,
    which: &str,
    values: impl IntoIterator<Item = V>,
    limit: u64,
) -> Result<Vec<Message>> {
    let mut values: Vec<Value> = values.into_iter().map(Into::into).collect();
    values.splice(0..0, [member.room().into(), member.account().into()]);
    // Not a parameter: SQLite plans a statement anew each time that its limit is bound.
    let sql = format!(
        "SELECT {COLUMNS} FROM message AS m JOIN account AS a ON a.id = m.author_id WHERE m.room_id = $1 AND EXISTS \
         (SELECT 1 FROM membership WHERE room_id = $1 AND account_id = $2) AND {which} LIMIT {limit}",
    );
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let rows = conn.query_all_raw(statement).await?;
    if rows.is_empty() {
        // Nothing there, or theirs no more.
        let membership = access::membership_of(conn, member.room(), member.account()).await?;
        return membership.map(|_| Vec::new()).ok_or(Error::NotFound);
    }
    Ok(rows.iter().map(|row| message(row, member.room())).collect::<Result<_, DbErr>>()?)
}

async fn before(
    conn: &impl ConnectionTrait,
    member: &Member,
    seq: i64,
    limit: u64,
) -> Result<Vec<Message>> {
    let mut items = read(conn, member, BEFORE, [seq], limit).await?;
    items.reverse();
    Ok(items)
}

/// What changed after a revision, in rising revision.
///
/// A message that was only ever posted lies in the order of its `seq`: every change takes one
/// revision and posting takes one `seq` as well, so none that was posted after `revision` lies
/// further back than the difference of the revisions. One that was edited or deleted is found in the
/// table of changes. Two ranges of keys, merged.
async fn changes(
    conn: &impl ConnectionTrait,
    member: &Member,
    revision: i64,
    limit: u64,
) -> Result<History> {
    let behind = member.revision().saturating_sub(revision).max(0);
    let from = member.last_seq().saturating_sub(behind);
    let mut items = read(conn, member, POSTED, [from, revision], limit + 1).await?;
    items.extend(read(conn, member, CHANGED, [revision], limit + 1).await?);
    // What was committed since the proof may be in one range and not in the other.
    items.retain(|message| message.revision <= member.revision());
    items.sort_unstable_by_key(|message| message.revision);
    let has_newer = items.len() as u64 > limit;
    items.truncate(limit as usize);
    let revision = match items.last() {
        Some(last) if has_newer => last.revision,
        _ => member.revision(),
    };
    Ok(History { items, revision, has_older: false, has_newer })
}
