//! Rooms and one person's place in them.

#[cfg(feature = "orm")]
use sea_orm::prelude::StringLen;
use serde::{Deserialize, Serialize};

use crate::{RoomId, RoomName, Timestamp, Topic, User};

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
#[cfg_attr(
    feature = "orm",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    All,
    Mentions,
    None,
}

/// How long a room keeps what is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Retention {
    #[default]
    Forever,
    /// As many days.
    Days(u16),
    /// Nothing is ever stored: it is told to who is there.
    Ephemeral,
}

impl Retention {
    /// The longest of those that end, in days.
    pub const MAX_DAYS: u16 = 3_650;

    /// As a number of days: 0 for ever, -1 for not at all.
    pub fn days(self) -> i64 {
        match self {
            Self::Forever => 0,
            Self::Days(days) => days.into(),
            Self::Ephemeral => -1,
        }
    }

    /// What [`Retention::days`] gives, read again.
    pub fn of_days(days: i64) -> Self {
        match u16::try_from(days) {
            Ok(0) => Self::Forever,
            Ok(days) => Self::Days(days),
            Err(_) => Self::Ephemeral,
        }
    }
}

impl From<Retention> for String {
    fn from(retention: Retention) -> Self {
        match retention {
            Retention::Forever => "forever".to_owned(),
            Retention::Days(days) => format!("days:{days}"),
            Retention::Ephemeral => "ephemeral".to_owned(),
        }
    }
}

impl TryFrom<String> for Retention {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let days = || text.strip_prefix("days:")?.parse().ok();
        match (text.as_str(), days()) {
            ("forever", _) => Ok(Self::Forever),
            ("ephemeral", _) => Ok(Self::Ephemeral),
            (_, Some(days @ 1..=Self::MAX_DAYS)) => Ok(Self::Days(days)),
            _ => {
                Err("A room keeps what is said forever, for days:1 to days:3650, or is ephemeral.")
            }
        }
    }
}

/// What of a room's is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Receipt {
    pub retention: Retention,
    /// Of an ephemeral room, the rows in the database that have to do with something said here; of
    /// others, the messages that are kept.
    pub rows: i64,
}

/// A room. What is one viewer's own (`read_seq` to `role`) is absent where it is told to many.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Room {
    pub id: RoomId,
    pub kind: Kind,
    pub name: String,
    pub topic: String,
    pub retention: Retention,
    pub staff_only: bool,
    /// Whether it is shown who comes and goes.
    #[serde(default)]
    pub notices: bool,
    /// Seconds between two messages of one member; 0 for none.
    #[serde(default)]
    pub slow_mode: i64,
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
    /// The number of the latest message that mentions the viewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentioned_seq: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
    /// Until when the viewer may not write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Timestamp>,
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

/// How many of the numbers that a room keeps lie behind a read marker.
pub fn unread(read_seq: i64, first_seq: i64, last_seq: i64) -> i64 {
    (last_seq - read_seq.max(first_seq - 1)).max(0)
}

impl Room {
    /// Whether anybody may read it, also signed out.
    pub fn is_open_to_all(&self) -> bool {
        self.kind == Kind::Public && !self.staff_only && !self.closed
    }

    /// Unread messages of the viewer, 0 where there is none.
    pub fn unread(&self) -> i64 {
        self.unread.unwrap_or(0)
    }

    /// Moves the viewer's marker forward, if there is one, and counts anew what is unread.
    pub fn read_to(&mut self, seq: i64) {
        if let Some(read) = &mut self.read_seq {
            *read = (*read).max(seq);
            self.unread = Some(unread(*read, self.first_seq, self.last_seq));
            self.mentions = self.mentioned_seq.map(|seq| i64::from(seq > *read));
        }
    }

    /// The viewer is mentioned in a message.
    pub fn mention(&mut self, seq: i64) {
        self.mentioned_seq = self.mentioned_seq.map(|known| known.max(seq));
        self.read_to(0);
    }

    /// Takes what is the viewer's own, and what was said last, from what is known, where this was told
    /// to many and lacks it; their marker never moves back.
    pub fn keep_own(&mut self, known: &Self) {
        self.read_seq = self.read_seq.or(known.read_seq);
        self.mentioned_seq = self.mentioned_seq.max(known.mentioned_seq);
        // Where the viewer is muted no more is told to them alone, as their role is.
        if self.role.is_none() {
            self.muted_until = known.muted_until;
        }
        self.notify = self.notify.or(known.notify);
        self.role = self.role.or(known.role);
        if self.direct_with.is_none() {
            self.direct_with.clone_from(&known.direct_with);
        }
        if self.last_message.is_none() {
            self.last_message.clone_from(&known.last_message);
        }
        // What is kept no longer is not shown either.
        self.last_message.take_if(|last| last.seq < self.first_seq);
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
    /// Also backward: what came after is unread again.
    #[serde(default)]
    pub back: bool,
}

/// `POST /rooms`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRoom {
    pub name: RoomName,
    pub kind: Kind,
    #[serde(default)]
    pub topic: Option<Topic>,
    #[serde(default)]
    pub retention: Retention,
    /// Friends who are in it from the beginning, by username.
    #[serde(default)]
    pub members: Vec<String>,
}

/// `PATCH /rooms/{id}`: what is given changes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomChange {
    #[serde(default)]
    pub name: Option<RoomName>,
    #[serde(default)]
    pub topic: Option<Topic>,
    #[serde(default)]
    pub kind: Option<Kind>,
    #[serde(default)]
    pub staff_only: Option<bool>,
    #[serde(default)]
    pub notices: Option<bool>,
    /// Seconds, at most an hour.
    #[serde(default)]
    pub slow_mode: Option<i64>,
    #[serde(default)]
    pub retention: Option<Retention>,
}

/// A person and what they are in a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MemberOf {
    pub user: User,
    pub role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Timestamp>,
}

/// What is done about somebody in a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberStep {
    Add,
    Remove,
    Ban,
    /// For an hour.
    Mute,
    Unmute,
    Owner,
    Moderator,
    Member,
}

/// An invite as who makes it sees it: the code is told once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NewInvite {
    pub code: String,
    /// Where it leads in.
    pub url: String,
    pub expires_at: Timestamp,
}

/// An invite that stands open.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenInvite {
    /// What names it without letting anybody in.
    pub name: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// `None` for as many as come.
    pub uses_left: Option<i64>,
}

/// A room as somebody sees it who is invited.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Invitation {
    pub room: RoomId,
    pub name: String,
    pub topic: String,
    pub member_count: i64,
    /// Who invites.
    pub by: User,
    pub expires_at: Timestamp,
}

/// What was done in a room by those who keep it in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "orm",
    derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum),
    sea_orm(rs_type = "String", db_type = "String(StringLen::N(24))", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Changed,
    Role,
    Removed,
    Banned,
    Unbanned,
    Muted,
    Unmuted,
    MessageDeleted,
}

/// A line of a room's log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Logged {
    pub actor: User,
    pub action: Action,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<User>,
    pub detail: String,
    pub created_at: Timestamp,
}
