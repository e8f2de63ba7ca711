//! Two nodes of one house: what is done on one is so on the other, in the same order, with Redis and
//! without it.

mod redis;

use std::time::Duration;

use engines::Shared;
use protocol::{Event, MessageId, RoomId};
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use super::house::{House, Person, Socket, id};

/// What holds on another node at the latest, Redis or not. The machine may stand still for longer: it has
/// to hold once in as many tries as there are.
const BEHIND: Duration = Duration::from_secs(1);
const TRIES: usize = 10;

fn revision(event: &Event) -> Option<i64> {
    match event {
        Event::Message { message } | Event::MessageChanged { message, .. } => {
            Some(message.revision)
        }
        Event::Resumed { revision, .. } => Some(*revision),
        _ => None,
    }
}

/// A public room that both are in, alice on the first node and bob on the second.
async fn square(one: &House, other: &House) -> (Person, Person, RoomId) {
    let alice = one.person("alice").await;
    let bob = one.person("bob").await.at(other);
    let made = alice.post("/rooms", json!({"name": "Square", "kind": "public"})).await;
    let room: RoomId = made.body["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(bob.put(&format!("/rooms/{room}/members/me"), None).await.status, 200);
    (alice, bob, room)
}

/// Everyone's messages, as they come to one of them.
async fn hear(mut socket: Socket, upto: i64) -> Vec<MessageId> {
    let mut heard = Vec::new();
    let mut last = 0;
    while last < upto {
        let event = socket.next().await;
        let Event::Message { message } = event else { continue };
        last += 1;
        assert_eq!((message.revision, message.seq), (last, last), "in order, without holes");
        heard.push(message.id);
    }
    heard
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_a_room_while_it_changes_sees_what_it_has_become() {
    let shared = Shared::start();
    let [one, other] = House::nodes(&shared).await;
    let alice = one.person("alice").await;
    let bob = one.person("bob").await.at(&other);
    let (mut his, _) = bob.connect().await;
    for turn in 0..50 {
        let made = alice.post("/rooms", json!({"name": "Square", "kind": "public"})).await;
        let path = format!("/rooms/{}", made.body["id"].as_str().unwrap());
        let topic = format!("About {turn}");
        let change = Some(json!({"topic": topic}));
        let (me, patch) = (format!("{path}/members/me"), Method::PATCH);
        let (joined, changed) = tokio::join!(bob.put(&me, None), alice.send(patch, &path, change));
        assert_eq!((joined.status, changed.status), (200, 200));
        // Each that comes later is as new.
        his.until(|event| matches!(event, Event::Room { room } if room.topic.as_str() == topic))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_on_both_nodes_at_once_is_heard_on_both_in_one_order() {
    let shared = Shared::start();
    let [one, other] = House::nodes(&shared).await;
    let (alice, bob, room) = square(&one, &other).await;
    let ((hers, _), (his, _)) = (alice.connect().await, bob.connect().await);
    let listeners = [tokio::spawn(hear(hers, 200)), tokio::spawn(hear(his, 200))];
    let mut talks = tokio::task::JoinSet::new();
    for person in [&alice, &alice, &bob, &bob] {
        let (mut socket, _) = person.connect().await;
        let ids: Vec<MessageId> = (0..50).map(|_| id(&one)).collect();
        talks.spawn(async move {
            for id in ids {
                socket.post(room, id, "both at once").await;
                let acked =
                    |event: &Event| matches!(event, Event::Ack { id: acked, .. } if *acked == id);
                socket.until(acked).await;
            }
        });
    }
    talks.join_all().await;
    let [hers, his] = listeners;
    let (hers, his) = (hers.await.unwrap(), his.await.unwrap());
    assert_eq!(hers, his);
}

#[tokio::test]
async fn who_is_turned_out_on_one_node_hears_nothing_more_on_the_other() {
    let shared = Shared::start();
    let [one, other] = House::nodes(&shared).await;
    turn_out(&one, &other).await;
}

#[tokio::test]
async fn who_is_turned_out_hears_nothing_more_even_if_nobody_says_so() {
    let shared = Shared::start();
    let one = House::node(&shared.database_url, None).await;
    let other = House::node(&shared.database_url, None).await;
    turn_out(&one, &other).await;
}

async fn turn_out(one: &House, other: &House) {
    let (alice, bob, room) = square(one, other).await;
    let carol = one.person("carol").await.at(other);
    assert_eq!(carol.put(&format!("/rooms/{room}/members/me"), None).await.status, 200);
    let ((mut his, _), (mut hers, _)) = (bob.connect().await, carol.connect().await);
    for round in 0..5 {
        alice.say(room, "for both").await;
        let heard = |event: &Event| matches!(event, Event::Message { .. });
        his.until(heard).await;
        hers.until(heard).await;
        let kick = format!("/rooms/{room}/members/bob");
        assert_eq!(alice.delete(&kick).await.status, 204);
        // On the other node, by somebody there, at once: it must not overtake the removal.
        let secret = carol.say(room, "not for bob").await;
        let gone = his.until(|event| matches!(event, Event::RoomLeft { .. })).await;
        assert!(!gone.iter().any(heard), "round {round}: {gone:?}");
        hers.until(|event| matches!(event, Event::Message { message } if *message == secret)).await;
        assert!(!his.quiet().await.iter().any(heard), "round {round}");
        // Back in: a moderator lets in whom a moderator removed.
        if round == 0 {
            alice.befriend(&bob).await;
        }
        assert_eq!(alice.put(&kick, None).await.status, 204);
        let back = his.until(|event| matches!(event, Event::Room { .. })).await;
        assert!(!back.iter().any(heard), "round {round}: {back:?}");
    }
}

#[tokio::test]
async fn a_room_that_is_deleted_before_the_other_node_looks_is_left_there() {
    let shared = Shared::start();
    // With nobody to wake it, the other looks when all is over.
    let one = House::node(&shared.database_url, None).await;
    let other = House::node(&shared.database_url, None).await;
    for round in 0..3 {
        let alice = one.person(&format!("alice{round}")).await;
        let made = alice.post("/rooms", json!({"name": "Square", "kind": "public"})).await;
        let room: RoomId = made.body["id"].as_str().unwrap().parse().unwrap();
        let bob = one.person(&format!("bob{round}")).await.at(&other);
        assert_eq!(bob.put(&format!("/rooms/{room}/members/me"), None).await.status, 200);
        let (mut his, _) = bob.connect().await;
        assert_eq!(alice.delete(&format!("/rooms/{room}")).await.status, 204);
        his.until(|event| *event == Event::RoomLeft { room }).await;
    }
}

#[tokio::test]
async fn a_session_that_ends_on_one_node_closes_its_sockets_on_the_other() {
    let shared = Shared::start();
    let [one, other] = House::nodes(&shared).await;
    one.person("alice").await;
    for _ in 0..TRIES {
        let alice = one.sign_in("alice").await;
        let (socket, _) = alice.at(&other).connect().await;
        let ended = Instant::now();
        assert_eq!(alice.delete("/sessions/current").await.status, 204);
        assert_eq!(socket.close_code().await, 4001);
        if ended.elapsed() < BEHIND {
            return;
        }
    }
    panic!("it is late each time");
}

#[tokio::test]
async fn friends_rooms_and_markers_are_told_on_the_other_node() {
    let shared = Shared::start();
    let [one, other] = House::nodes(&shared).await;
    let (alice, bob) = (one.person("alice").await, one.person("bob").await.at(&other));
    let ((mut his, _), (mut hers, _)) = (bob.connect().await, alice.connect().await);
    let asked = alice.post("/friend-requests", json!({"username": "bob"})).await;
    assert_eq!(asked.status, 201);
    let is_friend = |event: &Event| matches!(event, Event::Friend(_));
    his.until(is_friend).await;
    let accepted = bob.post("/friend-requests", json!({"username": "alice"})).await;
    assert_eq!(accepted.status, 200);
    hers.until(is_friend).await;
    let room = alice.direct(&bob).await;
    his.until(|event| matches!(event, Event::Room { room: told } if told.id == room)).await;
    alice.say(room, "hello").await;
    his.until(|event| matches!(event, Event::Message { .. })).await;
    assert_eq!(bob.put(&format!("/rooms/{room}/read"), Some(json!({"seq": 1}))).await.status, 204);
    let read = |event: &Event| matches!(event, Event::Read { seq: 1, .. });
    hers.until(read).await;
    // What is edited over there is told here, and a room that closes.
    let said = bob.say(room, "hullo").await;
    let path = format!("/rooms/{room}/messages/{}", said.id);
    let edited = bob.send(reqwest::Method::PATCH, &path, Some(json!({"body": "hello!"}))).await;
    assert_eq!(edited.status, 200);
    let latest = |event: &Event| {
        matches!(event, Event::Message { message } | Event::MessageChanged { message, .. }
            if message.body == "hello!")
    };
    hers.until(latest).await;
    assert_eq!(bob.delete("/friends/alice").await.status, 204);
    hers.until(|event| matches!(event, Event::Room { room } if room.closed)).await;
}

#[tokio::test]
async fn without_redis_the_other_node_is_behind_by_less_than_a_second() {
    let shared = Shared::start();
    let one = House::node(&shared.database_url, None).await;
    let other = House::node(&shared.database_url, None).await;
    let (alice, bob, room) = square(&one, &other).await;
    let (mut his, _) = bob.connect().await;
    let (mut last, mut in_time) = (0, 0);
    for _ in 0..3 * TRIES {
        // Mostly edited before the other node looks: it hears of one change, and that nothing else is missing.
        let said = alice.say(room, "hullo").await;
        let path = format!("/rooms/{room}/messages/{}", said.id);
        let patch = Some(json!({"body": "hello"}));
        assert_eq!(alice.send(reqwest::Method::PATCH, &path, patch).await.status, 200);
        let then = alice.say(room, "there").await;
        let stored_at = Instant::now();
        let is_it = |event: &Event| matches!(event, Event::Message { message } if *message == then);
        let told = his.until(is_it).await;
        in_time += usize::from(stored_at.elapsed() < BEHIND);
        for event in told {
            let Some(revision) = revision(&event) else { continue };
            assert!(revision == last + 1 || matches!(event, Event::Resumed { .. }), "{event:?}");
            last = revision;
        }
        if in_time == 3 {
            break;
        }
    }
    assert_eq!(in_time, 3);
    let member = format!("/rooms/{room}/members/bob");
    alice.befriend(&bob).await;
    for _ in 0..TRIES {
        let kicked = Instant::now();
        assert_eq!(alice.delete(&member).await.status, 204);
        his.until(|event| matches!(event, Event::RoomLeft { .. })).await;
        if kicked.elapsed() < BEHIND {
            return;
        }
        assert_eq!(alice.put(&member, None).await.status, 204);
        his.until(|event| matches!(event, Event::Room { .. })).await;
    }
    panic!("it is late each time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_message_to_two_nodes_at_once_is_one() {
    let shared = Shared::start();
    let [one, other] = House::nodes(&shared).await;
    let (alice, bob, room) = square(&one, &other).await;
    let id = id(&one);
    let path = format!("/rooms/{room}/messages/{id}");
    let mut sends = tokio::task::JoinSet::new();
    for n in 0..50 {
        let (alice, path) = (alice.at(if n % 2 == 0 { &one } else { &other }), path.clone());
        sends.spawn(async move { alice.put(&path, Some(json!({"body": "once"}))).await });
    }
    let answers = sends.join_all().await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 1);
    assert!(answers.iter().all(|answer| answer.status < 202 && answer.body == answers[0].body));
    let history = bob.get(&format!("/rooms/{room}/messages")).await;
    assert_eq!(history.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_do_the_same_on_two_nodes_at_once_do_it_once() {
    let shared = Shared::start();
    let [one, other] = House::nodes(&shared).await;
    for round in 0..10 {
        let alice = one.person(&format!("alice{round}")).await;
        let bob = one.person(&format!("bob{round}")).await.at(&other);
        let ask = async |from: &Person, to: &Person| {
            from.post("/friend-requests", json!({"username": to.name()})).await.status
        };
        let mut asked = <[u16; 2]>::from(tokio::join!(ask(&alice, &bob), ask(&bob, &alice)));
        asked.sort_unstable();
        assert_eq!(asked, [200, 201]);
        let (hers, his) = tokio::join!(alice.direct(&bob), bob.direct(&alice));
        assert_eq!(hers, his);
    }
}
