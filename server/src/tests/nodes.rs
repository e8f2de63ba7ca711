//! Two nodes of one house: what is done on one is so on the other, in the same order, with Redis and
//! without it.

use std::time::Duration;

use domain::bus::Change;
use engines::{Redis, RedisCluster, Shared};
use protocol::{Command, Event, MessageId, RoomId, accounts::Status, socket::Wish};
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::house::{House, Person, Socket, id};

/// What holds on another node at the latest, Redis or not.
const BEHIND: Duration = Duration::from_secs(1);

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
    let alice = one.person("alice").await;
    let (socket, _) = alice.at(&other).connect().await;
    let ended = Instant::now();
    assert_eq!(alice.delete("/sessions/current").await.status, 204);
    assert_eq!(socket.close_code().await, 4001);
    assert!(ended.elapsed() < BEHIND);
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
    let mut last = 0;
    for _ in 0..3 {
        // Mostly edited before the other node looks: it hears of one change, and that nothing else is missing.
        let said = alice.say(room, "hullo").await;
        let path = format!("/rooms/{room}/messages/{}", said.id);
        let patch = Some(json!({"body": "hello"}));
        assert_eq!(alice.send(reqwest::Method::PATCH, &path, patch).await.status, 200);
        let then = alice.say(room, "there").await;
        let told = timeout(BEHIND, async {
            his.until(|event| matches!(event, Event::Message { message } if *message == then)).await
        });
        for event in told.await.unwrap() {
            let Some(revision) = revision(&event) else { continue };
            assert!(revision == last + 1 || matches!(event, Event::Resumed { .. }), "{event:?}");
            last = revision;
        }
    }
    let kicked = Instant::now();
    assert_eq!(alice.delete(&format!("/rooms/{room}/members/bob")).await.status, 204);
    his.until(|event| matches!(event, Event::RoomLeft { .. })).await;
    assert!(kicked.elapsed() < BEHIND);
}

#[tokio::test]
async fn redis_may_come_up_later_than_the_nodes() {
    let shared = Shared::start();
    let mut redis = Redis::start();
    redis.stop();
    let one = House::node(&shared.database_url, Some(&redis.url())).await;
    let other = House::node(&shared.database_url, Some(&redis.url())).await;
    assert_eq!(one.ctx.bus().redis_is_up(), Some(false));
    redis.start_again();
    let (alice, bob, room) = square(&one, &other).await;
    let (mut his, _) = bob.connect().await;
    is_told_at_once(&alice, &mut his, room).await;
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

#[tokio::test]
async fn friends_on_two_nodes_see_each_other_come_write_and_hide() {
    let shared = Shared::start();
    let [one, other] = House::nodes(&shared).await;
    let (alice, bob, room) = one.friends("alice", "bob").await;
    let bobs = bob.user.as_ref().unwrap().id;
    let (mut hers, _) = alice.connect().await;
    let is = |status: Status| move |event: &Event| matches!(event, Event::Presence { user, status: told, .. } if *user == bobs && *told == status);
    let (mut his, _) = bob.at(&other).connect().await;
    hers.until(is(Status::Online)).await;
    his.send(&Command::Typing { room }).await;
    hers.until(|event| *event == Event::Typing { room, user: bobs }).await;
    his.send(&Command::Status { status: Wish::Invisible }).await;
    hers.until(is(Status::Offline)).await;
    // A card for who is on another node.
    let carol = one.person("carol").await;
    carol.post("/friend-requests", json!({"username": "bob"})).await;
    let is_card = |event: &Event| matches!(event, Event::Notification { .. });
    his.until(is_card).await;
}

#[tokio::test]
async fn who_looks_at_the_directory_sees_how_many_are_in_rooms_on_other_nodes() {
    let shared = Shared::start();
    let [one, other] = House::nodes(&shared).await;
    let (alice, bob, room) = square(&one, &other).await;
    let bob = bob.at(&one);
    let ((_hers, _), (_his, _)) = (alice.connect().await, bob.connect().await);
    let carol = other.person("carol").await;
    let counts = async |count: i64| {
        let counted = async {
            loop {
                let found = carol.get("/rooms/public").await;
                let is_it = |item: &serde_json::Value| {
                    item["id"] == json!(room.to_string()) && item["online_count"] == json!(count)
                };
                if found.body["items"].as_array().unwrap().iter().any(is_it) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(BEHIND * 10, counted).await.unwrap();
    };
    counts(2).await;
    let shown = carol.get(&format!("/rooms/{room}")).await;
    assert_eq!(shown.body["online_count"], 2);
    // Who leaves it is still connected, and in it no more.
    assert_eq!(bob.delete(&format!("/rooms/{room}/members/me")).await.status, 204);
    counts(1).await;
    // Who comes in with an open page is counted by the first answer, wherever the others are.
    let (mut hers, _) = carol.connect().await;
    let joined = carol.put(&format!("/rooms/{room}/members/me"), None).await;
    assert_eq!(joined.status, 200);
    let is_two = |event: &Event| matches!(event, Event::RoomPresence { room: told, online_count: 2 } if *told == room);
    hers.until(is_two).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_of_redis_joins_nodes_as_one_does() {
    let (shared, cluster) = (Shared::start(), RedisCluster::start());
    let one = House::node(&shared.database_url, Some(&cluster.url())).await;
    let other = House::node(&shared.database_url, Some(&cluster.url())).await;
    // Enough rooms for all of its shards.
    for round in 0..6 {
        let (alice, bob) = (one.person(&format!("alice{round}")).await, format!("bob{round}"));
        let bob = one.person(&bob).await.at(&other);
        let made = alice.post("/rooms", json!({"name": "Square", "kind": "public"})).await;
        let room: RoomId = made.body["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(bob.put(&format!("/rooms/{room}/members/me"), None).await.status, 200);
        let ((mut hers, _), (mut his, _)) = (alice.connect().await, bob.connect().await);
        let both = |event: &Event| matches!(event, Event::RoomPresence { room: told, online_count: 2 } if *told == room);
        hers.until(both).await;
        his.until(both).await;
        is_told_at_once(&alice, &mut his, room).await;
        hers.send(&Command::Typing { room }).await;
        his.until(|event| matches!(event, Event::Typing { .. })).await;
    }
    assert!(cluster.shard_channels() >= 6, "a channel is its shard's");
    // Someone who shares no room with who asks is found all the same.
    let seen = async {
        let carol = other.person("carol").await;
        let (_socket, _) = one.person("dora").await.connect().await;
        loop {
            let profile = carol.get("/users/dora").await;
            if profile.body["status"] == "online" {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(BEHIND * 5, seen).await.unwrap();
}

/// What is stored on the one is heard on the other sooner than anybody looks unasked.
async fn is_told_at_once(one: &Person, other: &mut Socket, room: RoomId) {
    let late = Instant::now() + Duration::from_secs(20);
    loop {
        let said = one.say(room, "are you there").await;
        let stored_at = Instant::now();
        other.until(|event| matches!(event, Event::Message { message } if *message == said)).await;
        if stored_at.elapsed() < Duration::from_millis(50) {
            return;
        }
        assert!(Instant::now() < late, "nobody is told");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_told_of_the_rooms_that_it_serves_and_of_no_others() {
    let shared = Shared::start();
    let [one, other] = House::nodes(&shared).await;
    let (alice, bob, room) = square(&one, &other).await;
    let made = alice.post("/rooms", json!({"name": "Elsewhere", "kind": "private"})).await;
    let hers: RoomId = made.body["id"].as_str().unwrap().parse().unwrap();
    let (mut his, _) = bob.connect().await;
    is_told_at_once(&alice, &mut his, room).await;
    let mut bus = other.ctx.bus().listen();
    let said = alice.say(hers, "for nobody there").await;
    let heard = async {
        loop {
            let published = bus.recv().await.unwrap();
            for change in &*published.changes {
                match change {
                    Change::MessagePosted { message, .. } => {
                        assert_ne!(message.id, said.id, "it came to who does not serve it");
                    }
                    Change::RoomAhead { room, .. } if *room == hers => return,
                    _ => {}
                }
            }
        }
    };
    timeout(2 * BEHIND, heard).await.unwrap();
    let mut bus = other.ctx.bus().listen();
    let said = alice.say(room, "for both").await;
    let told = async {
        loop {
            let published = bus.recv().await.unwrap();
            let is_it = |change: &Change| matches!(change, Change::MessagePosted { message, .. } if message.id == said.id);
            if published.changes.iter().any(is_it) {
                return;
            }
        }
    };
    timeout(2 * BEHIND, told).await.unwrap();
}

#[tokio::test]
async fn what_is_said_in_passing_is_heard_on_both_nodes_once() {
    let shared = Shared::start();
    let [one, other] = House::nodes(&shared).await;
    let alice = one.person("alice").await;
    let bob = one.person("bob").await.at(&other);
    let new = json!({"name": "Passing", "kind": "public", "retention": "ephemeral"});
    let made = alice.post("/rooms", new).await;
    let room: RoomId = made.body["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(bob.put(&format!("/rooms/{room}/members/me"), None).await.status, 200);
    let (mut his, _) = bob.connect().await;
    let id = id(&one);
    let path = format!("/rooms/{room}/messages/{id}");
    let said = json!({"body": "just passing through"});
    assert_eq!(alice.put(&path, Some(said.clone())).await.status, 201);
    let heard = |event: &Event| matches!(event, Event::Message { message } if message.id == id);
    his.until(heard).await;
    // The same once more, by the other node.
    assert_eq!(alice.at(&other).put(&path, Some(said)).await.status, 200);
    assert!(!his.quiet().await.iter().any(heard));
    let read = bob.get(&format!("/rooms/{room}/messages")).await;
    assert_eq!(read.body["items"], json!([]));
    let receipt = bob.get(&format!("/rooms/{room}/receipt")).await;
    assert_eq!(receipt.body, json!({"retention": "ephemeral", "rows": 0}));
}
