use protocol::Event;
use serde_json::json;
use tokio::net::TcpListener;

use super::house::House;
use crate::metrics;

// What is measured is measured in one place for the whole process, which each test has to itself.
#[tokio::test]
async fn what_is_done_is_measured_and_nobody_is_named() {
    let measured = metrics::measure().unwrap();
    let house = House::limited().await;
    let (alice, _, room) = house.friends("alice", "bob").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(metrics::serve(listener, house.inside.clone(), measured));
    let ask = async || {
        let answer = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
        answer.text().await.unwrap()
    };
    let (mut socket, _) = alice.connect().await;
    let path = format!("/rooms/{room}/messages");
    for _ in 0..3 {
        assert_eq!(alice.post(&path, json!({"body": "hello"})).await.status, 201);
    }
    socket.until(|event| matches!(event, Event::Message { .. })).await;
    // Thirty, and one more every two seconds that they take.
    let mut allowed = 0;
    while alice.get("/users?query=bob").await.status == 200 {
        allowed += 1;
        assert!(allowed < 300);
    }
    let text = ask().await;
    let value = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} in {text}")).parse().unwrap()
    };
    assert_eq!(value("kith_messages_stored_total"), 3.0);
    assert_eq!(value("kith_message_seconds_count"), 3.0);
    assert_eq!(value(r#"kith_messages_together_bucket{le="1"}"#), 3.0);
    assert_eq!(
        (value("kith_sockets"), value("kith_ready"), value("kith_database_up")),
        (1.0, 1.0, 1.0)
    );
    assert_eq!(value(r#"kith_limited_total{rule="search"}"#), 1.0);
    assert!(value("kith_frames_sent_total") >= 2.0);
    assert!(value("process_resident_memory_bytes") > 1e6);
    let posted = r#"method="POST",route="/api/v1/rooms/{id}/messages",status="201""#;
    assert_eq!(value(&format!("kith_requests_total{{{posted}}}")), 3.0);
    let [alice, room] = [alice.user.as_ref().unwrap().id.to_string(), room.to_string()];
    assert!(
        ["alice", "bob", "hello", &alice, &room].iter().all(|name| !text.contains(name)),
        "{text}"
    );
}
