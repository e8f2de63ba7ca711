//! Clients that do not read, and clients that do not speak WebSocket.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_tungstenite::tungstenite::Message as Frame;

use super::{
    client::connect,
    house::{House, PATIENCE, Person},
};

/// As many messages are more than the system keeps for who does not read.
const STALLS_BY: i64 = 200;

async fn handshake(house: &House, person: &Person) -> TcpStream {
    let mut stream = TcpStream::connect(house.address()).await.unwrap();
    let request = format!(
        "GET /api/v1/socket HTTP/1.1\r\nhost: kith\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         authorization: Bearer {}\r\n\r\n",
        person.token
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Everything until the server hangs up.
async fn rest_of(mut stream: TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut heard)).await.expect("the server hangs up");
    heard
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_reads_is_closed_and_harms_nobody() {
    let house = House::open().await;
    let people = [house.rest.person("alice").await, house.rest.person("bob").await];
    let room = house.rest.room(&people).await;
    // Bob's phone has stopped; his laptop reads.
    let frozen = handshake(&house, &people[1]).await;
    let mut laptop = connect(house.address(), &people[1], "").await.unwrap();
    assert!(matches!(laptop.next().await, Some(Ok(Frame::Text(_)))), "ready");
    let mut said = 0_i64;
    // Far more than the system keeps for a socket, until the server has had enough.
    let mut began = Instant::now();
    while began.elapsed() < Duration::from_secs(13) {
        let body = Some(json!({"body": "x".repeat(4_000)}));
        let path = format!("/rooms/{room}/messages");
        let (status, answer) = house.rest.ask(Method::POST, &path, Some(&people[0]), body).await;
        assert_eq!(status, 201, "{answer}");
        said += 1;
        if said <= STALLS_BY {
            began = Instant::now();
        }
        let heard = timeout(PATIENCE, async {
            loop {
                if let Some(Ok(Frame::Text(text))) = laptop.next().await
                    && text.contains(&format!(r#""seq":{said},"#))
                {
                    break;
                }
            }
        });
        heard.await.expect("the laptop hears everything");
    }
    // What the system had taken for it is there to read; behind it stands the end.
    let heard = rest_of(frozen).await;
    assert!(heard.len() < said as usize * 4_000, "closed long before it had everything");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_are_none_end_their_connection_and_no_other() {
    let house = House::open().await;
    let alice = house.rest.person("alice").await;
    let mut other = connect(house.address(), &alice, "").await.unwrap();
    assert!(matches!(other.next().await, Some(Ok(Frame::Text(_)))));
    // Masked with zeros, so that what is sent is what is written here.
    let masked = |first: u8, payload: &[u8]| {
        let mut frame = vec![first, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
        frame.extend(payload);
        frame
    };
    for (what, frame, code) in [
        ("a reserved bit", masked(0xC1, b"{}"), 1002_u16),
        ("a reserved opcode", masked(0x83, b"{}"), 1002),
        ("not masked", vec![0x81, 0x02, b'{', b'}'], 1002),
        ("a continuation of nothing", masked(0x80, b"{}"), 1002),
        ("a fragmented ping", masked(0x09, b""), 1002),
        ("not UTF-8", masked(0x81, &[0xC3, 0x28]), 1007),
        ("far too large", vec![0x81, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], 1009),
    ] {
        let mut stream = handshake(&house, &alice).await;
        stream.write_all(&frame).await.unwrap();
        let heard = rest_of(stream).await;
        // The last frame is the close frame, and begins with its code.
        let close = heard.windows(4).rev().find(|four| four[0] == 0x88);
        let found = close.map(|four| u16::from_be_bytes([four[2], four[3]]));
        assert_eq!(found, Some(code), "{what}");
    }
    let text = json!({"type": "ping", "n": 1}).to_string();
    futures_util::SinkExt::send(&mut other, Frame::text(text)).await.unwrap();
    let Some(Ok(Frame::Text(pong))) = timeout(PATIENCE, other.next()).await.unwrap() else {
        panic!("the other connection ended");
    };
    assert!(pong.contains("pong"));
}
