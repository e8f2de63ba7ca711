//! Messages: saying something, and reading what was said.

mod entity;
mod history;
mod post;

use protocol::{Message, User};

pub use history::{history, one};
pub use post::{Posted, post};

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
        edited_at: None,
        deleted_at: None,
    }
}
