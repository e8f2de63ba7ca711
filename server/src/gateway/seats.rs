//! The places of this node's connections: by account, and by room. Each map is cut into shards, so
//! that coming and going in one room does not wait for another. A room is locked before a seat.
//!
//! Who hears a room follows this node's commits by themselves, and those of the others by what is
//! read: [`Seats::settle`].

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::{Viewer, presence::Audience, rooms::Position};
use protocol::{AccountId, RoomId, SessionId};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    queue::{Ended, Frame},
    recent::KEPT,
    room::{Heard, Room},
    seat::{Hears, Seat},
    sharded::Sharded,
};

/// Every place on this node.
#[derive(Default)]
pub struct Seats {
    next: AtomicU64,
    accounts: Sharded<AccountId, Vec<Arc<Seat>>>,
    rooms: Sharded<RoomId, Room>,
    /// Sessions that ended a moment ago: who was on the way in with one is turned away.
    ended: Mutex<HashMap<SessionId, Instant>>,
    /// How far rooms were a moment ago that nobody here heard: who was on the way in may have read
    /// them before that. Locked after the room.
    unheard: Sharded<RoomId, Unheard>,
    /// When rooms became something else, a moment ago: that has no number.
    changed: Sharded<RoomId, Instant>,
    /// What other nodes have to know of who hears what.
    audience: Audience,
}

/// What was heard of a room: its revision, its `access`, and when.
#[derive(Clone, Copy)]
struct Unheard {
    revision: i64,
    access: i64,
    at: Instant,
}

/// What taking seats has left open.
#[derive(Debug, Default)]
pub struct Open {
    /// Rooms that are behind: something of them is to be read.
    pub rooms: Vec<RoomId>,
    /// Rooms in which the account's standing must be read again.
    pub standings: Vec<RoomId>,
}

/// What came in a room that some connections of an account were told of before they heard it.
#[derive(Clone, Debug)]
pub struct Missed {
    pub since: i64,
    /// The revision that it is whole to.
    pub now: i64,
    /// In rising revision; `None` where they are too many.
    pub frames: Option<Vec<Frame>>,
}

/// Where a change of who is in a room stands among those that were heard of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// As new was known: it did nothing, and the account's standing is to be read.
    Late,
    /// It is the next, and done.
    Next,
    /// It is done, but something before it was not heard of: who is in the room is to be read.
    Ahead,
}

/// Who came and went by what was read.
#[derive(Debug, Default)]
pub struct Moved {
    pub came: Vec<AccountId>,
    pub left: Vec<AccountId>,
    /// Something else was heard of meanwhile: it is to be read once more.
    pub is_stale: bool,
}

impl Seats {
    /// Nobody yet.
    pub fn new(audience: Audience) -> Self {
        Self { audience, ..Self::default() }
    }

    /// A seat that hears what concerns its account, and no room yet.
    pub fn enter(&self, viewer: &Viewer) -> Arc<Seat> {
        self.take(viewer.account(), viewer.session())
    }

    /// A seat of nobody's that hears a public room from where it stood when it was read. Whether
    /// something of the room must be read for that.
    pub fn visit(&self, position: Position) -> (Arc<Seat>, bool) {
        let Position { room: id, revision, access } = position;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let seat = Arc::new(Seat::visitor(number, id));
        let mut rooms = self.rooms.lock(&id);
        let room = self.entry(&mut rooms, id);
        room.visit(&seat, revision, access);
        (seat, room.is_behind())
    }

    /// A room is for everyone's eyes no more: who only looks at it has to go.
    pub fn turn_out_visitors(&self, id: RoomId) {
        if let Some(room) = self.rooms.lock(&id).get(&id) {
            room.visitors().for_each(|seat| seat.queue.end(Ended::SessionOver));
        }
    }

    fn take(&self, account: AccountId, session: SessionId) -> Arc<Seat> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let seat = Arc::new(Seat::new(id, account, session));
        let mut accounts = self.accounts.lock(&seat.account());
        accounts.entry(seat.account()).or_default().push(Arc::clone(&seat));
        drop(accounts);
        // It ended between the handshake and this.
        if self.ended().contains_key(&seat.session()) {
            seat.queue.end(Ended::SessionOver);
        }
        seat
    }

    /// Hears these rooms from where they stood when they were read; not those that were left since.
    pub fn listen_to(
        &self,
        seat: &Arc<Seat>,
        positions: impl IntoIterator<Item = Position>,
    ) -> Open {
        let mut open = Open::default();
        for Position { room: id, revision, access } in positions {
            let mut rooms = self.rooms.lock(&id);
            let mut hears = seat.hears();
            if hears.left.contains(&id) {
                continue;
            }
            let room = self.entry(&mut rooms, id);
            if access < room.newest().1 || room.lacks(revision) {
                // Somebody came or went since it was read: perhaps this one; or what was said since is
                // not known here.
                hears.joining.insert(id, Some(revision));
                room.join(seat);
                open.standings.push(id);
                continue;
            }
            hears.rooms.insert(id);
            hears.joining.remove(&id);
            room.seat(seat, revision, access);
            self.audience.enter(id, seat.account());
            if room.is_behind() {
                open.rooms.push(id);
            }
        }
        let mut hears = seat.hears();
        hears.listens = true;
        hears.left = HashSet::new();
        open
    }

    /// Gives a place up.
    pub fn leave(&self, seat: &Arc<Seat>) {
        let mut accounts = self.accounts.lock(&seat.account());
        if let Some(seats) = accounts.get_mut(&seat.account()) {
            seats.retain(|other| other.id() != seat.id());
            if seats.is_empty() {
                accounts.remove(&seat.account());
            }
        }
        drop(accounts);
        let heard = std::mem::replace(&mut *seat.hears(), Hears { gone: true, ..Hears::default() });
        for id in heard.rooms.into_iter().chain(heard.joining.into_keys()) {
            self.unseat(&mut self.rooms.lock(&id), id, seat);
        }
    }

    /// The room, with what was heard of it while nobody here heard it.
    fn entry<'a>(&self, rooms: &'a mut HashMap<RoomId, Room>, id: RoomId) -> &'a mut Room {
        rooms.entry(id).or_insert_with(|| {
            self.audience.serve(id);
            let unheard = self.unheard.lock(&id).get(&id).copied();
            Room::new(
                id,
                unheard.map_or(0, |unheard| unheard.revision),
                unheard.map_or(0, |unheard| unheard.access),
            )
        })
    }

    fn unseat(&self, rooms: &mut HashMap<RoomId, Room>, id: RoomId, seat: &Seat) {
        let Some(room) = rooms.get_mut(&id) else { return };
        room.unseat(seat);
        if room.is_empty() {
            let (revision, access) = room.newest();
            rooms.remove(&id);
            self.audience.unserve(id);
            self.note(id, revision, access);
        }
    }

    /// Keeps in mind for a while how far a room is that nobody here hears.
    fn note(&self, id: RoomId, revision: i64, access: i64) {
        let mut unheard = self.unheard.lock(&id);
        let before = unheard.get(&id).map_or((0, 0), |before| (before.revision, before.access));
        let (revision, access) = (revision.max(before.0), access.max(before.1));
        unheard.insert(id, Unheard { revision, access, at: Instant::now() });
    }

    /// An account's connections.
    pub fn of(&self, account: AccountId) -> Vec<Arc<Seat>> {
        self.accounts.lock(&account).get(&account).cloned().unwrap_or_default()
    }

    /// Whether an account has any.
    pub fn is_here(&self, account: AccountId) -> bool {
        self.accounts.lock(&account).contains_key(&account)
    }

    /// The same for all of an account's connections.
    pub fn tell_account(&self, account: AccountId, frame: &Frame) {
        for seat in self.of(account) {
            seat.queue.push(frame.clone());
        }
    }

    /// An event of a room, for everyone in it when its turn has come. Whether something must be read
    /// for that.
    pub fn hear(&self, id: RoomId, event: Heard) -> bool {
        let (revision, access) = (event.revision, event.access);
        self.hear_with(id, revision, access, |room| room.hear(event))
    }

    /// A room is as far. Whether something must be read.
    pub fn hear_of(&self, id: RoomId, revision: i64, access: i64) -> bool {
        self.hear_with(id, revision, access, |room| room.hear_of(revision, access))
    }

    fn hear_with(
        &self,
        id: RoomId,
        revision: i64,
        access: i64,
        hear: impl FnOnce(&mut Room),
    ) -> bool {
        let mut rooms = self.rooms.lock(&id);
        let Some(room) = rooms.get_mut(&id) else {
            self.note(id, revision, access);
            return false;
        };
        hear(room);
        room.is_behind()
    }

    /// Something was read of a room. Whether more must be.
    pub fn update(&self, id: RoomId, read: impl FnOnce(&mut Room)) -> bool {
        let mut rooms = self.rooms.lock(&id);
        let Some(room) = rooms.get_mut(&id) else { return false };
        read(room);
        room.is_behind()
    }

    /// How far a room was delivered, and as of which `access`; `None` where that is not to be known.
    pub fn position(&self, id: RoomId) -> Option<Position> {
        let rooms = self.rooms.lock(&id);
        let room = rooms.get(&id)?;
        Some(Position { room: id, revision: room.at()?, access: room.access() })
    }

    /// What came in a room after a revision, and the revision it is whole to, if it is remembered.
    pub fn recent(&self, id: RoomId, since: i64) -> Option<(Vec<Utf8Bytes>, i64)> {
        self.rooms.lock(&id).get(&id)?.since(since)
    }

    /// Forgets what was said in rooms that have been quiet since, and who is long gone.
    pub fn forget_old(&self, now: Instant) {
        for mut rooms in self.rooms.all() {
            rooms.values_mut().for_each(|room| room.forget_old(now));
        }
        self.ended().retain(|_, at| *at + KEPT > now);
        for mut unheard in self.unheard.all() {
            unheard.retain(|_, heard| heard.at + KEPT > now);
        }
        for mut changed in self.changed.all() {
            changed.retain(|_, at| *at + KEPT > now);
        }
    }

    /// A room is not what it was: closed, opened, renamed.
    pub fn note_changed(&self, id: RoomId) {
        self.changed.lock(&id).insert(id, Instant::now());
    }

    /// Whether it became so after this.
    pub fn changed_since(&self, id: RoomId, then: Instant) -> bool {
        self.changed.lock(&id).get(&id).is_some_and(|at| *at >= then)
    }

    /// The same state for everyone in a room.
    pub fn tell_everyone(&self, id: RoomId, frame: &Frame) {
        if let Some(room) = self.rooms.lock(&id).get(&id) {
            room.tell(frame);
        }
    }

    /// The same state for those in a room that this picks.
    pub fn tell_some(&self, id: RoomId, frame: &Frame, which: impl Fn(AccountId) -> bool) {
        if let Some(room) = self.rooms.lock(&id).get(&id) {
            room.tell_some(frame, which);
        }
    }

    /// The rooms that an account's connections hear.
    pub fn rooms_of(&self, account: AccountId) -> HashSet<RoomId> {
        self.of(account).iter().flat_map(|seat| seat.hears().rooms.clone()).collect()
    }

    /// Whether anybody here hears this room.
    pub fn is_heard(&self, id: RoomId) -> bool {
        self.rooms.lock(&id).get(&id).is_some_and(Room::is_heard)
    }

    /// Whose connections are in a room.
    pub fn accounts_in(&self, id: RoomId) -> HashSet<AccountId> {
        self.rooms.lock(&id).get(&id).into_iter().flat_map(Room::accounts).collect()
    }

    /// The earliest revision that `ready` told those of an account's connections that still wait for a
    /// room; `None` where it told none of them.
    pub fn told(&self, account: AccountId, id: RoomId) -> Option<i64> {
        let told = |seat: &Arc<Seat>| seat.hears().joining.get(&id).copied().flatten();
        self.of(account).iter().filter_map(told).min()
    }

    /// The room's state, read at this position, to those of an account's connections that are in it; to
    /// whom `ready` told of it what was `missed` since, and to who has just joined, what came since then
    /// as well. Says what is to be read: more of the room, or whether the account still is in it.
    pub fn tell_room(
        &self,
        account: AccountId,
        state: &Frame,
        position: Position,
        missed: Option<&Missed>,
    ) -> Open {
        let Position { room: id, revision, access } = position;
        let mut open = Open::default();
        for seat in self.of(account) {
            let mut rooms = self.rooms.lock(&id);
            let mut hears = seat.hears();
            let Some(room) = rooms.get_mut(&id) else { continue };
            if hears.rooms.contains(&id) {
                seat.queue.push(state.clone());
                continue;
            }
            let Some(told) = hears.joining.get(&id).copied().filter(|_| room.is_joining(&seat))
            else {
                continue;
            };
            let missed = missed.filter(|missed| told.is_some_and(|told| missed.since <= told));
            let revision = missed.map_or(revision, |missed| missed.now);
            let is_unread = told.is_some() && missed.is_none();
            if is_unread || access < room.newest().1 || room.lacks(revision) {
                // As where a seat is taken.
                open.standings.push(id);
                continue;
            }
            hears.joining.remove(&id);
            hears.rooms.insert(id);
            match (told, missed) {
                (Some(told), Some(missed)) => {
                    seat.queue.push(state.clone());
                    room.bring_up(&seat, told, missed.frames.clone(), missed.now);
                }
                _ => seat.queue.push(state.clone().standing_at(id, revision)),
            }
            room.seat(&seat, revision, access);
            self.audience.enter(id, account);
            if room.is_behind() {
                open.rooms.push(id);
            }
        }
        open
    }

    /// An account is in a room now, which made the room's `access` this.
    pub fn join(&self, id: RoomId, account: AccountId, access: i64) -> Step {
        if self.is_known(id, access) {
            return Step::Late;
        }
        self.bring_in(id, account);
        self.step(id, access)
    }

    /// An account is in a room no more, which made the room's `access` this.
    pub fn part(&self, id: RoomId, account: AccountId, access: i64) -> Step {
        if self.is_known(id, access) {
            return Step::Late;
        }
        self.turn_out(id, account);
        self.step(id, access)
    }

    /// Whether as much was heard of who is in a room.
    fn is_known(&self, id: RoomId, access: i64) -> bool {
        self.rooms.lock(&id).get(&id).is_some_and(|room| access <= room.newest().1)
    }

    fn step(&self, id: RoomId, access: i64) -> Step {
        match self.hear_with(id, 0, access, |room| room.step(access)) {
            true => Step::Ahead,
            false => Step::Next,
        }
    }

    /// Who of these accounts is in the room, read at this `access`: who is not is turned out, who is
    /// comes in. `None` where it was read before something that is known by now.
    pub fn settle(
        &self,
        id: RoomId,
        access: i64,
        standings: &[(AccountId, bool)],
    ) -> Option<Moved> {
        let is_old = |room: &Room| access < room.newest().1;
        if self.rooms.lock(&id).get(&id).is_some_and(is_old) {
            return None;
        }
        let mut moved = Moved::default();
        for (account, is_inside) in standings {
            match is_inside {
                true if self.bring_in(id, *account) => moved.came.push(*account),
                false if self.turn_out(id, *account) => moved.left.push(*account),
                _ => {}
            }
        }
        let mut rooms = self.rooms.lock(&id);
        if let Some(room) = rooms.get_mut(&id) {
            room.settle(access, standings);
            // Local changes do not wait for what is read.
            moved.is_stale = is_old(room);
        }
        Some(moved)
    }

    /// Lets an account's connections wait for the state of a room that it is in. Whether any does.
    fn bring_in(&self, id: RoomId, account: AccountId) -> bool {
        let mut any = false;
        for seat in self.of(account) {
            let mut rooms = self.rooms.lock(&id);
            let mut hears = seat.hears();
            hears.left.remove(&id);
            if !hears.gone && !hears.rooms.contains(&id) {
                hears.joining.entry(id).or_insert(None);
                self.entry(&mut rooms, id).join(&seat);
                any = true;
            }
        }
        any
    }

    /// Nothing more of a room for an account's connections. Whether any heard it.
    fn turn_out(&self, id: RoomId, account: AccountId) -> bool {
        let mut any = false;
        for seat in self.of(account) {
            let mut rooms = self.rooms.lock(&id);
            let mut hears = seat.hears();
            any |= hears.rooms.remove(&id);
            any |= hears.joining.remove(&id).is_some();
            if !hears.listens {
                any |= hears.left.insert(id);
            }
            self.unseat(&mut rooms, id, &seat);
            seat.queue.drop_room(id);
        }
        self.audience.part(id, account);
        any
    }

    fn ended(&self) -> MutexGuard<'_, HashMap<SessionId, Instant>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session is over, and so are its connections.
    pub fn end_session(&self, session: SessionId) {
        self.ended().insert(session, Instant::now());
        self.end_where(Ended::SessionOver, |seat| seat.session() == session);
    }

    /// All connections are to end.
    pub fn end_all(&self, ended: Ended) {
        self.end_where(ended, |_| true);
        for rooms in self.rooms.all() {
            let visitors = rooms.values().flat_map(Room::visitors);
            visitors.for_each(|seat| seat.queue.end(ended));
        }
    }

    fn end_where(&self, ended: Ended, which: impl Fn(&Seat) -> bool) {
        for accounts in self.accounts.all() {
            let seats = accounts.values().flatten();
            seats.filter(|seat| which(seat)).for_each(|seat| seat.queue.end(ended));
        }
    }
}

#[cfg(test)]
mod tests;
