//! One connection's place: whose it is, what waits for it, and which rooms it hears.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use protocol::{AccountId, RoomId, SessionId};

use super::queue::Queue;

pub type SeatId = u64;

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
pub struct Hears {
    pub rooms: HashSet<RoomId>,
    /// Rooms that were joined, and whose state is not told yet; with the revision that `ready` told of them,
    /// if it did: what came since is to be told first.
    pub joining: HashMap<RoomId, Option<i64>>,
    /// Rooms that were left before the seat took its place in its rooms.
    pub left: HashSet<RoomId>,
    pub listens: bool,
    /// The connection is no more: nothing is to be done for it.
    pub gone: bool,
}

impl Seat {
    pub fn new(id: SeatId, account: AccountId, session: SessionId) -> Self {
        Self { id, account, session, queue: Queue::default(), hears: Mutex::default() }
    }

    /// A place of nobody's, which hears one room.
    pub fn visitor(id: SeatId, room: RoomId) -> Self {
        let nobody = (AccountId::new(0, [0; 16]), SessionId::new(0, [0; 16]));
        let seat = Self::new(id, nobody.0, nobody.1);
        seat.hears().rooms.insert(room);
        seat
    }

    pub fn id(&self) -> SeatId {
        self.id
    }

    pub fn account(&self) -> AccountId {
        self.account
    }

    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Locked after the room that it is about.
    pub fn hears(&self) -> MutexGuard<'_, Hears> {
        self.hears.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this connection hears the room now.
    pub fn is_in(&self, room: RoomId) -> bool {
        self.hears().rooms.contains(&room)
    }

    /// Whether it may be answered about the room: it hears it, or is about to.
    pub fn may_hear(&self, room: RoomId) -> bool {
        let hears = self.hears();
        hears.rooms.contains(&room) || hears.joining.contains_key(&room)
    }
}
