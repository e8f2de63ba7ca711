//! What somebody was told of.

#[cfg(feature = "orm")]
use sea_orm::prelude::StringLen;
use serde::{Deserialize, Serialize};

use crate::{Items, MessageId, NotificationId, RequestId, RoomId, Timestamp, User};

/// What happened. A card changes in place when what it tells of does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(
    feature = "orm",
    sea_orm(rs_type = "String", db_type = "String(StringLen::N(24))", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    FriendRequest,
    FriendAccepted,
    FriendDeclined,
    FriendCancelled,
    /// The two are friends now.
    Friends,
    FriendRemoved,
    Mention,
    RoomInvite,
    /// A kind that this build does not know.
    #[serde(other)]
    Unknown,
}

impl Kind {
    /// The sentence of a card. `own` says whether the request that it is about was the reader's.
    pub fn text(self, actor: &str, own: bool) -> String {
        match (self, own) {
            (Self::FriendRequest, _) => format!("{actor} sent you a friend request."),
            (Self::FriendAccepted, true) => format!("{actor} accepted your friend request."),
            (Self::FriendAccepted, false) => format!("You accepted {actor}’s friend request."),
            (Self::FriendDeclined, true) => format!("{actor} declined your friend request."),
            (Self::FriendDeclined, false) => format!("You declined {actor}’s friend request."),
            (Self::FriendCancelled, true) => {
                format!("You cancelled the friend request to {actor}.")
            }
            (Self::FriendCancelled, false) => {
                format!("{actor} cancelled the friend request sent to you.")
            }
            (Self::Friends, _) => format!("You are now friends with {actor}."),
            (Self::FriendRemoved, _) => format!("You are no longer friends with {actor}."),
            (Self::Mention, _) => format!("{actor} mentioned you."),
            (Self::RoomInvite, _) => format!("{actor} invited you to a room."),
            (Self::Unknown, _) => format!("Something happened with {actor}."),
        }
    }
}

/// A card.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Notification {
    pub id: NotificationId,
    /// The reader's own numbers: a card that changes takes the next.
    pub seq: i64,
    pub kind: Kind,
    /// Whom it is about.
    pub actor: User,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
}

/// A page of cards, and how many in all are unread.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inbox {
    pub page: Items<Notification>,
    pub unread: i64,
}

// Written out: `serde(flatten)` would bring a second kind of deserializer into the page.
#[derive(Serialize, Deserialize)]
struct InboxFields {
    items: Vec<Notification>,
    next: Option<String>,
    unread: i64,
}

impl Serialize for Inbox {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { page: Items { items, next }, unread } = self.clone();
        InboxFields { items, next, unread }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Inbox {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let InboxFields { items, next, unread } = InboxFields::deserialize(deserializer)?;
        Ok(Self { page: Items { items, next }, unread })
    }
}

/// How far somebody has read.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadUpTo {
    pub up_to: i64,
}
