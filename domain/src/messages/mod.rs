//! Messages: saying something, and reading what was said.

mod change;
mod entity;
mod history;
mod missed;
mod post;
pub(crate) mod queues;
mod since;

use protocol::{Message, User};

pub use change::{delete, edit};
pub use history::{history, one};
pub use missed::{Missed, missed};
pub use post::{Posted, post};
pub use since::{Allowance, Changes, since};

/// More changes than this in one room are too many to be told: it is loaded afresh.
const CHANGES_A_ROOM: i64 = 200;

fn shown(row: entity::Model, author: User) -> Message {
    Message {
        id: row.id,
        room: row.room_id,
        seq: row.seq,
        revision: row.revision,
        author,
        kind: row.kind,
        body: row.body,
        mentions: Vec::new(),
        reply_to: None,
        attachments: Vec::new(),
        reactions: Vec::new(),
        created_at: row.created_at,
        edited_at: row.edited_at,
        deleted_at: row.deleted_at,
    }
}
