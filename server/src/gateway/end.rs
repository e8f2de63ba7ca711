//! How a connection ends: with a code that says why, which the client has heard.

use std::time::Duration;

use futures_util::SinkExt;
use protocol::socket::close;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message, protocol::CloseFrame},
};

use super::queue::Ended;

/// How long the last frame may take, and the client's answer to it.
const FAREWELL: Duration = Duration::from_secs(3);

/// Why a connection ends.
#[derive(Debug)]
pub struct End {
    pub code: u16,
    pub reason: &'static str,
}

impl End {
    /// Counts it, where it is not said: [`farewell`] does so itself.
    pub fn count(&self) {
        let code = self.code.to_string();
        ::metrics::counter!("kith_sockets_ended_total", "code" => code).increment(1);
    }
}

impl From<Ended> for End {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::SessionOver => SESSION_OVER,
            Ended::Restart => RESTART,
        }
    }
}

pub const SESSION_OVER: End = End { code: close::SESSION_OVER, reason: "session over" };
pub const RESTART: End = End { code: close::RESTART, reason: "restart" };
pub const TOO_SLOW: End = End { code: close::TOO_SLOW, reason: "reads too slowly" };
pub const GONE: End = End { code: 1000, reason: "" };

/// The last frame, and then whatever the client still says until it has heard it: who hangs up on
/// unread words may have his own unheard.
pub async fn farewell(mut socket: WebSocketStream<TcpStream>, end: End) {
    end.count();
    let frame = CloseFrame { code: end.code.into(), reason: end.reason.into() };
    let _ = timeout(FAREWELL, async {
        // It is refused where the client has closed first; then the answer to that is flushed.
        let _ = socket.send(Message::Close(Some(frame))).await;
        let _ = socket.flush().await;
        let stream = socket.get_mut();
        stream.shutdown().await?;
        let mut unheard = [0; 512];
        while stream.read(&mut unheard).await? > 0 {}
        Ok::<(), std::io::Error>(())
    })
    .await;
}

/// The close code for what was no WebSocket frame of ours.
pub fn protocol_error(error: &tungstenite::Error) -> End {
    match error {
        tungstenite::Error::Capacity(_) => {
            End { code: close::TOO_LARGE, reason: "frame too large" }
        }
        tungstenite::Error::Utf8(_) => End { code: 1007, reason: "not UTF-8" },
        tungstenite::Error::Protocol(_) => End { code: 1002, reason: "protocol error" },
        _ => GONE,
    }
}
