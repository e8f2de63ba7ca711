//! What is measured speaks Kith's protocol, or what its own documentation has it speak.

use std::net::SocketAddr;

use futures_util::SinkExt;
use protocol::{MessageId, RoomId};
use serde_json::json;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::{
    Outcome,
    socket::{self, Socket, next},
};

/// Somewhere to connect to.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub address: SocketAddr,
    pub speaks: Dialect,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    Kith,
    /// What is sent comes back to everyone in the group.
    Bare,
    /// Engine.IO 4 and Socket.IO 5, over a WebSocket.
    SocketIo,
    /// JSON as the consumer of `bench/peers/channels` has it.
    Channels,
}

impl Target {
    /// Connects as who has this token, up to the end of the greeting.
    pub async fn enter(self, token: &str, query: &str) -> Outcome<Socket> {
        let path = match self.speaks {
            Dialect::Kith | Dialect::Bare => format!("/api/v1/socket{query}"),
            Dialect::SocketIo => "/socket.io/?EIO=4&transport=websocket".to_owned(),
            Dialect::Channels => format!("/ws/chat/?token={token}"),
        };
        let mut socket = socket::open_at(self.address, &path, token).await?;
        match self.speaks {
            Dialect::Bare => {}
            Dialect::Kith | Dialect::Channels => drop(next(&mut socket).await?),
            Dialect::SocketIo => {
                // The transport's word, then ours, its answer, and the server's first event.
                next(&mut socket).await?;
                let auth = format!("40{}", json!({ "token": token }));
                socket.send(Message::Text(auth.into())).await?;
                next(&mut socket).await?;
                next(&mut socket).await?;
            }
        }
        Ok(socket)
    }

    /// A message to say in a room, filled up to a size where there is one.
    pub fn message(self, room: RoomId, length: Option<usize>) -> (MessageId, Message) {
        let (id, body) = (socket::new_id(), socket::body());
        let text = match self.speaks {
            Dialect::Kith | Dialect::Bare | Dialect::Channels => {
                format!(r#"{{"type":"send","room":"{room}","id":"{id}","body":"{body}"}}"#)
            }
            // 42: an event; 1: it is to be acknowledged.
            Dialect::SocketIo => {
                format!(r#"421["message",{{"room":"{room}","id":"{id}","body":"{body}"}}]"#)
            }
        };
        let length = length.unwrap_or(0);
        (id, Message::Text(format!("{text:<length$}").into()))
    }

    /// Whether this acknowledges something. The bare broadcaster sends back the message itself.
    pub fn is_ack(self, frame: &Utf8Bytes) -> bool {
        frame.starts_with(match self.speaks {
            Dialect::Kith | Dialect::Channels => r#"{"type":"ack""#,
            Dialect::Bare => r#"{"type":"send""#,
            Dialect::SocketIo => "431[",
        })
    }
}
