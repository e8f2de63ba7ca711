//! Hearing: the channels that are listened to, and what comes in them.

use std::{
    sync::{Weak, atomic::Ordering},
    time::Duration,
};

use fred::{
    interfaces::{ClientLike as _, PubsubInterface as _},
    types::Message,
};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{Instant, timeout},
};

use super::{PATIENCE, Redis, is_connected};
use crate::bus::{
    Heard,
    word::{self, Said, Saying},
};

/// As many channels are subscribed to by one command.
const SUBSCRIBE: usize = 256;
/// How soon it is looked again which channels are wanted.
const CHANNELS: Duration = Duration::from_secs(1);

impl Redis {
    /// A connection is new: nobody knows what was said before it.
    pub(super) async fn begin(&self) {
        // It says that it is before it is.
        let _ = timeout(PATIENCE, self.subscriber.wait_for_connect()).await;
        if !is_connected(&self.subscriber) {
            return;
        }
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
        if !is_connected(&self.subscriber) {
            return;
        }
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
            for room in some {
                self.say(*room, Saying::Ask);
                self.pass_on(Heard::Listens(*room)).await;
            }
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

/// Subscribes whenever the connection is a new one, or channels are somebody else's in a cluster.
pub(super) async fn stay<T: Clone>(redis: Weak<Redis>, mut changed: broadcast::Receiver<T>) {
    while !matches!(changed.recv().await, Err(RecvError::Closed)) {
        // What changed until now is dealt with by this.
        while changed.try_recv().is_ok() {}
        let Some(redis) = redis.upgrade() else { return };
        redis.begin().await;
        redis.pass_on(Heard::Anew).await;
    }
}

pub(super) async fn hear(redis: Weak<Redis>, mut messages: broadcast::Receiver<Message>) {
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

pub(super) async fn subscribe(redis: Weak<Redis>) {
    loop {
        let Some(strong) = redis.upgrade() else { return };
        strong.move_channels().await;
        let _ = timeout(CHANNELS, strong.channels.moved.notified()).await;
    }
}
