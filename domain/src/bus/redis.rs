//! Redis wakes the other nodes, and carries what they say of who is with them. A wake says only who
//! sent it; one that is lost costs the others half a second.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use fred::{
    clients::Client,
    interfaces::{ClientLike, EventInterface, PubsubInterface},
    types::{
        Builder, ClientState, Message,
        config::{Config, ReconnectPolicy, Server, TcpConfig, UnresponsiveConfig},
    },
};
use tokio::{
    sync::{
        Notify,
        broadcast::{self, error::RecvError},
        mpsc,
    },
    time::{Instant, timeout},
};

use crate::{Clock, Error, Result, clock, presence};

/// How long Redis may take for anything.
const PATIENCE: Duration = Duration::from_secs(1);
/// A node that does not hear its own wakes for as long subscribes anew.
const DEAF: Duration = Duration::from_secs(2);
/// As many wakes wait to be heard; past that, one stands for all.
const BUFFER: usize = 1_024;
/// As many sayings wait to leave, or to be heard.
const SAID: usize = 1_024;
/// As many commands wait for Redis to come back: a wake that comes late is of no use.
const COMMANDS: usize = 16;

/// Wakes, sent and heard.
#[derive(Debug)]
pub(super) struct Wakes {
    channel: String,
    /// Where it is said who is where.
    talk: String,
    said: mpsc::Sender<String>,
    heard_said: Mutex<Option<mpsc::Sender<presence::From>>>,
    node: String,
    publisher: Client,
    subscriber: Client,
    /// There is something to wake the others for.
    due: Arc<Notify>,
    woken: Arc<Notify>,
    /// This node's own wakes: how many were sent, how many came back.
    sent: AtomicU64,
    heard: AtomicU64,
}

impl Wakes {
    pub(super) async fn open(url: &str, house: &str, clock: &Clock) -> Result<Arc<Self>> {
        let mut config = Config::from_url(url).map_err(Error::internal)?;
        // It may come up later than this node.
        config.fail_fast = false;
        let client = || build(config.clone()).map_err(Error::internal);
        let node = protocol::SessionId::new(clock.now().0, clock::random()).to_string();
        let (said, to_say) = mpsc::channel(SAID);
        let wakes = Arc::new(Self {
            channel: format!("kith:{house}:wake"),
            talk: format!("kith:{house}:presence"),
            said,
            heard_said: Mutex::default(),
            node,
            publisher: client()?,
            subscriber: client()?,
            due: Arc::default(),
            woken: Arc::default(),
            sent: AtomicU64::new(0),
            heard: AtomicU64::new(0),
        });
        // Before anything is read: what changes from here on is heard.
        let reconnected = wakes.subscriber.reconnect_rx();
        let messages = wakes.subscriber.message_rx();
        wakes.publisher.connect();
        wakes.subscriber.connect();
        let connected = timeout(PATIENCE, wakes.subscriber.wait_for_connect()).await;
        if !matches!(connected, Ok(Ok(()))) {
            tracing::warn!("Redis does not answer: other nodes are heard by the database alone");
        }
        // A connection of before is subscribed here, later ones as they come.
        wakes.subscribe().await;
        tokio::spawn(stay(Arc::downgrade(&wakes), reconnected));
        tokio::spawn(hear(Arc::downgrade(&wakes), messages));
        tokio::spawn(talk(Arc::downgrade(&wakes), to_say));
        tokio::spawn(speak(Arc::downgrade(&wakes), Arc::clone(&wakes.due)));
        Ok(wakes)
    }

    /// For asking it something.
    pub(super) fn client(&self) -> Client {
        self.publisher.clone()
    }

    pub(super) fn send(&self) {
        self.due.notify_one();
    }

    pub(super) fn say(&self, said: &presence::Said) {
        let from = presence::From { node: self.node.clone(), said: said.clone() };
        if let Ok(text) = serde_json::to_string(&from) {
            // What does not fit is said again before long.
            let _ = self.said.try_send(text);
        }
    }

    pub(super) fn hear_others(&self) -> mpsc::Receiver<presence::From> {
        let (heard, listener) = mpsc::channel(SAID);
        *self.heard_said.lock().unwrap_or_else(PoisonError::into_inner) = Some(heard);
        listener
    }

    fn hear_said(&self, text: &str) {
        // A newer node may say what this one does not know of.
        let Ok(from) = serde_json::from_str::<presence::From>(text) else { return };
        if from.node != self.node
            && let Some(heard) = &*self.heard_said.lock().unwrap_or_else(PoisonError::into_inner)
        {
            let _ = heard.try_send(from);
        }
    }

    pub(super) fn woken(&self) -> Arc<Notify> {
        Arc::clone(&self.woken)
    }

    pub(super) fn is_up(&self) -> bool {
        self.subscriber.state() == ClientState::Connected
    }

    async fn subscribe(&self) {
        // It can hang; then the node is found deaf.
        let channels = vec![self.channel.as_str(), self.talk.as_str()];
        let subscribed = timeout(PATIENCE, self.subscriber.subscribe(channels)).await;
        if !matches!(subscribed, Ok(Ok(()))) {
            tracing::warn!("Redis took no subscription");
        }
        self.heard.store(self.sent.load(Ordering::Relaxed), Ordering::Relaxed);
        // Whatever was said while nobody listened.
        self.woken.notify_one();
    }
}

fn build(config: Config) -> Result<Client, fred::error::Error> {
    Builder::from_config(config)
        .with_performance_config(|performance| {
            performance.default_command_timeout = PATIENCE;
            performance.broadcast_channel_capacity = BUFFER;
        })
        .with_connection_config(|connection| {
            connection.connection_timeout = PATIENCE;
            connection.internal_command_timeout = PATIENCE;
            connection.max_command_attempts = 1;
            connection.max_command_buffer_len = COMMANDS;
            connection.reconnect_on_auth_error = true;
            connection.unresponsive =
                UnresponsiveConfig { max_timeout: Some(2 * PATIENCE), interval: PATIENCE / 2 };
            connection.tcp = TcpConfig { nodelay: Some(true), ..TcpConfig::default() };
        })
        .set_policy(ReconnectPolicy::new_exponential(0, 100, 2_000, 2))
        .build()
}

/// Subscribes whenever the connection is a new one.
async fn stay(wakes: Weak<Wakes>, mut reconnected: broadcast::Receiver<Server>) {
    while !matches!(reconnected.recv().await, Err(RecvError::Closed)) {
        let Some(wakes) = wakes.upgrade() else { return };
        wakes.subscribe().await;
    }
}

async fn hear(wakes: Weak<Wakes>, mut messages: broadcast::Receiver<Message>) {
    loop {
        let heard = messages.recv().await;
        let Some(wakes) = wakes.upgrade() else { return };
        match heard {
            Ok(message) if *message.channel == *wakes.talk => {
                if let Some(text) = message.value.as_str() {
                    wakes.hear_said(&text);
                }
            }
            Ok(message) if message.value.as_str().as_deref() == Some(&wakes.node) => {
                wakes.heard.fetch_add(1, Ordering::Relaxed);
            }
            // More than there was room for: one look finds it all.
            Ok(_) | Err(RecvError::Lagged(_)) => wakes.woken.notify_one(),
            Err(RecvError::Closed) => return,
        }
    }
}

/// One saying after the other, in their order.
async fn talk(wakes: Weak<Wakes>, mut to_say: mpsc::Receiver<String>) {
    while let Some(text) = to_say.recv().await {
        let Some(wakes) = wakes.upgrade() else { return };
        let _: Result<i64, _> = wakes.publisher.publish(wakes.talk.as_str(), text).await;
    }
}

/// One wake at a time: what is due meanwhile shares the next.
async fn speak(wakes: Weak<Wakes>, due: Arc<Notify>) {
    let mut deaf_since: Option<Instant> = None;
    loop {
        // Looks now and then whether anyone is left to speak for.
        let _ = timeout(DEAF, due.notified()).await;
        let Some(wakes) = wakes.upgrade() else { return };
        let (sent, heard) =
            (wakes.sent.load(Ordering::Relaxed), wakes.heard.load(Ordering::Relaxed));
        deaf_since =
            deaf_since.or_else(|| (heard < sent).then(Instant::now)).filter(|_| heard < sent);
        if deaf_since.is_some_and(|since| since.elapsed() > DEAF) {
            tracing::warn!("Redis is deaf: connecting anew");
            deaf_since = None;
            wakes.heard.store(sent, Ordering::Relaxed);
            let _ = timeout(PATIENCE, wakes.subscriber.force_reconnection()).await;
        }
        let published: Result<i64, _> =
            wakes.publisher.publish(wakes.channel.as_str(), wakes.node.as_str()).await;
        if published.is_ok() {
            wakes.sent.fetch_add(1, Ordering::Relaxed);
        }
    }
}
