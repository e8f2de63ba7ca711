//! What is heard of people on other nodes: what these say in rooms, what was looked up, and that a node
//! lives.

use std::collections::HashSet;

use protocol::{AccountId, RoomId, Timestamp, accounts::Status};

use super::Presence;
use crate::bus::{Change, Word};

/// Each friend of whom no room tells is looked for once in as many looks at the clock.
const LOOKS: u128 = 5;

impl Presence {
    /// What is to be looked up of these people before it can be said how they are.
    pub(super) fn unknown(&self, ids: &[AccountId], now: Timestamp) -> Vec<AccountId> {
        let people = self.people();
        ids.iter().copied().filter(|id| people.is_unknown(*id, now)).collect()
    }

    /// Takes in how people are who were looked up, each for as long as `lasts` says, in milliseconds; what that
    /// changes.
    pub(super) fn borrow(
        &self,
        found: impl IntoIterator<Item = (AccountId, Option<Status>)>,
        now: Timestamp,
        lasts: impl Fn(Option<Status>) -> Option<i64>,
    ) -> Vec<Change> {
        let mut people = self.people();
        let mut changes = Vec::new();
        for (account, status) in found {
            let before = people.status(account, now);
            match lasts(status) {
                Some(ms) => {
                    let borrowed = (status.unwrap_or(Status::Offline), now.plus_ms(ms));
                    people.borrowed.insert(account, borrowed);
                }
                None => drop(people.borrowed.remove(&account)),
            }
            if people.status(account, now) != before {
                changes.push(Change::Present { account });
            }
        }
        changes
    }

    /// The friends of somebody who is here: from here on it is looked how those are of whom no room tells,
    /// until that one goes.
    pub(super) fn watch(&self, account: AccountId, friends: impl IntoIterator<Item = AccountId>) {
        if let Some(here) = self.people().here.get_mut(&account) {
            here.friends = friends.into_iter().collect();
        }
    }

    /// One friend more.
    pub(super) fn watch_too(&self, account: AccountId, friend: AccountId) {
        if let Some(here) = self.people().here.get_mut(&account)
            && !here.friends.contains(&friend)
        {
            here.friends.push(friend);
        }
    }

    /// Whom it is time to look for: of the friends of a part of those who are here, each time of another,
    /// those of whom no room tells. Nobody waits while all of them are gone through.
    pub(super) fn to_look_for(&self, now: Timestamp) -> Vec<AccountId> {
        let mut people = self.people();
        people.ticks += 1;
        let part = people.ticks % LOOKS;
        let all = people.here.keys().copied();
        let some: Vec<AccountId> = all.filter(|id| id.0.as_u128() % LOOKS == part).collect();
        drop(people);
        let mut friends = HashSet::new();
        for some in some.chunks(64) {
            let people = self.people();
            let here = some.iter().filter_map(|id| people.here.get(id));
            let all = here.flat_map(|here| here.friends.iter().copied());
            friends.extend(all.filter(|friend| !people.is_told_of(*friend, now)));
        }
        friends.into_iter().collect()
    }

    /// What another node says in a room; what that changes. Of a room that nobody here hears nothing would
    /// ever be forgotten.
    pub(crate) fn hear(
        &self,
        node: &str,
        room: RoomId,
        word: &Word,
        now: Timestamp,
    ) -> Vec<Change> {
        if matches!(word, Word::Ask) {
            self.asked(room);
            return Vec::new();
        }
        let mut people = self.people();
        if !people.served_at.contains_key(&room) {
            return Vec::new();
        }
        let of = |some: &[(AccountId, Status)]| some.iter().map(|(id, _)| *id).collect::<Vec<_>>();
        let touched = match word {
            Word::Here(some) => of(some),
            Word::All(all) => {
                let mut touched = people.elsewhere.with(node, room);
                touched.extend(of(all));
                touched
            }
            Word::Out(gone) => gone.clone(),
            _ => return Vec::new(),
        };
        let before = people.seen_as(touched.iter().copied(), now);
        match word {
            Word::Here(some) => people.elsewhere.take(node, room, some, now),
            Word::All(all) => {
                let here: HashSet<AccountId> = all.iter().map(|(id, _)| *id).collect();
                let gone: Vec<AccountId> =
                    touched.iter().copied().filter(|id| !here.contains(id)).collect();
                people.elsewhere.part(node, room, &gone, now);
                people.elsewhere.take(node, room, all, now);
            }
            _ => people.elsewhere.part(node, room, &touched, now),
        }
        for account in touched {
            people.borrowed.remove(&account);
        }
        if let Word::Here(some) = word {
            // What the other node has struck off was this one's to write down.
            let gone = some.iter().filter(|(_, status)| *status == Status::Offline);
            let struck: Vec<AccountId> = gone.map(|(account, _)| *account).collect();
            let seen = |id: &AccountId| people.own(*id) != Status::Offline;
            let still_here: Vec<AccountId> = struck.into_iter().filter(seen).collect();
            people.unsaid.extend(still_here);
        }
        let mut changes = people.moved(before, now);
        changes.push(Change::Counted { room });
        changes
    }

    /// Who is here is to be said in a room: somebody has asked, or may have before it was listened to. Also
    /// of who is in it no more by a connection, and may be back in a moment.
    pub(crate) fn asked(&self, room: RoomId) {
        let mut people = self.people();
        if people.served_at.contains_key(&room) || people.rooms.contains_key(&room) {
            people.asked.insert(room);
        }
    }

    /// Something may have been missed, or not been said: all is said, and asked, again.
    pub(crate) fn begin_anew(&self) {
        self.people().anew = true;
    }

    /// What the heart of each node said.
    pub(super) fn beats(&self, beats: impl IntoIterator<Item = (String, i64)>, now: Timestamp) {
        let mut people = self.people();
        beats.into_iter().for_each(|(node, beat)| people.elsewhere.beat(&node, beat, now));
    }
}
