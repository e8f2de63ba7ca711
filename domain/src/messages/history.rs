//! Reading what was said: ranges of a room by `seq`, or what changed after a revision.

use protocol::{
    AccountId, Limit, Message, MessageId, RoomId,
    messages::{History, Window},
};
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};

use super::{COLUMNS, message, reactions};
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
        Window::After(seq) => read(conn, of(member), AFTER, [seq], limit).await?,
        Window::Before(seq) => before(conn, member, seq, limit).await?,
        Window::Around(seq) => {
            let mut items = before(conn, member, seq, limit / 2).await?;
            let from = seq.saturating_sub(1);
            items.extend(read(conn, of(member), AFTER, [from], limit - limit / 2).await?);
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
    let found = read(ctx.db.read(), of(member), "m.id = $3 ORDER BY m.seq", [id], 1).await?;
    found.into_iter().next().ok_or(Error::NotFound)
}

/// A message as an account sees it which is in the room. For delivery alone.
///
/// # Errors
/// `NotFound` where they are not, or it is not there.
pub async fn seen_by(
    ctx: &Ctx,
    account: AccountId,
    room: RoomId,
    id: MessageId,
) -> Result<Message> {
    let found =
        read(ctx.db.deliver(), (room, account), "m.id = $3 ORDER BY m.seq", [id], 1).await?;
    found.into_iter().next().ok_or(Error::NotFound)
}

fn of(member: &Member) -> (RoomId, AccountId) {
    (member.room(), member.account())
}

const BEFORE: &str = "m.seq < $3 ORDER BY m.seq DESC";
const AFTER: &str = "m.seq > $3 ORDER BY m.seq";
/// Only ever posted, and after a revision.
const POSTED: &str = "m.seq > $3 AND m.revision > $4 AND NOT EXISTS \
                      (SELECT 1 FROM message_change WHERE message_change.room_id = m.room_id \
                      AND message_change.revision = m.revision) ORDER BY m.seq";
/// Edited, deleted or reacted to after a revision.
const CHANGED: &str = "m.seq IN (SELECT seq FROM message_change WHERE room_id = $1 \
                       AND revision > $3) AND m.revision > $3 ORDER BY m.revision";

/// Messages of a room with their authors, in one statement that asks for membership as
/// well: nothing that was committed after a removal is shown.
async fn read<V: Into<Value>>(
    conn: &impl ConnectionTrait,
    (room, account): (RoomId, AccountId),
    which: &str,
    values: impl IntoIterator<Item = V>,
    limit: u64,
) -> Result<Vec<Message>> {
    let mut values: Vec<Value> = values.into_iter().map(Into::into).collect();
    values.splice(0..0, [room.into(), account.into()]);
    // Not a parameter: SQLite plans a statement anew each time that its limit is bound.
    let sql = format!(
        "SELECT {COLUMNS} FROM message AS m JOIN account AS a ON a.id = m.author_id WHERE m.room_id = $1 AND EXISTS \
         (SELECT 1 FROM membership WHERE room_id = $1 AND account_id = $2) AND {which} LIMIT {limit}",
    );
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let rows = conn.query_all_raw(statement).await?;
    if rows.is_empty() {
        // Nothing there, or theirs no more.
        let membership = access::membership_of(conn, room, account).await?;
        return membership.map(|_| Vec::new()).ok_or(Error::NotFound);
    }
    let messages = rows.iter().map(|row| message(row, room));
    let mut messages: Vec<Message> = messages.collect::<Result<_, DbErr>>()?;
    reactions::mark_mine(conn, room, account, &mut messages).await?;
    Ok(messages)
}

async fn before(
    conn: &impl ConnectionTrait,
    member: &Member,
    seq: i64,
    limit: u64,
) -> Result<Vec<Message>> {
    let mut items = read(conn, of(member), BEFORE, [seq], limit).await?;
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
    let mut items = read(conn, of(member), POSTED, [from, revision], limit + 1).await?;
    items.extend(read(conn, of(member), CHANGED, [revision], limit + 1).await?);
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
