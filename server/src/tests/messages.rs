use serde_json::{Value, json};

use super::house::{House, id};

#[tokio::test]
async fn a_message_is_put_under_its_senders_id_once() {
    let house = House::open().await;
    let (alice, bob, room) = house.friends("alice", "bob").await;
    let path = format!("/rooms/{room}/messages/{}", id(&house));
    let first = alice.put(&path, Some(json!({"body": " hello "}))).await;
    assert_eq!((first.status, first.body["body"].as_str()), (201, Some("hello")));
    let again = alice.put(&path, Some(json!({"body": "other"}))).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(bob.put(&path, Some(json!({"body": "mine"}))).await.code(), (409, "conflict"));
    assert_eq!(bob.get(&path).await.body, first.body);
}

#[tokio::test]
async fn history_has_its_shape_and_its_windows() {
    let house = House::open().await;
    let (alice, bob, room) = house.friends("alice", "bob").await;
    for n in 1..=5 {
        let posted =
            alice.post(&format!("/rooms/{room}/messages"), json!({"body": n.to_string()})).await;
        assert_eq!(posted.status, 201);
    }
    let seqs = |page: &Value| -> Vec<i64> {
        page["items"].as_array().unwrap().iter().map(|item| item["seq"].as_i64().unwrap()).collect()
    };
    for (query, expected) in [
        ("limit=2", vec![4, 5]),
        ("before=3", vec![1, 2]),
        ("after=3", vec![4, 5]),
        ("around=3&limit=3", vec![2, 3, 4]),
        ("changed_after=4", vec![5]),
    ] {
        let page = bob.get(&format!("/rooms/{room}/messages?{query}")).await;
        assert_eq!(seqs(&page.body), expected, "{query}");
        assert_eq!(page.body["revision"], 5);
        assert!(page.body["has_older"].is_boolean() && page.body["has_newer"].is_boolean());
    }
    for query in ["limit=0", "limit=101", "limit=x", "before=x", "before=1&after=2"] {
        let page = bob.get(&format!("/rooms/{room}/messages?{query}")).await;
        assert_eq!(page.code(), (422, "invalid"), "{query}");
    }
}

#[tokio::test]
async fn bad_text_is_refused_by_its_field_over_rest() {
    let house = House::open().await;
    let (alice, _, room) = house.friends("alice", "bob").await;
    let path = format!("/rooms/{room}/messages");
    for body in ["", "  \n ", "a\0b", &"x".repeat(4_001)] {
        let refused = alice.post(&path, json!({"body": body})).await;
        assert_eq!(refused.code(), (422, "invalid"));
        assert!(refused.body["fields"]["body"].is_string(), "{:?}", refused.body);
    }
    for (body, field) in [(json!({}), "body"), (json!({"body": "x", "seq": 7}), "seq")] {
        let refused = alice.post(&path, body).await;
        assert_eq!(refused.code(), (422, "invalid"));
        assert!(refused.body["fields"][field].is_string(), "{:?}", refused.body);
    }
    let huge = alice.post(&path, json!({"body": "x".repeat(100_000)})).await;
    assert_eq!(huge.code(), (413, "too_large"));
}

#[tokio::test]
async fn the_unread_count_follows_the_marker() {
    let house = House::open().await;
    let (alice, bob, room) = house.friends("alice", "bob").await;
    for body in ["one", "two"] {
        alice.post(&format!("/rooms/{room}/messages"), json!({"body": body})).await;
    }
    let unread = async || bob.get(&format!("/rooms/{room}")).await.body["unread"].as_i64();
    assert_eq!(unread().await, Some(2));
    assert_eq!(bob.put(&format!("/rooms/{room}/read"), Some(json!({"seq": 1}))).await.status, 204);
    assert_eq!(unread().await, Some(1));
    let rooms = bob.get("/rooms").await;
    assert_eq!(rooms.body["items"][0]["last_message"]["text"], "two");
}
