//! A full disk: nothing is promised that is not kept, and nothing needs a restart.

use reqwest::Method;
use serde_json::json;

use super::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_in_words_and_recovers_by_itself() {
    let house = House::on_a_small_disk(6 * 1024 * 1024).await;
    let people = [house.rest.person("alice").await, house.rest.person("bob").await];
    let room = house.rest.room(&people).await;
    // Into the file system that the server sees.
    let pid = house.nodes[0].process.id().unwrap();
    let ballast = format!("/proc/{pid}/root{}/ballast", house.folder.path().display());
    std::fs::write(&ballast, vec![1; 512 * 1024]).unwrap();
    let post = async |n: usize| {
        let body = Some(json!({"body": format!("{n} {}", "x".repeat(3_900))}));
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
    std::fs::remove_file(&ballast).unwrap();
    let (status, answer) = post(stored).await;
    assert_eq!(status, 201, "{answer}");
    let messages = house.rest.messages(&people[1], room).await;
    assert_eq!(messages.len(), stored + 1);
    assert_eq!(messages.last().unwrap().seq, stored as i64 + 1, "what was refused took no number");
}
