//! One connection: reads commands, answers them in order, writes what waits. What one client does
//! or fails to do ends here.
//!
//! It is polled by hand: whatever wakes it, everything that can be done is done, and what there is to
//! write is fed as one and flushed once. An idle connection keeps one timer and no future.

mod clock;

use std::{
    collections::{HashMap, VecDeque},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use domain::{
    Viewer,
    presence::{self, Lease},
    rooms,
    snapshot::{self, Greeting},
};
use futures_util::{FutureExt as _, Sink, Stream, future::BoxFuture};
use protocol::{
    Code, Command, Event, RoomId,
    socket::{Wish, close},
};
use tokio::{
    net::TcpStream,
    time::{Instant, Sleep, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Bytes, Message},
};

use super::{
    commands::{self, Answer, Said},
    end::{End, GONE, RESTART, SESSION_OVER, TOO_SLOW, farewell, protocol_error},
    hub::Place,
    queue::{Ended, Frame, text},
    upgrade::Opened,
};
use crate::serve::House;

/// Past as many commands without an answer the server stops reading.
const UNANSWERED: usize = 10;
const HEARTBEAT: Duration = Duration::from_millis(snapshot::HEARTBEAT_MS);
/// Whose oldest frame waits for as long reads too slowly.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a client that asked to be held may take to say what it has.
const RESUME_WITHIN: Duration = Duration::from_secs(5);

/// As many frames a second may come for long, and as many at once after a quiet while: an outbox that
/// was filled offline, and much reading in many rooms.
const TYPING: Duration = Duration::from_secs(3);
const FRAMES_A_SECOND: f32 = 30.0;
const FRAMES_AT_ONCE: f32 = 150.0;

/// Whose connection it is.
#[derive(Clone, Copy)]
pub enum Who {
    Viewer(Viewer),
    /// Somebody who only looks at a public room, signed in or not.
    Visitor(rooms::Reader),
}

struct Connection {
    house: House,
    who: Who,
    place: Place,
    /// That its owner is here.
    lease: Option<Lease>,
    socket: WebSocketStream<TcpStream>,
    /// Room events wait until the client has said what it has.
    holds: bool,
    /// An answer to `resume` is under way: room events wait until it is out.
    resumes: bool,
    /// Events up to this revision were sent already, in `ready` or in an answer to `resume`.
    sent: HashMap<RoomId, i64>,
    /// What was heard and is not begun; what was no command comes with its refusal.
    commands: VecDeque<Result<Command, Event>>,
    /// What is begun, in the order of the answers.
    answers: VecDeque<BoxFuture<'static, Answer>>,
    /// Where the client spoke last.
    member: Option<rooms::Member>,
    /// What is answered and not yet fed to the socket.
    said: VecDeque<Said>,
    /// What was taken from the queue and not yet fed to the socket.
    events: VecDeque<Frame>,
    /// Since when something is fed and not flushed.
    unflushed: Option<Instant>,
    /// The socket took no more when it was last fed.
    is_stuck: bool,
    pings: bool,
    checks: Option<BoxFuture<'static, bool>>,
    /// Where the client wrote last, and when that was passed on.
    typed: Option<(RoomId, Instant)>,
    /// It has hidden its account.
    hides: bool,
    heard_at: Instant,
    /// As many frames may come now.
    allowed: f32,
    beat_at: Instant,
    resume_by: Instant,
    timer: Pin<Box<Sleep>>,
}

/// Serves a connection until either side ends it.
pub async fn serve(mut opened: Opened, house: House, who: Who, holds: bool) {
    let place = match &who {
        Who::Viewer(viewer) => house.hub.enter(viewer),
        Who::Visitor(reader) => house.hub.visit(reader.position()),
    };
    if house.shutdown.is_cancelled() {
        place.queue().end(Ended::Restart);
    }
    // Boxed: what greeting takes is given back before the long quiet.
    let greeted = Box::pin(greet(&house, &who, &place, &mut opened)).await;
    let (sent, lease) = match greeted {
        Ok(greeted) => greeted,
        Err(end) => return farewell(opened.socket().await, end).await,
    };
    let now = Instant::now();
    let mut connection = Connection {
        house,
        who,
        place,
        lease,
        socket: opened.socket().await,
        holds,
        resumes: false,
        sent,
        commands: VecDeque::new(),
        answers: VecDeque::new(),
        member: None,
        said: VecDeque::new(),
        events: VecDeque::new(),
        unflushed: None,
        is_stuck: false,
        pings: false,
        checks: None,
        typed: None,
        hides: false,
        heard_at: now,
        allowed: FRAMES_AT_ONCE,
        beat_at: now + HEARTBEAT,
        resume_by: now + RESUME_WITHIN,
        timer: Box::pin(sleep_until(now + HEARTBEAT.min(RESUME_WITHIN))),
    };
    let end = std::future::poll_fn(|cx| connection.poll(cx)).await;
    farewell(connection.socket, end).await;
}

/// Reads where everything stands, and listens from there on.
async fn greet(
    house: &House,
    who: &Who,
    place: &Place,
    opened: &mut Opened,
) -> Result<(HashMap<RoomId, i64>, Option<Lease>), End> {
    let failed = |error: domain::Error| {
        if matches!(error, domain::Error::NotFound) {
            return SESSION_OVER;
        }

        tracing::error!(%error, "a socket could not be greeted");
        End { code: close::RESTART, reason: "not available" }
    };
    let (mut ready, lease) = match who {
        Who::Viewer(viewer) => {
            let lease = presence::enter(&house.ctx, viewer);
            let Greeting { ready, positions, is_invisible } =
                snapshot::greeting(&house.ctx, viewer).await.map_err(failed)?;
            place.listen_to(positions);
            lease.know(is_invisible);
            (ready, Some(lease))
        }
        Who::Visitor(reader) => (snapshot::visit(&house.ctx, reader).await.map_err(failed)?, None),
    };
    let sent = ready.rooms.iter().map(|room| (room.id, room.revision)).collect();
    house.hub.dress(&house.ctx, &mut ready.rooms).await;
    let frame = text(&Event::Ready(Box::new(ready)));
    let written = timeout(PATIENCE, opened.greet(&frame)).await.map_err(|_| TOO_SLOW)?;
    written.map_err(|_| GONE)?;
    Ok((sent, lease))
}

impl Connection {
    /// Does what can be done, until it ends.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        match self.advance(cx) {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        }
    }

    fn advance(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        self.place.queue().wakes(cx.waker());
        let ended = self.place.queue().ended();
        if ended == Some(Ended::SessionOver) {
            return Err(SESSION_OVER);
        }
        let restarts = ended == Some(Ended::Restart);
        loop {
            let was_full = self.is_full();
            let heard = !restarts && self.read(cx)?;
            let answered = self.answer(cx);
            self.write(cx)?;
            // Who did not read for want of room has not asked to be woken by what comes.
            let has_room_again = was_full && !self.is_full();
            if !heard && !answered && !has_room_again {
                break;
            }
        }
        if restarts && self.is_done() {
            return self.say_bye(cx);
        }
        self.watch(cx)
    }

    /// Whether too much waits for its answer for more to be read.
    fn is_full(&self) -> bool {
        self.commands.len() + self.answers.len() + self.said.len() >= UNANSWERED
    }

    /// Reads one frame, if there is room for it.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
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
    fn answer(&mut self, cx: &mut Context<'_>) -> bool {
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

    /// Feeds what there is, and flushes once.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
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

    fn is_done(&self) -> bool {
        self.commands.is_empty() && self.answers.is_empty() && self.said.is_empty()
    }

    /// Spreads the clients' return.
    fn say_bye(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        if self.poll_ready(cx)?.is_pending() {
            return self.watch(cx);
        }
        let reconnect_after_ms = self.place.number() * 617 % 2_000;
        let bye = text(&Event::Bye { code: close::RESTART, reconnect_after_ms });
        // Flushed with the close frame.
        Pin::new(&mut self.socket).start_send(Message::Text(bye)).map_err(|_| GONE)?;
        Err(RESTART)
    }
}

fn refusal(detail: &str) -> Event {
    Event::Refused { id: None, code: Code::Invalid, detail: detail.into(), retry_after_ms: None }
}
