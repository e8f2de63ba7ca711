//! The limit: a broadcaster without accounts, rooms or a database. What it is sent it sends to
//! everyone in the same group; with `?group=N` there are many small groups.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::broadcast::{self, error::TryRecvError},
};
use tokio_tungstenite::{
    accept_hdr_async_with_config,
    tungstenite::{
        Message, Utf8Bytes,
        handshake::server::{Request, Response},
        protocol::WebSocketConfig,
    },
};

use crate::Outcome;

type Groups = Arc<Mutex<HashMap<String, broadcast::Sender<Utf8Bytes>>>>;

/// Serves on a free port, and prints its address.
pub async fn serve() -> Outcome<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    crate::report::say(&listener.local_addr()?.to_string());
    let groups = Groups::default();
    loop {
        let (stream, _) = listener.accept().await?;
        let groups = Arc::clone(&groups);
        tokio::spawn(async move {
            // A client that goes away ends its connection and nothing else.
            let _ = connection(stream, groups).await;
        });
    }
}

async fn connection(stream: TcpStream, groups: Groups) -> Outcome<()> {
    stream.set_nodelay(true)?;
    let mut group = String::new();
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(4096);
    let named = |request: &Request, response: Response| {
        group = request.uri().query().unwrap_or_default().to_owned();
        Ok(response)
    };
    let socket = accept_hdr_async_with_config(stream, named, Some(config)).await?;
    let sender = {
        let mut groups = groups.lock().unwrap_or_else(PoisonError::into_inner);
        groups.entry(group).or_insert_with(|| broadcast::channel(4096).0).clone()
    };
    let mut events = sender.subscribe();
    let (mut sink, mut stream) = socket.split();
    loop {
        tokio::select! {
            heard = stream.next() => match heard {
                Some(Ok(Message::Text(text))) => drop(sender.send(text)),
                Some(Ok(_)) => {}
                _ => return Ok(()),
            },
            event = events.recv() => {
                sink.feed(Message::Text(event?)).await?;
                loop {
                    match events.try_recv() {
                        Ok(event) => sink.feed(Message::Text(event)).await?,
                        Err(TryRecvError::Empty) => break,
                        Err(error) => return Err(error.into()),
                    }
                }
                sink.flush().await?;
            }
        }
    }
}
