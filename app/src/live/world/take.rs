//! What each event does to the world.

use protocol::{
    AccountId, Message, Room, RoomId, Timestamp, User,
    accounts::Status,
    friends::{FriendRequest, FriendState, Relation},
    messages::By,
    notifications::Kind,
    rooms::Preview,
    socket::Ready,
};

use super::{EARLY, Touched, World, nobody};

impl World {
    pub(super) fn replace(&mut self, ready: Ready) -> Vec<Touched> {
        if self.epoch != ready.epoch {
            self.timelines.clear();
        }
        self.me = ready.me.unwrap_or_else(nobody);
        self.is_invisible = ready.invisible;
        self.epoch = ready.epoch;
        self.early.clear();
        let known: Vec<RoomId> = self.rooms.keys().copied().collect();
        self.previewed = ready.rooms.iter().map(|room| (room.id, numbers(room))).collect();
        self.marked_as_of = ready.rooms.iter().map(|room| (room.id, room.last_seq)).collect();
        self.rooms = ready.rooms.into_iter().map(|room| (room.id, room)).collect();
        self.timelines.retain(|id, _| self.rooms.contains_key(id));
        self.friends = ready.friends;
        self.requests = ready.requests;
        self.blocked = ready.blocked;
        self.bell.reset(ready.notifications);
        // What was taken away while nobody listened: cards of who is blocked, and of requests that are
        // open no more.
        let (requests, blocked) = (&self.requests, &self.blocked);
        self.bell.keep(|card| {
            let asks = card.kind == Kind::FriendRequest;
            let is_open = || requests.iter().any(|request| Some(request.id) == card.request);
            !blocked.contains(&card.actor.id) && (!asks || is_open())
        });
        let typing: Vec<RoomId> = self.typing.drain().map(|(room, _)| room).collect();
        let mut touched = vec![Touched::Me, Touched::RoomList, Touched::Friends, Touched::Bell];
        touched.extend(typing.into_iter().map(Touched::Typing));
        touched.extend(self.friends.iter().map(|user| Touched::Person(user.id)));
        let rooms = known.into_iter().chain(self.rooms.keys().copied());
        touched.extend(rooms.flat_map(|id| [Touched::Room(id), Touched::Timeline(id)]));
        touched.extend(self.people.iter().map(|known| Touched::Person(known.user.id)));
        touched
    }

    pub(super) fn take_message(&mut self, message: &Message, by: Option<&By>) -> Vec<Touched> {
        let mut touched = self.stop_typing(message.room, message.author.id);
        if self.noticed.remove(&message.room).is_some() {
            touched.push(Touched::Typing(message.room));
        }
        if message.is_passing() {
            // Kept nowhere else, so here for as long as the page lives.
            let timeline = self.timelines.entry(message.room).or_default();
            touched.extend(timeline.pass(message).into_iter().map(Touched::Message));
            touched.push(Touched::Timeline(message.room));
            return touched;
        }
        if let Some(room) = self.rooms.get_mut(&message.room) {
            let newest = message.seq > room.last_seq;
            room.revision = room.revision.max(message.revision);
            if newest {
                room.last_seq = message.seq;
            }
            let previewed = self.previewed.entry(message.room).or_default();
            if room.last_seq == message.seq && *previewed < (message.seq, message.revision) {
                *previewed = (message.seq, message.revision);
                touched.push(Touched::RoomList);
                room.last_message = Some(Preview {
                    seq: message.seq,
                    author: message.author.clone(),
                    text: Preview::cut(&message.body),
                    created_at: message.created_at,
                });
            }
            let marked_as_of = self.marked_as_of.get(&message.room).copied().unwrap_or(0);
            let moves = message.author.id == self.me.id && message.seq > marked_as_of;
            room.read_to(if moves { message.seq } else { 0 });
            if message.mentions.contains(&self.me.id) {
                room.mention(message.seq);
            }
            touched.push(Touched::Room(message.room));
        } else if self.early.len() < EARLY || self.early.contains_key(&message.room) {
            let newest = self.early.entry(message.room).or_insert_with(|| message.clone());
            if (newest.seq, newest.revision) < (message.seq, message.revision) {
                *newest = message.clone();
            }
        }
        if let Some(timeline) = self.timelines.get_mut(&message.room) {
            let own = by.filter(|by| by.user == self.me.id);
            let change = timeline.take(message, own);
            touched.extend(change.redrawn.into_iter().map(Touched::Message));
            if change.listed {
                touched.push(Touched::Timeline(message.room));
            }
        }
        touched
    }

    pub(super) fn catch_up(&mut self, id: RoomId, revision: i64) -> Vec<Touched> {
        if let Some(timeline) = self.timelines.get_mut(&id) {
            timeline.catch_up(revision);
        }
        match self.rooms.get_mut(&id) {
            Some(room) if room.revision < revision => {
                room.revision = revision;
                vec![Touched::Room(id)]
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn forget_timeline(&mut self, room: RoomId) -> Vec<Touched> {
        match self.timelines.remove(&room) {
            Some(_) => vec![Touched::Timeline(room)],
            None => Vec::new(),
        }
    }

    pub(super) fn take_read(
        &mut self,
        id: RoomId,
        user: AccountId,
        seq: i64,
        // Whether it has moved backward, and how far the room was then.
        back: Option<Option<i64>>,
    ) -> Vec<Touched> {
        if user == self.me.id {
            if let Some(room) = self.rooms.get_mut(&id) {
                if let Some(last_seq) = back {
                    room.read_seq = Some(seq);
                    self.marked_as_of.insert(id, last_seq.unwrap_or(room.last_seq));
                }
                room.read_to(seq);
            }
            // How many have something unread.
            return vec![Touched::Room(id), Touched::RoomList];
        } else {
            let read = self.read_by_other.entry(id).or_default();
            *read = (*read).max(seq);
        }
        vec![Touched::Room(id)]
    }

    pub(super) fn take_room(&mut self, mut room: Room) -> Vec<Touched> {
        let id = room.id;
        if let Some(known) = self.rooms.get(&id) {
            // Read before a message that came first: the higher numbers are the later ones.
            if known.revision > room.revision {
                room.revision = known.revision;
                room.last_seq = known.last_seq;
                room.last_message = known.last_message.clone();
            } else if room.last_message.is_some() {
                self.previewed.insert(id, numbers(&room));
            }
            room.keep_own(known);
        }
        self.previewed.entry(id).or_insert(numbers(&room));
        let mut touched = vec![Touched::RoomList, Touched::Room(id)];
        if let Some(timeline) = self.timelines.get_mut(&id)
            && timeline.drop_before(room.first_seq)
        {
            touched.push(Touched::Timeline(id));
        }
        self.rooms.insert(id, room);
        if let Some(early) = self.early.remove(&id) {
            touched.extend(self.take_message(&early, None));
        }
        touched
    }

    pub(super) fn drop_room(&mut self, id: RoomId) -> Vec<Touched> {
        self.rooms.remove(&id);
        self.previewed.remove(&id);
        self.timelines.remove(&id);
        self.read_by_other.remove(&id);
        self.marked_as_of.remove(&id);
        self.early.remove(&id);
        vec![Touched::RoomList, Touched::Room(id), Touched::Timeline(id)]
    }

    pub(super) fn take_friend(&mut self, state: &FriendState) -> Vec<Touched> {
        let user = &state.user;
        self.requests.retain(|request| request.user.id != user.id);
        self.friends.retain(|friend| friend.id != user.id);
        self.blocked.retain(|blocked| *blocked != user.id);
        if state.relation == Relation::Blocked {
            self.blocked.push(user.id);
        }
        // Sorted lists of a few dozen: a place is found faster than sorting would be.
        if state.relation == Relation::Friend {
            let key = User::sort_key;
            let at = self.friends.partition_point(|friend| key(friend) < key(user));
            self.friends.insert(at, user.clone());
        }
        if let Some(request) = &state.request {
            let key = |request: &FriendRequest| (request.created_at, request.id);
            let at = self.requests.partition_point(|known| key(known) > key(request));
            self.requests.insert(at, request.clone());
        }
        let mut touched = vec![Touched::Friends, Touched::Person(user.id), Touched::Bell];
        // The card of a request that is open no more comes back saying what became of it, or not at all.
        if state.relation != Relation::Incoming {
            self.bell.forget(user.id, state.relation == Relation::Blocked);
        }
        let theirs = self.timelines.values().flat_map(|timeline| timeline.said_by(user.id));
        touched.extend(theirs.map(Touched::Message));
        // They may be called otherwise than before.
        for room in self.rooms.values_mut() {
            if room.direct_with.as_ref().is_some_and(|other| other.id == user.id) {
                room.name = user.display_name.clone();
                room.direct_with = Some(User { status: None, last_seen: None, ..user.clone() });
                touched.extend([Touched::Room(room.id), Touched::RoomList]);
            }
        }
        if let Some(known) = self.people.iter_mut().find(|known| known.user.id == user.id) {
            known.user = user.clone();
        }
        if state.relation == Relation::Myself {
            self.me = user.clone();
            touched.push(Touched::Me);
        }
        touched
    }

    pub(super) fn take_presence(
        &mut self,
        id: AccountId,
        status: Status,
        last_seen: Option<Timestamp>,
    ) -> Vec<Touched> {
        if id == self.me.id {
            self.is_invisible = status == Status::Offline;
            return Vec::new();
        }
        let Some(friend) = self.friends.iter_mut().find(|user| user.id == id) else {
            return Vec::new();
        };
        (friend.status, friend.last_seen) = (Some(status), last_seen);
        vec![Touched::Person(id), Touched::Presence]
    }
}

/// What a room that was read shows: its last message, as of its revision.
fn numbers(room: &Room) -> (i64, i64) {
    (room.last_seq, room.revision)
}
