//! One connection: reads commands, answers them in order, writes what waits. What one client does
//! or fails to do ends here.
//!
//! It is polled by hand: whatever wakes it, everything that can be done is done, and what there is to
//! write is fed as one and flushed once. An idle connection keeps one timer and no future.

mod clock;
mod greeting;
mod hearing;
mod telling;

use std::{
    collections::{HashMap, VecDeque},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use domain::{Viewer, presence::Lease, rooms, snapshot};
use futures_util::future::BoxFuture;
use protocol::{Command, Event, RoomId};
use tokio::{
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};
use tokio_tungstenite::WebSocketStream;

use super::{
    commands::{Answer, Said},
    end::{End, SESSION_OVER, farewell},
    hub::Place,
    queue::{Ended, Frame},
    upgrade::Opened,
};
use crate::serve::House;
use greeting::greet;
use hearing::FRAMES_AT_ONCE;

const HEARTBEAT: Duration = Duration::from_millis(snapshot::HEARTBEAT_MS);
/// Whose oldest frame waits for as long reads too slowly.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a client that asked to be held may take to say what it has.
const RESUME_WITHIN: Duration = Duration::from_secs(5);

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
        Err(Some(end)) => return farewell(opened.socket().await, end).await,
        Err(None) => return,
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
}
