//! SIGTERM: what is under way finishes, everyone is told, and the process is gone in time.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message as Frame;

use super::{
    client::connect,
    house::{House, PATIENCE},
};

/// A thousand sockets of a few people.
const SOCKETS: usize = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_sockets_are_told_to_come_back() {
    let mut house = House::open().await;
    let mut people = Vec::new();
    for n in 0..5 {
        people.push(house.rest.person(&format!("person-{n}")).await);
    }
    let room = house.rest.room(&people).await;
    let mut sockets = Vec::new();
    for n in 0..SOCKETS {
        let mut socket = connect(house.address(), &people[n % people.len()], "").await.unwrap();
        assert!(matches!(socket.next().await, Some(Ok(Frame::Text(_)))));
        sockets.push(socket);
    }
    // Under way when the word comes.
    let id = "01a20000-0000-7000-8000-000000000002";
    let send = json!({"type": "send", "room": room, "id": id, "body": "just in time"});
    sockets[0].send(Frame::text(send.to_string())).await.unwrap();
    let began = Instant::now();
    house.nodes[0].signal("-TERM");
    let mut spread = Vec::new();
    let mut acked = false;
    for socket in &mut sockets {
        let (mut bye, mut code, mut last) = (None, None, String::new());
        while let Some(frame) = timeout(PATIENCE, socket.next()).await.unwrap() {
            let Ok(frame) = frame.inspect_err(|error| last = error.to_string()) else { break };
            match frame {
                Frame::Text(text) => {
                    let event: Value = serde_json::from_str(&text).unwrap();
                    match event["type"].as_str() {
                        Some("bye") => bye = event["reconnect_after_ms"].as_u64(),
                        Some("ack") => acked = true,
                        _ => {}
                    }
                }
                Frame::Close(frame) => code = frame.map(|frame| u16::from(frame.code)),
                _ => {}
            }
        }
        assert_eq!(code, Some(1012), "{last}, after {bye:?}");
        spread.push(bye.expect("a bye before the close"));
    }
    let status =
        timeout(Duration::from_secs(10), house.nodes[0].process.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{status}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(acked, "what was under way was finished");
    assert!(spread.iter().max() > spread.iter().min(), "they do not all come back at once");
}
