//! Redis, between the nodes: each room has a channel, which those nodes listen to that serve it, and
//! everything else in the database is told by a wake, which says nothing. What is lost on the way is
//! read half a second later.

mod channels;
mod connection;
mod listen;
mod outgoing;
mod speak;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use fred::{
    clients::Client,
    interfaces::{ClientLike as _, EventInterface as _},
};
use protocol::RoomId;
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, timeout},
};

use super::{Heard, Store, word::Saying};
use crate::{Clock, Error, Result, clock};
use channels::Channels;
pub(super) use connection::Publisher;
use connection::{is_connected, keep_connected};
use outgoing::Outgoing;

/// How long Redis may take for anything.
const PATIENCE: Duration = Duration::from_secs(1);
/// As much waits to be heard; past that, it is read what was missed.
const BUFFER: usize = 2_048;

/// What is said and heard over Redis.
#[derive(Debug)]
pub(super) struct Redis {
    /// What this house's channels begin with.
    prefix: String,
    node: String,
    publisher: Publisher,
    subscriber: Client,
    outgoing: Outgoing,
    channels: Channels,
    heard: Mutex<Option<mpsc::Sender<Heard>>>,
    woken: Arc<Notify>,
    /// How long anybody waits for what Redis knows.
    patience: Duration,
    /// What this node said to itself: how often, and how often it heard it.
    sent: AtomicU64,
    echoed: AtomicU64,
}

impl Redis {
    pub(super) async fn open(
        url: &str,
        house: &str,
        clock: &Clock,
        patience: Duration,
    ) -> Result<Arc<Self>> {
        let config = connection::config(url)?;
        let client = || connection::build(config.clone(), patience).map_err(Error::internal);
        let redis = Arc::new(Self {
            prefix: format!("kith:{house}"),
            node: protocol::SessionId::new(clock.now().0, clock::random()).to_string(),
            publisher: Publisher::new(client()?),
            subscriber: client()?,
            outgoing: Outgoing::default(),
            channels: Channels::default(),
            heard: Mutex::default(),
            woken: Arc::default(),
            patience,
            sent: AtomicU64::new(0),
            echoed: AtomicU64::new(0),
        });
        // Before anything is read: what changes from here on is heard.
        let reconnected = redis.subscriber.reconnect_rx();
        let moved = redis.subscriber.cluster_change_rx();
        let messages = redis.subscriber.message_rx();
        let errors = redis.subscriber.error_rx();
        let (weak, publisher) = (Arc::downgrade(&redis), redis.publisher.client.connect());
        tokio::spawn(keep_connected(weak.clone(), |redis| &redis.publisher.client, publisher));
        let subscriber = redis.subscriber.connect();
        tokio::spawn(keep_connected(weak, |redis| &redis.subscriber, subscriber));
        // Who asks something right away finds it.
        let _ = timeout(PATIENCE, redis.publisher.client.wait_for_connect()).await;
        // A connection of before is subscribed here, later ones as they come.
        redis.begin().await;
        tokio::spawn(listen::stay(Arc::downgrade(&redis), reconnected));
        tokio::spawn(listen::stay(Arc::downgrade(&redis), moved));
        tokio::spawn(listen::hear(Arc::downgrade(&redis), messages));
        tokio::spawn(listen::subscribe(Arc::downgrade(&redis)));
        tokio::spawn(speak::speak(Arc::downgrade(&redis), errors));
        Ok(redis)
    }

    /// For asking it something, in this house.
    pub(super) fn store(&self, house: &str) -> Store {
        Store::new(self.publisher.clone(), house, &self.node, self.patience)
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
        self.publisher.is_up() && is_connected(&self.subscriber)
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
}
