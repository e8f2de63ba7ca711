//! Reading what was said: ranges of a room by `seq`, or what changed after a revision.

use protocol::{
    AccountId, Limit, Message, MessageId, RoomId,
    messages::{History, Window},
};
use sea_orm::{ConnectionTrait, DbErr, Value};

use super::{COLUMNS, message, reactions};
use crate::{
    Ctx, Error, Result,
    db::statement,
    rooms::{self, Reader},
};

/// A range of the room's messages.
///
/// The room's revision is that of the proof, read before the items: resuming from it misses nothing.
///
/// # Errors
/// `NotFound` where the room is theirs to read no more.
pub async fn history(
    ctx: &Ctx,
    reader: impl Into<Reader>,
    window: Window,
    limit: Limit,
) -> Result<History> {
    let reader = &reader.into();
    let conn = ctx.db.read();
    let limit = limit.get();
    let items = match window {
        Window::ChangedAfter(revision) => return changes(conn, reader, revision, limit).await,
        Window::After(seq) => read(conn, of(reader), AFTER, [seq], limit).await?,
        Window::Before(seq) => before(conn, reader, seq, limit).await?,
        Window::Around(seq) => {
            let mut items = before(conn, reader, seq, limit / 2).await?;
            let from = seq.saturating_sub(1);
            items.extend(read(conn, of(reader), AFTER, [from], limit - limit / 2).await?);
            items
        }
        Window::Newest => before(conn, reader, i64::MAX, limit).await?,
    };
    let first = items.first().map(|message| message.seq);
    let last = items.last().map(|message| message.seq);
    let (begin, end) = (reader.first_seq(), reader.last_seq());
    // An empty range has on each side what lies beyond the number that was asked for.
    let (has_older, has_newer) = match (first, last, window) {
        (Some(first), Some(last), _) => (first > begin, last < end),
        (_, _, Window::Before(seq)) => (false, seq <= end),
        (_, _, Window::After(_)) => (end >= begin, false),
        _ => (false, false),
    };
    Ok(History { items, revision: reader.revision(), has_older, has_newer })
}

/// One message.
///
/// # Errors
/// `NotFound` where it is not in this room.
pub async fn one(ctx: &Ctx, reader: impl Into<Reader>, id: MessageId) -> Result<Message> {
    let reader = &reader.into();
    let found = read(ctx.db.read(), of(reader), "m.id = $2 ORDER BY m.seq", [id], 1).await?;
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
        read(ctx.db.deliver(), (room, Some(account)), "m.id = $2 ORDER BY m.seq", [id], 1).await?;
    found.into_iter().next().ok_or(Error::NotFound)
}

fn of(reader: &Reader) -> (RoomId, Option<AccountId>) {
    (reader.room(), reader.account())
}

const BEFORE: &str = "m.seq < $2 ORDER BY m.seq DESC";
const AFTER: &str = "m.seq > $2 ORDER BY m.seq";
/// Only ever posted, and after a revision.
const POSTED: &str = "m.seq > $2 AND m.revision > $3 AND NOT EXISTS \
                      (SELECT 1 FROM message_change WHERE message_change.room_id = m.room_id \
                      AND message_change.revision = m.revision) ORDER BY m.seq";
/// Edited, deleted or reacted to after a revision.
const CHANGED: &str = "m.seq IN (SELECT seq FROM message_change WHERE room_id = $1 \
                       AND revision > $2) AND m.revision > $2 ORDER BY m.revision";

/// Messages of a room with their authors, in one statement that asks as well whether they may be read:
/// nothing that was committed after a removal is shown. The values of `which` begin with `$2`.
async fn read<V: Into<Value>>(
    conn: &impl ConnectionTrait,
    (room, account): (RoomId, Option<AccountId>),
    which: &str,
    values: impl IntoIterator<Item = V>,
    limit: u64,
) -> Result<Vec<Message>> {
    let mut values: Vec<Value> = values.into_iter().map(Into::into).collect();
    values.insert(0, room.into());
    let may_read = match account {
        Some(account) => {
            values.push(account.into());
            let n = values.len();
            format!("SELECT 1 FROM membership WHERE room_id = $1 AND account_id = ${n}")
        }
        None => PUBLIC.to_owned(),
    };
    // Not a parameter: SQLite plans a statement anew each time that its limit is bound.
    let sql = format!(
        "SELECT {COLUMNS} FROM message AS m JOIN account AS a ON a.id = m.author_id \
         WHERE m.room_id = $1 AND EXISTS ({may_read}) AND {which} LIMIT {limit}",
    );
    let statement = statement(conn.get_database_backend(), sql, values);
    let rows = conn.query_all_raw(statement).await?;
    if rows.is_empty() {
        // Nothing there, or theirs no more.
        return rooms::may_read(conn, room, account).await.map(|()| Vec::new());
    }
    let messages = rows.iter().map(|row| message(row, room));
    let mut messages: Vec<Message> = messages.collect::<Result<_, DbErr>>()?;
    if let Some(account) = account {
        reactions::mark_mine(conn, room, account, &mut messages).await?;
    }
    Ok(messages)
}

/// Whether everyone may read the room, as `rooms::reader::is_open_to_all` has it.
const PUBLIC: &str =
    "SELECT 1 FROM room WHERE id = $1 AND kind = 'public' AND NOT staff_only AND NOT closed";

async fn before(
    conn: &impl ConnectionTrait,
    reader: &Reader,
    seq: i64,
    limit: u64,
) -> Result<Vec<Message>> {
    let mut items = read(conn, of(reader), BEFORE, [seq], limit).await?;
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
    reader: &Reader,
    revision: i64,
    limit: u64,
) -> Result<History> {
    let behind = reader.revision().saturating_sub(revision).max(0);
    let from = reader.last_seq().saturating_sub(behind);
    let mut items = read(conn, of(reader), POSTED, [from, revision], limit + 1).await?;
    items.extend(read(conn, of(reader), CHANGED, [revision], limit + 1).await?);
    // What was committed since the proof may be in one range and not in the other.
    items.retain(|message| message.revision <= reader.revision());
    items.sort_unstable_by_key(|message| message.revision);
    let has_newer = items.len() as u64 > limit;
    items.truncate(limit as usize);
    let revision = match items.last() {
        Some(last) if has_newer => last.revision,
        _ => reader.revision(),
    };
    Ok(History { items, revision, has_older: false, has_newer })
}
