//! The socket's frames: a [`Command`] goes up, an [`Event`] comes down. One JSON object each,
//! tagged by `type`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, Code, Message, MessageId, Room, RoomId, SessionId, Timestamp, User,
    accounts::Status,
    friends::{FriendRequest, FriendState},
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
        /// Not taken yet: refused, and not lost in silence.
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
        fn of<'a, T: Deserialize<'a>>(text: &'a str) -> serde_json::Result<T> {
            serde_json::from_str(text)
        }
        let Tagged { r#type } = of(text)?;
        Ok(match r#type.as_str() {
            "ready" => Self::Ready(Box::new(of(text)?)),
            "message" => Self::Message { message: of::<OfMessage>(text)?.message },
            "message_changed" => Self::MessageChanged { message: of::<OfMessage>(text)?.message },
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
                let Read { room, user, seq } = of(text)?;
                Self::Read { room, user, seq }
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
    pub me: User,
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
mod tests {
    use super::*;
    use crate::friends::Relation;
    use serde_json::{Value, json};

    const ID: &str = "01a2006a-389d-713b-b42e-38cc34b81d2b";

    fn user() -> User {
        User {
            id: ID.parse().unwrap(),
            username: "mara".into(),
            display_name: "Mara".into(),
            avatar_url: None,
            status: None,
            last_seen: None,
        }
    }

    fn user_json() -> Value {
        json!({"id": ID, "username": "mara", "display_name": "Mara", "avatar_url": null})
    }

    fn message() -> Message {
        Message {
            id: ID.parse().unwrap(),
            room: ID.parse().unwrap(),
            seq: 3,
            revision: 4,
            author: user(),
            kind: crate::messages::Kind::Message,
            body: "hi".into(),
            mentions: Vec::new(),
            reply_to: None,
            attachments: Vec::new(),
            reactions: Vec::new(),
            created_at: Timestamp(0),
            edited_at: None,
            deleted_at: None,
        }
    }

    fn message_json() -> Value {
        json!({
            "id": ID, "room": ID, "seq": 3, "revision": 4, "author": user_json(), "kind": "message",
            "body": "hi", "mentions": [], "attachments": [], "reactions": [],
            "created_at": "1970-01-01T00:00:00.000Z"
        })
    }

    fn room() -> Room {
        Room {
            id: ID.parse().unwrap(),
            kind: crate::rooms::Kind::Direct,
            name: "Mara".into(),
            topic: String::new(),
            retention: "forever".into(),
            staff_only: false,
            closed: false,
            first_seq: 1,
            last_seq: 3,
            revision: 4,
            member_count: 2,
            online_count: 0,
            last_message: None,
            read_seq: Some(1),
            unread: Some(2),
            mentions: Some(0),
            notify: Some(crate::rooms::Notify::All),
            role: Some(crate::rooms::Role::Member),
            direct_with: Some(user()),
        }
    }

    fn room_json() -> Value {
        json!({
            "id": ID, "kind": "direct", "name": "Mara", "topic": "", "retention": "forever",
            "staff_only": false, "closed": false, "first_seq": 1, "last_seq": 3, "revision": 4,
            "member_count": 2, "online_count": 0, "read_seq": 1, "unread": 2, "mentions": 0,
            "notify": "all", "role": "member", "direct_with": user_json()
        })
    }

    fn notification() -> Notification {
        let kind = crate::notifications::Kind::FriendRequest;
        Notification {
            id: ID.parse().unwrap(),
            seq: 4,
            kind,
            text: kind.text("Mara", false),
            actor: user(),
            room: None,
            message: None,
            request: Some(ID.parse().unwrap()),
            created_at: Timestamp(0),
            read_at: None,
        }
    }

    #[test]
    fn every_event_has_its_json_pinned_and_is_read_again() {
        let id = || ID.parse().unwrap();
        let friend = FriendState { user: user(), relation: Relation::None, request: None };
        let ready = Ready {
            me: user(),
            rooms: vec![room()],
            next: None,
            friends: vec![user()],
            requests: Vec::new(),
            blocked: Vec::new(),
            invisible: false,
            notifications: NotificationState::default(),
            session: ID.parse().unwrap(),
            epoch: "e".into(),
            version: "v".into(),
            heartbeat_ms: 25_000,
        };
        for (event, json) in [
            (
                Event::Ready(Box::new(ready)),
                json!({
                    "type": "ready", "me": user_json(), "rooms": [room_json()], "next": null,
                    "friends": [user_json()], "requests": [], "invisible": false,
                    "notifications": {"last_seq": 0, "unread": 0},
                    "session": ID, "epoch": "e", "version": "v", "heartbeat_ms": 25000
                }),
            ),
            (
                Event::Message { message: message() },
                json!({"type": "message", "message": message_json()}),
            ),
            (
                Event::MessageChanged { message: message() },
                json!({"type": "message_changed", "message": message_json()}),
            ),
            (
                Event::Resumed { room: ID.parse().unwrap(), revision: 7 },
                json!({"type": "resumed", "room": ID, "revision": 7}),
            ),
            (Event::Gap { room: None, after: None }, json!({"type": "gap"})),
            (
                Event::Ack {
                    id: id(),
                    room: ID.parse().unwrap(),
                    seq: 1,
                    revision: 2,
                    created_at: Timestamp(0),
                },
                json!({"type": "ack", "id": ID, "room": ID, "seq": 1, "revision": 2, "created_at": "1970-01-01T00:00:00.000Z"}),
            ),
            (
                Event::Refused {
                    id: None,
                    code: Code::NotFound,
                    detail: "no".into(),
                    retry_after_ms: None,
                },
                json!({"type": "refused", "code": "not_found", "detail": "no"}),
            ),
            (
                Event::Read { room: ID.parse().unwrap(), user: ID.parse().unwrap(), seq: 3 },
                json!({"type": "read", "room": ID, "user": ID, "seq": 3}),
            ),
            (Event::Room { room: room() }, json!({"type": "room", "room": room_json()})),
            (
                Event::RoomLeft { room: ID.parse().unwrap() },
                json!({"type": "room_left", "room": ID}),
            ),
            (
                Event::Friend(Box::new(friend)),
                json!({"type": "friend", "user": user_json(), "relation": "none"}),
            ),
            (
                Event::Presence {
                    user: ID.parse().unwrap(),
                    status: Status::Offline,
                    last_seen: Some(Timestamp(0)),
                },
                json!({"type": "presence", "user": ID, "status": "offline", "last_seen": "1970-01-01T00:00:00.000Z"}),
            ),
            (
                Event::RoomPresence { room: ID.parse().unwrap(), online_count: 3 },
                json!({"type": "room_presence", "room": ID, "online_count": 3}),
            ),
            (
                Event::Typing { room: ID.parse().unwrap(), user: ID.parse().unwrap() },
                json!({"type": "typing", "room": ID, "user": ID}),
            ),
            (
                Event::Notification { notification: Box::new(notification()), unread: 2 },
                json!({
                    "type": "notification", "unread": 2,
                    "notification": {
                        "id": ID, "seq": 4, "kind": "friend_request", "actor": user_json(),
                        "text": "Mara sent you a friend request.", "request": ID,
                        "created_at": "1970-01-01T00:00:00.000Z"
                    }
                }),
            ),
            (
                Event::NotificationsRead { up_to: 4, unread: 0 },
                json!({"type": "notifications_read", "up_to": 4, "unread": 0}),
            ),
            (Event::Pong { n: 1 }, json!({"type": "pong", "n": 1})),
            (
                Event::Bye { code: 1012, reconnect_after_ms: 5 },
                json!({"type": "bye", "code": 1012, "reconnect_after_ms": 5}),
            ),
        ] {
            assert_eq!(serde_json::to_value(&event).unwrap(), json);
            assert_eq!(Event::read(&json.to_string()).unwrap(), event);
        }
        assert_eq!(Event::read(r#"{"type":"dance","n":1}"#).unwrap(), Event::Unknown);
        assert!(Event::read("{}").is_err() && Event::read("[").is_err());
    }

    #[test]
    fn every_command_has_its_json_pinned() {
        let room: RoomId = ID.parse().unwrap();
        for (command, json) in [
            (
                Command::Send {
                    room,
                    id: ID.parse().unwrap(),
                    body: "hi".into(),
                    reply_to: None,
                    attachments: Vec::new(),
                },
                json!({"type": "send", "room": ID, "id": ID, "body": "hi"}),
            ),
            (
                Command::Resume {
                    epoch: None,
                    rooms: BTreeMap::from([(room, 3)]),
                    notifications: 0,
                },
                json!({"type": "resume", "epoch": null, "rooms": {ID: 3}, "notifications": 0}),
            ),
            (Command::Read { room, seq: 3 }, json!({"type": "read", "room": ID, "seq": 3})),
            (Command::Typing { room }, json!({"type": "typing", "room": ID})),
            (Command::Status { status: Wish::Away }, json!({"type": "status", "status": "away"})),
            (Command::Ping { n: 1 }, json!({"type": "ping", "n": 1})),
        ] {
            assert_eq!(serde_json::to_value(&command).unwrap(), json);
            assert!(serde_json::from_value::<Command>(json).is_ok());
        }
    }
}
