//! State that is told: to an account's connections, to a room's, and to who has just come into one.

use std::sync::Arc;

use domain::rooms::Position;
use protocol::{AccountId, RoomId};

use super::{Open, Seats};
use crate::gateway::{queue::Frame, seat::Seat};

/// What came in a room that some connections of an account were told of before they heard it.
#[derive(Clone, Debug)]
pub struct Missed {
    pub since: i64,
    /// The revision that it is whole to.
    pub now: i64,
    /// In rising revision; `None` where they are too many.
    pub frames: Option<Vec<Frame>>,
}

impl Seats {
    /// The same for all of an account's connections.
    pub fn tell_account(&self, account: AccountId, frame: &Frame) {
        for seat in self.of(account) {
            seat.queue.push(frame.clone());
        }
    }

    /// The same state for everyone in a room.
    pub fn tell_everyone(&self, id: RoomId, frame: &Frame) {
        if let Some(room) = self.rooms.lock(&id).get_mut(&id) {
            room.tell_in_turn(frame);
        }
    }

    /// The same state for those in a room that this picks.
    pub fn tell_some(&self, id: RoomId, frame: &Frame, which: impl Fn(AccountId) -> bool) {
        if let Some(room) = self.rooms.lock(&id).get(&id) {
            room.tell_some(frame, which);
        }
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
            if is_unread || access < room.newest().access || room.lacks(revision) {
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
}
