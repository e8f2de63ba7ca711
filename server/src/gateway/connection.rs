//! One connection: reads commands, answers them in order, writes what waits. What one client does
//! or fails to do ends here.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use domain::{Viewer, accounts::sessions, rooms, snapshot};
use futures_util::{
    SinkExt, StreamExt,
    future::BoxFuture,
    stream::{SplitSink, SplitStream},
};
use protocol::{Code, Command, Event, RoomId, socket::close};
use tokio::time::{Instant, interval_at, sleep_until, timeout};

use super::{
    commands::{self, Answer},
    hub::Place,
    queue::text,
};
use crate::serve::House;

/// Past as many commands without an answer the server stops reading.
const UNANSWERED: usize = 10;
/// Who is silent for as long is gone.
const SILENCE: Duration = Duration::from_secs(35);
/// Whose frames cannot be written for as long reads too slowly.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the last frame may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long a client that asked to be held may take to say what it has.
const RESUME_WITHIN: Duration = Duration::from_secs(5);

/// Why a connection ends.
struct End {
    code: u16,
    reason: &'static str,
}

const SESSION_OVER: End = End { code: close::SESSION_OVER, reason: "session over" };
const GONE: End = End { code: 1000, reason: "" };

struct Connection {
    house: House,
    viewer: Viewer,
    place: Place,
    sink: SplitSink<WebSocket, Message>,
    /// Room events wait until the client has said what it has.
    holds: bool,
    /// Events up to this revision were sent already, in `ready` or in an answer to `resume`.
    sent: HashMap<RoomId, i64>,
    /// What was heard and has no answer yet; what was no command comes with its refusal.
    commands: VecDeque<Result<Command, Event>>,
    answer: Option<BoxFuture<'static, Answer>>,
}

/// Serves a connection until either side ends it.
pub async fn run(socket: WebSocket, house: House, viewer: Viewer, holds: bool) {
    let (sink, stream) = socket.split();
    let place = house.hub.enter(&viewer);
    let mut connection = Connection {
        house,
        viewer,
        place,
        sink,
        holds,
        sent: HashMap::new(),
        commands: VecDeque::new(),
        answer: None,
    };
    let session_over = connection.place.queue.session_over.clone();
    // Whatever it does at that moment, reading or writing, a session that is over ends it. What was
    // begun for it is stored or not by itself.
    let end = tokio::select! {
        biased;
        () = session_over.cancelled() => SESSION_OVER,
        end = async {
            match connection.greet().await {
                Ok(()) => connection.live(stream).await,
                Err(end) => end,
            }
        } => end,
    };
    let frame = CloseFrame { code: end.code, reason: end.reason.into() };
    let farewell = connection.sink.send(Message::Close(Some(frame)));
    let _ = timeout(FAREWELL, farewell).await;
}

impl Connection {
    /// Listens first and reads then, so that nothing falls between.
    async fn greet(&mut self) -> Result<(), End> {
        let failed = |error: domain::Error| {
            tracing::error!(%error, "a socket could not be greeted");
            End { code: close::RESTART, reason: "not available" }
        };
        let ctx = &self.house.ctx;
        // It may have ended between the handshake and taking the place that hears of it.
        if !sessions::still(ctx, &self.viewer).await.map_err(failed)? {
            return Err(SESSION_OVER);
        }
        let rooms = rooms::ids(ctx, &self.viewer).await.map_err(failed)?;
        self.place.listen_to(rooms);
        let ready = snapshot::ready(ctx, &self.viewer).await.map_err(failed)?;
        self.sent = ready.rooms.iter().map(|room| (room.id, room.revision)).collect();
        self.write([text(&Event::Ready(Box::new(ready)))]).await
    }

    async fn live(&mut self, mut stream: SplitStream<WebSocket>) -> End {
        let heartbeat = Duration::from_millis(snapshot::HEARTBEAT_MS);
        let mut heartbeats = interval_at(Instant::now() + heartbeat, heartbeat);
        let mut silent_at = Instant::now() + SILENCE;
        let held_until = Instant::now() + RESUME_WITHIN;
        let shutdown = self.house.shutdown.clone();
        loop {
            self.begin_next();
            let reads = self.commands.len() < UNANSWERED;
            let writes = !self.holds && !self.is_resuming();
            let step = tokio::select! {
                () = shutdown.cancelled() => return self.farewell().await,
                frame = stream.next(), if reads => {
                    silent_at = Instant::now() + SILENCE;
                    self.hear(frame)
                }
                answer = finished(&mut self.answer) => self.reply(answer).await,
                () = self.place.queue.filled(), if writes => self.write_waiting().await,
                _ = heartbeats.tick() => self.beat().await,
                () = sleep_until(silent_at) => Err(GONE),
                () = sleep_until(held_until), if self.holds => {
                    Err(End { code: close::TOO_SLOW, reason: "no resume" })
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    fn is_resuming(&self) -> bool {
        self.answer.is_some() && matches!(self.commands.front(), Some(Ok(Command::Resume { .. })))
    }

    /// Begins with the oldest command that has no answer; it stays in front until it has.
    fn begin_next(&mut self) {
        if self.answer.is_none()
            && let Some(command) = self.commands.front()
        {
            self.answer = Some(match command.clone() {
                Ok(command) => {
                    Box::pin(commands::answer(self.house.ctx.clone(), self.viewer, command))
                }
                Err(refused) => Box::pin(std::future::ready(refused.into())),
            });
        }
    }

    fn hear(&mut self, frame: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        match frame {
            Some(Ok(Message::Text(text))) => {
                let command = serde_json::from_str(&text);
                let refused = |_| refusal("This is no command that Kith knows.");
                self.commands.push_back(command.map_err(refused));
                Ok(())
            }
            Some(Ok(Message::Binary(_))) => {
                self.commands.push_back(Err(refusal("Kith speaks text frames.")));
                Ok(())
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Close(_))) | None => Err(GONE),
            Some(Err(error)) => Err(protocol_error(&error)),
        }
    }

    async fn reply(&mut self, answer: Answer) -> Result<(), End> {
        self.answer = None;
        let command = self.commands.pop_front();
        if matches!(command, Some(Ok(Command::Resume { .. }))) {
            self.holds = false;
        }
        // What was read for a room that has been left since then stays unsaid.
        let heard = |event: &&Event| match event {
            Event::Message { message } => self.place.hears(message.room),
            Event::Resumed { room, .. } => self.place.hears(*room),
            _ => true,
        };
        let frames: Vec<_> = answer.events.iter().filter(heard).map(text).collect();
        self.write(frames).await?;
        for (room, revision) in answer.resumed {
            let sent = self.sent.entry(room).or_default();
            *sent = (*sent).max(revision);
        }
        // What came in the meantime was not looked at.
        if self.holds { Ok(()) } else { self.write_waiting().await }
    }

    async fn write_waiting(&mut self) -> Result<(), End> {
        let mut due = Vec::new();
        for frame in self.place.queue.take() {
            if let Some((room, revision)) = frame.numbered
                && let Some(sent) = self.sent.get(&room)
            {
                if revision <= *sent {
                    continue;
                }
                self.sent.remove(&room);
            }
            due.push(frame.text);
        }
        if due.is_empty() { Ok(()) } else { self.write(due).await }
    }

    /// Feeds everything and flushes once.
    async fn write(
        &mut self,
        frames: impl IntoIterator<Item = axum::extract::ws::Utf8Bytes>,
    ) -> Result<(), End> {
        // Each frame by itself: slow is who makes no progress, not who has much to read.
        for frame in frames {
            in_time(self.sink.feed(Message::Text(frame))).await?;
        }
        in_time(self.sink.flush()).await
    }

    /// A ping, and a look whether the session is still one.
    async fn beat(&mut self) -> Result<(), End> {
        let ping = timeout(PATIENCE, self.sink.send(Message::Ping(Vec::new().into())));
        if !matches!(ping.await, Ok(Ok(()))) {
            return Err(GONE);
        }
        match sessions::still(&self.house.ctx, &self.viewer).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(SESSION_OVER),
            Err(error) => {
                tracing::warn!(%error, "a session could not be read");
                Ok(())
            }
        }
    }

    /// Finishes what is under way, and spreads the clients' return.
    async fn farewell(&mut self) -> End {
        let end = End { code: close::RESTART, reason: "restart" };
        while let Some(answer) = self.answer.take() {
            let Answer { events, .. } = answer.await;
            self.commands.pop_front();
            if self.write(events.iter().map(text)).await.is_err() {
                return end;
            }
            self.begin_next();
        }
        let spread = self.viewer.session().0.as_u128() % 2_000;
        let reconnect_after_ms = u64::try_from(spread).unwrap_or(1_000);
        let bye = Event::Bye { code: close::RESTART, reconnect_after_ms };
        let _ = self.write([text(&bye)]).await;
        end
    }
}

async fn in_time(written: impl Future<Output = Result<(), axum::Error>>) -> Result<(), End> {
    match timeout(PATIENCE, written).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(GONE),
        Err(_) => Err(End { code: close::TOO_SLOW, reason: "reads too slowly" }),
    }
}

fn refusal(detail: &str) -> Event {
    Event::Refused { id: None, code: Code::Invalid, detail: detail.into(), retry_after_ms: None }
}

/// Waits for the answer that is under way, or for ever.
async fn finished(answer: &mut Option<BoxFuture<'static, Answer>>) -> Answer {
    match answer {
        Some(answer) => answer.await,
        None => std::future::pending().await,
    }
}

/// The close code for what was no WebSocket frame of ours.
fn protocol_error(error: &axum::Error) -> End {
    let text = error.to_string();
    if text.contains("too long") || text.contains("too big") {
        End { code: close::TOO_LARGE, reason: "frame too large" }
    } else if text.to_lowercase().contains("utf-8") {
        End { code: 1007, reason: "not UTF-8" }
    } else {
        End { code: 1002, reason: "protocol error" }
    }
}
