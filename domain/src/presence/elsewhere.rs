//! Whom other nodes say are with them, in the rooms that somebody here hears. A node is believed for a
//! minute after it was heard of last.

use std::collections::{HashMap, HashSet};

use protocol::{AccountId, RoomId, Timestamp, accounts::Status};

use super::LEASE_MS;

/// The people of the other nodes.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    nodes: HashMap<String, Node>,
}

#[derive(Debug)]
struct Node {
    heard_at: Timestamp,
    /// What its heart said last.
    beat: Option<i64>,
    people: HashMap<AccountId, Person>,
    rooms: HashMap<RoomId, HashSet<AccountId>>,
}

#[derive(Debug)]
struct Person {
    status: Status,
    rooms: Vec<RoomId>,
}

impl Node {
    fn take(&mut self, room: RoomId, account: AccountId, status: Status) {
        if status == Status::Offline {
            return self.remove(account);
        }
        let new = Person { status, rooms: Vec::new() };
        let person = self.people.entry(account).or_insert(new);
        person.status = status;
        if self.rooms.entry(room).or_default().insert(account) {
            person.rooms.push(room);
        }
    }

    fn remove(&mut self, account: AccountId) {
        let Some(person) = self.people.remove(&account) else { return };
        for room in person.rooms {
            self.forget(room, account);
        }
    }

    fn part(&mut self, room: RoomId, account: AccountId) {
        self.forget(room, account);
        if let Some(person) = self.people.get_mut(&account) {
            person.rooms.retain(|other| *other != room);
            if person.rooms.is_empty() {
                self.people.remove(&account);
            }
        }
    }

    fn forget(&mut self, room: RoomId, account: AccountId) {
        if let Some(people) = self.rooms.get_mut(&room) {
            people.remove(&account);
            if people.is_empty() {
                self.rooms.remove(&room);
            }
        }
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        now.0 - self.heard_at.0 < LEASE_MS
    }
}

impl Elsewhere {
    /// How each node that is believed sees somebody.
    pub(super) fn of(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> impl Iterator<Item = Status> + '_ {
        let fresh = self.nodes.values().filter(move |node| node.is_fresh(now));
        fresh.filter_map(move |node| Some(node.people.get(&account)?.status))
    }

    /// Who is in a room by what the nodes say that are believed; who is on several comes as often.
    pub(super) fn in_room(
        &self,
        room: RoomId,
        now: Timestamp,
    ) -> impl Iterator<Item = AccountId> + '_ {
        let fresh = self.nodes.values().filter(move |node| node.is_fresh(now));
        fresh.filter_map(move |node| node.rooms.get(&room)).flatten().copied()
    }

    fn node(&mut self, name: &str, now: Timestamp) -> &mut Node {
        let new =
            || Node { heard_at: now, beat: None, people: HashMap::new(), rooms: HashMap::new() };
        let node = self.nodes.entry(name.to_owned()).or_insert_with(new);
        node.heard_at = now;
        node
    }

    /// A node says of these how they are, in a room that they are in.
    pub(super) fn take(
        &mut self,
        node: &str,
        room: RoomId,
        people: &[(AccountId, Status)],
        now: Timestamp,
    ) {
        let node = self.node(node, now);
        people.iter().for_each(|(account, status)| node.take(room, *account, *status));
    }

    /// A node says who left a room.
    pub(super) fn part(&mut self, node: &str, room: RoomId, gone: &[AccountId], now: Timestamp) {
        let node = self.node(node, now);
        gone.iter().for_each(|account| node.part(room, *account));
    }

    /// Who is with a node in a room, by what it said.
    pub(super) fn with(&self, node: &str, room: RoomId) -> Vec<AccountId> {
        let people = self.nodes.get(node).and_then(|node| node.rooms.get(&room));
        people.into_iter().flatten().copied().collect()
    }

    /// Nobody here hears the room: what is said there is not known any more.
    pub(super) fn forget_room(&mut self, room: RoomId) {
        for node in self.nodes.values_mut() {
            for account in node.rooms.remove(&room).into_iter().flatten() {
                node.part(room, account);
            }
        }
    }

    /// The nodes that were heard of.
    pub(super) fn nodes(&self) -> Vec<String> {
        self.nodes.keys().cloned().collect()
    }

    /// What the heart of a node said: it lives if that is not what it said before.
    pub(super) fn beat(&mut self, node: &str, beat: i64, now: Timestamp) {
        if let Some(node) = self.nodes.get_mut(node)
            && node.beat.replace(beat) != Some(beat)
        {
            node.heard_at = now;
        }
    }

    /// Lets those nodes go that are believed no more: who was with them, and in which rooms.
    pub(super) fn drop_silent(&mut self, now: Timestamp) -> (Vec<AccountId>, Vec<RoomId>) {
        let (mut people, mut rooms) = (Vec::new(), Vec::new());
        self.nodes.retain(|_, node| {
            if !node.is_fresh(now) {
                people.extend(node.people.keys());
                rooms.extend(node.rooms.keys());
            }
            node.is_fresh(now)
        });
        (people, rooms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_forgotten_in_their_last_room_is_not_known_any_more() {
        let (one, other) = (RoomId::new(1, [1; 16]), RoomId::new(1, [2; 16]));
        let account = AccountId::new(1, [1; 16]);
        let now = Timestamp(0);
        let mut elsewhere = Elsewhere::default();
        let status = |elsewhere: &Elsewhere| elsewhere.of(account, now).next();
        elsewhere.take("n", one, &[(account, Status::Away)], now);
        elsewhere.take("n", other, &[(account, Status::Online)], now);
        assert_eq!(status(&elsewhere), Some(Status::Online));
        elsewhere.part("n", one, &[account], now);
        assert_eq!(elsewhere.in_room(one, now).count(), 0);
        assert_eq!(status(&elsewhere), Some(Status::Online));
        elsewhere.forget_room(other);
        assert_eq!(status(&elsewhere), None);
        elsewhere.take("n", one, &[(account, Status::Away)], now);
        elsewhere.take("n", other, &[(account, Status::Offline)], now);
        assert_eq!(elsewhere.in_room(one, now).count(), 0, "gone is gone from everywhere");
    }

    #[test]
    fn a_node_is_believed_for_a_minute_after_its_heart_moved() {
        let room = RoomId::new(1, [1; 16]);
        let account = AccountId::new(1, [1; 16]);
        let mut elsewhere = Elsewhere::default();
        elsewhere.take("n", room, &[(account, Status::Away)], Timestamp(0));
        elsewhere.beat("n", 1, Timestamp(10));
        elsewhere.beat("n", 1, Timestamp(20));
        let last = Timestamp(10 + LEASE_MS);
        assert_eq!(elsewhere.of(account, last.plus_ms(-1)).count(), 1);
        assert_eq!(elsewhere.of(account, last).count(), 0);
        assert_eq!(elsewhere.drop_silent(last), (vec![account], vec![room]));
        assert!(elsewhere.nodes().is_empty());
    }
}
