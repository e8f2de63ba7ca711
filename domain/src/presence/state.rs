//! Who is with this node, and whom the others say are with them.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
};

use protocol::{AccountId, RoomId, Timestamp, accounts::Status};

use super::{SETTLES_MS, elsewhere::Elsewhere, store::Leases};
use crate::bus::{Bus, Change, Store};

/// The people of this house, by where they are.
pub(crate) struct Presence {
    pub(super) next: AtomicU64,
    people: Mutex<People>,
    /// Where nodes find who is with others; `None` where there are no others.
    pub(super) leases: Option<Leases>,
}

#[derive(Default)]
pub(super) struct People {
    /// Who has connections to this node, or had one a moment ago.
    pub here: HashMap<AccountId, Here>,
    /// Of these, who is in which room; kept only where there are other nodes to ask.
    pub rooms: HashMap<RoomId, HashSet<AccountId>>,
    pub elsewhere: Elsewhere,
    /// Who was looked up, and until when that is believed.
    pub borrowed: HashMap<AccountId, (Status, Timestamp)>,
    /// Whose state was not said to the other nodes yet.
    pub unsaid: HashSet<AccountId>,
    /// Who has come into a room, or left it, since that was said last.
    pub entered: HashSet<(RoomId, AccountId)>,
    pub parted: HashSet<(RoomId, AccountId)>,
    /// Rooms of which another node wants to know who is in them.
    pub asked: HashSet<RoomId>,
    /// How many are in public rooms that somebody of this node is in.
    pub tallies: HashMap<RoomId, Tally>,
    /// Of which of these it is not written down as it is.
    pub untold: HashSet<RoomId>,
    /// Since when somebody here hears which room.
    pub served_at: HashMap<RoomId, Timestamp>,
    /// Something may have been missed; when it was last begun anew for that.
    pub anew: bool,
    pub anew_at: Option<Timestamp>,
    /// Who went, until it is written down.
    pub gone: Vec<AccountId>,
    pub renewed_at: Option<Timestamp>,
    pub beaten_at: Option<Timestamp>,
    pub written_at: Option<Timestamp>,
    /// Counts up while this node lives.
    pub beat: i64,
    /// Counts up with each look at the clock.
    pub ticks: u128,
}

/// How many are in a public room, as nodes are told on which nobody hears it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Tally {
    pub count: i64,
    /// Nobody else says that somebody is in it: it goes with the last of ours.
    pub is_ours: bool,
}

#[derive(Debug)]
pub(super) struct Here {
    /// Each with whether nobody has a hand on it.
    pub connections: HashMap<u64, bool>,
    pub is_invisible: bool,
    /// Whether that was read since the first of these connections came.
    pub is_known: bool,
    /// When the last connection went.
    pub left_at: Option<Timestamp>,
    pub was_away: bool,
    pub rooms: HashSet<RoomId>,
    /// Kept only where there are other nodes to ask.
    pub friends: Vec<AccountId>,
}

impl Here {
    pub fn new() -> Self {
        Self {
            connections: HashMap::new(),
            is_invisible: true,
            is_known: false,
            left_at: None,
            was_away: false,
            rooms: HashSet::new(),
            friends: Vec::new(),
        }
    }

    fn status(&self) -> Status {
        let away = match self.connections.is_empty() {
            true => self.was_away,
            false => self.connections.values().all(|is_away| *is_away),
        };
        if away { Status::Away } else { Status::Online }
    }
}

impl People {
    /// As others see it.
    pub fn status(&self, account: AccountId, now: Timestamp) -> Status {
        let here = self.here.get(&account);
        if here.is_some_and(|here| here.is_invisible && here.is_known) {
            return Status::Offline;
        }
        // Whether they may be seen is not known yet: what other nodes say they may say.
        let here = here.filter(|here| !here.is_invisible).map(Here::status);
        let known = self.elsewhere.of(account, now).chain(here);
        let known = known.min_by_key(|status| rank(*status));
        let borrowed = || self.borrowed.get(&account).map(|(status, _)| *status);
        known.or_else(borrowed).unwrap_or(Status::Offline)
    }

    /// Whether nothing is known of somebody.
    pub fn is_unknown(&self, account: AccountId, now: Timestamp) -> bool {
        !self.borrowed.contains_key(&account) && !self.is_told_of(account, now)
    }

    /// Whether anybody tells of somebody, so that it need not be looked up.
    pub fn is_told_of(&self, account: AccountId, now: Timestamp) -> bool {
        self.here.contains_key(&account) || self.elsewhere.of(account, now).next().is_some()
    }

    /// What this node says of somebody.
    pub fn own(&self, account: AccountId) -> Status {
        let seen = self.here.get(&account).filter(|here| !here.is_invisible);
        seen.map_or(Status::Offline, Here::status)
    }

    /// Who of these is seen otherwise than before.
    pub fn moved(&self, before: Vec<(AccountId, Status)>, now: Timestamp) -> Vec<Change> {
        let moved = before.into_iter().filter(|(id, was)| self.status(*id, now) != *was);
        moved.map(|(account, _)| Change::Present { account }).collect()
    }

    pub fn seen_as(
        &self,
        people: impl IntoIterator<Item = AccountId>,
        now: Timestamp,
    ) -> Vec<(AccountId, Status)> {
        let people: HashSet<AccountId> = people.into_iter().collect();
        people.into_iter().map(|account| (account, self.status(account, now))).collect()
    }
}

fn rank(status: Status) -> u8 {
    match status {
        Status::Online => 0,
        Status::Away => 1,
        Status::Offline => 2,
    }
}

impl Presence {
    pub(crate) fn new(store: Option<Store>) -> Self {
        Self { next: AtomicU64::new(0), people: Mutex::default(), leases: store.map(Leases::new) }
    }

    pub(super) fn people(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn status(&self, account: AccountId, now: Timestamp) -> Status {
        self.people().status(account, now)
    }

    pub(crate) fn is_invisible(&self, account: AccountId) -> bool {
        self.people().here.get(&account).is_some_and(|here| here.is_invisible)
    }

    /// Who of these is here, and of whom other nodes say that they are in the room and here, each once.
    pub(super) fn count(
        &self,
        room: RoomId,
        people_here: impl IntoIterator<Item = AccountId>,
        now: Timestamp,
    ) -> usize {
        let people = self.people();
        let all: HashSet<AccountId> =
            people_here.into_iter().chain(people.elsewhere.in_room(room, now)).collect();
        all.into_iter().filter(|id| people.status(*id, now) != Status::Offline).count()
    }

    /// Whether somebody here has heard the room for long enough that the other nodes have said who is in it.
    pub(super) fn is_settled(&self, room: RoomId, now: Timestamp) -> bool {
        let people = self.people();
        people.served_at.get(&room).is_some_and(|at| now.0 - at.0 >= SETTLES_MS)
    }

    /// So many are in a room that is settled: to be written down for nodes that do not hear it, or not any
    /// more.
    pub(super) fn tally(&self, room: RoomId, count: Option<i64>, now: Timestamp) {
        let mut people = self.people();
        let Some(count) = count.filter(|_| people.rooms.contains_key(&room)) else {
            return people.forget_tally(room);
        };
        let is_ours = people.elsewhere.in_room(room, now).next().is_none();
        let before = people.tallies.insert(room, Tally { count, is_ours });
        if before.is_none_or(|before| before.count != count) {
            people.untold.insert(room);
        }
    }

    pub(crate) fn set_invisible(
        &self,
        account: AccountId,
        is_invisible: bool,
        bus: &Bus,
        now: Timestamp,
    ) {
        self.change(account, bus, now, |people| {
            if let Some(here) = people.here.get_mut(&account) {
                (here.is_invisible, here.is_known) = (is_invisible, true);
            }
        });
    }

    /// Does something about somebody, and tells if others see them otherwise than before.
    pub(super) fn change(
        &self,
        account: AccountId,
        bus: &Bus,
        now: Timestamp,
        change: impl FnOnce(&mut People),
    ) {
        let mut people = self.people();
        let (before, said) = (people.status(account, now), people.own(account));
        change(&mut people);
        if people.own(account) != said {
            people.unsaid.insert(account);
        }
        let moved = people.status(account, now) != before;
        drop(people);
        if moved {
            bus.publish(vec![Change::Present { account }]);
        }
    }

    /// Somebody of this node hears a room from here on.
    pub(super) fn enter(&self, room: RoomId, account: AccountId) {
        let mut people = self.people();
        let Some(here) = people.here.get_mut(&account) else { return };
        if here.rooms.insert(room) {
            people.rooms.entry(room).or_default().insert(account);
            people.parted.remove(&(room, account));
            people.entered.insert((room, account));
        }
    }

    /// Somebody of this node is in a room no more.
    pub(super) fn part(&self, room: RoomId, account: AccountId) {
        let mut people = self.people();
        let was_in = people.here.get_mut(&account).is_some_and(|here| here.rooms.remove(&room));
        if was_in {
            people.forget_in(room, account);
            people.entered.remove(&(room, account));
            people.parted.insert((room, account));
        }
    }

    /// Somebody here hears a room from here on: the other nodes are asked who else is in it.
    pub(super) fn serve(&self, room: RoomId, now: Timestamp) {
        self.people().served_at.entry(room).or_insert(now);
    }

    /// Nobody here hears a room any more: who else is in it is not known from here on.
    pub(super) fn unserve(&self, room: RoomId) {
        let mut people = self.people();
        people.served_at.remove(&room);
        people.elsewhere.forget_room(room);
    }
}

impl People {
    pub fn forget_in(&mut self, room: RoomId, account: AccountId) {
        if let Some(people) = self.rooms.get_mut(&room) {
            people.remove(&account);
            if people.is_empty() {
                self.rooms.remove(&room);
                self.forget_tally(room);
            }
        }
    }

    /// Where others are, they say how many are left.
    fn forget_tally(&mut self, room: RoomId) {
        if self.tallies.remove(&room).is_some_and(|tally| tally.is_ours) {
            self.untold.insert(room);
        }
    }
}
