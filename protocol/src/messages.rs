//! Messages and pages of them.

#[cfg(feature = "orm")]
use sea_orm::prelude::StringLen;
use serde::{Deserialize, Serialize};

use crate::{AccountId, Body, MessageId, RoomId, Timestamp, User};

/// A message's class, which decides how it looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(
    feature = "orm",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    Message,
    Warning,
    Alert,
    Muted,
}

/// A stored message in its latest form.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub room: RoomId,
    /// Its number in the room: 1, 2, 3 … without holes.
    pub seq: i64,
    /// The room's revision that its latest change took.
    pub revision: i64,
    pub author: User,
    pub kind: Kind,
    /// Markdown source; empty once deleted.
    pub body: String,
    #[serde(default)]
    pub mentions: Vec<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    #[serde(default)]
    pub reactions: Vec<Reaction>,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

/// A file beside a message. None exist yet; the place is kept so that clients need not change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Attachment {
    pub id: String,
}

/// How often one emoji was put on a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reaction {
    pub emoji: String,
    pub count: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mine: Option<bool>,
}

/// What a person says, before it has a number.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    pub body: Body,
}

/// What a room's messages are asked for by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Window {
    /// The newest ones.
    #[default]
    Newest,
    /// Those before this `seq`.
    Before(i64),
    /// Those after this `seq`.
    After(i64),
    /// Half before, this `seq`, half after.
    Around(i64),
    /// Those whose latest change has a higher revision, in rising revision.
    ChangedAfter(i64),
}

/// A range of a room's messages.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct History {
    /// In rising `seq`; in rising `revision` where changes were asked for.
    pub items: Vec<Message>,
    /// The room's revision, read before the items.
    pub revision: i64,
    pub has_older: bool,
    pub has_newer: bool,
}
