//! Nodes behind a real nginx, with the configuration that Kith ships.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use protocol::{MessageId, RoomId};
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinHandle;

use super::{
    client::{Client, new_id},
    house::{House, Person, Rest, until},
    workload::{come_in, connections, gather, holds, until_everyone_came, until_everyone_is_back},
};

/// How often each node is restarted.
const ROUNDS: usize = 2;

/// People who speak. One of them also sends over REST, one message after the other, and everything that
/// is not stored at once is a failure to them.
struct Burst {
    clients: Vec<Client>,
    rooms: Vec<RoomId>,
    sender: Person,
    goes_on: Arc<AtomicBool>,
    stored: Arc<Mutex<Vec<MessageId>>>,
    task: JoinHandle<()>,
}

impl Burst {
    async fn begin(house: &House) -> Self {
        let (people, rooms) = gather(house).await;
        let clients = come_in(house, &people, &rooms);
        until_everyone_came(&clients, 1).await;
        let (goes_on, stored) = (Arc::new(AtomicBool::new(true)), Arc::default());
        let (rest, sender) = (house.rest.clone(), people[0].clone());
        let sends = send(rest, sender.clone(), rooms[0], Arc::clone(&goes_on), Arc::clone(&stored));
        let task = tokio::spawn(sends);
        Self { clients, rooms, sender, goes_on, stored, task }
    }

    /// How many were stored by now.
    fn sent(&self) -> usize {
        self.stored.lock().unwrap().len()
    }

    /// Until everyone is somewhere again, who has been connected so often before, and sending goes on.
    async fn goes_on(&self, before: u64) {
        until_everyone_is_back(&self.clients, before).await;
        let sent = self.sent();
        until("sending goes on", || self.sent() > sent || self.task.is_finished()).await;
    }

    /// Everything that was stored is there once, and the invariant holds.
    async fn holds(self, house: &House) {
        self.goes_on.store(false, Ordering::Relaxed);
        self.task.await.unwrap();
        let messages = house.rest.messages(&self.sender, self.rooms[0]).await;
        for id in self.stored.lock().unwrap().iter() {
            assert_eq!(messages.iter().filter(|message| message.id == *id).count(), 1, "{id}");
        }
        holds(house, self.clients, &self.rooms).await;
    }
}

async fn send(
    rest: Rest,
    person: Person,
    room: RoomId,
    goes_on: Arc<AtomicBool>,
    stored: Arc<Mutex<Vec<MessageId>>>,
) {
    while goes_on.load(Ordering::Relaxed) {
        let id = new_id();
        let path = format!("/rooms/{room}/messages/{id}");
        let said = Some(json!({"body": "by the proxy"}));
        let (status, answer) = rest.ask(Method::PUT, &path, Some(&person), said).await;
        assert!(matches!(status, 200 | 201), "{status} {answer}");
        stored.lock().unwrap().push(id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_restarted_in_turn_fail_no_send_that_a_person_sees() {
    let mut house = House::of(3).await;
    let burst = Burst::begin(&house).await;
    for n in 0..ROUNDS * house.nodes.len() {
        let before = connections(&burst.clients);
        let node = n % house.nodes.len();
        house.nodes[node].restart().await;
        // Whoever was on it has come back by the proxy, and it is taken into its turn again.
        burst.goes_on(before).await;
    }
    burst.holds(&house).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_nodes_is_killed_and_its_clients_go_on_by_the_proxy() {
    let mut house = House::of(2).await;
    let burst = Burst::begin(&house).await;
    let before = connections(&burst.clients);
    house.nodes[1].kill().await;
    burst.goes_on(before).await;
    burst.holds(&house).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_is_who_the_proxy_sees_whatever_they_claim() {
    let settings = [("KITH_TRUSTED_PROXIES", "127.0.0.1"), ("KITH_RATE_LIMITS", "on")];
    let house = House::with(1, &settings).await;
    let form = |n: usize| {
        Some(json!({"username": format!("person-{n}"), "password": "correct horse battery"}))
    };
    let mut answers = Vec::new();
    for n in 0..8 {
        let claimed = format!("203.0.113.{n}");
        let rest = house.rest.claiming("x-forwarded-for", &claimed);
        answers.push(rest.ask(Method::POST, "/accounts", None, form(n)).await.0);
    }
    // Five an hour from one address.
    assert_eq!(answers, [201, 201, 201, 201, 201, 429, 429, 429]);
    // Nor is a page of another house ours because it says so.
    let rest = house.rest.claiming("origin", "http://evil.example");
    let rest = rest.claiming("x-forwarded-host", "evil.example");
    assert_eq!(rest.ask(Method::POST, "/accounts", None, form(9)).await.0, 403);
}
