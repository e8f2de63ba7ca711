//! What a client may ask for over the socket: each command one domain call, and its answer.

use std::{collections::BTreeMap, time::Duration};

use domain::{Ctx, Error, Viewer, accounts::profile, messages, notifications, presence, rooms};
use futures_util::future::{BoxFuture, FutureExt as _, ready};
use protocol::{
    Body, Code, Command, Event, MessageId, Problem, RoomId,
    accounts::ProfileChange,
    messages::Draft,
    socket::{MAX_RESUME_ROOMS, Wish},
};
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::queue::{Frame, Numbered, text};

/// How long who resumes waits for a database that does not answer, before being sent to load afresh.
const PATIENCE: Duration = Duration::from_secs(10);
/// How soon it is asked again.
const AGAIN: Duration = Duration::from_millis(250);

/// The answer to a command.
#[derive(Debug, Default)]
pub struct Answer {
    pub said: Vec<Said>,
    /// Where the client has spoken, as a member: it need not be looked up for its next message.
    pub spoke: Option<rooms::Member>,
}

/// One frame of an answer.
#[derive(Debug)]
pub struct Said {
    pub text: Utf8Bytes,
    /// It is for who is in this room when it is sent.
    pub room: Option<RoomId>,
    /// With it, the room is whole to this revision.
    pub resumed: Option<i64>,
}

impl From<Event> for Said {
    fn from(event: Event) -> Self {
        Self { text: text(&event), room: None, resumed: None }
    }
}

impl From<Event> for Answer {
    fn from(event: Event) -> Self {
        Self { said: vec![event.into()], spoke: None }
    }
}

impl Said {
    /// The end of a room's answer.
    pub fn resumed(room: RoomId, revision: i64) -> Self {
        let text = text(&Event::Resumed { room, revision });
        Self { text, room: Some(room), resumed: Some(revision) }
    }

    /// An event of a room's.
    pub fn of(room: RoomId, text: Utf8Bytes) -> Self {
        Self { text, room: Some(room), resumed: None }
    }
}

/// Answers one command.
pub async fn answer(ctx: Ctx, viewer: Viewer, command: Command) -> Answer {
    match command {
        Command::Send { room, .. } => match rooms::member(&ctx, &viewer, room).await {
            Ok(member) => {
                let answer = send(&ctx, &member, command).await;
                Answer { spoke: Some(member), ..answer }
            }
            Err(error) => refused(id_of(&command), told(error)).into(),
        },
        Command::Read { room, seq } => match read(&ctx, &viewer, room, seq).await {
            Ok(()) => Answer::default(),
            Err(error) => refused(None, told(error)).into(),
        },
        Command::Typing { room } => match presence::typing(&ctx, &viewer, room).await {
            Ok(()) => Answer::default(),
            Err(error) => refused(None, told(error)).into(),
        },
        Command::Status { status: status @ (Wish::Invisible | Wish::Online) } => {
            let invisible = Some(status == Wish::Invisible);
            let change = ProfileChange { invisible, ..ProfileChange::default() };
            match profile::change(&ctx, &viewer, change).await {
                Ok(_) => Answer::default(),
                Err(error) => refused(None, told(error)).into(),
            }
        }
        Command::Ping { n } => Event::Pong { n }.into(),
        // Done by the connection itself.
        Command::Resume { .. } | Command::Status { status: Wish::Away } => Answer::default(),
    }
}

fn id_of(command: &Command) -> Option<MessageId> {
    match command {
        Command::Send { id, .. } => Some(*id),
        _ => None,
    }
}

/// Says something as a member, who stands in line from the call on.
pub fn send(ctx: &Ctx, member: &rooms::Member, command: Command) -> BoxFuture<'static, Answer> {
    let Command::Send { room, id, body, reply_to, attachments } = command else {
        return ready(Answer::default()).boxed();
    };
    let refuse = |problem| ready(refused(Some(id), problem).into()).boxed();
    if !attachments.is_empty() {
        return refuse(Problem::invalid("attachments", "Files are not taken yet."));
    }
    let body = match Body::parse(&body) {
        Ok(body) => body,
        Err(error) => return refuse(Problem::invalid("body", error.0)),
    };
    let posted = messages::post(ctx, member, id, Draft { reply_to, ..Draft::of(body) });
    let answer = async move {
        let event = match posted.await {
            Ok(posted) => Event::Ack {
                id,
                room,
                seq: posted.message.seq,
                revision: posted.message.revision,
                created_at: posted.message.created_at,
            },
            Err(error) => refused(Some(id), told(error)),
        };
        event.into()
    };
    answer.boxed()
}

async fn read(ctx: &Ctx, viewer: &Viewer, room: RoomId, seq: i64) -> domain::Result<()> {
    let member = rooms::member(ctx, viewer, room).await?;
    rooms::mark_read(ctx, &member, seq, false).await
}

/// What came in a room after a revision, and the revision it is whole to, from memory.
type Remembered = Option<(Vec<Utf8Bytes>, i64)>;

/// What a client has that comes back.
pub struct Resume {
    pub epoch: Option<String>,
    pub rooms: BTreeMap<RoomId, i64>,
    /// The latest notification it knows; 0 for none.
    pub notifications: i64,
}

/// Answers with what changed since: from memory where it is there, and else from the database.
pub fn resume(
    ctx: Ctx,
    viewer: Viewer,
    resume: Resume,
    remembers: impl Fn(RoomId, i64) -> Remembered,
) -> BoxFuture<'static, Answer> {
    let Resume { epoch, rooms, notifications } = resume;
    if rooms.len() > MAX_RESUME_ROOMS {
        let detail = "At most 500 rooms a frame; several may follow.";
        return ready(refused(None, Problem::invalid("rooms", detail)).into()).boxed();
    }
    if epoch.is_some_and(|epoch| epoch != ctx.epoch()) {
        return ready(Event::Gap { room: None, after: None }.into()).boxed();
    }
    let (mut said, mut missing) = (Vec::new(), BTreeMap::new());
    let mut allowance = messages::Allowance::default();
    for (room, revision) in rooms {
        let known = remembers(room, revision).filter(|(texts, _)| {
            allowance.take(texts.len(), texts.iter().map(|text| text.len()).sum())
        });
        match known {
            Some((texts, now)) => {
                said.extend(texts.into_iter().map(|text| Said::of(room, text)));
                said.push(Said::resumed(room, now));
            }
            None => drop(missing.insert(room, revision)),
        }
    }
    async move {
        if notifications > 0 {
            said.extend(cards_since(&ctx, &viewer, notifications).await);
        }
        read_missing(ctx, viewer, missing, said, allowance).await
    }
    .boxed()
}

/// Answers who looks at a public room and comes back, from memory: a room is loaded fast enough.
pub fn look_again(
    ctx: &Ctx,
    reader: &rooms::Reader,
    resume: &Resume,
    remembers: impl Fn(RoomId, i64) -> Remembered,
) -> Answer {
    let room = reader.room();
    let Some(revision) = resume.rooms.get(&room).copied() else { return Answer::default() };
    let is_known = resume.epoch.as_deref().is_none_or(|epoch| epoch == ctx.epoch());
    match remembers(room, revision).filter(|_| is_known) {
        Some((texts, now)) => {
            let mut said: Vec<Said> = texts.into_iter().map(|text| Said::of(room, text)).collect();
            said.push(Said::resumed(room, now));
            Answer { said, spoke: None }
        }
        None => Event::Gap { room: Some(room), after: None }.into(),
    }
}

/// Answers who only looks: whatever they want to do, they have to sign in first.
pub fn answer_visitor(command: &Command) -> Answer {
    match command {
        Command::Ping { n } => Event::Pong { n: *n }.into(),
        command => {
            let problem = Problem::new(Code::Unauthenticated, "You must be signed in to chat.");
            refused(id_of(command), problem).into()
        }
    }
}

async fn cards_since(ctx: &Ctx, viewer: &Viewer, seq: i64) -> Vec<Said> {
    match notifications::since(ctx, viewer, seq).await {
        Ok(Some((cards, unread))) => {
            let event = |card| Event::Notification { notification: Box::new(card), unread };
            cards.into_iter().map(|card| event(card).into()).collect()
        }
        Ok(None) => vec![Event::Gap { room: None, after: None }.into()],
        Err(error) => {
            told(error);
            vec![Event::Gap { room: None, after: None }.into()]
        }
    }
}

async fn read_missing(
    ctx: Ctx,
    viewer: Viewer,
    rooms: BTreeMap<RoomId, i64>,
    mut said: Vec<Said>,
    mut allowance: messages::Allowance,
) -> Answer {
    let give_up = Instant::now() + PATIENCE;
    for (room, revision) in rooms {
        let mut answer = since(&ctx, &viewer, room, revision, &mut allowance).await;
        // A database that is away for a moment is no reason to load everything afresh.
        while matches!(answer, Err(Error::Unavailable(_))) && Instant::now() < give_up {
            sleep(AGAIN).await;
            answer = since(&ctx, &viewer, room, revision, &mut allowance).await;
        }
        match answer {
            Ok(Some(changes)) => {
                for message in &changes.messages {
                    said.push(Said::of(room, Frame::numbered(&Numbered::latest(message)).text));
                }
                said.push(Said::resumed(room, changes.revision));
            }
            Ok(None) => said.push(Event::Gap { room: Some(room), after: None }.into()),
            // Not theirs, or theirs no more.
            Err(Error::NotFound) => said.push(Event::RoomLeft { room }.into()),
            Err(error) => {
                told(error);
                said.push(Event::Gap { room: Some(room), after: None }.into());
            }
        }
    }
    Answer { said, spoke: None }
}

async fn since(
    ctx: &Ctx,
    viewer: &Viewer,
    room: RoomId,
    revision: i64,
    allowance: &mut messages::Allowance,
) -> domain::Result<Option<messages::Changes>> {
    let member = rooms::member(ctx, viewer, room).await?;
    messages::since(ctx, &member, revision, allowance).await
}

/// Why a command was not done.
pub fn refused(id: Option<MessageId>, problem: Problem) -> Event {
    let retry = problem.code.passes().then(|| problem.retry_after_ms.unwrap_or(1_000));
    Event::Refused {
        id,
        code: problem.code,
        detail: problem.detail.into_owned(),
        retry_after_ms: retry,
    }
}

fn told(error: Error) -> Problem {
    if error.is_fault() {
        tracing::error!(%error, "a command failed");
    }
    error.problem()
}
