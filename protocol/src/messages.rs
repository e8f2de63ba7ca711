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

impl Message {
    /// Whether it is kept nowhere: it has no number.
    pub fn is_passing(&self) -> bool {
        self.seq == 0
    }
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
    /// The message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// Another class than the usual one: for owners and moderators.
    #[serde(default)]
    pub kind: Kind,
}

impl Draft {
    /// A message that answers none.
    pub fn of(body: Body) -> Self {
        Self { body, reply_to: None, kind: Kind::Message }
    }
}

/// What a message is to say instead.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    pub body: Body,
}

/// What a message said before it was edited.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Said {
    pub body: String,
    pub said_at: Timestamp,
}

/// Who put what on a message, or took it off.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct By {
    pub user: AccountId,
    pub emoji: String,
    pub on: bool,
}

/// Most people whom one message mentions.
pub const MAX_MENTIONS: usize = 20;
/// Most kinds of emoji on one message.
pub const MAX_REACTIONS: usize = 20;

/// The usernames after an `@` in a text, in its order, each once, at most [`MAX_MENTIONS`].
pub fn mentioned(body: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut rest = body;
    let mut before = ' ';
    while let Some(at) = rest.find('@') {
        before = rest[..at].chars().next_back().unwrap_or(before);
        rest = &rest[at + 1..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')))
            .unwrap_or(rest.len());
        let name = rest[..end].trim_end_matches(['.', '_', '-']).to_ascii_lowercase();
        let is_name = (2..=32).contains(&name.len()) && !before.is_alphanumeric();
        if is_name && !names.contains(&name) && names.len() < MAX_MENTIONS {
            names.push(name);
        }
        before = '@';
    }
    names
}

/// Whether a text is one emoji, as far as its length and its characters tell.
pub fn is_emoji(text: &str) -> bool {
    let count = text.chars().count();
    (1..=12).contains(&count)
        && text.len() <= 64
        && text.chars().any(|c| c >= '\u{203C}' || matches!(c, '©' | '®'))
        && text.chars().all(|c| !c.is_control() && !c.is_whitespace() && !c.is_ascii_alphabetic())
        && !text.chars().any(char::is_alphabetic)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_after_an_at_are_mentions() {
        assert_eq!(
            mentioned("hi @mara, and @theo.okafor. (@ines)"),
            ["mara", "theo.okafor", "ines"]
        );
        assert_eq!(mentioned("@Mara @mara"), ["mara"]);
        assert_eq!(mentioned("mail me@example.org or @@x @ @a"), ["example.org"; 0]);
        let many: String = (0..100).map(|n| format!("@user{n} ")).collect();
        assert_eq!(mentioned(&many).len(), MAX_MENTIONS);
    }

    #[test]
    fn emoji_are_told_from_text() {
        for emoji in ["👍", "❤️", "👩‍👩‍👧‍👦", "1️⃣", "🏳️‍🌈", "🇩🇪", "☕"]
        {
            assert!(is_emoji(emoji), "{emoji}");
        }
        for text in ["", "a", "ok", "👍 👍", "<b>", "ä", "\0", "1", &"👍".repeat(13)] {
            assert!(!is_emoji(text), "{text}");
        }
    }
}
