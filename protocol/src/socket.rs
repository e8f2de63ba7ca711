//! The socket's frames: a [`Command`] goes up, an [`Event`] comes down. One JSON object each,
//! tagged by `type`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, Code, Message, MessageId, Room, RoomId, SessionId, Timestamp, User,
    friends::{FriendRequest, FriendState},
};

/// The subprotocol that both sides speak.
pub const SUBPROTOCOL: &str = "kith.v1";

/// The largest frame a client may send, in bytes.
pub const MAX_FRAME: usize = 64 * 1024;

/// More rooms than this in one `resume` are refused.
pub const MAX_RESUME_ROOMS: usize = 500;

/// Close codes beyond those of RFC 6455.
pub mod close {
    /// The server restarts: come back soon.
    pub const RESTART: u16 = 1012;
    /// A frame was larger than [`super::MAX_FRAME`].
    pub const TOO_LARGE: u16 = 1009;
    /// The session is over: sign in first.
    pub const SESSION_OVER: u16 = 4001;
    /// The client reads too slowly: come back and resume.
    pub const TOO_SLOW: u16 = 4008;
}

/// Client to server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// What I have, for rooms whose revision differs from `ready`'s.
    Resume {
        #[serde(default)]
        epoch: Option<String>,
        #[serde(default)]
        rooms: BTreeMap<RoomId, i64>,
        #[serde(default)]
        notifications: i64,
    },
    /// Say something. The body is checked by the server, so that a refusal can name the message.
    Send {
        room: RoomId,
        id: MessageId,
        body: String,
    },
    /// Moves my read marker forward.
    Read {
        room: RoomId,
        seq: i64,
    },
    Ping {
        n: i64,
    },
}

/// Server to client.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Always first: where everything stands.
    Ready(Box<Ready>),
    /// A new message.
    Message {
        message: Message,
    },
    /// A message that is no longer what it was.
    MessageChanged {
        message: Message,
    },
    /// All that was missing in this room has been sent.
    Resumed {
        room: RoomId,
        revision: i64,
    },
    /// Load this room, or everything, afresh over REST.
    Gap {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<i64>,
    },
    /// Stored; to the connection that sent it.
    Ack {
        id: MessageId,
        room: RoomId,
        seq: i64,
        revision: i64,
        created_at: Timestamp,
    },
    /// Not done, and why.
    Refused {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<MessageId>,
        code: Code,
        detail: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    /// A read marker: my other devices', and in a direct room the other person's.
    Read {
        room: RoomId,
        user: AccountId,
        seq: i64,
    },
    /// A room's present state for this account: joined, changed.
    Room {
        room: Room,
    },
    /// Left, removed, deleted.
    RoomLeft {
        room: RoomId,
    },
    /// Present state between this account and another.
    Friend(Box<FriendState>),
    Pong {
        n: i64,
    },
    /// The server will close: spread your return.
    Bye {
        code: u16,
        reconnect_after_ms: u64,
    },
    /// A frame that this build does not know.
    #[serde(other)]
    Unknown,
}

/// The first frame: the rooms with the latest activity, friends and open requests.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ready {
    pub me: User,
    pub rooms: Vec<Room>,
    /// Cursor for the rooms that did not fit.
    pub next: Option<String>,
    pub friends: Vec<User>,
    pub requests: Vec<FriendRequest>,
    pub notifications: NotificationState,
    pub session: SessionId,
    /// Changes when the database was restored: forget what you have.
    pub epoch: String,
    pub version: String,
    pub heartbeat_ms: u64,
}

/// Where a person's notifications stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct NotificationState {
    pub last_seq: i64,
    pub unread: i64,
}
