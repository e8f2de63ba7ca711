//! Two nodes and the Redis between them, which fails.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::{task::JoinSet, time::Instant};

use super::{
    client::Habits,
    house::{House, PATIENCE, until},
    probe::{BEHIND, Probe},
    workload::{come_in, come_in_as, gather, holds, is_long, until_everyone_came},
};

/// How soon it is seen again who is there.
const PRESENT: Duration = Duration::from_secs(60);
/// How long a message of a burst is, and how many are surely more than fits between Redis and a node that
/// stands still.
const LENGTH: usize = 4_000;
const BURST: usize = 20_000;
/// How long Redis is away where there is time.
const AWAY: Duration = Duration::from_secs(150);

fn redis(house: &mut House) -> &mut engines::Redis {
    &mut house.engines.as_mut().unwrap().redis
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_becomes_of_redis_the_other_node_is_less_than_a_second_behind() {
    let mut house = House::of(2).await;
    let (people, rooms) = gather(&house).await;
    let clients = come_in(&house, &people, &rooms);
    until_everyone_came(&clients, 1).await;
    let mut probe = Probe::new(&house).await;
    probe.is_heard_in_time(&house, 5).await;
    redis(&mut house).freeze();
    probe.is_heard_in_time(&house, 5).await;
    redis(&mut house).thaw();
    probe.is_heard_in_time(&house, 5).await;
    redis(&mut house).stop();
    let away = Instant::now() + AWAY * u32::from(is_long());
    probe.is_heard_in_time(&house, 5).await;
    while Instant::now() < away {
        probe.is_heard_in_time(&house, 1).await;
    }
    redis(&mut house).start_again();
    probe.is_heard_in_time(&house, 5).await;
    // Once it is back, it wakes again: sooner than anybody looks unasked.
    let late = Instant::now() + PATIENCE;
    while probe.heard_after(&house).await > Duration::from_millis(250) {
        assert!(Instant::now() < late, "Redis is back, and nobody is woken");
    }
    // The probe is on the other node, and shares no room with who asks.
    let late = Instant::now() + PRESENT;
    let here = house.rest.at(house.nodes[0].address);
    while here.ask(Method::GET, "/users/probe", Some(&people[0]), None).await.1["status"]
        != "online"
    {
        assert!(Instant::now() < late, "Redis is back, and who is there is not seen");
        // Who does not listen is silent, and is taken to be gone.
        probe.heard_after(&house).await;
    }
    holds(&house, clients, &rooms).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_that_is_more_than_redis_keeps_for_a_node_is_read() {
    let mut house = House::of(2).await;
    // It hangs up on who does not take what it says.
    redis(&mut house).configure("client-output-buffer-limit", "pubsub 64kb 64kb 1");
    let (people, rooms) = gather(&house).await;
    // While the node stands still more may be said than it keeps for anybody.
    let clients =
        come_in_as(&house, &people, &rooms, |habits| Habits { takes_gaps: true, ..habits });
    until_everyone_came(&clients, 1).await;
    let mut probe = Probe::new(&house).await;
    probe.is_heard_in_time(&house, 1).await;
    until("both nodes listen", || redis(&mut house).listeners() == 2).await;
    house.nodes[1].signal("-STOP");
    // Until it has hung up: how much fits between the two is the system's to say.
    let mut said = 0;
    while redis(&mut house).listeners() > 1 {
        said += speak_at_length(&house, &probe).await;
        assert!(said < BURST, "it keeps {said} messages of {LENGTH} for who does not listen");
    }
    house.nodes[1].signal("-CONT");
    let late = Instant::now() + PATIENCE;
    while probe.heard_after(&house).await > BEHIND {
        assert!(Instant::now() < late, "what was missed is not read");
    }
    probe.is_heard_in_time(&house, 5).await;
    let stored = house.rest.messages(&probe.person, probe.room).await;
    assert_eq!(stored.iter().filter(|message| message.body.len() == LENGTH).count(), said);
    holds(&house, clients, &rooms).await;
}

/// Many messages at once, on the node that goes on; how many.
async fn speak_at_length(house: &House, probe: &Probe) -> usize {
    let mut burst = JoinSet::new();
    for _ in 0..16 {
        let (rest, person) = (house.rest.at(house.nodes[0].address), probe.person.clone());
        let path = format!("/rooms/{}/messages", probe.room);
        burst.spawn(async move {
            for _ in 0..25 {
                let said = Some(json!({"body": "x".repeat(LENGTH)}));
                assert_eq!(rest.ask(Method::POST, &path, Some(&person), said).await.0, 201);
            }
        });
    }
    burst.join_all().await;
    16 * 25
}
