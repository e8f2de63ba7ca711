use std::collections::BTreeMap;

use futures_util::{SinkExt, StreamExt};
use protocol::{Code, Command, Event, RoomId};
use serde_json::json;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message as Frame};

use super::house::{House, id};

fn resume(rooms: &[(RoomId, i64)]) -> Command {
    Command::Resume {
        epoch: None,
        rooms: BTreeMap::from_iter(rooms.iter().copied()),
        notifications: 0,
    }
}

fn seqs(events: &[Event]) -> Vec<i64> {
    let seq = |event: &Event| match event {
        Event::Message { message } => Some(message.seq),
        _ => None,
    };
    events.iter().filter_map(seq).collect()
}

#[tokio::test]
async fn ready_says_where_everything_stands() {
    let house = House::open().await;
    let (alice, bob, room) = house.friends("alice", "bob").await;
    alice.say(room, "hello").await;
    let mut socket = bob.open_socket("").await.unwrap();
    let ready = socket.next_json().await;
    assert_eq!(ready["type"], "ready");
    assert_eq!(ready["me"]["username"], "bob");
    assert_eq!(ready["friends"][0]["username"], "alice");
    let room_told = &ready["rooms"][0];
    assert_eq!(room_told["id"], room.to_string());
    assert_eq!(
        [&room_told["unread"], &room_told["last_seq"], &room_told["revision"]],
        [&json!(1), &json!(1), &json!(1)]
    );
    for field in
        ["requests", "notifications", "session", "epoch", "version", "heartbeat_ms", "next"]
    {
        assert!(ready.get(field).is_some(), "{field}");
    }
}

#[tokio::test]
async fn a_message_is_acknowledged_and_heard_by_everyone() {
    let house = House::open().await;
    let (alice, bob, room) = house.friends("alice", "bob").await;
    let ((mut hers, _), (mut his, _)) = (alice.connect().await, bob.connect().await);
    let id = id(&house);
    hers.post(room, id, " hello ").await;
    let heard = his.next().await;
    assert!(
        matches!(&heard, Event::Message { message } if message.body == "hello" && message.id == id)
    );
    let mut both = [hers.next().await, hers.next().await];
    both.sort_by_key(|event| matches!(event, Event::Message { .. }));
    assert!(matches!(both[0], Event::Ack { seq: 1, revision: 1, id: told, .. } if told == id));
    assert_eq!(both[1], heard);
    hers.post(room, id, "again").await;
    assert!(matches!(hers.next().await, Event::Ack { seq: 1, .. }));
    assert_eq!(his.quiet().await, []);
}

#[tokio::test]
async fn one_connections_messages_are_numbered_in_the_order_sent() {
    let house = House::open().await;
    let (alice, _, room) = house.friends("alice", "bob").await;
    let (mut socket, _) = alice.connect().await;
    let ids: Vec<_> = (0..50).map(|_| id(&house)).collect();
    for (n, id) in ids.iter().enumerate() {
        socket.post(room, *id, &n.to_string()).await;
    }
    let mut acked = Vec::new();
    while acked.len() < ids.len() {
        if let Event::Ack { id, seq, .. } = socket.next().await {
            acked.push((id, seq));
        }
    }
    let expected: Vec<_> = ids.into_iter().zip(1..).collect();
    assert_eq!(acked, expected);
}

#[tokio::test]
async fn what_is_no_command_is_refused_and_the_socket_stays() {
    let house = House::open().await;
    let (alice, bob, room) = house.friends("alice", "bob").await;
    let (mut socket, _) = alice.connect().await;
    let code = |event: Event| match event {
        Event::Refused { code, id, .. } => (code, id),
        other => panic!("{other:?}"),
    };
    for text in
        ["", "{}", "[]", "null", r#"{"type":"dance"}"#, r#"{"type":"send"}"#, &"[".repeat(5_000)]
    {
        socket.say(text).await;
        assert_eq!(code(socket.next().await), (Code::Invalid, None), "{text:.20}");
    }
    socket.0.send(Frame::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(code(socket.next().await), (Code::Invalid, None));
    let blank = id(&house);
    socket.post(room, blank, "  ").await;
    assert_eq!(code(socket.next().await), (Code::Invalid, Some(blank)));
    let strange = id(&house);
    socket.post(house.ctx.new_id(RoomId::new), strange, "hello?").await;
    assert_eq!(code(socket.next().await), (Code::NotFound, Some(strange)));
    bob.delete("/friends/alice").await;
    let late = id(&house);
    socket.post(room, late, "late").await;
    let told = socket.until(|event| matches!(event, Event::Refused { .. })).await;
    assert_eq!(code(told.last().unwrap().clone()), (Code::Forbidden, Some(late)));
    socket.send(&Command::Ping { n: 3 }).await;
    assert!(matches!(
        socket.until(|event| matches!(event, Event::Pong { .. })).await.last(),
        Some(Event::Pong { n: 3 })
    ));
}

#[tokio::test]
async fn a_frame_that_is_too_large_closes_with_1009() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let (mut socket, _) = alice.connect().await;
    // The server may close before it has read everything.
    let _ = socket.0.send(Frame::text("x".repeat(70 * 1024))).await;
    assert_eq!(socket.close_code().await, 1009);
}

#[tokio::test]
async fn resume_brings_what_was_missed_once_and_in_order() {
    let house = House::open().await;
    let (alice, bob, room) = house.friends("alice", "bob").await;
    for n in 1..=5 {
        alice.say(room, &n.to_string()).await;
    }
    let mut socket = bob.open_socket("?resume=1").await.unwrap();
    socket.next().await;
    // Posted after `ready`, and held back until the answer is out.
    alice.say(room, "6").await;
    socket.send(&resume(&[(room, 2)])).await;
    let heard = socket.until(|event| matches!(event, Event::Resumed { .. })).await;
    assert_eq!(seqs(&heard), [3, 4, 5, 6]);
    assert_eq!(heard.last(), Some(&Event::Resumed { room, revision: 6 }));
    assert_eq!(socket.quiet().await, [], "nothing comes twice");
    alice.say(room, "7").await;
    assert_eq!(seqs(&[socket.next().await]), [7]);
}

#[tokio::test]
async fn what_cannot_be_resumed_is_a_gap() {
    let house = House::open().await;
    let (alice, bob, room) = house.friends("alice", "bob").await;
    alice.say(room, "one").await;
    let (mut socket, _) = bob.connect().await;
    for beyond in [2, 1_000, -1, i64::MIN, i64::MAX] {
        socket.send(&resume(&[(room, beyond)])).await;
        assert_eq!(socket.next().await, Event::Gap { room: Some(room), after: None }, "{beyond}");
    }
    let other = Command::Resume {
        epoch: Some("restored".into()),
        rooms: BTreeMap::new(),
        notifications: 0,
    };
    socket.send(&other).await;
    assert_eq!(socket.next().await, Event::Gap { room: None, after: None });
    let foreign = house.ctx.new_id(RoomId::new);
    socket.send(&resume(&[(foreign, 0)])).await;
    assert_eq!(socket.next().await, Event::RoomLeft { room: foreign });
    for n in 0..201 {
        alice.say(room, &n.to_string()).await;
        // Who is silent for long is taken to be gone.
        if n % 25 == 0 {
            socket.quiet().await;
        }
    }
    socket.quiet().await;
    socket.send(&resume(&[(room, 1)])).await;
    assert_eq!(socket.next().await, Event::Gap { room: Some(room), after: None });
    socket.send(&resume(&[(room, 2)])).await;
    let heard = socket.until(|event| matches!(event, Event::Resumed { .. })).await;
    assert_eq!(seqs(&heard), (3..=202).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_held_socket_that_never_resumes_is_closed() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let socket = alice.open_socket("?resume=1").await.unwrap();
    assert_eq!(socket.close_code().await, 4008);
}

#[tokio::test]
async fn a_removed_member_hears_nothing_more() {
    let house = House::open().await;
    let (alice, bob, _) = house.friends("alice", "bob").await;
    let made = alice.post("/rooms", json!({"name": "Garden", "kind": "private"})).await;
    let room: RoomId = made.body["id"].as_str().unwrap().parse().unwrap();
    let (mut his, _) = bob.connect().await;
    assert_eq!(alice.put(&format!("/rooms/{room}/members/bob"), None).await.status, 204);
    assert!(matches!(his.next().await, Event::Room { room: told } if told.id == room));
    alice.say(room, "welcome").await;
    // The room's state may come again: that they joined is told to everyone in it.
    let is_state = |event: &Event| matches!(event, Event::Room { .. });
    let heard = his.until(|event| matches!(event, Event::Message { .. })).await;
    assert_eq!(seqs(&heard), [1]);
    assert_eq!(alice.delete(&format!("/rooms/{room}/members/bob")).await.status, 204);
    alice.say(room, "secret").await;
    let mut told = his.quiet().await;
    assert_eq!(told.pop(), Some(Event::RoomLeft { room }));
    assert!(told.iter().all(is_state), "{told:?}");
    his.send(&resume(&[(room, 1)])).await;
    assert_eq!(his.next().await, Event::RoomLeft { room });
    assert_eq!(bob.get(&format!("/rooms/{room}/messages")).await.code(), (404, "not_found"));
}

#[tokio::test]
async fn a_held_socket_hears_at_once_that_its_session_is_over() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let mut socket = alice.open_socket("?resume=1").await.unwrap();
    socket.next().await;
    assert_eq!(alice.delete("/sessions/current").await.status, 204);
    assert_eq!(socket.close_code().await, 4001);
}

#[tokio::test]
async fn who_joins_hears_everything_from_the_rooms_state_on() {
    let house = House::open().await;
    let (alice, bob, _) = house.friends("alice", "bob").await;
    let made = alice.post("/rooms", json!({"name": "Square", "kind": "public"})).await;
    let room: RoomId = made.body["id"].as_str().unwrap().parse().unwrap();
    let (mut his, _) = bob.connect().await;
    let me = format!("/rooms/{room}/members/me");
    for _ in 0..20 {
        let (joined, _) = tokio::join!(bob.put(&me, None), alice.say(room, "while he comes in"),);
        assert_eq!(joined.status, 200);
        let last = alice.say(room, "last").await.revision;
        let before = his.until(|event| matches!(event, Event::Room { .. })).await;
        let Some(Event::Room { room: told }) = before.last() else { unreachable!() };
        let mut heard = Vec::new();
        // The state may be read after the last one was stored, and has it then.
        while heard.last().copied().unwrap_or(told.revision) < last {
            if let Event::Message { message } = his.next().await {
                heard.push(message.revision);
            }
        }
        assert_eq!(heard, (told.revision + 1..=last).collect::<Vec<_>>());
        bob.delete(&me).await;
        his.until(|event| matches!(event, Event::RoomLeft { .. })).await;
    }
}

#[tokio::test]
async fn signing_out_closes_that_devices_socket_and_no_other() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let mut other = house.anyone();
    let form = json!({"login": "alice", "password": super::house::PASSWORD});
    let signed_in = other.post("/sessions", form).await;
    other.token = signed_in.body["token"].as_str().map(str::to_owned);
    let ((mut stays, _), (goes, _)) = (alice.connect().await, other.connect().await);
    assert_eq!(other.delete("/sessions/current").await.status, 204);
    assert_eq!(goes.close_code().await, 4001);
    assert_eq!(stays.quiet().await, []);
    assert_eq!(other.get("/me").await.status, 401);
}

#[tokio::test]
async fn nobody_gets_a_socket_without_a_session_or_from_another_site() {
    let house = House::open().await;
    let status = |opened: Result<super::house::Socket, SocketError>| match opened {
        Err(SocketError::Http(response)) => response.status().as_u16(),
        _ => panic!("a socket was opened"),
    };
    assert_eq!(status(house.anyone().open_socket("").await), 401);
    let alice = house.person("alice").await;
    let foreign = alice
        .request(reqwest::Method::GET, "/api/v1/socket")
        .header("origin", "https://evil.example")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(super::house::answer(foreign).await.code(), (403, "forbidden"));
    assert_eq!(alice.get("/socket").await.code(), (400, "invalid"));
}

#[tokio::test]
async fn a_stopping_server_says_goodbye() {
    let mut house = House::open().await;
    let alice = house.person("alice").await;
    let (mut socket, _) = alice.connect().await;
    house.begin_stop();
    let bye = socket.next().await;
    assert!(matches!(bye, Event::Bye { code: 1012, .. }), "{bye:?}");
    assert_eq!(socket.close_code().await, 1012);
    house.stop().await;
}

#[tokio::test]
async fn who_never_stops_talking_is_closed_with_4029() {
    let house = House::limited().await;
    let alice = house.person("alice").await;
    let (mut socket, _) = alice.connect().await;
    for n in 0..20_000 {
        // It may be closed while this is still talking.
        let text = serde_json::to_string(&Command::Ping { n }).unwrap();
        if socket.0.send(Frame::text(text)).await.is_err() {
            break;
        }
    }
    assert_eq!(socket.close_code().await, 4029);
    let (mut again, _) = alice.connect().await;
    assert_eq!(again.quiet().await, [], "and may come back");
}

#[tokio::test]
async fn a_close_is_answered() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let (mut socket, _) = alice.connect().await;
    socket.0.send(Frame::Close(None)).await.unwrap();
    // Without the other's close frame the end would be an error.
    while let Some(frame) = socket.0.next().await {
        assert!(matches!(frame, Ok(Frame::Close(_))), "{frame:?}");
    }
}

#[tokio::test]
async fn more_answers_than_fit_stop_nothing_once_they_are_read() {
    let house = House::open().await;
    let (alice, _, room) = house.friends("alice", "bob").await;
    for n in 0..150 {
        alice.say(room, &format!("{n} {}", "x".repeat(3_900))).await;
    }
    let (mut socket, _) = alice.connect().await;
    // Answers of 600 KB each, of which nothing is read while more is asked for.
    for _ in 0..12 {
        socket.send(&resume(&[(room, 1)])).await;
    }
    socket.send(&Command::Ping { n: 1 }).await;
    let heard = socket.until(|event| *event == Event::Pong { n: 1 }).await;
    let resumed = heard.iter().filter(|event| matches!(event, Event::Resumed { .. })).count();
    assert_eq!((resumed, seqs(&heard).len()), (12, 12 * 149));
}
