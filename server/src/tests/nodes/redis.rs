//! What Redis adds between two nodes: what is told at once, in the rooms that a node serves, and who is where.

use std::time::Duration;

use domain::bus::Change;
use engines::{Redis, RedisCluster, Shared};
use protocol::{Command, Event, MessageId, RoomId, accounts::Status, socket::Wish};
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::{BEHIND, TRIES, square};
use crate::tests::house::{House, Person, Socket, id};

/// For what happens without anybody being told when.
const PATIENCE: Duration = Duration::from_secs(60);

fn is_message(event: &Event, id: MessageId) -> bool {
    matches!(event, Event::Message { message } if message.id == id)
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
    is_seen_writing(&mut his, &mut hers, Event::Typing { room, user: bobs }).await;
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
    let ((mut hers, _), (mut his, _)) = (alice.connect().await, bob.connect().await);
    let carol = other.person("carol").await;
    let mut counts = async |count: i64| {
        let counted = async {
            loop {
                let found = carol.get("/rooms/public").await;
                let is_it = |item: &serde_json::Value| {
                    item["id"] == json!(room.to_string()) && item["online_count"] == json!(count)
                };
                let is_listed = found.body["items"].as_array().unwrap().iter().any(is_it);
                let shown = carol.get(&format!("/rooms/{room}")).await;
                if is_listed && shown.body["online_count"] == count {
                    return;
                }
                // Who says nothing for long is hung up on.
                hers.all_by_now().await;
                his.all_by_now().await;
            }
        };
        timeout(PATIENCE, counted).await.unwrap();
    };
    counts(2).await;
    // Who leaves it is still connected, and in it no more.
    assert_eq!(bob.delete(&format!("/rooms/{room}/members/me")).await.status, 204);
    counts(1).await;
    // Who comes in with an open page is counted by the first answer, wherever the others are.
    let (mut carols, _) = carol.connect().await;
    let joined = carol.put(&format!("/rooms/{room}/members/me"), None).await;
    assert_eq!(joined.status, 200);
    let is_two = |event: &Event| matches!(event, Event::RoomPresence { room: told, online_count: 2 } if *told == room);
    carols.until(is_two).await;
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
        let user = alice.user.as_ref().unwrap().id;
        is_seen_writing(&mut hers, &mut his, Event::Typing { room, user }).await;
        assert!(cluster.has_shard_channel(&room.to_string()), "a channel is its shard's");
    }
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
    timeout(PATIENCE, seen).await.unwrap();
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

/// Who goes on writing is seen on the other: nobody says it twice.
async fn is_seen_writing(one: &mut Socket, other: &mut Socket, typing: Event) {
    let Event::Typing { room, .. } = typing else { panic!("{typing:?}") };
    for _ in 0..TRIES {
        one.send(&Command::Typing { room }).await;
        let seen = other.until(|event| *event == typing);
        if timeout(3 * BEHIND, seen).await.is_ok() {
            return;
        }
    }
    panic!("nobody is seen writing");
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
    timeout(PATIENCE, heard).await.unwrap();
    let mut bus = other.ctx.bus().listen();
    // A node that stood still for long reads instead, and is told of the next.
    for _ in 0..TRIES {
        let said = alice.say(room, "for both").await;
        let is_it = |change: &Change| matches!(change, Change::MessagePosted { message, .. } if message.id == said.id);
        let told = async { while !bus.recv().await.unwrap().changes.iter().any(is_it) {} };
        if timeout(2 * BEHIND, told).await.is_ok() {
            return;
        }
    }
    panic!("it is told of none");
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
    let said = json!({"body": "just passing through"});
    // What is said while a node stands still is gone; the next is heard.
    let mut tries = 0..TRIES;
    let (id, path) = loop {
        tries.next().expect("one that is heard");
        let id = id(&one);
        let path = format!("/rooms/{room}/messages/{id}");
        assert_eq!(alice.put(&path, Some(said.clone())).await.status, 201);
        let heard = his.until(|event| is_message(event, id));
        if timeout(3 * BEHIND, heard).await.is_ok() {
            break (id, path);
        }
    };
    // The same once more, by the other node.
    assert_eq!(alice.at(&other).put(&path, Some(said)).await.status, 200);
    assert!(!his.quiet().await.iter().any(|event| is_message(event, id)));
    let read = bob.get(&format!("/rooms/{room}/messages")).await;
    assert_eq!(read.body["items"], json!([]));
    let receipt = bob.get(&format!("/rooms/{room}/receipt")).await;
    assert_eq!(receipt.body, json!({"retention": "ephemeral", "rows": 0}));
}
