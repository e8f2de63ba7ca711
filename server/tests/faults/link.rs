//! A way to a server that can fail without saying so.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp},
    time::sleep,
};

/// A way to a server. It ends with the value's last clone and its connections.
#[derive(Clone)]
pub struct Link {
    pub address: SocketAddr,
    /// Connections with a lower number are lost: neither side hears the other, nor that it is gone.
    lost: Arc<AtomicU64>,
    /// Those with a lower number carry a byte a second.
    slow: Arc<AtomicU64>,
    next: Arc<AtomicU64>,
    /// What the server answers to this, and all after it, is lost.
    fatal: Arc<Mutex<Option<&'static str>>>,
}

/// One way of a connection.
struct Way {
    n: u64,
    /// Nothing gets back to the client any more.
    is_deaf: Arc<AtomicBool>,
    to_client: bool,
}

impl Link {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let link = Self {
            address,
            lost: Arc::default(),
            slow: Arc::default(),
            next: Arc::default(),
            fatal: Arc::default(),
        };
        let carrier = link.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else { continue };
                let n = carrier.next.fetch_add(1, Ordering::Relaxed);
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                let is_deaf = Arc::new(AtomicBool::new(false));
                let way = |to_client| Way { n, is_deaf: Arc::clone(&is_deaf), to_client };
                tokio::spawn(carrier.clone().carry(way(false), from_client, to_server));
                tokio::spawn(carrier.clone().carry(way(true), from_server, to_client));
            }
        });
        link
    }

    /// Loses what is open; who comes anew gets through.
    pub fn loses_everyone(&self) {
        self.lost.store(self.next.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Lets what is open have a byte a second.
    pub fn slows_everyone(&self) {
        self.slow.store(self.next.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Where somebody says this, they hear nothing more.
    pub fn loses_what_follows(&self, said: &'static str) {
        *self.fatal.lock().unwrap() = Some(said);
    }

    /// Whether what is carried this way arrives.
    fn delivers(&self, way: &Way, bytes: &[u8]) -> bool {
        if way.to_client {
            return !way.is_deaf.load(Ordering::Relaxed);
        }
        let fatal = *self.fatal.lock().unwrap();
        if fatal.is_some_and(|said| bytes.windows(said.len()).any(|some| some == said.as_bytes())) {
            way.is_deaf.store(true, Ordering::Relaxed);
        }
        true
    }

    async fn carry(self, way: Way, mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf) {
        let mut bytes = vec![0; 4_096];
        loop {
            let most = if way.n < self.slow.load(Ordering::Relaxed) {
                sleep(Duration::from_secs(1)).await;
                1
            } else {
                bytes.len()
            };
            match from.read(&mut bytes[..most]).await {
                Ok(0) | Err(_) => return,
                Ok(_) if way.n < self.lost.load(Ordering::Relaxed) => {}
                Ok(read) if !self.delivers(&way, &bytes[..read]) => {}
                Ok(read) => {
                    if to.write_all(&bytes[..read]).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}
