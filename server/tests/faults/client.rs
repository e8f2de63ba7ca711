//! A client that behaves as the page does: it keeps what has no answer and says it again, resumes
//! from what it has, and writes down everything it was told.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use protocol::{Code, Command, Event, Message, MessageId, RoomId};
use tokio::{
    net::TcpStream,
    task::JoinHandle,
    time::{interval, sleep, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message as Frame, client::IntoClientRequest},
};

use super::house::{PATIENCE, Person};

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What a client was told.
#[derive(Default)]
pub struct Log {
    /// Said, and not answered yet, in the order it was said.
    pub unanswered: VecDeque<(RoomId, MessageId)>,
    pub acked: HashMap<MessageId, (RoomId, i64)>,
    /// Each room's messages as they came: every `seq` must come once.
    pub seen: HashMap<RoomId, BTreeMap<i64, Message>>,
    /// How far each room is whole.
    pub revisions: BTreeMap<RoomId, i64>,
    /// Everything that should not have happened.
    pub wrong: Vec<String>,
    pub connections: u64,
    pub is_connected: bool,
    /// Refused for the time being.
    pub refused: HashSet<MessageId>,
    pub refusals: u64,
}

pub struct Client {
    pub person: Person,
    pub log: Arc<Mutex<Log>>,
    speaks: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

/// How a client behaves.
#[derive(Clone)]
pub struct Habits {
    /// The rooms it speaks in, in turn.
    pub rooms: Vec<RoomId>,
    /// How often it says something.
    pub every: Duration,
    /// After as many frames its connection breaks, and it comes back.
    pub breaks_after: Option<usize>,
    /// It comes back anew where it is told that something is missing; else that is a fault.
    pub takes_gaps: bool,
}

/// Ids that no two clients make.
static NEXT: AtomicU64 = AtomicU64::new(1);

pub fn new_id() -> MessageId {
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut chance = [7; 16];
    chance[2..10].copy_from_slice(&n.to_be_bytes());
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    MessageId::new(i64::try_from(since.as_millis()).unwrap(), chance)
}

impl Client {
    /// Comes in, and goes on as its habits are.
    pub fn start(address: SocketAddr, person: Person, habits: Habits) -> Self {
        // It knows its rooms as they were made: empty.
        let revisions = habits.rooms.iter().map(|room| (*room, 0)).collect();
        let log = Arc::new(Mutex::new(Log { revisions, ..Log::default() }));
        let speaks = Arc::new(AtomicBool::new(true));
        let run = run(address, person.clone(), habits, Arc::clone(&log), Arc::clone(&speaks));
        Self { person, log, speaks, task: tokio::spawn(run) }
    }

    pub fn fall_silent(&self) {
        self.speaks.store(false, Ordering::Relaxed);
    }

    pub fn leave(self) {
        self.task.abort();
    }
}

pub async fn connect(
    address: SocketAddr,
    person: &Person,
    query: &str,
) -> Result<Socket, tokio_tungstenite::tungstenite::Error> {
    let mut request = format!("ws://{address}/api/v1/socket{query}").into_client_request()?;
    let bearer = format!("Bearer {}", person.token).parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    Ok(connect_async(request).await?.0)
}

/// What comes next.
pub async fn next(socket: &mut Socket) -> Event {
    let next = async {
        loop {
            match socket.next().await.expect("the socket is open").unwrap() {
                Frame::Text(text) => return Event::read(&text).unwrap(),
                Frame::Close(close) => panic!("{close:?}"),
                _ => {}
            }
        }
    };
    timeout(PATIENCE, next).await.expect("an event")
}

async fn run(
    address: SocketAddr,
    person: Person,
    habits: Habits,
    log: Arc<Mutex<Log>>,
    speaks: Arc<AtomicBool>,
) {
    let mut said = 0_usize;
    loop {
        if let Ok(socket) = connect(address, &person, "?resume=1").await {
            log.lock().unwrap().is_connected = true;
            live(socket, &habits, &log, &speaks, &mut said).await;
            log.lock().unwrap().is_connected = false;
        }
        // The connection is gone: back after a moment.
        sleep(Duration::from_millis(100)).await;
    }
}

async fn live(
    mut socket: Socket,
    habits: &Habits,
    log: &Mutex<Log>,
    speaks: &AtomicBool,
    said: &mut usize,
) {
    let mut resuming: BTreeMap<RoomId, i64> = BTreeMap::new();
    let mut ticks = interval(habits.every);
    let (mut is_ready, mut frames) = (false, 0);
    loop {
        let breaks = habits.breaks_after.is_some_and(|after| frames > after);
        if breaks && resuming.is_empty() && speaks.load(Ordering::Relaxed) {
            return;
        }
        frames += 1;
        let due: Vec<Command> = tokio::select! {
            frame = socket.next() => match frame {
                Some(Ok(Frame::Text(text))) => {
                    let event = Event::read(&text).unwrap();
                    let mut log = log.lock().unwrap();
                    match event {
                        Event::Ready(ready) => {
                            is_ready = true;
                            log.connections += 1;
                            for room in &ready.rooms {
                                let mine = *log.revisions.entry(room.id).or_insert(room.revision);
                                if mine != room.revision {
                                    resuming.insert(room.id, mine);
                                }
                            }
                            let resume = Command::Resume {
                                epoch: Some(ready.epoch.clone()),
                                rooms: resuming.clone(),
                                notifications: 0,
                            };
                            std::iter::once(resume).chain(log.unanswered.iter().map(send)).collect()
                        }
                        // It says what is missing: to be asked for again, from what is known.
                        Event::Gap { .. } if habits.takes_gaps => return,
                        event => {
                            log.take(event, &mut resuming);
                            Vec::new()
                        }
                    }
                }
                Some(Ok(Frame::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => Vec::new(),
            },
            _ = ticks.tick(), if is_ready => {
                let mut log = log.lock().unwrap();
                let again = std::mem::take(&mut log.refused);
                let mut due: Vec<Command> =
                    log.unanswered.iter().filter(|(_, id)| again.contains(id)).map(send).collect();
                if speaks.load(Ordering::Relaxed) {
                    let next = (habits.rooms[*said % habits.rooms.len()], new_id());
                    *said += 1;
                    log.unanswered.push_back(next);
                    due.push(send(&next));
                }
                due
            }
        };
        for command in due {
            let text = serde_json::to_string(&command).unwrap();
            if socket.send(Frame::text(text)).await.is_err() {
                return;
            }
        }
    }
}

fn send((room, id): &(RoomId, MessageId)) -> Command {
    let (room, id) = (*room, *id);
    Command::Send { room, id, body: format!("said {id}"), reply_to: None, attachments: vec![] }
}

impl Log {
    fn take(&mut self, event: Event, resuming: &mut BTreeMap<RoomId, i64>) {
        match event {
            Event::Message { message } | Event::MessageChanged { message, .. } => {
                let (room, revision) = (message.room, message.revision);
                let at = self.revisions.entry(room).or_default();
                if revision <= *at {
                    self.wrong.push(format!("{room}: {revision} came after {at}"));
                } else if revision != *at + 1 && !resuming.contains_key(&room) {
                    self.wrong.push(format!("{room}: {revision} came live after {at}"));
                }
                *at = revision;
                let seq = message.seq;
                let before = self.seen.entry(room).or_default().insert(seq, message);
                if before.is_some_and(|before| before.revision >= revision) {
                    self.wrong.push(format!("{room}: {seq} came twice"));
                }
            }
            Event::Resumed { room, revision } => {
                resuming.remove(&room);
                let at = self.revisions.entry(room).or_default();
                *at = (*at).max(revision);
            }
            Event::Ack { id, room, seq, .. } => {
                self.unanswered.retain(|(_, unanswered)| *unanswered != id);
                if let Some((_, before)) = self.acked.insert(id, (room, seq))
                    && before != seq
                {
                    self.wrong.push(format!("{room}: {id} was {before} and then {seq}"));
                }
            }
            // Said again with the next.
            Event::Refused { id: Some(id), code: Code::Unavailable, .. } => {
                self.refused.insert(id);
                self.refusals += 1;
            }
            Event::Refused { detail, .. } => self.wrong.push(detail),
            Event::Gap { room, .. } => self.wrong.push(format!("a gap in {room:?}")),
            _ => {}
        }
    }
}
