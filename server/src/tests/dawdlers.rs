//! Clients that take their time over plain HTTP.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::house::{House, id};

/// Everything the server says until it hangs up, or until a whole answer is there.
async fn heard(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return String::from_utf8(text).unwrap(),
            Ok(length) => text.extend_from_slice(&chunk[..length]),
        }
    }
}

#[tokio::test]
async fn who_never_finishes_a_head_is_hung_up_on() {
    let house = House::open().await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    // Until somebody listens.
    stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: kith\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
    }
    stream.write_all(b"GET / HTTP/1.1\r\nhost: kith\r\n").await.unwrap();
    // From here on the clock runs ahead while everyone waits: without a limit this would wait for ever.
    tokio::time::pause();
    let said = heard(&mut stream).await;
    assert!(!said.contains("200 OK"), "{said}");
}

#[tokio::test]
async fn who_never_finishes_a_body_is_told_so() {
    let house = House::open().await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let head = "POST /api/v1/sessions HTTP/1.1\r\nhost: kith\r\ncontent-type: application/json\r\n\
                content-length: 1000\r\nconnection: close\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    // The body is waited for.
    let mut begun = [0; 25];
    stream.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{\"login\":").await.unwrap();
    tokio::time::pause();
    let said = heard(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
}

#[tokio::test]
async fn a_session_that_ends_while_its_message_comes_in_stores_nothing() {
    let house = House::open().await;
    let (alice, bob, room) = house.friends("alice", "bob").await;
    let body = r#"{"body":"too late"}"#;
    let head = format!(
        "PUT /api/v1/rooms/{room}/messages/{} HTTP/1.1\r\nhost: kith\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        id(&house),
        alice.token.as_ref().unwrap(),
        body.len(),
    );
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body.as_bytes()[..9]).await.unwrap();
    assert_eq!(alice.delete("/sessions/current").await.status, 204);
    stream.write_all(&body.as_bytes()[9..]).await.unwrap();
    let said = heard(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 401"), "{said}");
    let stored = bob.get(&format!("/rooms/{room}/messages")).await;
    assert_eq!(stored.body["items"].as_array().unwrap().len(), 0);
}
