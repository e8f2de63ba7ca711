//! Two nodes that share a database and a Redis, of which one or the other is killed.

use std::time::Duration;

use protocol::Event;
use reqwest::Method;
use serde_json::json;
use tokio::time::sleep;

use super::{
    client::{connect, new_id, next},
    house::House,
    workload::{
        come_in, connections, gather, holds, kills, until_everyone_came, until_everyone_is_back,
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_node_is_killed_its_clients_go_to_the_other_and_miss_nothing() {
    let mut house = House::of(2).await;
    let (people, rooms) = gather(&house).await;
    let clients = come_in(&house, &people, &rooms);
    until_everyone_came(&clients, 1).await;
    for kill in 0..kills() {
        sleep(Duration::from_millis(300 + 137 * (kill as u64 % 7))).await;
        let before = connections(&clients);
        house.nodes[kill % 2].crash().await;
        until_everyone_is_back(&clients, before).await;
    }
    let acked = holds(&house, clients, &rooms).await;
    assert!(acked > kills() * 10, "only {acked} messages: that was no burst");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_killed_between_the_commit_and_the_answer_has_stored_it() {
    let mut house = House::of(2).await;
    let link = house.behind_a_link(0).await;
    let people = [house.rest.person("alice").await, house.rest.person("bob").await];
    let room = house.rest.room(&people).await;
    let mut bob = connect(house.nodes[1].address, &people[1], "").await.unwrap();
    // What is said before `ready` stands in it, and is told no more.
    while !matches!(next(&mut bob).await, Event::Ready(_)) {}
    let [one, other] = [0, 1].map(|node| house.rest.at(house.nodes[node].address));
    let id = new_id();
    let path = format!("/rooms/{room}/messages/{id}");
    let said = Some(json!({"body": "on the edge"}));
    link.loses_what_follows("COMMIT");
    let send = {
        let (path, alice, said) = (path.clone(), people[0].clone(), said.clone());
        tokio::spawn(async move { one.try_ask(Method::PUT, &path, Some(&alice), said).await })
    };
    // The node that stored it does not know so, and has told nobody; the other reads it.
    let heard = loop {
        match next(&mut bob).await {
            Event::Message { message } if message.id == id => break message,
            _ => {}
        }
    };
    house.nodes[0].kill().await;
    // The commit has no answer, so the send has none: or that nobody waits for it any longer.
    let answer = send.await.unwrap();
    assert!(answer.as_ref().is_none_or(|(status, _)| *status == 503), "{answer:?}");
    let (status, again) = other.ask(Method::PUT, &path, Some(&people[0]), said).await;
    assert_eq!((status, &again["seq"]), (200, &json!(heard.seq)), "{again}");
    let messages = other.messages(&people[1], room).await;
    assert_eq!(messages, [heard]);
}
