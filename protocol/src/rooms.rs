//! Rooms and one person's place in them.

#[cfg(feature = "orm")]
use sea_orm::prelude::StringLen;
use serde::{Deserialize, Serialize};

use crate::{RoomId, Timestamp, User};

/// Who may be in a room, and who finds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "orm",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Public,
    Private,
    /// Between two people.
    Direct,
}

/// What someone may do in a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "orm",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Moderator,
    Member,
}

/// What of a room makes a notification.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    All,
    Mentions,
    None,
}

/// A room. What is one viewer's own (`read_seq` to `role`) is absent where it is told to many.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Room {
    pub id: RoomId,
    pub kind: Kind,
    pub name: String,
    pub topic: String,
    /// `forever`, `days:N` or `ephemeral`.
    pub retention: String,
    pub staff_only: bool,
    /// Readable, not writable: a direct room after unfriending.
    pub closed: bool,
    pub first_seq: i64,
    pub last_seq: i64,
    pub revision: i64,
    pub member_count: i64,
    pub online_count: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<Preview>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_seq: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentions: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct_with: Option<User>,
}

/// The latest message of a room, cut to 100 characters.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Preview {
    pub seq: i64,
    pub author: User,
    pub text: String,
    pub created_at: Timestamp,
}

impl Preview {
    /// The longest text, in characters.
    pub const MAX: usize = 100;

    /// A body as a preview has it: its first 100 characters, on one line.
    pub fn cut(body: &str) -> String {
        body.chars().take(Self::MAX).map(|c| if c.is_whitespace() { ' ' } else { c }).collect()
    }
}

impl Room {
    /// Unread messages of the viewer, 0 where there is none.
    pub fn unread(&self) -> i64 {
        self.unread.unwrap_or(0)
    }

    /// Moves the viewer's marker forward, if there is one, and counts anew what is unread.
    pub fn read_to(&mut self, seq: i64) {
        if let Some(read) = &mut self.read_seq {
            *read = (*read).max(seq);
            self.unread = Some(self.last_seq - *read);
        }
    }

    /// Takes what is the viewer's own, and what was said last, from what is known, where this was told
    /// to many and lacks it; their marker never moves back.
    pub fn keep_own(&mut self, known: &Self) {
        self.read_seq = self.read_seq.or(known.read_seq);
        self.mentions = self.mentions.or(known.mentions);
        self.notify = self.notify.or(known.notify);
        self.role = self.role.or(known.role);
        if self.direct_with.is_none() {
            self.direct_with.clone_from(&known.direct_with);
        }
        if self.last_message.is_none() {
            self.last_message.clone_from(&known.last_message);
        }
        self.read_to(known.read_seq.unwrap_or(0));
    }

    /// What the list of rooms is sorted by: the latest message first, then the newest room.
    pub fn activity(&self) -> (i64, RoomId) {
        (self.last_message.as_ref().map_or(0, |last| last.created_at.0), self.id)
    }
}

/// `PUT /rooms/{id}/read`, and the `read` command.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    pub seq: i64,
}
