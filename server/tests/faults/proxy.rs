//! Nodes behind a real nginx, with the configuration that Kith ships.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use engines::Nginx;
use protocol::{MessageId, RoomId};
use reqwest::Method;
use serde_json::json;
use tokio::{task::JoinHandle, time::sleep};

use super::{
    client::{Client, new_id},
    house::{House, Person, Rest, until},
    workload::{come_in_at, connections, gather, holds, until_everyone_came},
};

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/nginx/kith.conf");
/// How often each node is restarted.
const ROUNDS: usize = 2;
/// As many messages go by the proxy at least, on a slow machine.
const SENT: usize = 6;

fn nginx(house: &House) -> Nginx {
    let nodes: Vec<_> = house.nodes.iter().map(|node| node.address).collect();
    Nginx::before(&nodes, Path::new(SHIPPED))
}

/// Somebody who sends over REST, one message after the other, and to whom everything that is not stored
/// at once is a failure.
struct Sender {
    goes_on: Arc<AtomicBool>,
    task: JoinHandle<Vec<MessageId>>,
}

impl Sender {
    fn start(rest: Rest, person: Person, room: RoomId) -> Self {
        let goes_on = Arc::new(AtomicBool::new(true));
        let until = Arc::clone(&goes_on);
        let task = tokio::spawn(async move {
            let mut stored = Vec::new();
            while until.load(Ordering::Relaxed) {
                let id = new_id();
                let path = format!("/rooms/{room}/messages/{id}");
                let said = Some(json!({"body": "by the proxy"}));
                let (status, answer) = rest.ask(Method::PUT, &path, Some(&person), said).await;
                assert!(matches!(status, 200 | 201), "{status} {answer}");
                stored.push(id);
                sleep(Duration::from_millis(10)).await;
            }
            stored
        });
        Self { goes_on, task }
    }

    async fn stop(self) -> Vec<MessageId> {
        self.goes_on.store(false, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

/// Each of these is stored once.
async fn are_stored(house: &House, person: &Person, room: RoomId, sent: &[MessageId]) {
    let messages = house.rest.messages(person, room).await;
    for id in sent {
        assert_eq!(messages.iter().filter(|message| message.id == *id).count(), 1, "{id}");
    }
    assert!(sent.len() >= SENT, "only {} were sent", sent.len());
}

fn on_node(clients: &[Client]) -> usize {
    clients.iter().filter(|client| client.log.lock().unwrap().node.is_some()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_restarted_in_turn_fail_no_send_that_a_person_sees() {
    let mut house = House::of(3).await;
    let proxy = nginx(&house);
    let (people, rooms) = gather(&house).await;
    let clients = come_in_at(&[proxy.address()], &people, &rooms);
    until_everyone_came(&clients, 1).await;
    let writer = people[0].clone();
    let sender = Sender::start(house.rest.at(proxy.address()), writer.clone(), rooms[0]);
    for n in 0..ROUNDS * house.nodes.len() {
        let before = connections(&clients);
        let node = n % house.nodes.len();
        let had = house.nodes[node].process.id().unwrap();
        house.nodes[node].restart().await;
        assert_ne!(house.nodes[node].process.id(), Some(had));
        // Whoever was on it has come back by the proxy, and it is taken into its turn again.
        until("who was on it is back", || {
            on_node(&clients) == clients.len() && connections(&clients) > before
        })
        .await;
    }
    let sent = sender.stop().await;
    are_stored(&house, &writer, rooms[0], &sent).await;
    holds(&house, clients, &rooms).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_nodes_is_killed_and_its_clients_go_on_by_the_proxy() {
    let mut house = House::of(2).await;
    let proxy = nginx(&house);
    let (people, rooms) = gather(&house).await;
    let clients = come_in_at(&[proxy.address()], &people, &rooms);
    until_everyone_came(&clients, 1).await;
    let writer = people[0].clone();
    let sender = Sender::start(house.rest.at(proxy.address()), writer.clone(), rooms[0]);
    let before = connections(&clients);
    house.nodes[1].kill().await;
    until("everyone is on the other", || {
        on_node(&clients) == clients.len() && connections(&clients) > before
    })
    .await;
    sleep(Duration::from_secs(1)).await;
    let sent = sender.stop().await;
    are_stored(&house, &writer, rooms[0], &sent).await;
    holds(&house, clients, &rooms).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_is_who_the_proxy_sees_whatever_they_claim() {
    let settings = [("KITH_TRUSTED_PROXIES", "127.0.0.1"), ("KITH_RATE_LIMITS", "on")];
    let house = House::with(1, &settings).await;
    let proxy = nginx(&house);
    let mut answers = Vec::new();
    for n in 0..8 {
        let form = json!({"username": format!("person-{n}"), "password": "correct horse battery"});
        let claimed = format!("203.0.113.{n}");
        let rest = house.rest.at(proxy.address()).claiming("x-forwarded-for", &claimed);
        answers.push(rest.ask(Method::POST, "/accounts", None, Some(form)).await.0);
    }
    // Five an hour from one address.
    assert_eq!(answers, [201, 201, 201, 201, 201, 429, 429, 429]);
}
