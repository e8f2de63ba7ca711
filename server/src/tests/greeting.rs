//! Clients that have come, and are not told yet where everything stands.

use std::time::Duration;

use futures_util::SinkExt;
use protocol::{Command, Event};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    sync::SemaphorePermit,
};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message as Frame};
use tokio_util::sync::CancellationToken;

use super::house::House;
use crate::{gateway::admission::AT_ONCE, metrics};

/// As many rooms with a long topic are more to tell than the systems on both sides keep for who does not read.
const ROOMS: usize = 250;

#[tokio::test]
async fn who_hangs_up_while_they_wait_for_their_turn_is_waited_for_no_more() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let _turns = all(async |shutdown| house.inside.hub.admission.greeting(shutdown).await).await;
    drop(alice.open_socket("").await.unwrap());
    // So does who says goodbye.
    let mut polite = alice.open_socket("").await.unwrap();
    polite.0.send(Frame::Close(None)).await.unwrap();
    let mut impatient = alice.open_socket("").await.unwrap();
    impatient.send(&Command::Ping { n: 7 }).await;
    drop(impatient);
    house.inside.sockets.close();
    tokio::time::timeout(Duration::from_secs(20), house.inside.sockets.wait()).await.unwrap();
}

#[tokio::test]
async fn who_has_spoken_while_they_wait_for_their_turn_is_answered() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let turns = all(async |shutdown| house.inside.hub.admission.greeting(shutdown).await).await;
    let mut waits = alice.open_socket("").await.unwrap();
    waits.send(&Command::Ping { n: 7 }).await;
    drop(turns);
    waits.until(|event| *event == Event::Pong { n: 7 }).await;
}

#[tokio::test]
async fn whose_session_ends_while_they_wait_for_their_turn_is_told_nothing() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let _turns = all(async |shutdown| house.inside.hub.admission.greeting(shutdown).await).await;
    let mut waits = alice.open_socket("").await.unwrap();
    assert_eq!(alice.delete("/sessions/current").await.status, 204);
    let first = waits.frame().await;
    assert!(
        matches!(&first, Frame::Close(Some(close)) if u16::from(close.code) == 4001),
        "{first}"
    );
}

#[tokio::test]
async fn who_comes_while_many_do_waits_at_the_door() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let mut turns =
        all(async |shutdown| house.inside.hub.admission.handshake(shutdown).await).await;
    let mut waits = std::pin::pin!(alice.open_socket(""));
    // Long enough for many to be let in.
    assert!(tokio::time::timeout(Duration::from_secs(1), waits.as_mut()).await.is_err());
    // Nobody else waits: who shows no token is refused, and a page is read.
    let refused = house.anyone().open_socket("").await;
    assert!(matches!(&refused, Err(SocketError::Http(answer)) if answer.status() == 401));
    assert_eq!(alice.get("/me").await.status, 200);
    turns.pop();
    assert_eq!(waits.await.unwrap().next_json().await["type"], "ready");
}

#[tokio::test]
async fn whose_session_ends_while_they_read_their_greeting_is_told_no_more_of_it() {
    let measured = metrics::measure().unwrap();
    let house = House::open().await;
    let alice = house.person("alice").await;
    let topic = "\u{1f33b}".repeat(250);
    for number in 0..ROOMS {
        let form = json!({"name": format!("Room {number}"), "kind": "private", "topic": topic});
        assert_eq!(alice.post("/rooms", form).await.status, 201);
    }
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(house.address).await.unwrap();
    let request = format!(
        "GET /api/v1/socket HTTP/1.1\r\nhost: kith\r\nauthorization: Bearer {}\r\n\
         connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        alice.token.as_ref().unwrap(),
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains(r#""type":"ready""#) {
        assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0);
    }
    assert_eq!(alice.delete("/sessions/current").await.status, 204);
    house.inside.sockets.close();
    tokio::time::timeout(Duration::from_secs(20), house.inside.sockets.wait()).await.unwrap();
    let ended = r#"kith_sockets_ended_total{code="4001"} 1"#;
    assert!(measured.render().contains(ended), "{}", measured.render());
    stream.read_to_end(&mut heard).await.unwrap();
    assert!(heard.len() < ROOMS * topic.len(), "{}", heard.len());
    // No close comes in the middle of a frame.
    assert!(!heard.ends_with(b"session over"));
}

/// Every turn that there is.
async fn all<'a>(
    turn: impl AsyncFn(&CancellationToken) -> Option<SemaphorePermit<'a>>,
) -> Vec<SemaphorePermit<'a>> {
    let shutdown = CancellationToken::new();
    let mut turns = Vec::new();
    for _ in 0..AT_ONCE {
        turns.push(turn(&shutdown).await.unwrap());
    }
    turns
}
