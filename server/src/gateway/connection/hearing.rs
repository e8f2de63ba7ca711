//! What a client says: read with patience, begun and answered in its order.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{FutureExt as _, Stream as _};
use protocol::{
    Code, Command, Event, RoomId,
    socket::{Wish, close},
};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::{Connection, Who};
use crate::gateway::{
    commands,
    end::{End, GONE, protocol_error},
};

/// Past as many commands without an answer the server stops reading.
const UNANSWERED: usize = 10;
/// How often it is passed on that somebody writes in a room.
const TYPING: Duration = Duration::from_secs(3);
/// As many frames a second may come for long, and as many at once after a quiet while: an outbox that
/// was filled offline, and much reading in many rooms.
const FRAMES_A_SECOND: f32 = 30.0;
pub(super) const FRAMES_AT_ONCE: f32 = 150.0;
/// Taking one's hands off, or back, counts as so many more.
const MOVES: f32 = 19.0;

impl Connection {
    /// Whether too much waits for its answer for more to be read.
    pub(super) fn is_full(&self) -> bool {
        self.commands.len() + self.answers.len() + self.said.len() >= UNANSWERED
    }

    /// Whether all that was read is answered.
    pub(super) fn is_done(&self) -> bool {
        self.commands.is_empty() && self.answers.is_empty() && self.said.is_empty()
    }

    /// Reads one frame, if there is room for it.
    pub(super) fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        if self.is_full() {
            // Who is not listened to is not silent, and what piles up meanwhile is no flood.
            let quiet = self.pass_time();
            self.allowed += quiet * FRAMES_A_SECOND;
            return Ok(false);
        }
        let Poll::Ready(frame) = Pin::new(&mut self.socket).poll_next(cx) else {
            return Ok(false);
        };
        if matches!(frame, Some(Ok(_))) {
            self.count_frame()?;
        }
        match frame {
            Some(Ok(Message::Text(text))) => {
                let command = serde_json::from_str(&text);
                let refused = |_| refusal("This is no command that Kith knows.");
                self.commands.push_back(command.map_err(refused));
            }
            Some(Ok(Message::Binary(_))) => {
                self.commands.push_back(Err(refusal("Kith speaks text frames.")));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                // The answer to a ping was written by the socket, and leaves with the next flush.
                self.unflushed.get_or_insert(self.heard_at);
            }
            Some(Ok(Message::Close(_))) | None => return Err(GONE),
            Some(Err(error)) => return Err(protocol_error(&error)),
        }
        Ok(true)
    }

    /// Begins what may be begun, and takes the answers that are there.
    pub(super) fn answer(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while self.begin_next() {
            moved = true;
        }
        while let Some(Poll::Ready(answer)) =
            self.answers.front_mut().map(|answer| answer.poll_unpin(cx))
        {
            self.answers.pop_front();
            self.resumes = false;
            self.member = answer.spoke.or(self.member);
            self.said.extend(answer.said);
            moved = true;
        }
        moved
    }

    /// Begins with the oldest command that waits. Messages follow each other into the line where the
    /// client has spoken before; everything else waits until all before it is answered.
    fn begin_next(&mut self) -> bool {
        let is_free = self.answers.is_empty();
        let spoken = |room: RoomId| {
            self.member.filter(|member| member.room() == room && self.place.hears(room))
        };
        let answer = match self.commands.front() {
            None => return false,
            Some(Ok(Command::Send { room, .. })) if let Some(member) = spoken(*room) => {
                let Some(Ok(command)) = self.commands.pop_front() else { return false };
                commands::send(&self.house.ctx, &member, command)
            }
            Some(_) if !is_free => return false,
            Some(_) => match self.commands.pop_front() {
                // Nothing to answer.
                Some(Ok(Command::Status { status })) if self.is_all_to_do(status) => return true,
                Some(Ok(Command::Typing { room })) if !self.may_type(room) => return true,
                Some(Ok(Command::Resume { epoch, rooms, notifications })) => {
                    self.holds = false;
                    self.resumes = true;
                    // Not what ends before `ready`: the events between would count as sent.
                    let is_whole = |room: &RoomId, now: i64| {
                        self.sent.get(room).is_none_or(|sent| now >= *sent)
                    };
                    let remembers = |room, revision| {
                        let recent = self.place.recent(room, revision);
                        recent.filter(|(_, now)| is_whole(&room, *now))
                    };
                    let resume = commands::Resume { epoch, rooms, notifications };
                    let ctx = self.house.ctx.clone();
                    match self.who {
                        Who::Viewer(viewer) => commands::resume(ctx, viewer, resume, remembers),
                        Who::Visitor(reader) => {
                            let answer = commands::look_again(&ctx, &reader, &resume, remembers);
                            std::future::ready(answer).boxed()
                        }
                    }
                }
                Some(Ok(command)) => {
                    // The next message there follows this one, and does not overtake it.
                    if matches!(command, Command::Send { .. }) {
                        self.member = None;
                    }
                    match self.who {
                        Who::Viewer(viewer) => {
                            commands::answer(self.house.ctx.clone(), viewer, command).boxed()
                        }
                        Who::Visitor(_) => {
                            std::future::ready(commands::answer_visitor(&command)).boxed()
                        }
                    }
                }
                Some(Err(refused)) => std::future::ready(refused.into()).boxed(),
                None => return false,
            },
        };
        self.answers.push_back(answer);
        true
    }

    /// Does what this connection does about a status; whether that is all. A hand on it makes nobody
    /// visible, unless it was this one that hid them.
    fn is_all_to_do(&mut self, status: Wish) -> bool {
        match status {
            Wish::Away | Wish::Online => {
                // Friends and rooms are told, on all nodes.
                self.allowed -= MOVES;
                if let Some(lease) = &self.lease {
                    lease.set_away(status == Wish::Away);
                }
            }
            Wish::Invisible => {
                self.hides = true;
                return false;
            }
        }
        status == Wish::Away || !std::mem::take(&mut self.hides)
    }

    /// It is passed on at most once in three seconds, for who is in the room.
    fn may_type(&mut self, room: RoomId) -> bool {
        let now = Instant::now();
        let is_again = self.typed.is_some_and(|(last, at)| {
            // Who goes from room to room is quick, but not that quick.
            let pause = if last == room { TYPING } else { TYPING / 3 };
            now < at + pause
        });
        let may = !is_again && self.place.hears(room);
        if may {
            self.typed = Some((room, now));
        }
        may
    }

    /// Seconds since the client was last heard, who is heard now.
    fn pass_time(&mut self) -> f32 {
        let before = std::mem::replace(&mut self.heard_at, Instant::now());
        (self.heard_at - before).as_secs_f32()
    }

    fn count_frame(&mut self) -> Result<(), End> {
        let more = self.allowed + self.pass_time() * FRAMES_A_SECOND;
        self.allowed = more.min(FRAMES_AT_ONCE.max(self.allowed)) - 1.0;
        if self.allowed < 0.0 && self.house.ctx.limits().are_on() {
            return Err(End { code: close::TOO_MANY, reason: "too many frames" });
        }
        Ok(())
    }
}

fn refusal(detail: &str) -> Event {
    Event::Refused { id: None, code: Code::Invalid, detail: detail.into(), retry_after_ms: None }
}
