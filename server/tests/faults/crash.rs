//! Kills, and what everyone holds afterwards.

use std::time::Duration;

use tokio::time::sleep;

use super::{
    client::Habits,
    house::House,
    workload::{CLIENTS, come_in, come_in_as, gather, holds, kills, until_everyone_came},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_nothing_is_lost_doubled_or_out_of_order() {
    let mut house = House::open().await;
    let (people, rooms) = gather(&house).await;
    let clients = come_in(&house, &people, &rooms);
    for kill in 0..kills() {
        until_everyone_came(&clients, kill + 1).await;
        // In a burst, each time at another moment of it.
        sleep(Duration::from_millis(300 + 137 * (kill as u64 % 7))).await;
        house.nodes[0].crash().await;
    }
    let acked = holds(&house, clients, &rooms).await;
    assert!(acked > kills() * 10, "only {acked} messages: that was no burst");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_connection_breaks_again_and_again_misses_nothing() {
    let house = House::open().await;
    let (people, rooms) = gather(&house).await;
    let clients =
        come_in_as(&house, &people, &rooms, |habits| Habits { breaks_after: Some(25), ..habits });
    until_everyone_came(&clients, 5).await;
    let acked = holds(&house, clients, &rooms).await;
    assert!(acked > CLIENTS * 4, "only {acked} messages");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_message_fifty_times_at_once_is_one() {
    let house = House::open().await;
    let people = [house.rest.person("alice").await, house.rest.person("bob").await];
    let room = house.rest.room(&people).await;
    let id = "01a20000-0000-7000-8000-000000000001";
    let path = format!("/rooms/{room}/messages/{id}");
    let mut sends = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (rest, alice, path) = (house.rest.clone(), people[0].clone(), path.clone());
        sends.spawn(async move {
            let body = Some(serde_json::json!({"body": "once"}));
            rest.ask(reqwest::Method::PUT, &path, Some(&alice), body).await
        });
    }
    let answers = sends.join_all().await;
    let created = answers.iter().filter(|(status, _)| *status == 201).count();
    assert_eq!(created, 1);
    assert!(answers.iter().all(|(status, body)| *status < 202 && *body == answers[0].1));
    assert_eq!(house.rest.messages(&people[1], room).await.len(), 1);
}
