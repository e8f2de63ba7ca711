//! A client's socket, as lean as it can be: the machine is shared with the server that it measures.

use std::{net::SocketAddr, sync::OnceLock, time::Instant};

use futures_util::StreamExt;
use protocol::MessageId;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Message, Utf8Bytes, client::IntoClientRequest, http::HeaderValue, protocol::WebSocketConfig,
    },
};

use crate::Outcome;

pub type Socket = WebSocketStream<TcpStream>;

/// Opens a socket, and reads its first frame where there is one to come.
pub async fn connect(
    address: SocketAddr,
    token: &str,
    query: &str,
) -> Outcome<(Socket, Utf8Bytes)> {
    let mut socket = open(address, token, query).await?;
    let ready = next(&mut socket).await?;
    Ok((socket, ready))
}

async fn open(address: SocketAddr, token: &str, query: &str) -> Outcome<Socket> {
    open_at(address, &format!("/api/v1/socket{query}"), token).await
}

/// Opens a socket at a path.
pub async fn open_at(address: SocketAddr, path: &str, token: &str) -> Outcome<Socket> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{address}{path}").into_client_request()?;
    let bearer = HeaderValue::from_str(&format!("Bearer {token}"))?;
    request.headers_mut().insert("authorization", bearer);
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(4096);
    let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    Ok(socket)
}

/// The next text frame.
pub async fn next(socket: &mut (impl StreamExt<Item = SocketItem> + Unpin)) -> Outcome<Utf8Bytes> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text),
            Some(Ok(Message::Close(frame))) => return Err(format!("closed: {frame:?}").into()),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.into()),
            None => return Err("the socket ended".into()),
        }
    }
}

pub type SocketItem = Result<Message, tokio_tungstenite::tungstenite::Error>;

/// Nanoseconds since the first call.
pub fn nanos() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

/// A message of about 100 bytes that carries the time it was said at.
pub fn body() -> String {
    format!("@{:020}@ see you at eight, and bring the good cups, would you, please", nanos())
}

/// When the message in a frame was said.
pub fn said_at(frame: &str) -> Option<u64> {
    let at = frame.find('@')? + 1;
    frame.get(at..at + 20)?.parse().ok()
}

/// An id that ends in the present time, so that an ack tells how long it took.
#[expect(clippy::disallowed_methods, reason = "a client makes its own ids")]
pub fn new_id() -> MessageId {
    let mut chance = [0; 16];
    // What cannot be drawn would be a machine without randomness, and the server would not run.
    let _ = getrandom::fill(&mut chance[..2]);
    chance[2..10].copy_from_slice(&nanos().to_be_bytes());
    MessageId::new(unix_ms(), chance)
}

/// Nanoseconds since a message with an id of [`new_id`] was made.
pub fn since_of(id: MessageId) -> Option<u64> {
    let bytes = id.0.as_bytes();
    let at = u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?);
    // The two highest bits name the variant of the UUID.
    Some(nanos().saturating_sub(at & (u64::MAX >> 2)))
}

fn unix_ms() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(0)
}
