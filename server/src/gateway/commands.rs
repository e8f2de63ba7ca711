//! What a client may ask for over the socket: each command one domain call, and its answer.

use std::collections::BTreeMap;

use domain::{Ctx, Error, Viewer, messages, rooms};
use protocol::{
    Body, Command, Event, Limit, MessageId, Problem, RoomId,
    messages::{Draft, Window},
    socket::MAX_RESUME_ROOMS,
};

/// More changes than this in one room are a `gap`.
const CHANGES_A_ROOM: i64 = 200;
/// More changes than this in all are a `gap`.
const CHANGES: i64 = 2_000;
/// An answer holds about as many bytes, and what is over is a `gap`: a short question must not cost
/// the server much.
const BYTES: usize = 1024 * 1024;

/// The answer to a command.
#[derive(Debug, Default)]
pub struct Answer {
    pub events: Vec<Event>,
    /// Rooms whose events up to this revision are among them.
    pub resumed: Vec<(RoomId, i64)>,
}

impl From<Event> for Answer {
    fn from(event: Event) -> Self {
        Self { events: vec![event], resumed: Vec::new() }
    }
}

/// Answers one command.
pub async fn answer(ctx: Ctx, viewer: Viewer, command: Command) -> Answer {
    match command {
        Command::Send { id, reply_to: Some(_), .. } => {
            refused(Some(id), Problem::invalid("reply_to", "Replies are not taken yet.")).into()
        }
        Command::Send { id, attachments, .. } if !attachments.is_empty() => {
            refused(Some(id), Problem::invalid("attachments", "Files are not taken yet.")).into()
        }
        Command::Send { room, id, body, .. } => match send(&ctx, &viewer, room, id, &body).await {
            Ok(ack) => ack.into(),
            Err(problem) => refused(Some(id), problem).into(),
        },
        Command::Read { room, seq } => match read(&ctx, &viewer, room, seq).await {
            Ok(()) => Answer::default(),
            Err(error) => refused(None, told(error)).into(),
        },
        Command::Ping { n } => Event::Pong { n }.into(),
        Command::Resume { epoch, rooms, .. } => {
            if rooms.len() > MAX_RESUME_ROOMS {
                let detail = "At most 500 rooms a frame; several may follow.";
                return refused(None, Problem::invalid("rooms", detail)).into();
            }
            if epoch.is_some_and(|epoch| epoch != ctx.epoch()) {
                return Event::Gap { room: None, after: None }.into();
            }
            resume(&ctx, &viewer, rooms).await
        }
    }
}

async fn send(
    ctx: &Ctx,
    viewer: &Viewer,
    room: RoomId,
    id: MessageId,
    body: &str,
) -> Result<Event, Problem> {
    let body = Body::parse(body).map_err(|error| Problem::invalid("body", error.0))?;
    let member = rooms::member(ctx, viewer, room).await.map_err(told)?;
    let posted = messages::post(ctx, &member, id, &Draft { body }).await.map_err(told)?;
    let message = posted.message;
    Ok(Event::Ack {
        id,
        room,
        seq: message.seq,
        revision: message.revision,
        created_at: message.created_at,
    })
}

async fn read(ctx: &Ctx, viewer: &Viewer, room: RoomId, seq: i64) -> domain::Result<()> {
    let member = rooms::member(ctx, viewer, room).await?;
    rooms::mark_read(ctx, &member, seq).await
}

/// What an answer may still hold.
struct Left {
    changes: i64,
    bytes: usize,
}

async fn resume(ctx: &Ctx, viewer: &Viewer, rooms: BTreeMap<RoomId, i64>) -> Answer {
    let mut answer = Answer::default();
    let mut left = Left { changes: CHANGES, bytes: BYTES };
    for (room, revision) in rooms {
        match changes(ctx, viewer, room, revision, &mut left).await {
            Ok(Some((events, revision))) => {
                answer.events.extend(events);
                answer.events.push(Event::Resumed { room, revision });
                answer.resumed.push((room, revision));
            }
            Ok(None) => answer.events.push(Event::Gap { room: Some(room), after: None }),
            // Not theirs, or theirs no more.
            Err(Error::NotFound) => answer.events.push(Event::RoomLeft { room }),
            Err(error) => {
                told(error);
                answer.events.push(Event::Gap { room: Some(room), after: None });
            }
        }
    }
    answer
}

/// What changed in a room since a revision, and the revision it is whole to; `None` where that is
/// too much, or the revision is none of this room's.
async fn changes(
    ctx: &Ctx,
    viewer: &Viewer,
    room: RoomId,
    since: i64,
    left: &mut Left,
) -> domain::Result<Option<(Vec<Event>, i64)>> {
    let member = rooms::member(ctx, viewer, room).await?;
    let now = rooms::show(ctx, viewer.account(), room).await?.revision;
    if since > now || since < 0 || now - since > CHANGES_A_ROOM.min(left.changes) {
        return Ok(None);
    }
    let limit = Limit::try_from(Limit::MAX).unwrap_or_default();
    let (mut events, mut reached) = (Vec::new(), since);
    loop {
        let page = messages::history(ctx, &member, Window::ChangedAfter(reached), limit).await?;
        left.changes -= page.items.len() as i64;
        let bytes: usize = page.items.iter().map(|message| message.body.len() + 512).sum();
        match left.bytes.checked_sub(bytes) {
            Some(bytes) => left.bytes = bytes,
            None => return Ok(None),
        }
        events.extend(page.items.into_iter().map(|message| Event::Message { message }));
        reached = page.revision;
        if !page.has_newer {
            return Ok(Some((events, reached)));
        }
    }
}

fn refused(id: Option<MessageId>, problem: Problem) -> Event {
    let retry = problem.code.passes();
    Event::Refused {
        id,
        code: problem.code,
        detail: problem.detail.into_owned(),
        retry_after_ms: retry.then_some(1_000),
    }
}

fn told(error: Error) -> Problem {
    if error.is_fault() {
        tracing::error!(%error, "a command failed");
    }
    error.problem()
}
