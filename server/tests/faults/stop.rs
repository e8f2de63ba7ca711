//! SIGTERM: what is under way finishes, everyone is told, and the process is gone in time.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_tungstenite::tungstenite::{Error, Message as Frame};

use super::{
    client::connect,
    house::{House, PATIENCE, Person},
};

/// A thousand sockets of a few people.
const SOCKETS: usize = 1_000;
const PEOPLE: usize = 5;
/// Until the process has gone: longer than it lingers and then waits for who does not go.
const GONE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_sockets_are_told_to_come_back() {
    // Time enough to be asked, where a thousand are on their way out.
    let mut house = House::open_with(&[("KITH_DRAIN_SECONDS", "10")]).await;
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        people.push(house.rest.person(&format!("person-{n}")).await);
    }
    let room = house.rest.room(&people).await;
    // All of them sooner than the server asks whether anybody is still there.
    let mut coming = JoinSet::new();
    for person in people.clone() {
        let address = house.address();
        coming.spawn(async move {
            let mut sockets = Vec::new();
            for _ in 0..SOCKETS / PEOPLE {
                let mut socket = connect(address, &person, "").await.unwrap();
                assert!(matches!(socket.next().await, Some(Ok(Frame::Text(_)))));
                sockets.push(socket);
            }
            sockets
        });
    }
    let mut sockets: Vec<_> = coming.join_all().await.into_iter().flatten().collect();
    // Under way when the word comes.
    let id = "01a20000-0000-7000-8000-000000000002";
    let send = json!({"type": "send", "room": room, "id": id, "body": "just in time"});
    sockets[0].send(Frame::text(send.to_string())).await.unwrap();
    let began = Instant::now();
    house.nodes[0].signal("-TERM");
    turns_away(&house, &people[0]).await;
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
    let status = timeout(GONE, house.nodes[0].process.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{status}");
    assert!(began.elapsed() < GONE, "{:?}", began.elapsed());
    // What was heard before the word was finished, and what was not is stored nowhere.
    house.nodes[0].start_again().await;
    let stored = house.rest.messages(&people[0], room).await;
    assert_eq!(stored.len(), usize::from(acked));
    assert!(spread.iter().max() > spread.iter().min(), "they do not all come back at once");
}

/// Who asks whether it is ready hears that it is not, and nobody is let in any more.
async fn turns_away(house: &House, person: &Person) {
    let ready = format!("http://{}/health/ready", house.address());
    loop {
        let answer = reqwest::get(&ready).await.expect("it is still there to say so");
        if answer.status() == 503 {
            let said: Value = answer.json().await.unwrap();
            assert_eq!(said["ready"], false);
            break;
        }
    }
    let refused = connect(house.address(), person, "").await;
    assert!(matches!(&refused, Err(Error::Http(answer)) if answer.status() == 503), "{refused:?}");
}
