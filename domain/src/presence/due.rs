//! What the clock brings: who has gone, what is to be said to the other nodes in which rooms, and what is
//! kept for those who share none.

use std::collections::{HashMap, HashSet};

use protocol::{AccountId, RoomId, Timestamp, accounts::Status};

use super::{
    BEAT_MS, GRACE_MS, Presence, REPEAT_MS, WRITE_MS,
    state::{Here, People},
};
use crate::bus::{Bus, Change, Saying};

/// How often all is said and asked again, at most.
const ANEW_MS: i64 = 10_000;
/// How soon what could not be written down is, again.
const AGAIN_MS: i64 = 5_000;
/// As many people are said at once.
const AT_ONCE: usize = 500;

/// What the clock has brought.
#[derive(Debug, Default)]
pub(crate) struct Due {
    /// Of whom it is to be written down that they were here.
    pub seen: Vec<AccountId>,
    /// Who is seen otherwise than before, and rooms in which as many are no more.
    pub changes: Vec<Change>,
    /// What is to be kept of whom for the other nodes.
    pub leases: Vec<(AccountId, Status)>,
    /// How many are to be kept to be in which public rooms.
    pub tallies: Vec<(RoomId, Option<i64>)>,
    /// What this node's heart says, and whose it is to be heard, when it is time for it.
    pub beat: Option<(i64, Vec<String>)>,
    /// What is to be said in rooms, after that.
    pub words: Vec<(RoomId, Words)>,
}

/// What is to be said in a room.
#[derive(Debug)]
pub(crate) enum Words {
    All(Vec<(AccountId, Status)>),
    Here(Vec<(AccountId, Status)>),
    Out(Vec<AccountId>),
}

impl Words {
    pub(super) fn say(&self, bus: &Bus, room: RoomId) {
        match self {
            Self::All(people) => {
                let (first, rest) = people.split_at(people.len().min(AT_ONCE));
                bus.say(room, Saying::All(first));
                rest.chunks(AT_ONCE).for_each(|some| bus.say(room, Saying::Here(some)));
            }
            Self::Here(people) => {
                people.chunks(AT_ONCE).for_each(|some| bus.say(room, Saying::Here(some)));
            }
            Self::Out(people) => bus.say(room, Saying::Out(people)),
        }
    }
}

impl Presence {
    /// Lets those go whose time is over, and gathers what is to be said to the other nodes.
    pub(crate) fn tick(&self, bus: &Bus, now: Timestamp) -> Due {
        let mut people = self.people();
        let mut due = Due::default();
        let gone = people.let_go(now, &mut due);
        if bus.has_others() {
            people.gather(gone, bus, now, &mut due);
        } else {
            people.unsaid.clear();
        }
        due.seen = std::mem::take(&mut people.gone);
        if people.written_at.is_none_or(|at| now.0 - at.0 >= WRITE_MS) {
            people.written_at = Some(now);
            let seen = people.here.iter().filter(|(_, here)| !here.is_invisible);
            due.seen.extend(seen.map(|(account, _)| *account));
        }
        due
    }

    /// Has all that is kept for the other nodes written again in a moment: something of it could not be.
    /// Of who has gone nothing else is left to tell of.
    pub(super) fn write_again_soon(&self, due: &Due, now: Timestamp) {
        let mut people = self.people();
        people.renewed_at = Some(Timestamp(now.0 - REPEAT_MS + AGAIN_MS));
        let gone = due.leases.iter().filter(|(_, status)| *status == Status::Offline);
        people.unsaid.extend(gone.map(|(account, _)| *account));
        let empty = due.tallies.iter().filter(|(_, count)| count.is_none());
        people.untold.extend(empty.map(|(room, _)| *room));
    }
}

impl People {
    /// Whose time is over; who of this node's it is, and in which rooms they were.
    fn let_go(&mut self, now: Timestamp, due: &mut Due) -> Vec<(AccountId, HashSet<RoomId>)> {
        let over = |here: &Here| {
            here.connections.is_empty() && here.left_at.is_none_or(|at| now.0 - at.0 >= GRACE_MS)
        };
        let over: Vec<AccountId> =
            self.here.iter().filter(|(_, here)| over(here)).map(|(id, _)| *id).collect();
        let before = self.seen_as(over.iter().copied(), now);
        let (silent, rooms) = self.elsewhere.drop_silent(now);
        // Perhaps it was not heard and lives.
        self.anew |= !rooms.is_empty();
        due.changes.extend(rooms.into_iter().map(|room| Change::Counted { room }));
        let returned = self.borrowed.extract_if(|_, (_, until)| until.0 <= now.0);
        let returned: Vec<(AccountId, Status)> =
            returned.map(|(account, (status, _))| (account, status)).collect();
        let mut gone = Vec::new();
        for account in over {
            let Some(here) = self.here.remove(&account) else { continue };
            here.rooms.iter().for_each(|room| self.forget_in(*room, account));
            // Who is seen by nobody is seen by nobody afterwards either.
            if here.is_invisible {
                self.borrowed.remove(&account);
            } else {
                self.gone.push(account);
            }
            gone.push((account, here.rooms));
        }
        // They may be elsewhere still, and otherwise.
        let left = silent.into_iter().map(|account| Change::Present { account });
        due.changes.extend(left);
        due.changes.extend(self.moved(before, now));
        due.changes.extend(self.moved(returned, now));
        gone
    }

    /// What is to be said to the other nodes, and kept for them.
    fn gather(
        &mut self,
        gone: Vec<(AccountId, HashSet<RoomId>)>,
        bus: &Bus,
        now: Timestamp,
        due: &mut Due,
    ) {
        let mut here: HashMap<RoomId, HashMap<AccountId, Status>> = HashMap::new();
        for (account, rooms) in gone {
            self.unsaid.remove(&account);
            due.leases.push((account, Status::Offline));
            for room in rooms {
                here.entry(room).or_default().insert(account, Status::Offline);
            }
        }
        for account in std::mem::take(&mut self.unsaid) {
            let status = self.own(account);
            due.leases.push((account, status));
            for room in self.here.get(&account).into_iter().flat_map(|here| &here.rooms) {
                here.entry(*room).or_default().insert(account, status);
            }
        }
        for (room, account) in std::mem::take(&mut self.entered) {
            let status = self.own(account);
            if status != Status::Offline {
                here.entry(room).or_default().insert(account, status);
            }
        }
        let mut parted: HashMap<RoomId, Vec<AccountId>> = HashMap::new();
        for (room, account) in std::mem::take(&mut self.parted) {
            parted.entry(room).or_default().push(account);
        }
        due.words.extend(parted.into_iter().map(|(room, some)| (room, Words::Out(some))));
        // It costs all nodes: what is lost again right after is asked for a while later.
        let has_rested = self.anew_at.is_none_or(|at| now.0 - at.0 >= ANEW_MS);
        if self.anew && has_rested {
            (self.anew, self.anew_at) = (false, Some(now));
            bus.ask_all();
            self.asked.extend(self.rooms.keys());
            self.renewed_at = None;
        }
        for room in std::mem::take(&mut self.asked) {
            let people = self.rooms.get(&room).into_iter().flatten();
            let people = people.map(|account| (*account, self.own(*account)));
            let all = people.filter(|(_, status)| *status != Status::Offline).collect();
            here.remove(&room);
            due.words.push((room, Words::All(all)));
        }
        let here = here.into_iter().map(|(room, some)| (room, some.into_iter().collect()));
        due.words.extend(here.map(|(room, some)| (room, Words::Here(some))));
        if self.beaten_at.is_none_or(|at| now.0 - at.0 >= BEAT_MS) {
            self.beaten_at = Some(now);
            self.beat += 1;
            due.beat = Some((self.beat, self.elsewhere.nodes()));
        }
        let untold = std::mem::take(&mut self.untold);
        let count = |room: &RoomId| self.tallies.get(room).map(|tally| tally.count);
        due.tallies = untold.into_iter().map(|room| (room, count(&room))).collect();
        if self.renewed_at.is_none_or(|at| now.0 - at.0 >= REPEAT_MS) {
            self.renewed_at = Some(now);
            let all = self.here.keys().map(|account| (*account, self.own(*account)));
            due.leases = all
                .filter(|(_, status)| *status != Status::Offline)
                .chain(due.leases.drain(..).filter(|(_, status)| *status == Status::Offline))
                .collect();
            due.tallies.retain(|(_, count)| count.is_none());
            due.tallies.extend(self.tallies.iter().map(|(room, tally)| (*room, Some(tally.count))));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::{Clock, bus::Word, presence::Lease};

    #[tokio::test]
    async fn what_could_not_be_kept_is_kept_again_in_a_moment() {
        let redis = engines::Redis::start();
        let clock = Clock::fixed(Timestamp(1_800_000_000_000));
        let bus =
            Bus::open(Some(&redis.url()), "house", &clock, Duration::from_secs(1)).await.unwrap();
        let presence = Arc::new(Presence::new(bus.store("house")));
        let alice = AccountId::new(1, [1; 16]);
        let here = Lease::take(&presence, &bus, &clock, alice);
        here.know(false);
        let after = |ms| {
            clock.advance_ms(ms);
            presence.tick(&bus, clock.now())
        };
        let due = after(0);
        assert_eq!(due.leases, [(alice, Status::Online)]);
        assert_eq!(after(AGAIN_MS).leases, [], "it is kept");
        presence.write_again_soon(&due, clock.now());
        assert_eq!(after(AGAIN_MS - 1).leases, [], "in a moment");
        assert_eq!(after(1).leases, [(alice, Status::Online)]);
        assert_eq!(after(AGAIN_MS).leases, []);
        drop(here);
        let mut due = after(GRACE_MS);
        assert_eq!(due.leases, [(alice, Status::Offline)]);
        due.tallies.push((RoomId::new(1, [1; 16]), None));
        presence.write_again_soon(&due, clock.now());
        let again = after(1);
        assert_eq!((again.leases, again.tallies), (due.leases, due.tallies));
        assert_eq!(after(AGAIN_MS).leases, [], "it is kept that they have gone");
    }

    #[tokio::test]
    async fn who_loads_their_page_anew_is_told_to_who_asks_meanwhile() {
        let redis = engines::Redis::start();
        let clock = Clock::fixed(Timestamp(1_800_000_000_000));
        let bus =
            Bus::open(Some(&redis.url()), "house", &clock, Duration::from_secs(1)).await.unwrap();
        let presence = Arc::new(Presence::new(bus.store("house")));
        let (alice, room) = (AccountId::new(1, [1; 16]), RoomId::new(1, [1; 16]));
        let here = Lease::take(&presence, &bus, &clock, alice);
        here.know(false);
        presence.serve(room, clock.now());
        presence.enter(room, alice);
        presence.tick(&bus, clock.now());
        drop(here);
        presence.unserve(room);
        presence.hear("another", room, &Word::Ask, clock.now());
        let said = presence.tick(&bus, clock.now()).words;
        assert!(
            matches!(&said[..], [(told, Words::All(all))] if *told == room && *all == [(alice, Status::Online)]),
            "{said:?}"
        );
    }
}
