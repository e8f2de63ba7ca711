//! A room as this node delivers it: who hears it, how far they have heard, and what came before its
//! turn. Events come from this node's commits and, read from the database, from those of the others;
//! they go out in consecutive revisions, and never to who is in the room no more.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use protocol::{AccountId, Event, RoomId};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    queue::Frame,
    recent::{Marks, Recent},
    seat::{Seat, SeatId},
};

/// As many events wait for those before them; more are read when it is their turn.
const EARLY: usize = 256;

/// A message, as it goes over the wire, and what has to be known to send it.
#[derive(Clone, Debug)]
pub struct Heard {
    pub frame: Frame,
    pub seq: i64,
    pub revision: i64,
    /// How often who is in the room had changed when this was stored.
    pub access: i64,
    pub marks: Marks,
}

/// What was heard of a room, whether that is delivered or not, and whether more was since.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Newest {
    pub revision: i64,
    pub access: i64,
    /// How often something was heard.
    pub times: u64,
}

impl Newest {
    pub fn hear_of(&mut self, revision: i64, access: i64) {
        self.revision = self.revision.max(revision);
        self.access = self.access.max(access);
        self.times += 1;
    }

    /// It was read after nothing but this had been heard: what was heard beyond it is not so. Whether nothing
    /// more was heard meanwhile.
    pub fn correct(&mut self, heard: Self, revision: i64, access: i64) -> bool {
        let is_all = *self == heard;
        if is_all {
            self.revision = self.revision.min(revision);
            self.access = self.access.min(access);
        }
        is_all
    }
}

/// Who hears a room, and how far.
#[derive(Debug)]
pub struct Room {
    id: RoomId,
    seats: HashMap<SeatId, Arc<Seat>>,
    /// Who looks at it without being in it, as everyone may look at a public room.
    visitors: HashMap<SeatId, Arc<Seat>>,
    /// Who joined, and has not been told the room's state yet: what comes in the meantime follows it.
    joining: HashMap<SeatId, Arc<Seat>>,
    recent: Recent,
    /// Everything up to this revision has been delivered. Unknown until somebody takes a seat.
    at: Option<i64>,
    newest: Newest,
    /// Who hears it was right when the room's `access` was this.
    access: i64,
    early: BTreeMap<i64, Heard>,
    /// What passes without a number, until it is known who is there as of its `access`.
    passing: Vec<(i64, Frame)>,
}

impl Room {
    /// A room that nobody hears yet, and what was heard of it by now.
    pub fn new(id: RoomId, newest: Newest) -> Self {
        Self {
            id,
            seats: HashMap::new(),
            visitors: HashMap::new(),
            joining: HashMap::new(),
            recent: Recent::default(),
            at: None,
            newest,
            access: newest.access,
            early: BTreeMap::new(),
            passing: Vec::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.joining.is_empty() && self.visitors.is_empty()
    }

    /// Whether anybody hears it.
    pub fn is_heard(&self) -> bool {
        !self.seats.is_empty() || !self.visitors.is_empty()
    }

    /// How far it was delivered; `None` while nobody hears it.
    pub fn at(&self) -> Option<i64> {
        self.at
    }

    /// As of which `access` it is known who hears it.
    pub fn access(&self) -> i64 {
        self.access
    }

    pub fn newest(&self) -> Newest {
        self.newest
    }

    /// As [`Newest::correct`], with what waits.
    pub fn correct(&mut self, heard: Newest, revision: i64, access: i64) {
        if self.newest.correct(heard, revision, access) {
            self.early.retain(|early, event| *early <= revision && event.access <= access);
            self.passing.retain(|(passed, _)| *passed <= access);
        }
    }

    /// Whether something must be read before all that is known of can be delivered.
    pub fn is_behind(&self) -> bool {
        self.at.is_some_and(|at| at < self.newest.revision || !self.knows(self.newest.access))
    }

    /// Whether it is known who of those who are in it was so at this `access`. Who only looks at it may
    /// do so whoever is in it.
    fn knows(&self, access: i64) -> bool {
        access <= self.access || self.seats.is_empty()
    }

    /// Whether it goes on from this revision in a way that has to be read.
    pub fn lacks(&self, revision: i64) -> bool {
        self.at.is_some_and(|at| at > revision) && self.recent.since(revision).is_none()
    }

    /// The accounts that hear it, and those that will once they know its state.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.seats.values().chain(self.joining.values()).map(|seat| seat.account())
    }

    /// Takes in an event of its own number.
    pub fn hear(&mut self, event: Heard) {
        self.hear_of(event.revision, event.access);
        if self.at.is_some_and(|at| event.revision <= at) {
            return;
        }
        if self.at == Some(event.revision - 1) && self.knows(event.access) {
            self.deliver(event);
        } else if self.early.len() < EARLY {
            self.early.insert(event.revision, event);
        }
        self.go_on();
    }

    /// Takes in what has no number: it is told once it is known who may hear it.
    pub fn pass(&mut self, frame: Frame, access: i64) {
        self.hear_of(0, access);
        if self.passing.is_empty() && self.knows(access) {
            self.tell(&frame);
        } else if self.passing.len() < EARLY || frame.room().is_none() {
            // The room's state is told by nobody again.
            self.passing.push((access, frame));
        }
    }

    /// The same for everyone who hears it, behind what waits.
    pub fn tell_in_turn(&mut self, frame: &Frame) {
        match self.passing.is_empty() {
            true => self.tell(frame),
            false => self.passing.push((0, frame.clone())),
        }
    }

    /// It is as far, as somebody said or saw.
    pub fn hear_of(&mut self, revision: i64, access: i64) {
        self.newest.hear_of(revision, access);
    }

    /// Delivers what was missing, read as all that changed after a revision and up to `now`. Not while
    /// who is in the room is less well known than the messages are, nor where more is missing than was
    /// read.
    pub fn fill(&mut self, after: i64, now: i64, access: i64, messages: Vec<Heard>) {
        self.hear_of(now, access);
        if !self.knows(access) || self.at.is_none_or(|at| at < after) {
            return;
        }
        for message in messages {
            if self.at.is_some_and(|at| message.revision > at) {
                self.skip_to(message.revision - 1);
                self.deliver(message);
            }
        }
        self.skip_to(now);
        self.go_on();
    }

    /// Too much is missing to be told: everyone loads the room afresh.
    pub fn give_up(&mut self, now: i64) {
        self.hear_of(now, 0);
        if self.at.is_none_or(|at| at < now) {
            self.recent = Recent::default();
            self.at = Some(now);
            self.tell(&Frame::of(&Event::Gap { room: Some(self.id), after: None }));
        }
        self.go_on();
    }

    /// This node has changed who is in the room, which made its `access` this.
    pub fn step(&mut self, access: i64) {
        self.hear_of(0, access);
        if self.access + 1 == access {
            self.access = access;
        }
        self.go_on();
    }

    /// It was read at this `access` who of these accounts is in the room, and who is not has gone: if
    /// that is everyone who hears it, all of them are right.
    pub fn settle(&mut self, access: i64, read: &[(AccountId, bool)]) {
        self.hear_of(0, access);
        let read: HashSet<AccountId> = read.iter().map(|(account, _)| *account).collect();
        if self.seats.values().all(|seat| read.contains(&seat.account())) {
            self.access = self.access.max(access);
        }
        self.go_on();
    }

    /// Lets a seat wait for the room's state.
    pub fn join(&mut self, seat: &Arc<Seat>) {
        if !self.seats.contains_key(&seat.id()) {
            self.joining.insert(seat.id(), Arc::clone(seat));
        }
    }

    /// Whether a seat waits for the room's state.
    pub fn is_joining(&self, seat: &Seat) -> bool {
        self.joining.contains_key(&seat.id())
    }

    /// Hears the room from here on, who knows it as it was at this revision and `access`: what came
    /// since is queued at once.
    pub fn seat(&mut self, seat: &Arc<Seat>, revision: i64, access: i64) {
        self.joining.remove(&seat.id());
        self.hear_of(revision, access);
        if self.seats.is_empty() {
            // Who else was in it is gone; this one was in it then.
            self.access = access;
            self.at = Some(self.at.map_or(revision, |at| match self.visitors.is_empty() {
                true => at.max(revision),
                // They have heard as much, and hear what follows.
                false => at,
            }));
        }
        if self.at.is_some_and(|at| at > revision) {
            self.catch_up(seat, revision);
        }
        self.seats.insert(seat.id(), Arc::clone(seat));
        self.go_on();
    }

    /// Looks at the room from here on, without being in it.
    pub fn visit(&mut self, seat: &Arc<Seat>, revision: i64, access: i64) {
        self.hear_of(revision, access);
        self.at = Some(self.at.unwrap_or(revision));
        if self.at.is_some_and(|at| at > revision) {
            self.catch_up(seat, revision);
        }
        self.visitors.insert(seat.id(), Arc::clone(seat));
        self.go_on();
    }

    /// Who looks at it without being in it.
    pub fn visitors(&self) -> impl Iterator<Item = &Arc<Seat>> {
        self.visitors.values()
    }

    /// Queues what has been delivered since a revision.
    fn catch_up(&self, seat: &Seat, revision: i64) {
        match self.recent.since(revision) {
            Some((frames, now)) => self.bring_up(seat, revision, Some(frames), now),
            None => self.bring_up(seat, revision, None, revision),
        }
    }

    /// Queues what came since a revision and up to `now`; a `gap` where that is too much, or not known.
    pub fn bring_up(&self, seat: &Seat, since: i64, frames: Option<Vec<Frame>>, now: i64) {
        let Some(frames) = frames else {
            seat.queue.push(Frame::of(&Event::Gap { room: Some(self.id), after: None }));
            return;
        };
        let mut last = since;
        for frame in frames {
            let Some((_, revision)) = frame.number().filter(|(_, at)| *at > last) else { continue };
            if revision > last + 1 {
                seat.queue.push(Frame::skip(self.id, revision - 1));
            }
            seat.queue.push(frame);
            last = revision;
        }
        if last < now {
            seat.queue.push(Frame::skip(self.id, now));
        }
    }

    /// Hears nothing more.
    pub fn unseat(&mut self, seat: &Seat) {
        self.seats.remove(&seat.id());
        self.joining.remove(&seat.id());
        self.visitors.remove(&seat.id());
    }

    /// The same for everyone who hears it.
    fn tell(&self, frame: &Frame) {
        let seats = self.seats.values().chain(self.visitors.values());
        seats.for_each(|seat| seat.queue.push(frame.clone()));
    }

    /// The same for those who hear it that this picks.
    pub fn tell_some(&self, frame: &Frame, which: impl Fn(AccountId) -> bool) {
        let some = self.seats.values().filter(|seat| which(seat.account()));
        some.for_each(|seat| seat.queue.push(frame.clone()));
    }

    /// What came after a revision, and the revision it is whole to, if it is remembered.
    pub fn since(&self, revision: i64) -> Option<(Vec<Utf8Bytes>, i64)> {
        let (frames, now) = self.recent.since(revision)?;
        Some((frames.into_iter().map(|frame| frame.text).collect(), now))
    }

    /// Forgets what was said, if it has been quiet since.
    pub fn forget_old(&mut self, now: Instant) {
        if self.recent.is_old(now) {
            self.recent = Recent::default();
        }
    }

    /// Delivers what came early and whose turn it is.
    fn go_on(&mut self) {
        if self.passing.iter().all(|(access, _)| self.knows(*access)) {
            for (_, frame) in std::mem::take(&mut self.passing) {
                self.tell(&frame);
            }
        }
        let Some(at) = self.at else { return };
        self.early = self.early.split_off(&(at + 1));
        while let Some(first) = self.early.first_entry()
            && self.at == Some(first.key() - 1)
            && (first.get().access <= self.access || self.seats.is_empty())
        {
            let event = first.remove();
            self.deliver(event);
        }
    }

    fn deliver(&mut self, event: Heard) {
        self.recent.push(event.seq, event.revision, &event.frame, event.marks);
        self.tell(&event.frame);
        self.at = Some(event.revision);
    }

    /// The revisions up to this one were taken by messages that have changed since: they come with a
    /// later revision, and it is said that nothing else is missing.
    fn skip_to(&mut self, revision: i64) {
        if self.at.is_some_and(|at| at < revision) {
            self.tell(&Frame::skip(self.id, revision));
            self.recent.skip_to(revision);
            self.at = Some(revision);
        }
    }
}

#[cfg(test)]
mod tests;
