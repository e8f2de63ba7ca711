//! The places of this node's connections: by account, and by room. Each map is cut into shards, so
//! that coming and going in one room does not wait for another. A room is locked before a seat.
//!
//! Who hears a room follows this node's commits by themselves, and those of the others by what is
//! read: [`Seats::settle`].

mod broadcast;
mod membership;

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
    queue::Ended,
    recent::KEPT,
    room::{Heard, Newest, Room},
    seat::{Hears, Seat},
    sharded::Sharded,
};
pub use broadcast::Missed;
pub use membership::Step;

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
    /// When rooms became something else, or others were in them, a moment ago: that has no number.
    changed: Sharded<RoomId, Instant>,
    /// What other nodes have to know of who hears what.
    audience: Audience,
}

/// What was heard of a room, and when.
#[derive(Clone, Copy)]
struct Unheard {
    newest: Newest,
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
            if access < room.newest().access || room.lacks(revision) {
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
            Room::new(id, self.unheard(id))
        })
    }

    fn unheard(&self, id: RoomId) -> Newest {
        self.unheard.lock(&id).get(&id).map(|unheard| unheard.newest).unwrap_or_default()
    }

    /// What was heard of a room.
    pub fn newest(&self, id: RoomId) -> Newest {
        self.newest_of(&self.rooms.lock(&id), id)
    }

    fn newest_of(&self, rooms: &HashMap<RoomId, Room>, id: RoomId) -> Newest {
        rooms.get(&id).map_or_else(|| self.unheard(id), Room::newest)
    }

    /// A room was read as this after no more than that had been heard of it. What was heard beyond it is not
    /// so, whoever said it: else it would be looked for again and again.
    pub fn correct(&self, id: RoomId, heard: Newest, revision: i64, access: i64) {
        if heard.revision <= revision && heard.access <= access {
            return;
        }
        let mut rooms = self.rooms.lock(&id);
        if let Some(room) = rooms.get_mut(&id) {
            room.correct(heard, revision, access);
        } else if let Some(unheard) = self.unheard.lock(&id).get_mut(&id) {
            unheard.newest.correct(heard, revision, access);
        }
    }

    fn unseat(&self, rooms: &mut HashMap<RoomId, Room>, id: RoomId, seat: &Seat) {
        let Some(room) = rooms.get_mut(&id) else { return };
        room.unseat(seat);
        if room.is_empty() {
            let newest = room.newest();
            rooms.remove(&id);
            self.audience.unserve(id);
            self.unheard.lock(&id).insert(id, Unheard { newest, at: Instant::now() });
        }
    }

    /// Keeps in mind for a while how far a room is that nobody here hears.
    fn note(&self, id: RoomId, revision: i64, access: i64) {
        let mut unheard = self.unheard.lock(&id);
        let mut newest = unheard.get(&id).map(|before| before.newest).unwrap_or_default();
        newest.hear_of(revision, access);
        unheard.insert(id, Unheard { newest, at: Instant::now() });
    }

    /// An account's connections.
    pub fn of(&self, account: AccountId) -> Vec<Arc<Seat>> {
        self.accounts.lock(&account).get(&account).cloned().unwrap_or_default()
    }

    /// Whether an account has any.
    pub fn is_here(&self, account: AccountId) -> bool {
        self.accounts.lock(&account).contains_key(&account)
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

    /// A room is not what it was: closed, opened, renamed, joined by somebody.
    pub fn note_changed(&self, id: RoomId) {
        self.changed.lock(&id).insert(id, Instant::now());
    }

    /// Whether it became so after this.
    pub fn changed_since(&self, id: RoomId, then: Instant) -> bool {
        self.changed.lock(&id).get(&id).is_some_and(|at| *at >= then)
    }

    /// The rooms that an account's connections hear.
    pub fn rooms_of(&self, account: AccountId) -> HashSet<RoomId> {
        self.of(account).iter().flat_map(|seat| seat.hears().rooms.clone()).collect()
    }

    /// Whether anybody here hears this room.
    pub fn is_heard(&self, id: RoomId) -> bool {
        self.rooms.lock(&id).get(&id).is_some_and(Room::is_heard)
    }

    /// Whether anybody here hears this room, or is about to.
    pub fn is_served(&self, id: RoomId) -> bool {
        self.rooms.lock(&id).contains_key(&id)
    }

    /// Whose connections are in a room.
    pub fn accounts_in(&self, id: RoomId) -> HashSet<AccountId> {
        self.rooms.lock(&id).get(&id).into_iter().flat_map(Room::accounts).collect()
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
