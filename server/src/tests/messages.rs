use reqwest::Method;
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

#[tokio::test]
async fn a_message_is_edited_by_its_author_and_deleted_by_moderators_too() {
    let house = House::open().await;
    let (alice, bob, _) = house.friends("alice", "bob").await;
    let made = alice.post("/rooms", json!({"name": "Garden", "kind": "private"})).await;
    let room = made.body["id"].as_str().unwrap().to_owned();
    assert_eq!(alice.put(&format!("/rooms/{room}/members/bob"), None).await.status, 204);
    let path = format!("/rooms/{room}/messages/{}", id(&house));
    assert_eq!(bob.put(&path, Some(json!({"body": "helo"}))).await.status, 201);
    let (mut hers, _) = alice.connect().await;

    let edit = |text: &str| Some(json!({"body": text}));
    let forbidden = alice.send(Method::PATCH, &path, edit("mine")).await;
    assert_eq!(forbidden.code(), (403, "forbidden"));
    let edited = bob.send(Method::PATCH, &path, edit("hello")).await;
    assert_eq!((edited.status, edited.body["revision"].as_i64()), (200, Some(2)));
    assert!(edited.body["edited_at"].is_string());
    let told = hers.next_json().await;
    assert_eq!((&told["type"], &told["message"]), (&json!("message_changed"), &edited.body));
    let same = bob.send(Method::PATCH, &path, edit("hello")).await;
    assert_eq!(same.body, edited.body, "the same text again changes nothing");
    assert_eq!(bob.send(Method::PATCH, &path, edit(" ")).await.code(), (422, "invalid"));

    let deleted = alice.delete(&path).await;
    assert_eq!((deleted.status, deleted.body["body"].as_str()), (200, Some("")));
    assert_eq!(alice.delete(&path).await.body, deleted.body, "and once more changes nothing");
    assert_eq!(bob.send(Method::PATCH, &path, edit("back")).await.code(), (404, "not_found"));
    let again = bob.put(&path, edit("helo")).await;
    assert_eq!((again.status, &again.body), (200, &deleted.body), "a resend brings nothing back");
    let mine = format!("/rooms/{room}/messages/{}", id(&house));
    assert_eq!(alice.put(&mine, edit("stays")).await.status, 201);
    assert_eq!(bob.delete(&mine).await.code(), (403, "forbidden"));

    let changed = bob.get(&format!("/rooms/{room}/messages?changed_after=1")).await;
    let seqs: Vec<_> =
        changed.body["items"].as_array().unwrap().iter().map(|one| &one["seq"]).collect();
    assert_eq!(seqs, [1, 2], "each once, in its latest form");
    let shown = bob.get(&format!("/rooms/{room}")).await;
    assert_eq!(
        (shown.body["last_seq"].as_i64(), shown.body["revision"].as_i64()),
        (Some(2), Some(4))
    );
}
