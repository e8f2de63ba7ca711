//! Messages: saying something, and reading what was said.

mod change;
mod entity;
mod expiry;
mod forget;
mod history;
mod mentions;
mod missed;
pub(crate) mod passing;
mod post;
pub(crate) mod queues;
mod reactions;
mod since;
mod undo;

use protocol::{Message, RoomId, User};
use sea_orm::{DbErr, QueryResult};

use crate::accounts::Named;

pub use change::{delete, edit, edits};
pub use expiry::{expire, receipt};
pub(crate) use forget::{forget_room, forget_said};
pub use history::{history, one, seen_by};
pub use missed::{Missed, missed};
pub use post::{Posted, post};
pub use reactions::react;
pub use since::{Allowance, Changes, since};
pub use undo::restore;
pub(crate) use undo::sweep;

/// More changes than this in one room are too many to be told: it is loaded afresh.
const CHANGES_A_ROOM: i64 = 200;

/// What a message is shown by, besides its room: of `m`, its row, and `a`, its author's. Each column of
/// many rows is felt.
const COLUMNS: &str = "m.seq, m.id, m.revision, m.author_id, m.kind, m.body, m.created_at, \
                       m.edited_at, m.deleted_at, a.username, a.display_name, a.picture_id, \
                       m.reply_to, m.mentions, m.reactions";

/// A message of [`COLUMNS`].
fn message(row: &QueryResult, room: RoomId) -> Result<Message, DbErr> {
    let author = User::from(Named {
        id: row.try_get_by_index(3)?,
        username: row.try_get_by_index(9)?,
        display_name: row.try_get_by_index(10)?,
        picture_id: row.try_get_by_index(11)?,
    });
    let row = entity::Model {
        room_id: room,
        seq: row.try_get_by_index(0)?,
        id: row.try_get_by_index(1)?,
        revision: row.try_get_by_index(2)?,
        author_id: author.id,
        kind: row.try_get_by_index(4)?,
        body: row.try_get_by_index(5)?,
        created_at: row.try_get_by_index(6)?,
        edited_at: row.try_get_by_index(7)?,
        deleted_at: row.try_get_by_index(8)?,
        reply_to: row.try_get_by_index(12)?,
        mentions: row.try_get_by_index(13)?,
        reactions: row.try_get_by_index(14)?,
    };
    Ok(shown(row, author))
}

fn shown(row: entity::Model, author: User) -> Message {
    Message {
        id: row.id,
        room: row.room_id,
        seq: row.seq,
        revision: row.revision,
        author,
        kind: row.kind,
        body: row.body,
        mentions: row
            .mentions
            .and_then(|json| serde_json::from_str(&json).ok())
            .unwrap_or_default(),
        reply_to: row.reply_to,
        attachments: Vec::new(),
        reactions: reactions::counted(row.reactions.as_deref()),
        created_at: row.created_at,
        edited_at: row.edited_at,
        deleted_at: row.deleted_at,
    }
}
