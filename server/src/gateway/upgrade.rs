//! From a request to a socket. Done here and not by axum, whose socket brings buffers for few large
//! frames and keeps the connection boxed: here are many with small ones, and most of them idle.

use std::time::Duration;

use axum::{body::Body, response::Response};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use protocol::{
    Problem,
    socket::{MAX_FRAME, SUBPROTOCOL},
};
use tokio::{
    io::{AsyncWriteExt as _, Interest},
    net::TcpStream,
    time::sleep,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

/// What the system keeps of what a client has not read yet, in bytes.
const SEND_BUFFER: usize = 64 * 1024;
/// How often it is looked whether a client that has spoken, and is not listened to yet, is still there.
const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// A socket that was agreed on. The answer has to leave before it opens.
pub struct Agreed {
    answer: Response,
    upgrade: OnUpgrade,
}

/// Agrees on a socket, if the request asks for one.
///
/// # Errors
/// `malformed` where it does not.
pub fn agree(parts: &mut Parts) -> Result<Agreed, Problem> {
    let malformed = || Problem::malformed("This address speaks WebSocket.");
    let headers = &parts.headers;
    let asks = parts.method == Method::GET
        && has_token(headers, header::CONNECTION, "upgrade")
        && has_token(headers, header::UPGRADE, "websocket")
        && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| asks).ok_or_else(malformed)?;
    let accept = derive_accept_key(key.as_bytes());
    let speaks_ours = has_token(headers, header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
    let upgrade = parts.extensions.remove::<OnUpgrade>().ok_or_else(malformed)?;
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    let accept = HeaderValue::from_str(&accept).map_err(|_| malformed())?;
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if speaks_ours {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    Ok(Agreed { answer, upgrade })
}

impl Agreed {
    /// The answer, and the socket once that has left; `None` where the client went away before.
    pub fn open(self) -> (Response, impl Future<Output = Option<Opened>> + Send) {
        (self.answer, self.upgrade.map(|upgraded| Opened::of(upgraded.ok()?)))
    }
}

fn has_token(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(token))
}

/// A connection that speaks WebSocket, and has not said anything yet.
pub struct Opened {
    stream: TcpStream,
    /// What the client sent right behind its request.
    early: Vec<u8>,
}

impl Opened {
    fn of(upgraded: Upgraded) -> Option<Self> {
        let parts = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
        let stream = parts.io.into_inner();
        // What a client does not read must not pile up in the system either.
        let _ = socket2::SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER);
        Some(Self { stream, early: parts.read_buf.to_vec() })
    }

    /// Writes some of the first frame ([`first_frame`]), past the socket's buffer, which would keep its size
    /// for ever. How many bytes it took; 0 where the client has gone.
    pub async fn write(&mut self, bytes: &[u8]) -> usize {
        self.stream.write(bytes).await.unwrap_or(0)
    }

    /// Until the client goes away, or says first of all that it does.
    pub async fn hangs_up(&self) {
        if self.early.first().is_some_and(|first| closes(*first)) {
            return;
        }
        let mut first = [0];
        loop {
            match self.stream.ready(Interest::READABLE).await {
                Ok(ready) if !ready.is_read_closed() => {}
                _ => return,
            }
            match self.stream.peek(&mut first).await {
                Ok(1) if self.early.is_empty() && closes(first[0]) => return,
                // What it has said waits: whether it goes after that is looked at now and then.
                Ok(1) => sleep(LOOKS_EVERY).await,
                _ => return,
            }
        }
    }

    /// The socket from here on.
    pub async fn socket(self) -> WebSocketStream<TcpStream> {
        let Self { stream, early } = self;
        WebSocketStream::from_partially_read(stream, early, Role::Server, Some(config())).await
    }
}

/// A text as one frame of a server, which does not mask.
pub fn first_frame(text: &str) -> Vec<u8> {
    let length = text.len();
    let mut frame = Vec::with_capacity(length + 10);
    // FIN and text.
    frame.push(0x81);
    match u8::try_from(length) {
        Ok(short @ 0..126) => frame.push(short),
        _ => match u16::try_from(length) {
            Ok(medium) => {
                frame.push(126);
                frame.extend(medium.to_be_bytes());
            }
            Err(_) => {
                frame.push(127);
                frame.extend((length as u64).to_be_bytes());
            }
        },
    }
    frame.extend(text.as_bytes());
    frame
}

/// Whether a frame that begins with this byte is a close.
fn closes(first: u8) -> bool {
    first & 0x0f == 0x8
}

/// Sizes for many sockets with small frames: a buffer grows for who needs it.
fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(1024)
        .write_buffer_size(4 * 1024)
        .max_write_buffer_size(2 * 1024 * 1024)
        .max_message_size(Some(MAX_FRAME))
        .max_frame_size(Some(MAX_FRAME))
}
