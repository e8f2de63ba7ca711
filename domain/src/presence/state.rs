//! Who is with this node, and whom the others say are with them.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use protocol::{AccountId, Timestamp, accounts::Status};

use super::{
    GRACE_MS, LEASE_MS, REPEAT_MS, WRITE_MS,
    gossip::{From, Said},
};
use crate::{
    Clock,
    bus::{Bus, Change},
};

/// The people of this house, by where they are.
#[derive(Default)]
pub(crate) struct Presence {
    next: AtomicU64,
    people: Mutex<People>,
}

#[derive(Default)]
struct People {
    /// Who has connections to this node, or had one a moment ago.
    here: HashMap<AccountId, Here>,
    elsewhere: HashMap<String, Elsewhere>,
    /// Whose state was not said to the other nodes yet.
    unsaid: HashSet<AccountId>,
    /// Who went, until it is written down.
    gone: Vec<AccountId>,
    said_all_at: Option<Timestamp>,
    written_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Here {
    /// Each with whether nobody has a hand on it.
    connections: HashMap<u64, bool>,
    is_invisible: bool,
    /// Whether that was read since the first of these connections came.
    is_known: bool,
    /// When the last connection went.
    left_at: Option<Timestamp>,
    was_away: bool,
}

struct Elsewhere {
    heard_at: Timestamp,
    people: HashMap<AccountId, Status>,
}

impl Here {
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
    fn status(&self, account: AccountId, now: Timestamp) -> Status {
        let here = self.here.get(&account);
        if here.is_some_and(|here| here.is_invisible) {
            return Status::Offline;
        }
        let fresh = |node: &&Elsewhere| now.0 - node.heard_at.0 < LEASE_MS;
        let there = self.elsewhere.values().filter(fresh);
        let there = there.filter_map(|node| node.people.get(&account).copied());
        there
            .chain(here.map(Here::status))
            .min_by_key(|status| rank(*status))
            .unwrap_or(Status::Offline)
    }

    /// What this node says of somebody.
    fn own(&self, account: AccountId) -> Status {
        let seen = self.here.get(&account).filter(|here| !here.is_invisible);
        seen.map_or(Status::Offline, Here::status)
    }
}

fn rank(status: Status) -> u8 {
    match status {
        Status::Online => 0,
        Status::Away => 1,
        Status::Offline => 2,
    }
}

/// What the clock has brought.
#[derive(Debug, Default)]
pub(crate) struct Due {
    /// Of whom it is to be written down that they were here.
    pub seen: Vec<AccountId>,
    /// Who is not here any more, for others.
    pub left: Vec<AccountId>,
}

impl Presence {
    fn people(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn status(&self, account: AccountId, now: Timestamp) -> Status {
        self.people().status(account, now)
    }

    pub(crate) fn is_invisible(&self, account: AccountId) -> bool {
        self.people().here.get(&account).is_some_and(|here| here.is_invisible)
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
    fn change(
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

    /// What another node says.
    pub(crate) fn hear(&self, from: &From, bus: &Bus, now: Timestamp) {
        let From { node, said } = from;
        let (some, is_all) = match said {
            Said::Typing(room, account) => {
                bus.publish(vec![Change::Typing { room: *room, account: *account }]);
                return;
            }
            // Says nothing of who is here.
            Said::Passed(..) => return,
            Said::Hello => {
                self.people().said_all_at = None;
                return;
            }
            Said::Here(some) => (some, false),
            Said::All(all) => (all, true),
        };
        let mut people = self.people();
        let known = people.elsewhere.get(node).map(|node| node.people.keys().copied());
        let known: Vec<AccountId> = known.into_iter().flatten().filter(|_| is_all).collect();
        let touched: HashSet<AccountId> =
            some.iter().map(|(account, _)| *account).chain(known).collect();
        let before: Vec<(AccountId, Status)> =
            touched.iter().map(|account| (*account, people.status(*account, now))).collect();
        let there = people
            .elsewhere
            .entry(node.clone())
            .or_insert_with(|| Elsewhere { heard_at: now, people: HashMap::new() });
        // Only all that it knows renews the lease of all.
        if is_all {
            there.people.clear();
            there.heard_at = now;
        }
        for (account, status) in some {
            match status {
                Status::Offline => there.people.remove(account),
                status => there.people.insert(*account, *status),
            };
        }
        let moved = before.into_iter().filter(|(id, was)| people.status(*id, now) != *was);
        let moved: Vec<Change> = moved.map(|(account, _)| Change::Present { account }).collect();
        drop(people);
        bus.publish(moved);
    }

    /// Lets those go whose time is over, and says to the other nodes what is new.
    pub(crate) fn tick(&self, bus: &Bus, now: Timestamp) -> Due {
        let mut people = self.people();
        let over = |here: &Here| {
            here.connections.is_empty() && here.left_at.is_none_or(|at| now.0 - at.0 >= GRACE_MS)
        };
        let over: Vec<AccountId> =
            people.here.iter().filter(|(_, here)| over(here)).map(|(id, _)| *id).collect();
        let silent = |node: &Elsewhere| now.0 - node.heard_at.0 >= LEASE_MS;
        let mut left: Vec<AccountId> = over.clone();
        for node in people.elsewhere.values().filter(|node| silent(node)) {
            left.extend(node.people.keys());
        }
        people.elsewhere.retain(|_, node| !silent(node));
        for account in over {
            let here = people.here.remove(&account);
            people.unsaid.insert(account);
            // Who is seen by nobody is seen by nobody afterwards either.
            if here.is_some_and(|here| !here.is_invisible) {
                people.gone.push(account);
            }
        }
        left.retain(|account| people.status(*account, now) == Status::Offline);
        let unsaid: Vec<AccountId> = people.unsaid.drain().collect();
        let of = |people: &People, ids: Vec<AccountId>| {
            ids.into_iter().map(|id| (id, people.own(id))).collect::<Vec<_>>()
        };
        if people.said_all_at.is_none_or(|at| now.0 - at.0 >= REPEAT_MS) {
            let ids = people.here.keys().copied().collect();
            let mut all = of(&people, ids);
            all.retain(|(_, status)| *status != Status::Offline);
            if people.said_all_at.replace(now).is_none() && people.elsewhere.is_empty() {
                bus.say(&Said::Hello);
                people.said_all_at = Some(now);
            }
            bus.say(&Said::All(all));
        } else if !unsaid.is_empty() {
            bus.say(&Said::Here(of(&people, unsaid)));
        }
        let mut due = Due { seen: std::mem::take(&mut people.gone), left };
        if people.written_at.is_none_or(|at| now.0 - at.0 >= WRITE_MS) {
            people.written_at = Some(now);
            let seen = people.here.iter().filter(|(_, here)| !here.is_invisible);
            due.seen.extend(seen.map(|(account, _)| *account));
        }
        due
    }
}

/// That one connection is here. Dropped, it is not.
pub struct Lease {
    presence: Arc<Presence>,
    bus: Bus,
    clock: Clock,
    account: AccountId,
    id: u64,
}

impl Lease {
    pub(super) fn take(
        presence: &Arc<Presence>,
        bus: &Bus,
        clock: &Clock,
        account: AccountId,
    ) -> Self {
        let id = presence.next.fetch_add(1, Ordering::Relaxed);
        presence.change(account, bus, clock.now(), |people| {
            let here = people.here.entry(account).or_insert_with(|| Here {
                connections: HashMap::new(),
                is_invisible: true,
                is_known: false,
                left_at: None,
                was_away: false,
            });
            // Nobody looked while they were gone.
            here.is_known &= !here.connections.is_empty();
            here.connections.insert(id, false);
            here.left_at = None;
        });
        let (presence, bus, clock) = (Arc::clone(presence), bus.clone(), clock.clone());
        Self { presence, bus, clock, account, id }
    }

    /// Whether the account wants to be seen by nobody, as it was read after this was taken; what has
    /// been heard of since counts more.
    pub fn know(&self, is_invisible: bool) {
        self.presence.change(self.account, &self.bus, self.clock.now(), |people| {
            if let Some(here) = people.here.get_mut(&self.account).filter(|here| !here.is_known) {
                (here.is_invisible, here.is_known) = (is_invisible, true);
            }
        });
    }

    /// Nobody has a hand on it, or somebody has again.
    pub fn set_away(&self, is_away: bool) {
        self.presence.change(self.account, &self.bus, self.clock.now(), |people| {
            let here = people.here.get_mut(&self.account);
            if let Some(state) = here.and_then(|here| here.connections.get_mut(&self.id)) {
                *state = is_away;
            }
        });
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let now = self.clock.now();
        self.presence.change(self.account, &self.bus, now, |people| {
            let Some(here) = people.here.get_mut(&self.account) else { return };
            let was_away = here.connections.remove(&self.id).unwrap_or(false);
            if here.connections.is_empty() {
                here.left_at = Some(now);
                here.was_away = was_away;
            }
        });
    }
}
