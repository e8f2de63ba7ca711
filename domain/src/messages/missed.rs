//! What a node has not heard yet, of many rooms in one reading: other nodes write, too.

use std::collections::HashMap;

use protocol::{Message, RoomId};
use sea_orm::{ConnectionTrait, DbErr};

use super::{CHANGES_A_ROOM, COLUMNS, message};
use crate::{
    Ctx, Result,
    rooms::Position,
    rows::{Of, Rows},
};

/// What a room has that was not heard of.
#[derive(Clone, Debug)]
pub struct Missed {
    /// Where the room stands: what follows is whole to its revision.
    pub now: Position,
    /// In rising revision, each in its latest form; `None` where they are too many.
    pub messages: Option<Vec<Message>>,
}

/// What changed in each room since the revision that is known of it. For delivery alone, which knows
/// who is in the room.
///
/// # Errors
/// As reading fails.
pub async fn missed(ctx: &Ctx, known: &[(RoomId, i64)]) -> Result<Vec<Missed>> {
    let conn = ctx.db.deliver();
    let mut rooms = Rows::new([("id", Of::Id), ("revision", Of::Number)]);
    known.iter().for_each(|(room, revision)| rooms.push([(*room).into(), (*revision).into()]));
    let sql = "SELECT DISTINCT room.id, room.revision, room.access, room.last_seq, w.revision \
               FROM w JOIN room ON room.id = w.id";
    let mut ranges = Rows::new([
        ("room_id", Of::Id),
        ("seq", Of::Number),
        ("after", Of::Number),
        ("upto", Of::Number),
    ]);
    let mut missed = Vec::with_capacity(known.len());
    let statement = rooms.read(conn.get_database_backend(), sql);
    for row in conn.query_all_raw(statement).await? {
        let room: RoomId = row.try_get_by_index(0)?;
        let revision: i64 = row.try_get_by_index(1)?;
        let (last_seq, after): (i64, i64) = (row.try_get_by_index(3)?, row.try_get_by_index(4)?);
        let behind = revision - after;
        if (1..=CHANGES_A_ROOM).contains(&behind) {
            // As `history::changes` has it.
            let seq = last_seq - behind;
            ranges.push([room.into(), seq.into(), after.into(), revision.into()]);
        }
        let now = Position { room, revision, access: row.try_get_by_index(2)? };
        missed.push(Missed { now, messages: (behind <= CHANGES_A_ROOM).then(Vec::new) });
    }
    let mut found = read(conn, ranges).await?;
    for room in &mut missed {
        if let Some(messages) = &mut room.messages {
            messages.extend(found.remove(&room.now.room).into_iter().flatten());
            messages.sort_unstable_by_key(|message| message.revision);
        }
    }
    Ok(missed)
}

async fn read(
    conn: &impl ConnectionTrait,
    ranges: Rows<4>,
) -> Result<HashMap<RoomId, Vec<Message>>, DbErr> {
    if ranges.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT {COLUMNS}, m.room_id FROM ( \
               SELECT message.room_id, message.seq FROM w JOIN message \
               ON message.room_id = w.room_id AND message.seq > w.seq \
               AND message.revision > w.after AND message.revision <= w.upto \
               UNION \
               SELECT message.room_id, message.seq FROM w JOIN message_change \
               ON message_change.room_id = w.room_id AND message_change.revision > w.after \
               AND message_change.revision <= w.upto \
               JOIN message ON message.room_id = message_change.room_id \
               AND message.seq = message_change.seq AND message.revision <= w.upto \
               ) AS found \
               JOIN message AS m ON m.room_id = found.room_id AND m.seq = found.seq \
               JOIN account AS a ON a.id = m.author_id"
    );
    let statement = ranges.read(conn.get_database_backend(), &sql);
    let mut found: HashMap<RoomId, Vec<Message>> = HashMap::new();
    for row in conn.query_all_raw(statement).await? {
        let room = row.try_get("", "room_id")?;
        found.entry(room).or_default().push(message(&row, room)?);
    }
    Ok(found)
}
