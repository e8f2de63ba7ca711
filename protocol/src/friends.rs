//! Friendship between two people, as one of them sees it.

use serde::{Deserialize, Serialize};

use crate::{RequestId, Timestamp, User};

/// How another person stands to who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    None,
    Friend,
    /// They asked, and wait for an answer.
    Incoming,
    /// They were asked.
    Outgoing,
    Blocked,
    #[serde(rename = "self")]
    Myself,
}

/// A person with how they stand to who asks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Profile {
    #[serde(flatten)]
    pub user: User,
    /// Absent to who is not signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
    /// The open request, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
}

/// Which way a request goes, seen by who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    #[default]
    Incoming,
    Outgoing,
}

/// An open friend request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FriendRequest {
    pub id: RequestId,
    pub direction: Direction,
    /// The other person: who asked, or who was asked.
    pub user: User,
    pub created_at: Timestamp,
}

/// Present state between the viewer and another person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FriendState {
    pub user: User,
    pub relation: Relation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<FriendRequest>,
}

impl From<Direction> for Relation {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Incoming => Self::Incoming,
            Direction::Outgoing => Self::Outgoing,
        }
    }
}
