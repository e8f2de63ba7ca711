//! Redis, between the nodes: each room has a channel, which those nodes listen to that serve it, and
//! everything else in the database is told by a wake, which says nothing. What is lost on the way is
//! read half a second later.

mod channels;
mod outgoing;

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
        config::{Config, ReconnectPolicy, TcpConfig, UnresponsiveConfig},
    },
};
use protocol::RoomId;
use tokio::{
    sync::{
        Notify,
        broadcast::{self, error::RecvError},
        mpsc,
    },
    time::{Instant, interval, timeout},
};

use super::{
    Heard,
    word::{self, Said, Saying},
};
use crate::{Clock, Error, Result, clock};
use channels::Channels;
use outgoing::{Due, Outgoing};

/// How long Redis may take for anything.
const PATIENCE: Duration = Duration::from_secs(1);
/// A node that does not hear itself for as long subscribes anew.
const DEAF: Duration = Duration::from_secs(2);
/// As much waits to be heard; past that, it is read what was missed.
const BUFFER: usize = 2_048;
/// As many commands wait for Redis to come back: what comes late is of no use.
const COMMANDS: usize = 64;
/// As many commands leave in one pipeline.
const PIPELINE: usize = 256;
/// As many channels are subscribed to by one command.
const SUBSCRIBE: usize = 256;
/// How soon it is looked again which channels are wanted.
const CHANNELS: Duration = Duration::from_secs(1);

/// What is said and heard over Redis.
#[derive(Debug)]
pub(super) struct Redis {
    /// What this house's channels begin with.
    prefix: String,
    node: String,
    publisher: Client,
    subscriber: Client,
    outgoing: Outgoing,
    channels: Channels,
    heard: Mutex<Option<mpsc::Sender<Heard>>>,
    woken: Arc<Notify>,
    /// What this node said to itself: how often, and how often it heard it.
    sent: AtomicU64,
    echoed: AtomicU64,
}

impl Redis {
    pub(super) async fn open(url: &str, house: &str, clock: &Clock) -> Result<Arc<Self>> {
        let mut config = Config::from_url(url).map_err(Error::internal)?;
        // It may come up later than this node.
        config.fail_fast = false;
        let client = || build(config.clone()).map_err(Error::internal);
        let redis = Arc::new(Self {
            prefix: format!("kith:{house}"),
            node: protocol::SessionId::new(clock.now().0, clock::random()).to_string(),
            publisher: client()?,
            subscriber: client()?,
            outgoing: Outgoing::default(),
            channels: Channels::default(),
            heard: Mutex::default(),
            woken: Arc::default(),
            sent: AtomicU64::new(0),
            echoed: AtomicU64::new(0),
        });
        // Before anything is read: what changes from here on is heard.
        let reconnected = redis.subscriber.reconnect_rx();
        let moved = redis.subscriber.cluster_change_rx();
        let messages = redis.subscriber.message_rx();
        redis.publisher.connect();
        redis.subscriber.connect();
        let connected = timeout(PATIENCE, redis.subscriber.wait_for_connect()).await;
        if !matches!(connected, Ok(Ok(()))) {
            tracing::warn!("Redis does not answer: other nodes are heard by the database alone");
        }
        // A connection of before is subscribed here, later ones as they come.
        redis.begin().await;
        tokio::spawn(stay(Arc::downgrade(&redis), reconnected));
        tokio::spawn(stay(Arc::downgrade(&redis), moved));
        tokio::spawn(hear(Arc::downgrade(&redis), messages));
        tokio::spawn(subscribe(Arc::downgrade(&redis)));
        tokio::spawn(speak(Arc::downgrade(&redis)));
        Ok(redis)
    }

    /// For asking it something.
    pub(super) fn client(&self) -> Client {
        self.publisher.clone()
    }

    /// How this node is known to the others.
    pub(super) fn node(&self) -> &str {
        &self.node
    }

    pub(super) fn wake_others(&self) {
        self.outgoing.wake();
    }

    pub(super) fn say(&self, room: RoomId, saying: Saying<'_>) {
        self.outgoing.say(room, saying);
    }

    pub(super) fn serve(&self, room: RoomId) {
        if self.channels.serve(room) {
            // Who was there is forgotten with the last who heard it.
            self.say(room, Saying::Ask);
        }
    }

    pub(super) fn unserve(&self, room: RoomId) {
        self.channels.unserve(room, Instant::now());
    }

    /// Asks in every room that is served who is there.
    pub(super) fn ask_all(&self) {
        self.channels.served().into_iter().for_each(|room| self.say(room, Saying::Ask));
    }

    pub(super) fn hear_others(&self) -> mpsc::Receiver<Heard> {
        let (heard, listener) = mpsc::channel(BUFFER);
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(heard);
        listener
    }

    pub(super) fn woken(&self) -> Arc<Notify> {
        Arc::clone(&self.woken)
    }

    pub(super) fn is_up(&self) -> bool {
        self.subscriber.state() == ClientState::Connected
    }

    fn wake_channel(&self) -> String {
        format!("{}:wake", self.prefix)
    }

    /// Where only this node speaks, and only to itself.
    fn echo_channel(&self) -> String {
        format!("{}:node:{}", self.prefix, self.node)
    }

    fn room_channel(&self, room: RoomId) -> String {
        format!("{}:room:{room}", self.prefix)
    }

    fn room_of(&self, channel: &str) -> Option<RoomId> {
        channel.strip_prefix(&self.prefix)?.strip_prefix(":room:")?.parse().ok()
    }

    /// Hands on what was heard, in its order.
    async fn pass_on(&self, heard: Heard) {
        let listener = self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(listener) = listener {
            let _ = listener.send(heard).await;
        }
    }

    /// A connection is new: nobody knows what was said before it.
    async fn begin(&self) {
        // It can hang; then the node is found deaf.
        let common = vec![self.wake_channel(), self.echo_channel()];
        let subscribed = timeout(PATIENCE, self.subscriber.subscribe(common)).await;
        if !matches!(subscribed, Ok(Ok(()))) {
            tracing::warn!("Redis took no subscription");
        }
        self.echoed.store(self.sent.load(Ordering::Relaxed), Ordering::Relaxed);
        self.channels.begin();
        self.woken.notify_one();
    }

    /// Subscribes to what is wanted by now, and ends what is wanted no more.
    async fn move_channels(&self) {
        let moves = self.channels.moves(Instant::now());
        // In a cluster each is a command of its own, and waits for the one before.
        let at_once = if self.subscriber.is_clustered() { SUBSCRIBE / 16 } else { SUBSCRIBE };
        for some in moves.unsubscribe.chunks(at_once) {
            let channels = some.iter().map(|room| self.room_channel(*room)).collect();
            if matches!(timeout(PATIENCE, self.end(channels)).await, Ok(Ok(()))) {
                self.channels.ended(some);
            }
        }
        for some in moves.subscribe.chunks(at_once) {
            let channels = some.iter().map(|room| self.room_channel(*room)).collect();
            let is_done = timeout(PATIENCE, self.listen(channels)).await;
            if !matches!(is_done, Ok(Ok(()))) || !self.channels.done(moves.connection, some) {
                return;
            }
            // Who is there, and what was said until now.
            some.iter().for_each(|room| self.say(*room, Saying::Ask));
            self.woken.notify_one();
        }
    }

    /// In a cluster a channel is its shard's; elsewhere there is one shard for all.
    async fn listen(&self, channels: Vec<String>) -> Result<(), fred::error::Error> {
        if !self.subscriber.is_clustered() {
            return self.subscriber.subscribe(channels).await;
        }
        for channel in channels {
            self.subscriber.ssubscribe(channel).await?;
        }
        Ok(())
    }

    async fn end(&self, channels: Vec<String>) -> Result<(), fred::error::Error> {
        if !self.subscriber.is_clustered() {
            return self.subscriber.unsubscribe(channels).await;
        }
        for channel in channels {
            self.subscriber.sunsubscribe(channel).await?;
        }
        Ok(())
    }

    /// Says what is due. Whether it was.
    async fn publish(&self, due: Due) -> bool {
        let is_clustered = self.publisher.is_clustered();
        let rooms: Vec<(RoomId, String)> = due.rooms.into_iter().collect();
        for some in rooms.chunks(PIPELINE) {
            let pipeline = self.publisher.pipeline();
            for (room, words) in some {
                let (channel, text) =
                    (self.room_channel(*room), format!("{} [{words}]", self.node));
                // Queued, and no more.
                let queued: Result<(), _> = match is_clustered {
                    true => pipeline.spublish(channel, text).await,
                    false => pipeline.publish(channel, text).await,
                };
                if queued.is_err() {
                    return false;
                }
            }
            let said = timeout(PATIENCE, pipeline.all::<Vec<i64>>()).await;
            if !matches!(said, Ok(Ok(_))) {
                return false;
            }
        }
        if due.wakes {
            let woken: Result<i64, _> =
                self.publisher.publish(self.wake_channel(), self.node.as_str()).await;
            return woken.is_ok();
        }
        true
    }

    async fn say_to_itself(&self) {
        let said: Result<i64, _> = self.publisher.publish(self.echo_channel(), "").await;
        if said.is_ok() {
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
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

/// Subscribes whenever the connection is a new one, or channels are somebody else's in a cluster.
async fn stay<T: Clone>(redis: Weak<Redis>, mut changed: broadcast::Receiver<T>) {
    while !matches!(changed.recv().await, Err(RecvError::Closed)) {
        let Some(redis) = redis.upgrade() else { return };
        redis.begin().await;
        redis.pass_on(Heard::Anew).await;
    }
}

async fn hear(redis: Weak<Redis>, mut messages: broadcast::Receiver<Message>) {
    loop {
        let heard = messages.recv().await;
        let Some(redis) = redis.upgrade() else { return };
        match heard {
            Ok(message) => redis.take(&message).await,
            // More than there was room for: what is stored is read, and who is here is asked.
            Err(RecvError::Lagged(_)) => {
                redis.woken.notify_one();
                redis.pass_on(Heard::Anew).await;
            }
            Err(RecvError::Closed) => return,
        }
    }
}

impl Redis {
    async fn take(&self, message: &Message) {
        let Some(text) = message.value.as_bytes_str() else { return };
        if let Some(room) = self.room_of(&message.channel) {
            let Some((node, words)) = text.split_once(' ') else { return };
            // What it says itself it knows.
            if node != self.node {
                let (node, words) = (node.to_owned(), word::words(words));
                self.pass_on(Heard::Said(Said { node, room, words })).await;
            }
        } else if *message.channel == self.wake_channel() {
            if *text != self.node {
                self.woken.notify_one();
            }
        } else if *message.channel == self.echo_channel() {
            self.echoed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn subscribe(redis: Weak<Redis>) {
    loop {
        let Some(strong) = redis.upgrade() else { return };
        strong.move_channels().await;
        let _ = timeout(CHANNELS, strong.channels.moved.notified()).await;
    }
}

/// One pipeline after the other: what is due meanwhile shares the next.
async fn speak(redis: Weak<Redis>) {
    let mut echo = interval(DEAF / 2);
    let (mut deaf_since, mut is_lost): (Option<Instant>, bool) = (None, false);
    loop {
        let Some(strong) = redis.upgrade() else { return };
        tokio::select! {
            () = strong.outgoing.ready.notified() => {
                let mut due = strong.outgoing.take();
                is_lost |= std::mem::take(&mut due.is_cut);
                // What was to be read is said to be there again and again, until it is said.
                due.wakes |= is_lost;
                if !strong.publish(due).await {
                    is_lost = true;
                } else if std::mem::take(&mut is_lost) {
                    strong.pass_on(Heard::Anew).await;
                }
            }
            _ = echo.tick() => {
                let (sent, echoed) =
                    (strong.sent.load(Ordering::Relaxed), strong.echoed.load(Ordering::Relaxed));
                let is_deaf = echoed < sent;
                deaf_since = deaf_since.or_else(|| is_deaf.then(Instant::now)).filter(|_| is_deaf);
                if deaf_since.is_some_and(|since| since.elapsed() > DEAF) {
                    tracing::warn!("Redis is deaf: connecting anew");
                    deaf_since = None;
                    strong.echoed.store(sent, Ordering::Relaxed);
                    let _ = timeout(PATIENCE, strong.subscriber.force_reconnection()).await;
                }
                strong.say_to_itself().await;
                if is_lost {
                    strong.outgoing.wake();
                }
            }
        }
    }
}
