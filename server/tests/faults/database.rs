//! Two nodes and the database that they share, which fails.

use std::time::Duration;

use protocol::RoomId;
use reqwest::Method;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    client::{Client, Habits},
    house::{House, Person, until},
    probe::{BEHIND, Probe},
    workload::{come_in, come_in_as, gather, holds, until_everyone_came},
};

/// How soon everything works again once the database is back, where the machine does not stand still.
const BACK: Duration = Duration::from_secs(5);
/// And in any case.
const AT_LAST: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_restarts_or_stands_still_loses_and_doubles_nothing() {
    let mut house = House::of(2).await;
    let (people, rooms) = gather(&house).await;
    let clients = come_in(&house, &people, &rooms);
    until_everyone_came(&clients, 1).await;
    let mut back = Vec::new();
    for _ in 0..3 {
        let database = &mut house.engines.as_mut().unwrap().database;
        database.stop();
        database.start_again();
        back.push(works_again(&house, &people[0], rooms[0]).await);
    }
    assert!(back.iter().any(|after| *after < BACK), "{back:?}");
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
    // The database is away for longer than anybody waits: what a gap stands for is asked for again.
    let clients =
        come_in_as(&house, &people, &rooms, |habits| Habits { takes_gaps: true, ..habits });
    until_everyone_came(&clients, 1).await;
    let mut probe = Probe::new(&house).await;
    probe.is_heard_in_time(&house, 3).await;
    for _ in 0..2 {
        link.loses_everyone();
        // What was asked has no answer, and holds its locks for a while: who asks again gets through.
        works_again(&house, &people[0], rooms[0]).await;
        works_again(&house, &probe.person, probe.room).await;
        let late = Instant::now() + AT_LAST;
        while probe.heard_after(&house).await > BEHIND {
            assert!(Instant::now() < late, "what other nodes store is not read in time");
        }
    }
    holds(&house, clients, &rooms).await;
}

fn refusals(clients: &[Client]) -> u64 {
    clients.iter().map(|client| client.log.lock().unwrap().refusals).sum()
}

/// Both nodes store messages again; how long that took.
async fn works_again(house: &House, person: &Person, room: RoomId) -> Duration {
    let back = Instant::now();
    for node in &house.nodes {
        let rest = house.rest.at(node.address);
        let path = format!("/rooms/{room}/messages");
        let said = Some(json!({"body": "back again"}));
        while rest.ask(Method::POST, &path, Some(person), said.clone()).await.0 != 201 {
            assert!(back.elapsed() < AT_LAST, "not back in time");
            sleep(Duration::from_millis(50)).await;
        }
    }
    back.elapsed()
}
