//! What a client is told: fed as one, and flushed once.

use std::{
    pin::Pin,
    sync::LazyLock,
    task::{Context, Poll},
};

use futures_util::Sink as _;
use metrics::{Counter, counter};
use protocol::{Event, socket::close};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::Connection;
use crate::gateway::{
    end::{End, GONE, RESTART},
    queue::text,
};

/// Looked up once: this is the busiest of what is counted.
pub(super) static SENT: LazyLock<Counter> = LazyLock::new(|| counter!("kith_frames_sent_total"));

impl Connection {
    /// Feeds what there is, and flushes once.
    pub(super) fn write(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        while self.has_frames() {
            if self.poll_ready(cx)?.is_pending() {
                self.is_stuck = true;
                return Ok(());
            }
            // All before it has been taken: slow is who makes no progress, not who has much to read.
            if std::mem::take(&mut self.is_stuck) {
                self.unflushed = None;
            }
            let Some(frame) = self.next_frame() else { break };
            self.unflushed.get_or_insert_with(Instant::now);
            Pin::new(&mut self.socket).start_send(frame).map_err(|_| GONE)?;
            SENT.increment(1);
        }
        if self.unflushed.is_some()
            && let Poll::Ready(flushed) = Pin::new(&mut self.socket).poll_flush(cx)
        {
            flushed.map_err(|_| GONE)?;
            self.unflushed = None;
            self.is_stuck = false;
        }
        Ok(())
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, End> {
        Ok(match Pin::new(&mut self.socket).poll_ready(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(()),
            Poll::Ready(Err(_)) => return Err(GONE),
            Poll::Pending => Poll::Pending,
        })
    }

    fn has_frames(&mut self) -> bool {
        if self.events.is_empty() && self.said.is_empty() && !self.holds && !self.resumes {
            self.events = self.place.queue().take();
        }
        self.pings || !self.said.is_empty() || !self.events.is_empty()
    }

    fn next_frame(&mut self) -> Option<Message> {
        if std::mem::take(&mut self.pings) {
            return Some(Message::Ping(Bytes::new()));
        }
        while let Some(said) = self.said.pop_front() {
            // What was read for a room that has been left since then stays unsaid.
            if said.room.is_some_and(|room| !self.place.may_hear(room)) {
                continue;
            }
            if let (Some(room), Some(revision)) = (said.room, said.resumed) {
                let sent = self.sent.entry(room).or_default();
                *sent = (*sent).max(revision);
            }
            return Some(Message::Text(said.text));
        }
        while let Some(frame) = self.events.pop_front() {
            // Nor what was taken from the queue before that.
            if frame.room().is_some_and(|room| !self.place.hears(room)) {
                continue;
            }
            if let Some((room, revision)) = frame.stands_at() {
                self.sent.insert(room, revision);
            }
            if let Some((room, revision)) = frame.number()
                && let Some(sent) = self.sent.get(&room)
            {
                if revision <= *sent {
                    continue;
                }
                self.sent.remove(&room);
            }
            return Some(Message::Text(frame.text));
        }
        None
    }

    /// Spreads the clients' return.
    pub(super) fn say_bye(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        if self.poll_ready(cx)?.is_pending() {
            return self.watch(cx);
        }
        let reconnect_after_ms = self.place.number() * 617 % 2_000;
        let bye = text(&Event::Bye { code: close::RESTART, reconnect_after_ms });
        // Flushed with the close frame.
        Pin::new(&mut self.socket).start_send(Message::Text(bye)).map_err(|_| GONE)?;
        SENT.increment(1);
        Err(RESTART)
    }
}
