//! The places of this node's connections: by account, and by room. Each map is cut into shards, so
//! that coming and going in one room does not wait for another. A room is locked before a seat.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, Hash, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::Viewer;
use protocol::{AccountId, RoomId, SessionId};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    queue::{Ended, Frame, Queue},
    recent::Recent,
};

const SHARDS: usize = 16;
/// As many events wait for a room's state to be told.
const JOINING: usize = 256;

type SeatId = u64;

/// One connection's place.
#[derive(Debug)]
pub struct Seat {
    id: SeatId,
    account: AccountId,
    session: SessionId,
    pub queue: Queue,
    hears: Mutex<Hears>,
}

#[derive(Debug, Default)]
struct Hears {
    rooms: HashSet<RoomId>,
    /// Rooms that were joined, and whose state is not told yet.
    joining: HashSet<RoomId>,
    /// Rooms that were left before the seat took its place in its rooms.
    left: HashSet<RoomId>,
    listens: bool,
    /// The connection is no more: nothing is to be done for it.
    gone: bool,
}

impl Seat {
    fn hears(&self) -> MutexGuard<'_, Hears> {
        self.hears.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this connection hears the room now.
    pub fn is_in(&self, room: RoomId) -> bool {
        self.hears().rooms.contains(&room)
    }

    /// Whether it may be answered about the room: it hears it, or is about to.
    pub fn may_hear(&self, room: RoomId) -> bool {
        let hears = self.hears();
        hears.rooms.contains(&room) || hears.joining.contains(&room)
    }
}

#[derive(Default)]
struct Room {
    seats: HashMap<SeatId, Arc<Seat>>,
    /// Who joined, and has not been told the room's state yet: what came in the meantime follows it.
    joining: HashMap<SeatId, (Arc<Seat>, Vec<Frame>)>,
    recent: Recent,
}

struct Sharded<K, V> {
    shards: [Mutex<HashMap<K, V>>; SHARDS],
    by: RandomState,
}

impl<K: Hash, V> Default for Sharded<K, V> {
    fn default() -> Self {
        Self { shards: Default::default(), by: RandomState::new() }
    }
}

impl<K: Hash, V> Sharded<K, V> {
    fn lock(&self, key: &K) -> MutexGuard<'_, HashMap<K, V>> {
        let hash = usize::try_from(self.by.hash_one(key) % SHARDS as u64).unwrap_or(0);
        self.shards[hash].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> impl Iterator<Item = MutexGuard<'_, HashMap<K, V>>> {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Every place on this node.
#[derive(Default)]
pub struct Seats {
    next: AtomicU64,
    accounts: Sharded<AccountId, Vec<Arc<Seat>>>,
    rooms: Sharded<RoomId, Room>,
}

impl Seats {
    /// A seat that hears what concerns its account, and no room yet.
    pub fn enter(&self, viewer: &Viewer) -> Arc<Seat> {
        let seat = Arc::new(Seat {
            id: self.next.fetch_add(1, Ordering::Relaxed),
            account: viewer.account(),
            session: viewer.session(),
            queue: Queue::default(),
            hears: Mutex::default(),
        });
        let mut accounts = self.accounts.lock(&seat.account);
        accounts.entry(seat.account).or_default().push(Arc::clone(&seat));
        drop(accounts);
        seat
    }

    /// Hears these rooms from here on; not those that were left since they were read.
    pub fn listen_to(&self, seat: &Arc<Seat>, rooms: impl IntoIterator<Item = RoomId>) {
        for id in rooms {
            let mut rooms = self.rooms.lock(&id);
            let mut hears = seat.hears();
            if hears.left.contains(&id) {
                continue;
            }
            hears.rooms.insert(id);
            hears.joining.remove(&id);
            let room = rooms.entry(id).or_default();
            // `ready` tells the room's state.
            room.joining.remove(&seat.id);
            room.seats.insert(seat.id, Arc::clone(seat));
        }
        let mut hears = seat.hears();
        hears.listens = true;
        hears.left = HashSet::new();
    }

    /// Gives a place up.
    pub fn leave(&self, seat: &Arc<Seat>) {
        let mut accounts = self.accounts.lock(&seat.account);
        if let Some(seats) = accounts.get_mut(&seat.account) {
            seats.retain(|other| other.id != seat.id);
            if seats.is_empty() {
                accounts.remove(&seat.account);
            }
        }
        drop(accounts);
        let heard = std::mem::replace(&mut *seat.hears(), Hears { gone: true, ..Hears::default() });
        for id in heard.rooms.into_iter().chain(heard.joining) {
            unseat(&mut self.rooms.lock(&id), id, seat);
        }
    }

    pub fn of(&self, account: AccountId) -> Vec<Arc<Seat>> {
        self.accounts.lock(&account).get(&account).cloned().unwrap_or_default()
    }

    pub fn is_here(&self, account: AccountId) -> bool {
        self.accounts.lock(&account).contains_key(&account)
    }

    pub fn tell_account(&self, account: AccountId, frame: &Frame) {
        for seat in self.of(account) {
            seat.queue.push(frame.clone());
        }
    }

    /// An event that took the room's next revision, for everyone in it.
    pub fn deliver(&self, id: RoomId, seq: i64, frame: &Frame) {
        let mut rooms = self.rooms.lock(&id);
        let Some(room) = rooms.get_mut(&id) else { return };
        room.recent.push(seq, frame);
        for seat in room.seats.values() {
            seat.queue.push(frame.clone());
        }
        for (_, waiting) in room.joining.values_mut() {
            // The state that is told will be later than the oldest of them.
            if waiting.len() == JOINING {
                waiting.remove(0);
            }
            waiting.push(frame.clone());
        }
    }

    /// What came in a room after a revision, and the revision it is whole to, if it is remembered.
    pub fn recent(&self, id: RoomId, since: i64) -> Option<(Vec<Utf8Bytes>, i64)> {
        self.rooms.lock(&id).get(&id)?.recent.since(since)
    }

    /// Forgets what was said in rooms that have been quiet since.
    pub fn forget_old(&self, now: Instant) {
        for mut rooms in self.rooms.all() {
            let old = rooms.values_mut().filter(|room| room.recent.is_old(now));
            old.for_each(|room| room.recent = Recent::default());
        }
    }

    /// The same state for everyone in a room.
    pub fn tell_everyone(&self, id: RoomId, frame: &Frame) {
        if let Some(room) = self.rooms.lock(&id).get(&id) {
            room.seats.values().for_each(|seat| seat.queue.push(frame.clone()));
        }
    }

    /// Whether anybody here hears this room.
    pub fn is_heard(&self, id: RoomId) -> bool {
        self.rooms.lock(&id).get(&id).is_some_and(|room| !room.seats.is_empty())
    }

    /// Whose connections are in a room.
    pub fn accounts_in(&self, id: RoomId) -> HashSet<AccountId> {
        let rooms = self.rooms.lock(&id);
        let seats = rooms.get(&id).into_iter().flat_map(|room| room.seats.values());
        seats.map(|seat| seat.account).collect()
    }

    /// The room's state, read at `revision`, to those of an account's connections that are in it; to
    /// who has just joined, what came since then as well.
    pub fn tell_room(&self, id: RoomId, account: AccountId, state: &Frame, revision: i64) {
        for seat in self.of(account) {
            let mut rooms = self.rooms.lock(&id);
            let mut hears = seat.hears();
            if hears.rooms.contains(&id) {
                seat.queue.push(state.clone());
                continue;
            }
            let Some(room) = rooms.get_mut(&id) else { continue };
            let Some((_, waiting)) = room.joining.remove(&seat.id) else { continue };
            hears.joining.remove(&id);
            seat.queue.push(state.clone());
            let since = |frame: &Frame| frame.numbered.is_some_and(|(_, at)| at > revision);
            waiting.into_iter().filter(since).for_each(|frame| seat.queue.push(frame));
            hears.rooms.insert(id);
            room.seats.insert(seat.id, Arc::clone(&seat));
        }
    }

    pub fn join(&self, id: RoomId, account: AccountId) {
        for seat in self.of(account) {
            let mut rooms = self.rooms.lock(&id);
            let mut hears = seat.hears();
            hears.left.remove(&id);
            if !hears.gone && !hears.rooms.contains(&id) {
                hears.joining.insert(id);
                let room = rooms.entry(id).or_default();
                room.joining.entry(seat.id).or_insert_with(|| (Arc::clone(&seat), Vec::new()));
            }
        }
    }

    pub fn part(&self, id: RoomId, account: AccountId) {
        for seat in self.of(account) {
            let mut rooms = self.rooms.lock(&id);
            let mut hears = seat.hears();
            hears.rooms.remove(&id);
            hears.joining.remove(&id);
            if !hears.listens {
                hears.left.insert(id);
            }
            unseat(&mut rooms, id, &seat);
            seat.queue.drop_room(id);
        }
    }

    pub fn end_session(&self, session: SessionId) {
        self.end_where(Ended::SessionOver, |seat| seat.session == session);
    }

    pub fn end_all(&self) {
        self.end_where(Ended::Restart, |_| true);
    }

    fn end_where(&self, ended: Ended, which: impl Fn(&Seat) -> bool) {
        for accounts in self.accounts.all() {
            let seats = accounts.values().flatten();
            seats.filter(|seat| which(seat)).for_each(|seat| seat.queue.end(ended));
        }
    }
}

fn unseat(rooms: &mut HashMap<RoomId, Room>, id: RoomId, seat: &Seat) {
    if let Some(room) = rooms.get_mut(&id) {
        room.seats.remove(&seat.id);
        room.joining.remove(&seat.id);
        if room.seats.is_empty() && room.joining.is_empty() {
            rooms.remove(&id);
        }
    }
}
