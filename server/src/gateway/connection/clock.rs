//! What time does to a connection: pings and silence, a reader that stands still, a session that is
//! over.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use domain::{accounts::sessions, rooms};
use futures_util::FutureExt as _;
use protocol::socket::close;
use tokio::time::Instant;

use super::{Connection, HEARTBEAT, PATIENCE, Who};
use crate::gateway::end::{End, GONE, SESSION_OVER, TOO_SLOW};

/// Who is silent for as long is gone.
const SILENCE: Duration = Duration::from_secs(35);

impl Connection {
    /// Looks at the clock, and asks to be woken when something is due.
    pub(super) fn watch(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        loop {
            if let Some(check) = &mut self.checks
                && let Poll::Ready(stands) = check.poll_unpin(cx)
            {
                self.checks = None;
                if !stands {
                    return Err(SESSION_OVER);
                }
            }
            let due = self.due();
            if due < self.timer.deadline() {
                self.timer.as_mut().reset(due);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return Ok(());
            }
            self.act_on_time()?;
            self.write(cx)?;
            let due = self.due();
            self.timer.as_mut().reset(due);
        }
    }

    fn due(&self) -> Instant {
        let mut due = self.beat_at.min(self.heard_at + SILENCE);
        if self.holds {
            due = due.min(self.resume_by);
        }
        match self.oldest() {
            Some(oldest) => due.min(oldest + PATIENCE),
            None => due,
        }
    }

    /// Since when the client has not taken what is there for it.
    fn oldest(&self) -> Option<Instant> {
        // What is held back waits for the client's word, or for the answers before it.
        let is_held = self.holds || self.resumes || !self.said.is_empty();
        let waits = if is_held { None } else { self.place.queue().since() };
        match (self.unflushed, waits) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    fn act_on_time(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if now >= self.heard_at + SILENCE {
            return Err(GONE);
        }
        if self.holds && now >= self.resume_by {
            return Err(End { code: close::TOO_SLOW, reason: "no resume" });
        }
        if self.oldest().is_some_and(|oldest| now >= oldest + PATIENCE) {
            return Err(TOO_SLOW);
        }
        if now >= self.beat_at {
            self.beat_at = now + HEARTBEAT;
            self.pings = true;
            self.check_session();
        }
        Ok(())
    }

    /// Looks whether the session is still one: it may have expired, or been ended by another process;
    /// or whether the room may still be looked at.
    fn check_session(&mut self) {
        let (ctx, who) = (self.house.ctx.clone(), self.who);
        self.checks = Some(
            async move {
                let stands = match &who {
                    Who::Viewer(viewer) => sessions::still(&ctx, viewer).await,
                    Who::Visitor(reader) => match rooms::reader(&ctx, None, reader.room()).await {
                        Ok(_) => Ok(true),
                        Err(domain::Error::NotFound) => Ok(false),
                        Err(error) => Err(error),
                    },
                };
                stands.unwrap_or_else(|error| {
                    tracing::warn!(%error, "a session could not be read");
                    true
                })
            }
            .boxed(),
        );
    }
}
