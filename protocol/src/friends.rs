//! Friendship between two people, as one of them sees it.

use serde::{Deserialize, Serialize};

use crate::{AccountId, RequestId, Timestamp, User, accounts::Status};

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

/// A person with how they stand to who asks: a [`User`] with some fields more on the wire.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "ProfileFields", into = "ProfileFields")]
pub struct Profile {
    pub user: User,
    /// Absent to who is not signed in.
    pub relation: Option<Relation>,
    /// The open request, when there is one.
    pub request: Option<RequestId>,
    /// Where its owner shows it.
    pub email: Option<String>,
    /// How many friends the two share.
    pub common_friends: Option<u32>,
}

impl Profile {
    /// A person of whom nothing else is said.
    pub fn of(user: User) -> Self {
        Self { user, relation: None, request: None, email: None, common_friends: None }
    }
}

// Written out: `serde(flatten)` would bring a second kind of deserializer into the page.
#[derive(Clone, Serialize, Deserialize)]
struct ProfileFields {
    id: AccountId,
    username: String,
    display_name: String,
    avatar_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_seen: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    relation: Option<Relation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<RequestId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    common_friends: Option<u32>,
}

impl From<ProfileFields> for Profile {
    fn from(fields: ProfileFields) -> Self {
        let ProfileFields { id, username, display_name, avatar_url, status, last_seen, .. } =
            fields;
        Self {
            user: User { id, username, display_name, avatar_url, status, last_seen },
            relation: fields.relation,
            request: fields.request,
            email: fields.email,
            common_friends: fields.common_friends,
        }
    }
}

impl From<Profile> for ProfileFields {
    fn from(profile: Profile) -> Self {
        let User { id, username, display_name, avatar_url, status, last_seen } = profile.user;
        Self {
            id,
            username,
            display_name,
            avatar_url,
            status,
            last_seen,
            relation: profile.relation,
            request: profile.request,
            email: profile.email,
            common_friends: profile.common_friends,
        }
    }
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

/// What a person does about another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Asks them; asking who has asked accepts.
    Ask,
    /// Accepts the request that they sent.
    Accept,
    /// Declines the request that they sent.
    Decline,
    /// Takes back the request that they were sent.
    Withdraw,
    /// Ends the friendship.
    Unfriend,
    /// Ends everything between the two, without a word.
    Block,
    Unblock,
}

impl Step {
    /// The step's name in a form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Accept => "accept",
            Self::Decline => "decline",
            Self::Withdraw => "withdraw",
            Self::Unfriend => "unfriend",
            Self::Block => "block",
            Self::Unblock => "unblock",
        }
    }
}
