//! What waits to be written to one connection: bounded, so that a slow reader harms only itself.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

use futures_util::task::AtomicWaker;
use protocol::{AccountId, Event, Message, RoomId, messages::By};
use serde::Serialize;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Past this many frames, or bytes, room events give way to one `gap`.
const MAX_FRAMES: usize = 256;
const MAX_BYTES: usize = 1024 * 1024;

/// An event, serialised once for everyone who hears it.
#[derive(Clone, Debug)]
pub struct Frame {
    pub text: Utf8Bytes,
    about: About,
}

/// What an event is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum About {
    /// It carries no number.
    Account,
    /// It carries no number, and nobody misses it who has too much to read.
    Passing,
    /// How somebody is, and how many are in a room: nobody misses any but the last.
    Presence(AccountId),
    Count(RoomId),
    /// What happened in a room, and the room's revision after it.
    Event(RoomId, i64),
    /// What was said in a room that numbers nothing.
    Passed(RoomId),
    /// A room's state at a revision: what led to it need not be told.
    State(RoomId, i64),
}

/// What happened to a message, as it goes over the wire.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Numbered<'a> {
    Message {
        message: &'a Message,
    },
    MessageChanged {
        message: &'a Message,
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<&'a By>,
    },
}

impl<'a> Numbered<'a> {
    /// What is told of a message to who missed what happened to it. One that is no more what it was
    /// may lie before what the client has loaded, and then is none of its concern.
    pub fn latest(message: &'a Message) -> Self {
        match (message.edited_at, message.deleted_at, message.reactions.is_empty()) {
            (None, None, true) => Self::Message { message },
            _ => Self::MessageChanged { message, by: None },
        }
    }
}

impl Frame {
    /// An event that carries no number.
    pub fn of(event: &Event) -> Self {
        Self { text: text(event), about: About::Account }
    }

    /// An event that is over soon anyway, or with the next of its kind: who writes, who is here.
    pub fn passing(event: &Event) -> Self {
        let about = match event {
            Event::Presence { user, .. } => About::Presence(*user),
            Event::RoomPresence { room, .. } => About::Count(*room),
            _ => About::Passing,
        };
        Self { text: text(event), about }
    }

    /// The same as a room's state at a revision, for who has just joined it.
    pub fn standing_at(self, room: RoomId, revision: i64) -> Self {
        Self { about: About::State(room, revision), ..self }
    }

    /// Everything in a room up to a revision has been told.
    pub fn skip(room: RoomId, revision: i64) -> Self {
        let event = Event::Resumed { room, revision };
        Self { text: text(&event), about: About::Event(room, revision) }
    }

    /// Something that was said in a room which numbers nothing.
    pub fn passed(message: &Message) -> Self {
        let text = text(&Numbered::Message { message });
        Self { text, about: About::Passed(message.room) }
    }

    /// An event that took the room's next revision.
    pub fn numbered(event: &Numbered<'_>) -> Self {
        let (Numbered::Message { message } | Numbered::MessageChanged { message, .. }) = event;
        Self { text: text(event), about: About::Event(message.room, message.revision) }
    }

    /// Whether it says who is here, of which nobody misses any but the last.
    fn is_of_presence(&self) -> bool {
        matches!(self.about, About::Presence(_) | About::Count(_))
    }

    /// The room that an event is for who is in it.
    pub fn room(&self) -> Option<RoomId> {
        match self.about {
            About::Event(room, _) | About::Passed(room) => Some(room),
            _ => None,
        }
    }

    /// For events with a number: the room, and its revision after them.
    pub fn number(&self) -> Option<(RoomId, i64)> {
        match self.about {
            About::Event(room, revision) => Some((room, revision)),
            _ => None,
        }
    }

    /// For a room's state: the room, and the revision that who has this is at.
    pub fn stands_at(&self) -> Option<(RoomId, i64)> {
        match self.about {
            About::State(room, revision) => Some((room, revision)),
            _ => None,
        }
    }
}

/// An event as it goes over the wire.
pub fn text(event: &impl Serialize) -> Utf8Bytes {
    // Serialising these types cannot fail: no maps with odd keys, no fallible parts.
    let mut text = serde_json::to_string(event).unwrap_or_default();
    // It may be kept for a while.
    text.shrink_to_fit();
    text.into()
}

/// Why a connection is to end, whatever still waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    SessionOver,
    Restart,
}

#[derive(Debug, Default)]
struct Waiting {
    frames: VecDeque<Frame>,
    bytes: usize,
    /// When the oldest of them came.
    since: Option<Instant>,
    /// Rooms whose events were dropped.
    gaps: BTreeSet<RoomId>,
    /// Events without a room were dropped: everything is to be loaded afresh.
    gap_of_all: bool,
    ended: Option<Ended>,
}

/// The queue of one connection.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    reader: AtomicWaker,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push(&self, frame: Frame) {
        let mut waiting = self.waiting();
        if let Some(room) = frame.room()
            && waiting.gaps.contains(&room)
        {
            return;
        }
        let is_first = waiting.frames.is_empty();
        waiting.bytes += frame.text.len();
        waiting.frames.push_back(frame);
        if waiting.frames.len() > MAX_FRAMES || waiting.bytes > MAX_BYTES {
            waiting.overflow();
        }
        if is_first {
            waiting.since.get_or_insert_with(Instant::now);
            drop(waiting);
            // Who has not come for the first yet comes for all of them.
            self.reader.wake();
        }
    }

    /// Nothing more of this room: what waits of it goes, too.
    pub fn drop_room(&self, room: RoomId) {
        let mut waiting = self.waiting();
        waiting.frames.retain(|frame| frame.room() != Some(room));
        waiting.bytes = waiting.frames.iter().map(|frame| frame.text.len()).sum();
        waiting.gaps.remove(&room);
        if waiting.frames.is_empty() && waiting.gaps.is_empty() {
            waiting.since = None;
        }
    }

    /// Nothing more at all; the first reason stands.
    pub fn end(&self, ended: Ended) {
        let mut waiting = self.waiting();
        // A session that is over hears nothing more, not even what was under way.
        if waiting.ended.is_none() || ended == Ended::SessionOver {
            waiting.ended = Some(ended);
        }
        drop(waiting);
        self.reader.wake();
    }

    pub fn ended(&self) -> Option<Ended> {
        self.waiting().ended
    }

    /// Once the connection is to end.
    pub async fn end_comes(&self) -> Ended {
        std::future::poll_fn(|cx| {
            self.wakes(cx.waker());
            self.ended().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Who is woken when something comes. To be called before looking.
    pub fn wakes(&self, reader: &Waker) {
        self.reader.register(reader);
    }

    /// When the oldest of what waits came.
    pub fn since(&self) -> Option<Instant> {
        self.waiting().since
    }

    /// Everything that waits, and a `gap` for what did not fit.
    pub fn take(&self) -> VecDeque<Frame> {
        let mut waiting = self.waiting();
        let mut frames = std::mem::take(&mut waiting.frames);
        waiting.bytes = 0;
        waiting.since = None;
        if std::mem::take(&mut waiting.gap_of_all) {
            waiting.gaps.clear();
            frames.push_back(Frame::of(&Event::Gap { room: None, after: None }));
        }
        let gaps = std::mem::take(&mut waiting.gaps);
        let gap = |room| Frame::of(&Event::Gap { room: Some(room), after: None });
        frames.extend(gaps.into_iter().map(gap));
        frames
    }
}

impl Waiting {
    fn overflow(&mut self) {
        self.drop_passing();
        self.bytes = self.frames.iter().map(|frame| frame.text.len()).sum();
        if self.frames.len() <= MAX_FRAMES && self.bytes <= MAX_BYTES {
            return;
        }
        let rooms = self.frames.iter().filter_map(Frame::room);
        self.gaps.extend(rooms);
        self.frames.retain(|frame| frame.room().is_none());
        // Who is here takes one place each, however often it is told.
        let others = self.frames.iter().filter(|frame| !frame.is_of_presence()).count();
        if others > MAX_FRAMES / 2 || self.frames.len() > MAX_FRAMES {
            self.frames.clear();
            self.gap_of_all = true;
        }
        self.bytes = self.frames.iter().map(|frame| frame.text.len()).sum();
    }

    /// Who writes; and who was here, and how many, but for the last that was said of it.
    fn drop_passing(&mut self) {
        let mut said = HashSet::new();
        let mut kept: VecDeque<Frame> = VecDeque::new();
        for frame in std::mem::take(&mut self.frames).into_iter().rev() {
            let stays = match frame.about {
                About::Passing => false,
                about => !frame.is_of_presence() || said.insert(about),
            };
            if stays {
                kept.push_front(frame);
            }
        }
        self.frames = kept;
    }
}

#[cfg(test)]
mod tests;
