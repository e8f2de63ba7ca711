//! Who hears what on this node. A change is serialised once, and the same bytes are queued for
//! everyone it concerns; who is in a room follows the changes in the order of their commits.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{Ctx, Error, Viewer, bus::Change, friends, rooms};
use protocol::{AccountId, Event, RoomId, SessionId};
use tokio::sync::mpsc;

use super::queue::{Close, Frame, Queue, text};

type SeatId = u64;

/// The connections of this node.
pub struct Hub {
    seats: Mutex<Seats>,
}

#[derive(Default)]
struct Seats {
    next: SeatId,
    seats: HashMap<SeatId, Seat>,
    of_account: HashMap<AccountId, Vec<SeatId>>,
    of_room: HashMap<RoomId, HashSet<SeatId>>,
}

struct Seat {
    account: AccountId,
    session: SessionId,
    queue: Arc<Queue>,
    rooms: HashSet<RoomId>,
    /// Rooms that were left before the seat took its place in them.
    left: HashSet<RoomId>,
}

/// A connection's place in the hub, given up when it is dropped.
pub struct Place {
    hub: Arc<Hub>,
    id: SeatId,
    pub queue: Arc<Queue>,
}

/// State that has no number: it is read when it is told, so that the latest is what arrives.
#[derive(Clone, Copy, Debug)]
enum Telling {
    Room(RoomId),
    Relation(AccountId),
}

impl Hub {
    /// A hub that follows the changes of this house for as long as it lives.
    pub fn start(ctx: Ctx) -> Arc<Self> {
        let hub = Arc::new(Self { seats: Mutex::default() });
        let (tell, told) = mpsc::unbounded_channel();
        let mut changes = ctx.bus().listen();
        let follower = Arc::clone(&hub);
        tokio::spawn(async move {
            while let Some(change) = changes.recv().await {
                follower.follow(&change, &tell);
            }
        });
        tokio::spawn(Arc::clone(&hub).tell(ctx, told));
        hub
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection. It hears what concerns its account from here on, and its rooms
    /// once it has [`Place::listen_to`] them.
    pub fn enter(self: &Arc<Self>, viewer: &Viewer) -> Place {
        let queue = Arc::<Queue>::default();
        let mut seats = self.seats();
        let id = seats.next;
        seats.next += 1;
        let seat = Seat {
            account: viewer.account(),
            session: viewer.session(),
            queue: Arc::clone(&queue),
            rooms: HashSet::new(),
            left: HashSet::new(),
        };
        seats.seats.insert(id, seat);
        seats.of_account.entry(viewer.account()).or_default().push(id);
        Place { hub: Arc::clone(self), id, queue }
    }

    fn follow(&self, change: &Change, tell: &mpsc::UnboundedSender<(AccountId, Telling)>) {
        let mut seats = self.seats();
        match change {
            Change::MessagePosted(message) => {
                let event = Event::Message { message: protocol::Message::clone(message) };
                let frame = Frame {
                    text: text(&event),
                    numbered: Some((message.room, message.revision)),
                };
                seats.to_room(message.room, &frame);
            }
            Change::Joined { room, account } => {
                seats.join(*room, *account);
                let _ = tell.send((*account, Telling::Room(*room)));
                seats.tell_others(*room, *account, tell);
            }
            Change::Left { room, account } => {
                seats.leave(*room, *account);
                seats.to_account(*account, &Frame::of(&Event::RoomLeft { room: *room }));
                seats.tell_others(*room, *account, tell);
            }
            Change::RoomChanged { room } => {
                for account in seats.accounts_in(*room) {
                    let _ = tell.send((account, Telling::Room(*room)));
                }
            }
            Change::RelationChanged { one, other } => {
                let _ = tell.send((*one, Telling::Relation(*other)));
                let _ = tell.send((*other, Telling::Relation(*one)));
            }
            Change::ReadMoved { room, reader, seq, to } => {
                let event = Event::Read { room: *room, user: *reader, seq: *seq };
                let frame = Frame::of(&event);
                for account in to {
                    seats.to_account(*account, &frame);
                }
            }
            Change::SessionEnded { session } => {
                let ended = seats.seats.values().filter(|seat| seat.session == *session);
                ended.for_each(|seat| seat.queue.close(Close::SessionOver));
            }
        }
    }

    /// Reads what is so now, and tells it; one after the other, so that an account hears it in
    /// order.
    async fn tell(
        self: Arc<Self>,
        ctx: Ctx,
        mut told: mpsc::UnboundedReceiver<(AccountId, Telling)>,
    ) {
        while let Some((account, telling)) = told.recv().await {
            if !self.seats().of_account.contains_key(&account) {
                continue;
            }
            let event = match telling {
                Telling::Room(room) => match rooms::show(&ctx, account, room).await {
                    Ok(room) => Ok(Event::Room { room }),
                    // Left again in the meantime; that was told already.
                    Err(Error::NotFound) => continue,
                    Err(error) => Err(error),
                },
                Telling::Relation(other) => friends::state(&ctx, account, other)
                    .await
                    .map(|state| Event::Friend(Box::new(state))),
            };
            let event = event.unwrap_or_else(|error| {
                tracing::error!(%error, %account, "state could not be told");
                Event::Gap { room: None, after: None }
            });
            let seats = self.seats();
            match telling {
                Telling::Room(room) => seats.to_account_in(room, account, &Frame::of(&event)),
                Telling::Relation(_) => seats.to_account(account, &Frame::of(&event)),
            }
        }
    }
}

impl Seats {
    fn to_room(&self, room: RoomId, frame: &Frame) {
        for id in self.of_room.get(&room).into_iter().flatten() {
            if let Some(seat) = self.seats.get(id) {
                seat.queue.push(frame.clone());
            }
        }
    }

    fn to_account(&self, account: AccountId, frame: &Frame) {
        for id in self.of_account.get(&account).into_iter().flatten() {
            if let Some(seat) = self.seats.get(id) {
                seat.queue.push(frame.clone());
            }
        }
    }

    /// To those of an account's connections that still hear the room: it may have been left since
    /// its state was read.
    fn to_account_in(&self, room: RoomId, account: AccountId, frame: &Frame) {
        for id in self.of_account.get(&account).into_iter().flatten() {
            if let Some(seat) = self.seats.get(id).filter(|seat| seat.rooms.contains(&room)) {
                seat.queue.push(frame.clone());
            }
        }
    }

    fn join(&mut self, room: RoomId, account: AccountId) {
        for id in self.of_account.get(&account).into_iter().flatten() {
            if let Some(seat) = self.seats.get_mut(id) {
                seat.left.remove(&room);
                seat.rooms.insert(room);
                self.of_room.entry(room).or_default().insert(*id);
            }
        }
    }

    fn leave(&mut self, room: RoomId, account: AccountId) {
        for id in self.of_account.get(&account).into_iter().flatten() {
            if let Some(seat) = self.seats.get_mut(id) {
                seat.rooms.remove(&room);
                seat.left.insert(room);
                seat.queue.drop_room(room);
                if let Some(ids) = self.of_room.get_mut(&room) {
                    ids.remove(id);
                }
            }
        }
        self.forget_if_empty(room);
    }

    fn forget_if_empty(&mut self, room: RoomId) {
        if self.of_room.get(&room).is_some_and(HashSet::is_empty) {
            self.of_room.remove(&room);
        }
    }

    fn accounts_in(&self, room: RoomId) -> HashSet<AccountId> {
        let ids = self.of_room.get(&room).into_iter().flatten();
        ids.filter_map(|id| self.seats.get(id)).map(|seat| seat.account).collect()
    }

    /// The others in a room hear that its members changed.
    fn tell_others(
        &self,
        room: RoomId,
        account: AccountId,
        tell: &mpsc::UnboundedSender<(AccountId, Telling)>,
    ) {
        for other in self.accounts_in(room).into_iter().filter(|other| *other != account) {
            let _ = tell.send((other, Telling::Room(room)));
        }
    }
}

impl Place {
    /// Hears these rooms from here on; not those that were left since they were read.
    pub fn listen_to(&self, rooms: impl IntoIterator<Item = RoomId>) {
        let mut seats = self.hub.seats();
        let Some(seat) = seats.seats.get_mut(&self.id) else { return };
        let left = std::mem::take(&mut seat.left);
        let rooms: Vec<RoomId> = rooms.into_iter().filter(|room| !left.contains(room)).collect();
        seat.rooms.extend(rooms.iter().copied());
        for room in rooms {
            seats.of_room.entry(room).or_default().insert(self.id);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut seats = self.hub.seats();
        let Some(seat) = seats.seats.remove(&self.id) else { return };
        if let Some(ids) = seats.of_account.get_mut(&seat.account) {
            ids.retain(|id| *id != self.id);
            if ids.is_empty() {
                seats.of_account.remove(&seat.account);
            }
        }
        for room in seat.rooms {
            if let Some(ids) = seats.of_room.get_mut(&room) {
                ids.remove(&self.id);
            }
            seats.forget_if_empty(room);
        }
    }
}
