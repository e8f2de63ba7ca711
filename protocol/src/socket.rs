//! The socket's frames: a [`Command`] goes up, an [`Event`] comes down. One JSON object each,
//! tagged by `type`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, Code, Message, MessageId, Room, RoomId, SessionId, Timestamp, User,
    accounts::Status,
    friends::{FriendRequest, FriendState},
    messages::By,
    notifications::Notification,
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
    /// The client says more than anybody has to say.
    pub const TOO_MANY: u16 = 4029;
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
        /// The message that this one answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<MessageId>,
        /// Not taken yet.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attachments: Vec<String>,
    },
    /// Moves my read marker forward.
    Read {
        room: RoomId,
        seq: i64,
    },
    /// I am writing.
    Typing {
        room: RoomId,
    },
    /// Whether a hand is on this connection, or whether I want to be seen at all.
    Status {
        status: Wish,
    },
    Ping {
        n: i64,
    },
}

/// What is told of who comes and goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    Enter,
    Leave,
}

/// How somebody wants to be seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    Online,
    /// This connection's.
    Away,
    /// The account's, on every device.
    Invisible,
}

/// Server to client. Read by [`Event::read`].
#[derive(Clone, PartialEq, Debug, Serialize)]
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
        /// Where somebody put something on it, or took it off.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<By>,
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
        /// It has moved backward.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        back: bool,
        /// Where it has: how far the room was then. What is said after it by the reader moves it on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_seq: Option<i64>,
    },
    /// Somebody came into a room that shows it, or went.
    Notice {
        room: RoomId,
        kind: Notice,
        user: User,
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
    /// A friend came, went, or took their hands off.
    Presence {
        user: AccountId,
        status: Status,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_seen: Option<Timestamp>,
    },
    /// How many are in a room now.
    RoomPresence {
        room: RoomId,
        online_count: i64,
    },
    /// Somebody is writing.
    Typing {
        room: RoomId,
        user: AccountId,
    },
    /// A card that is new, or says something else; and how many are unread.
    Notification {
        notification: Box<Notification>,
        unread: i64,
    },
    /// Cards were read, here or elsewhere.
    NotificationsRead {
        up_to: i64,
        unread: i64,
    },
    Pong {
        n: i64,
    },
    /// The server will close: spread your return.
    Bye {
        code: u16,
        reconnect_after_ms: u64,
    },
    /// A frame that this build does not know.
    Unknown,
}

impl Event {
    /// Reads a frame: first its `type`, then the fields that go with it. (serde's own way with
    /// tagged enums keeps the whole frame in between, and weighs 20 KB in the page.)
    ///
    /// # Errors
    /// Where it is no JSON object with a `type`, or lacks one of its fields.
    pub fn read(text: &str) -> serde_json::Result<Self> {
        use crate::json::read as of;

        let Tagged { r#type } = of(text)?;
        Ok(match r#type.as_str() {
            "ready" => Self::Ready(Box::new(of(text)?)),
            "message" => Self::Message { message: of::<OfMessage>(text)?.message },
            "message_changed" => {
                let OfMessage { message, by } = of(text)?;
                Self::MessageChanged { message, by }
            }
            "notice" => {
                let OfNotice { room, kind, user } = of(text)?;
                Self::Notice { room, kind, user }
            }
            "resumed" => {
                let Resumed { room, revision } = of(text)?;
                Self::Resumed { room, revision }
            }
            "gap" => {
                let Gap { room, after } = of(text)?;
                Self::Gap { room, after }
            }
            "ack" => {
                let Ack { id, room, seq, revision, created_at } = of(text)?;
                Self::Ack { id, room, seq, revision, created_at }
            }
            "refused" => {
                let Refused { id, code, detail, retry_after_ms } = of(text)?;
                Self::Refused { id, code, detail, retry_after_ms }
            }
            "read" => {
                let Read { room, user, seq, back, last_seq } = of(text)?;
                Self::Read { room, user, seq, back, last_seq }
            }
            "room" => Self::Room { room: of::<OfRoom>(text)?.room },
            "room_left" => Self::RoomLeft { room: of::<RoomLeft>(text)?.room },
            "friend" => Self::Friend(Box::new(of(text)?)),
            "presence" => {
                let Presence { user, status, last_seen } = of(text)?;
                Self::Presence { user, status, last_seen }
            }
            "room_presence" => {
                let RoomPresence { room, online_count } = of(text)?;
                Self::RoomPresence { room, online_count }
            }
            "typing" => {
                let Typing { room, user } = of(text)?;
                Self::Typing { room, user }
            }
            "notification" => {
                let OfNotification { notification, unread } = of(text)?;
                Self::Notification { notification, unread }
            }
            "notifications_read" => {
                let NotificationsRead { up_to, unread } = of(text)?;
                Self::NotificationsRead { up_to, unread }
            }
            "pong" => Self::Pong { n: of::<Pong>(text)?.n },
            "bye" => {
                let Bye { code, reconnect_after_ms } = of(text)?;
                Self::Bye { code, reconnect_after_ms }
            }
            _ => Self::Unknown,
        })
    }
}

#[derive(Deserialize)]
struct Tagged {
    r#type: String,
}

#[derive(Deserialize)]
struct OfMessage {
    message: Message,
    #[serde(default)]
    by: Option<By>,
}

#[derive(Deserialize)]
struct OfNotice {
    room: RoomId,
    kind: Notice,
    user: User,
}

#[derive(Deserialize)]
struct Resumed {
    room: RoomId,
    revision: i64,
}

#[derive(Deserialize)]
struct Gap {
    #[serde(default)]
    room: Option<RoomId>,
    #[serde(default)]
    after: Option<i64>,
}

#[derive(Deserialize)]
struct Ack {
    id: MessageId,
    room: RoomId,
    seq: i64,
    revision: i64,
    created_at: Timestamp,
}

#[derive(Deserialize)]
struct Refused {
    #[serde(default)]
    id: Option<MessageId>,
    code: Code,
    detail: String,
    #[serde(default)]
    retry_after_ms: Option<u64>,
}

#[derive(Deserialize)]
struct Read {
    room: RoomId,
    user: AccountId,
    seq: i64,
    #[serde(default)]
    back: bool,
    #[serde(default)]
    last_seq: Option<i64>,
}

#[derive(Deserialize)]
struct Presence {
    user: AccountId,
    status: Status,
    #[serde(default)]
    last_seen: Option<Timestamp>,
}

#[derive(Deserialize)]
struct RoomPresence {
    room: RoomId,
    online_count: i64,
}

#[derive(Deserialize)]
struct Typing {
    room: RoomId,
    user: AccountId,
}

#[derive(Deserialize)]
struct OfNotification {
    notification: Box<Notification>,
    unread: i64,
}

#[derive(Deserialize)]
struct NotificationsRead {
    up_to: i64,
    unread: i64,
}

#[derive(Deserialize)]
struct OfRoom {
    room: Room,
}

#[derive(Deserialize)]
struct RoomLeft {
    room: RoomId,
}

#[derive(Deserialize)]
struct Pong {
    n: i64,
}

#[derive(Deserialize)]
struct Bye {
    code: u16,
    reconnect_after_ms: u64,
}

/// The first frame: the rooms with the latest activity, friends and open requests.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ready {
    /// Nobody, for who looks at a public room without being signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub me: Option<User>,
    pub rooms: Vec<Room>,
    /// Cursor for the rooms that did not fit.
    pub next: Option<String>,
    pub friends: Vec<User>,
    pub requests: Vec<FriendRequest>,
    /// Whom the viewer blocks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<AccountId>,
    /// Whether the viewer wants to be seen by nobody.
    #[serde(default)]
    pub invisible: bool,
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

#[cfg(test)]
mod tests;
