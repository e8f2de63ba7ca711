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

fn id_of_room() -> RoomId {
    ID.parse().unwrap()
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
        retention: crate::rooms::Retention::Forever,
        staff_only: false,
        notices: false,
        slow_mode: 0,
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
        mentioned_seq: Some(0),
        notify: Some(crate::rooms::Notify::All),
        muted_until: None,
        role: Some(crate::rooms::Role::Member),
        direct_with: Some(user()),
    }
}

fn room_json() -> Value {
    json!({
        "id": ID, "kind": "direct", "name": "Mara", "topic": "", "retention": "forever",
        "staff_only": false, "closed": false, "first_seq": 1, "last_seq": 3, "revision": 4,
        "member_count": 2, "online_count": 0, "read_seq": 1, "unread": 2, "mentions": 0,
        "mentioned_seq": 0, "notices": false, "slow_mode": 0,
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
        me: Some(user()),
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
            Event::MessageChanged { message: message(), by: None },
            json!({"type": "message_changed", "message": message_json()}),
        ),
        (
            Event::MessageChanged {
                message: message(),
                by: Some(By { user: ID.parse().unwrap(), emoji: "👍".into(), on: true }),
            },
            json!({
                "type": "message_changed", "message": message_json(),
                "by": {"user": ID, "emoji": "👍", "on": true}
            }),
        ),
        (
            Event::Notice { room: id_of_room(), kind: Notice::Enter, user: user() },
            json!({"type": "notice", "room": ID, "kind": "enter", "user": user_json()}),
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
            Event::Read {
                room: id_of_room(),
                user: ID.parse().unwrap(),
                seq: 3,
                back: false,
                last_seq: None,
            },
            json!({"type": "read", "room": ID, "user": ID, "seq": 3}),
        ),
        (
            Event::Read {
                room: id_of_room(),
                user: ID.parse().unwrap(),
                seq: 3,
                back: true,
                last_seq: Some(5),
            },
            json!({"type": "read", "room": ID, "user": ID, "seq": 3, "back": true, "last_seq": 5}),
        ),
        (Event::Room { room: room() }, json!({"type": "room", "room": room_json()})),
        (Event::RoomLeft { room: ID.parse().unwrap() }, json!({"type": "room_left", "room": ID})),
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
            Command::Resume { epoch: None, rooms: BTreeMap::from([(room, 3)]), notifications: 0 },
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
