//! What comes of a real Redis, also of one that was away or stood still.

use std::time::Duration;

use fred::interfaces::MetricsInterface as _;
use protocol::{RoomId, Timestamp};
use tokio::time::{Instant, sleep, timeout};

use super::{Redis, connection::is_connected, outgoing::Due};
use crate::{Clock, bus::Heard};

const PATIENCE: Duration = Duration::from_secs(60);

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let late = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < late, "{what}");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn who_listens_to_a_room_from_here_on_knows_it() {
    let server = engines::Redis::start();
    let clock = Clock::fixed(Timestamp(1_800_000_000_000));
    let redis =
        Redis::open(&server.url(), "house", &clock, Duration::from_millis(200)).await.unwrap();
    let mut heard = redis.hear_others();
    let room = RoomId::new(1, [1; 16]);
    redis.serve(room);
    let listens = async {
        while !matches!(heard.recv().await, Some(Heard::Listens(listened)) if listened == room) {}
    };
    timeout(PATIENCE, listens).await.unwrap();
}

#[tokio::test]
async fn nothing_waits_for_a_redis_that_does_not_answer() {
    let mut server = engines::Redis::start();
    let clock = Clock::fixed(Timestamp(1_800_000_000_000));
    let redis =
        Redis::open(&server.url(), "house", &clock, Duration::from_millis(200)).await.unwrap();
    let store = redis.store("house");
    let keep = async || store.keep(60, vec![("key".to_owned(), Some("value".to_owned()))]).await;
    let read = async || store.read::<String>(vec!["key".to_owned()]).await;
    let is_left_alone = async || {
        // What was under way when it went, and nothing after it.
        let left = redis.publisher.client.command_queue_len();
        assert!(read().await.is_none());
        let mut due = Due::default();
        due.wakes = true;
        assert!(!redis.publish(due).await);
        assert!(redis.publisher.client.command_queue_len() <= left);
    };
    until("it can be asked", keep).await;
    server.stop();
    until("it is missed", async || !is_connected(&redis.publisher.client)).await;
    is_left_alone().await;
    redis.say_to_itself().await;
    server.start_again();
    until("it can be asked again", keep).await;
    until("it is read", async || read().await == Some(vec![Some("value".to_owned())])).await;
    server.freeze();
    until("that it stands still is seen", async || !redis.publisher.answers()).await;
    is_left_alone().await;
    server.thaw();
    until("it can be asked once more", keep).await;
    until("it is found to be back", async || redis.is_up()).await;
}
