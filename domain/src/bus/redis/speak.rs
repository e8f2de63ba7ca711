//! Saying: what waits to be said leaves in pipelines; and whether this node hears itself.

use std::{
    sync::{Weak, atomic::Ordering},
    time::Duration,
};

use fred::{
    error::Error,
    interfaces::{ClientLike as _, PubsubInterface as _},
    types::config::Server,
};
use protocol::RoomId;
use tokio::{
    sync::broadcast::{self, error::TryRecvError},
    time::{Instant, interval, timeout},
};

use super::{PATIENCE, Redis, is_connected, outgoing::Due};
use crate::bus::Heard;

/// As many commands leave in one pipeline.
const PIPELINE: usize = 256;
/// A node that does not hear itself for as long subscribes anew.
const DEAF: Duration = Duration::from_secs(2);

impl Redis {
    /// Says what is due. Whether it was.
    pub(super) async fn publish(&self, due: Due) -> bool {
        if !self.publisher.is_up() {
            return false;
        }
        let client = &self.publisher.client;
        let is_clustered = client.is_clustered();
        let rooms: Vec<(RoomId, String)> = due.rooms.into_iter().collect();
        for some in rooms.chunks(PIPELINE) {
            let pipeline = client.pipeline();
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
                client.publish(self.wake_channel(), self.node.as_str()).await;
            return woken.is_ok();
        }
        true
    }

    pub(super) async fn say_to_itself(&self) {
        let client = &self.publisher.client;
        if !is_connected(client) {
            return;
        }
        let said: Result<i64, _> = client.publish(self.echo_channel(), "").await;
        self.publisher.heard(&said);
        if said.is_ok() {
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// For who runs the node; with what the connection last failed by.
fn tell(is_up: bool, errors: &mut broadcast::Receiver<(Error, Option<Server>)>) {
    let mut because = None;
    loop {
        match errors.try_recv() {
            Ok((error, _)) => because = Some(error.to_string()),
            // More than are kept: those that are come next.
            Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    if is_up {
        tracing::info!("Redis is back");
    } else {
        tracing::warn!(because, "Redis is away: other nodes are heard by the database alone");
    }
}

/// One pipeline after the other: what is due meanwhile shares the next.
pub(super) async fn speak(
    redis: Weak<Redis>,
    mut errors: broadcast::Receiver<(Error, Option<Server>)>,
) {
    let mut echo = interval(DEAF / 2);
    let (mut deaf_since, mut is_lost): (Option<Instant>, bool) = (None, false);
    let mut was_up = true;
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
                let is_now = strong.is_up();
                if std::mem::replace(&mut was_up, is_now) != is_now {
                    tell(is_now, &mut errors);
                }
                let (sent, echoed) =
                    (strong.sent.load(Ordering::Relaxed), strong.echoed.load(Ordering::Relaxed));
                let is_deaf = echoed < sent;
                deaf_since = deaf_since.or_else(|| is_deaf.then(Instant::now)).filter(|_| is_deaf);
                if deaf_since.is_some_and(|since| since.elapsed() > DEAF) {
                    tracing::warn!("Redis is deaf: connecting anew");
                    deaf_since = None;
                    strong.echoed.store(sent, Ordering::Relaxed);
                    if is_connected(&strong.subscriber) {
                        let _ = timeout(PATIENCE, strong.subscriber.force_reconnection()).await;
                    }
                }
                strong.say_to_itself().await;
                if is_lost {
                    strong.outgoing.wake();
                }
            }
        }
    }
}
