//! A full disk: nothing is promised that is not kept, and nothing needs a restart.

use engines::{Postgres, Server};
use protocol::RoomId;
use reqwest::Method;
use serde_json::json;

use super::house::{House, Person};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_in_words_and_recovers_by_itself() {
    let house = House::on_a_small_disk(6 * 1024 * 1024).await;
    let people = [house.rest.person("alice").await, house.rest.person("bob").await];
    let room = house.rest.room(&people).await;
    // Into the file system that the server sees.
    let pid = house.nodes[0].process.id().unwrap();
    let ballast = format!("/proc/{pid}/root{}/ballast", house.folder.path().display());
    std::fs::write(&ballast, vec![1; 512 * 1024]).unwrap();
    fills_up_and_recovers(&house, &people, room, || std::fs::remove_file(&ballast).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_the_database_refuses_in_words_and_recovers_by_itself() {
    let postgres = Postgres::on_a_small_disk(24 * 1024 * 1024);
    let ballast = postgres.ballast();
    let house = House::on(Server::Postgres(postgres), 2, &[]).await;
    let people = [house.rest.person("alice").await, house.rest.person("bob").await];
    let room = house.rest.room(&people).await;
    std::fs::write(&ballast, vec![1; 13 * 1024 * 1024]).unwrap();
    fills_up_and_recovers(&house, &people, room, || std::fs::remove_file(&ballast).unwrap()).await;
}

/// Messages are stored until the disk is full, and again once there is room on it.
async fn fills_up_and_recovers(
    house: &House,
    people: &[Person; 2],
    room: RoomId,
    makes_room: impl FnOnce(),
) {
    let post = async |n: usize| {
        let body = Some(json!({"body": noise(n)}));
        house
            .rest
            .ask(Method::POST, &format!("/rooms/{room}/messages"), Some(&people[0]), body)
            .await
    };
    let mut stored = 0;
    let refused = loop {
        let (status, answer) = post(stored).await;
        if status != 201 {
            break (status, answer);
        }
        stored += 1;
        assert!(stored < 5_000, "the disk never fills");
    };
    assert_eq!(
        (refused.0, refused.1["code"].as_str()),
        (503, Some("unavailable")),
        "{}",
        refused.1
    );
    assert_eq!(house.rest.messages(&people[1], room).await.len(), stored, "reading goes on");
    makes_room();
    let (status, answer) = post(stored).await;
    assert_eq!(status, 201, "{answer}");
    let messages = house.rest.messages(&people[1], room).await;
    assert_eq!(messages.len(), stored + 1);
    assert_eq!(messages.last().unwrap().seq, stored as i64 + 1, "what was refused took no number");
}

/// Text that no database makes much shorter.
fn noise(n: usize) -> String {
    let mut seed = n as u64 + 1;
    let word = |_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{:016x}", seed)
    };
    (0..240).map(word).collect()
}
