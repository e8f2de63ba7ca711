//! Who comes into rooms and who leaves them: by this node's commits, and by what is read of the others'.

use protocol::{AccountId, RoomId};

use super::Seats;

/// Where a change of who is in a room stands among those that were heard of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// As new was known: it is not done, or for some connections alone, and the account's standing is to be
    /// read.
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
    /// An account is in a room now, which made the room's `access` this.
    pub fn join(&self, id: RoomId, account: AccountId, access: i64) -> Step {
        self.step(id, access, || self.bring_in(id, account, access))
    }

    /// An account is in a room no more, which made the room's `access` this.
    pub fn part(&self, id: RoomId, account: AccountId, access: i64) -> Step {
        self.step(id, access, || self.turn_out(id, account, access))
    }

    fn step(&self, id: RoomId, access: i64, act: impl FnOnce() -> Option<bool>) -> Step {
        if access <= self.newest(id).access {
            return Step::Late;
        }
        // First, so that what was read before this undoes nothing of it.
        self.hear_of(id, 0, access);
        if act().is_none() {
            return Step::Late;
        }
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
        (access >= self.newest(id).access).then(|| self.seat_as_read(id, access, standings))
    }

    /// The same, while others change who is in the room.
    pub(super) fn seat_as_read(
        &self,
        id: RoomId,
        access: i64,
        standings: &[(AccountId, bool)],
    ) -> Moved {
        // First, so that what was read before this undoes nothing of it.
        self.hear_of(id, 0, access);
        let mut moved = Moved::default();
        let mut is_certain = true;
        for (account, is_inside) in standings {
            let (acted, those) = match is_inside {
                true => (self.bring_in(id, *account, access), &mut moved.came),
                false => (self.turn_out(id, *account, access), &mut moved.left),
            };
            match acted {
                Some(true) => those.push(*account),
                Some(false) => {}
                // Who was not in it then may still sit there.
                None => is_certain &= *is_inside,
            }
        }
        let mut rooms = self.rooms.lock(&id);
        // Local changes do not wait for what is read.
        moved.is_stale = !is_certain || access < self.newest_of(&rooms, id).access;
        if let Some(room) = rooms.get_mut(&id).filter(|_| is_certain) {
            room.settle(access, standings);
        }
        moved
    }

    /// Lets an account's connections wait for the state of a room that it was in at this `access`. Whether
    /// any does; `None` where something later is known.
    fn bring_in(&self, id: RoomId, account: AccountId, access: i64) -> Option<bool> {
        let mut any = false;
        for seat in self.of(account) {
            let mut rooms = self.rooms.lock(&id);
            if access < self.newest_of(&rooms, id).access {
                return None;
            }
            let mut hears = seat.hears();
            hears.left.remove(&id);
            if !hears.gone && !hears.rooms.contains(&id) {
                hears.joining.entry(id).or_insert(None);
                self.entry(&mut rooms, id).join(&seat);
                any = true;
            }
        }
        Some(any)
    }

    /// Nothing more of a room for the connections of an account that was not in it at this `access`. Whether
    /// any heard it; `None` where something later is known.
    fn turn_out(&self, id: RoomId, account: AccountId, access: i64) -> Option<bool> {
        let mut any = false;
        for seat in self.of(account) {
            let mut rooms = self.rooms.lock(&id);
            if access < self.newest_of(&rooms, id).access {
                return None;
            }
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
        Some(any)
    }
}
