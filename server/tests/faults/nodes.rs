//! Two nodes that share a database and a Redis, of which one or the other fails.

use std::time::Duration;

use futures_util::StreamExt;
use protocol::{Event, MessageId, RoomId};
use reqwest::Method;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message as Frame;

use super::{
    client::{Client, Socket, connect},
    house::{House, PATIENCE, Person, until},
    workload::{come_in, come_in_for_long, connections, gather, holds, kills, until_everyone_came},
};

/// How far a node may be behind the other, whatever Redis does.
const BEHIND: Duration = Duration::from_secs(1);
/// How soon it is seen again who is there.
const PRESENT: Duration = Duration::from_secs(60);
/// How soon everything works again once the database is back.
const BACK: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_node_is_killed_its_clients_go_to_the_other_and_miss_nothing() {
    let mut house = House::of(2).await;
    let (people, rooms) = gather(&house).await;
    let clients = come_in(&house, &people, &rooms, None);
    until_everyone_came(&clients, 1).await;
    for kill in 0..kills() {
        sleep(Duration::from_millis(300 + 137 * (kill as u64 % 7))).await;
        let node = &mut house.nodes[kill % 2];
        let on_it =
            clients.iter().filter(|client| client.log.lock().unwrap().node == Some(node.address));
        let back = connections(&clients) + on_it.count() as u64;
        node.crash().await;
        until("its clients are back", || connections(&clients) >= back).await;
    }
    let acked = holds(&house, clients, &rooms).await;
    assert!(acked > kills() * 10, "only {acked} messages: that was no burst");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_becomes_of_redis_the_other_node_is_less_than_a_second_behind() {
    let mut house = House::of(2).await;
    let (people, rooms) = gather(&house).await;
    let clients = come_in(&house, &people, &rooms, None);
    until_everyone_came(&clients, 1).await;
    let mut probe = Probe::new(&house).await;
    probe.is_heard_in_time(&house, 5).await;
    redis(&mut house).freeze();
    probe.is_heard_in_time(&house, 5).await;
    redis(&mut house).thaw();
    probe.is_heard_in_time(&house, 5).await;
    redis(&mut house).stop();
    probe.is_heard_in_time(&house, 5).await;
    redis(&mut house).start_again();
    probe.is_heard_in_time(&house, 5).await;
    // Once it is back, it wakes again: sooner than anybody looks unasked.
    let late = Instant::now() + PATIENCE;
    while probe.heard_after(&house).await > Duration::from_millis(100) {
        assert!(Instant::now() < late, "Redis is back, and nobody is woken");
    }
    // The probe is on the other node, and shares no room with who asks.
    let late = Instant::now() + PRESENT;
    let here = house.rest.at(house.nodes[0].address);
    while here.ask(Method::GET, "/users/probe", Some(&people[0]), None).await.1["status"]
        != "online"
    {
        assert!(Instant::now() < late, "Redis is back, and who is there is not seen");
        sleep(Duration::from_millis(50)).await;
    }
    holds(&house, clients, &rooms).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_restarts_or_stands_still_loses_and_doubles_nothing() {
    let mut house = House::of(2).await;
    let (people, rooms) = gather(&house).await;
    let clients = come_in(&house, &people, &rooms, None);
    until_everyone_came(&clients, 1).await;
    for _ in 0..3 {
        let database = &mut house.engines.as_mut().unwrap().database;
        database.stop();
        database.start_again();
        works_again(&house, &people[0], rooms[0]).await;
    }
    let refused = refusals(&clients);
    let database = &mut house.engines.as_mut().unwrap().database;
    database.stop();
    // Long enough for sends to be refused, and to be tried again.
    until("sends are refused", || refusals(&clients) > refused).await;
    database.start_again();
    works_again(&house, &people[0], rooms[0]).await;
    let refused = refusals(&clients);
    let database = &house.engines.as_ref().unwrap().database;
    database.freeze();
    until("sends are refused", || refusals(&clients) > refused).await;
    database.thaw();
    works_again(&house, &people[0], rooms[0]).await;
    holds(&house, clients, &rooms).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_the_database_that_are_lost_without_a_word_are_given_up() {
    let mut house = House::of(2).await;
    let (people, rooms) = gather(&house).await;
    let link = house.behind_a_link(1).await;
    let clients = come_in_for_long(&house, &people, &rooms);
    until_everyone_came(&clients, 1).await;
    let mut probe = Probe::new(&house).await;
    probe.is_heard_in_time(&house, 3).await;
    for _ in 0..2 {
        link.loses_everyone();
        // What was asked has no answer, and holds its locks for a while: who asks again gets through.
        works_again_within(&house, &people[0], rooms[0], 4 * BACK).await;
        works_again_within(&house, &probe.person, probe.room, 4 * BACK).await;
        let late = Instant::now() + 4 * BACK;
        while probe.heard_after(&house).await > BEHIND {
            assert!(Instant::now() < late, "what other nodes store is not read in time");
        }
    }
    holds(&house, clients, &rooms).await;
}

fn redis(house: &mut House) -> &mut engines::Redis {
    &mut house.engines.as_mut().unwrap().redis
}

fn refusals(clients: &[Client]) -> u64 {
    clients.iter().map(|client| client.log.lock().unwrap().refusals).sum()
}

/// Both nodes store messages again soon.
async fn works_again(house: &House, person: &Person, room: RoomId) {
    works_again_within(house, person, room, BACK).await;
}

async fn works_again_within(house: &House, person: &Person, room: RoomId, within: Duration) {
    let back = Instant::now();
    for node in &house.nodes {
        let rest = house.rest.at(node.address);
        let path = format!("/rooms/{room}/messages");
        let said = Some(json!({"body": "back again"}));
        while rest.ask(Method::POST, &path, Some(person), said.clone()).await.0 != 201 {
            assert!(back.elapsed() < within, "not back in time");
            sleep(Duration::from_millis(50)).await;
        }
    }
    assert!(back.elapsed() < within, "{:?}", back.elapsed());
}

/// Somebody who says something on one node and listens on the other, in a room where nobody else
/// speaks: what others say there would make the node look.
struct Probe {
    person: Person,
    room: RoomId,
    socket: Socket,
}

impl Probe {
    async fn new(house: &House) -> Self {
        let person = house.rest.person("probe").await;
        let room = house.rest.room(std::slice::from_ref(&person)).await;
        let mut socket = connect(house.nodes[1].address, &person, "").await.unwrap();
        // What is said before `ready` stands in it, and is told no more.
        let greeted = async {
            while let Some(frame) = socket.next().await {
                if let Frame::Text(text) = frame.unwrap()
                    && let Ok(Event::Ready(_)) = Event::read(&text)
                {
                    return;
                }
            }
            panic!("the socket ended");
        };
        timeout(PATIENCE, greeted).await.unwrap();
        Self { person, room, socket }
    }

    async fn is_heard_in_time(&mut self, house: &House, times: usize) {
        for _ in 0..times {
            let after = self.heard_after(house).await;
            assert!(after < BEHIND, "{after:?}");
        }
    }

    /// How long after it was stored on one node a message is heard on the other.
    async fn heard_after(&mut self, house: &House) -> Duration {
        let path = format!("/rooms/{}/messages", self.room);
        let said = Some(json!({"body": "do you hear me"}));
        let (status, stored) = house.rest.ask(Method::POST, &path, Some(&self.person), said).await;
        assert_eq!(status, 201, "{stored}");
        let stored_at = Instant::now();
        let id: MessageId = stored["id"].as_str().unwrap().parse().unwrap();
        timeout(PATIENCE, async {
            while let Some(frame) = self.socket.next().await {
                let Frame::Text(text) = frame.unwrap() else { continue };
                match Event::read(&text) {
                    Ok(Event::Message { message }) if message.id == id => return,
                    // As a page does, it loads what it is told that it has missed.
                    Ok(Event::Gap { .. }) => {
                        let node = house.rest.at(house.nodes[1].address);
                        let path = format!("{path}/{id}");
                        if node.ask(Method::GET, &path, Some(&self.person), None).await.0 == 200 {
                            return;
                        }
                    }
                    _ => {}
                }
            }
            panic!("the socket ended");
        })
        .await
        .unwrap();
        stored_at.elapsed()
    }
}
