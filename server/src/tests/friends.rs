use protocol::{Event, friends::Relation};
use serde_json::json;

use super::house::House;

#[tokio::test]
async fn asking_answers_201_and_asking_back_200() {
    let house = House::open().await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    let asked = alice.post("/friend-requests", json!({"username": "bob"})).await;
    assert_eq!((asked.status, asked.body["direction"].as_str()), (201, Some("outgoing")));
    let again = alice.post("/friend-requests", json!({"username": "bob"})).await;
    assert_eq!(again.code(), (409, "conflict"));
    assert_eq!(again.body["detail"], "You already sent them a friend request.");
    let profile = bob.get("/users/alice").await;
    assert_eq!(profile.body["relation"], "incoming");
    let back = bob.post("/friend-requests", json!({"username": "alice"})).await;
    assert_eq!((back.status, back.body["relation"].as_str()), (200, Some("friend")));
    assert_eq!(alice.get("/friends").await.body["items"][0]["username"], "bob");
}

#[tokio::test]
async fn requests_are_listed_by_direction_and_answered_by_id() {
    let house = House::open().await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    alice.post("/friend-requests", json!({"username": "bob"})).await;
    let incoming = bob.get("/friend-requests?direction=incoming").await;
    let id = incoming.body["items"][0]["id"].as_str().unwrap();
    assert_eq!(bob.get("/friend-requests?direction=outgoing").await.body["items"], json!([]));
    let path = format!("/friend-requests/{id}");
    assert_eq!(alice.post(&format!("{path}/accept"), json!({})).await.status, 404);
    assert_eq!(bob.post(&format!("{path}/decline"), json!({})).await.status, 204);
    assert_eq!(bob.post(&format!("{path}/accept"), json!({})).await.code(), (409, "conflict"));
    alice.post("/friend-requests", json!({"username": "bob"})).await;
    let outgoing = alice.get("/friend-requests?direction=outgoing").await;
    let path = format!("/friend-requests/{}", outgoing.body["items"][0]["id"].as_str().unwrap());
    assert_eq!(alice.delete(&path).await.status, 204);
    assert_eq!(alice.delete(&path).await.status, 204);
    assert_eq!(alice.get("/friend-requests?direction=sideways").await.code(), (422, "invalid"));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    for name in ["bob", "carol", "dan"] {
        let friend = house.person(name).await;
        alice.befriend(&friend).await;
    }
    let first = alice.get("/friends?limit=2").await.body;
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let cursor = first["next"].as_str().unwrap();
    let rest = alice.get(&format!("/friends?limit=2&cursor={cursor}")).await.body;
    assert_eq!((rest["items"][0]["username"].as_str(), rest["next"].as_str()), (Some("dan"), None));
    assert_eq!(alice.get("/sessions?limit=0").await.code(), (422, "invalid"));
}

#[tokio::test]
async fn friends_hear_of_each_other_live() {
    let house = House::open().await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    let (mut hers, _) = alice.connect().await;
    let (mut his, _) = bob.connect().await;
    let relation = |told: Vec<Event>| match told.last() {
        Some(Event::Friend(state)) => (state.user.username.clone(), state.relation),
        other => panic!("{other:?}"),
    };
    let is_friend = |event: &Event| matches!(event, Event::Friend(_));
    alice.post("/friend-requests", json!({"username": "bob"})).await;
    assert_eq!(relation(hers.until(is_friend).await), ("bob".into(), Relation::Outgoing));
    assert_eq!(relation(his.until(is_friend).await), ("alice".into(), Relation::Incoming));
    bob.post("/friend-requests", json!({"username": "alice"})).await;
    assert_eq!(relation(hers.until(is_friend).await), ("bob".into(), Relation::Friend));
    assert_eq!(relation(his.until(is_friend).await), ("alice".into(), Relation::Friend));
    let room = alice.direct(&bob).await;
    let open = |event: &Event| matches!(event, Event::Room { room: told } if told.id == room && !told.closed);
    his.until(open).await;
    assert_eq!(bob.delete("/friends/alice").await.status, 204);
    let told = hers.until(|event| matches!(event, Event::Friend(_))).await;
    assert_eq!(relation(told.clone()), ("bob".into(), Relation::None));
    let closed = |event: &Event| matches!(event, Event::Room { room: told } if told.id == room && told.closed);
    assert!(told.iter().any(closed), "{told:?}");
}
