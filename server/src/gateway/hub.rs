//! Who hears what on this node. A change is serialised once, and the same bytes are queued for
//! everyone it concerns; who is in a room follows the changes in the order of their commits.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{Ctx, Error, Viewer, bus::Change, friends, rooms};
use protocol::{AccountId, Event, RoomId, SessionId};
use tokio::sync::mpsc;

use super::queue::{Frame, Queue, text};

type SeatId = u64;

/// As many events wait for a room's state to be told.
const JOINING: usize = 256;

/// The connections of this node.
pub struct Hub {
    seats: Mutex<Seats>,
    /// What is waiting to be told; the same twice is told once.
    tellings: Mutex<HashSet<(AccountId, Telling)>>,
    tell: mpsc::UnboundedSender<(AccountId, Telling)>,
}

#[derive(Default)]
struct Seats {
    next: SeatId,
    seats: HashMap<SeatId, Seat>,
    of_account: HashMap<AccountId, Vec<SeatId>>,
    of_room: HashMap<RoomId, HashSet<SeatId>>,
    /// Who joined, and has not been told the room's state yet: what came in the meantime follows it.
    joining: HashMap<RoomId, HashMap<SeatId, Vec<Frame>>>,
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
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Telling {
    Room(RoomId),
    Relation(AccountId),
}

impl Hub {
    /// A hub that follows the changes of this house for as long as it lives.
    pub fn start(ctx: Ctx) -> Arc<Self> {
        let (tell, told) = mpsc::unbounded_channel();
        let hub = Arc::new(Self { seats: Mutex::default(), tellings: Mutex::default(), tell });
        let mut changes = ctx.bus().listen();
        let follower = Arc::clone(&hub);
        tokio::spawn(async move {
            while let Some(change) = changes.recv().await {
                follower.follow(&change);
            }
        });
        tokio::spawn(Arc::clone(&hub).tell(ctx, told));
        hub
    }

    fn tellings(&self) -> MutexGuard<'_, HashSet<(AccountId, Telling)>> {
        self.tellings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_later(&self, account: AccountId, telling: Telling) {
        if self.tellings().insert((account, telling)) {
            let _ = self.tell.send((account, telling));
        }
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

    fn follow(&self, change: &Change) {
        let mut seats = self.seats();
        match change {
            Change::MessagePosted(message) => {
                let event = Event::Message { message: protocol::Message::clone(message) };
                let frame =
                    Frame { text: text(&event), numbered: Some((message.room, message.revision)) };
                seats.deliver(message.room, &frame);
            }
            Change::Joined { room, account } => {
                seats.join(*room, *account);
                self.tell_later(*account, Telling::Room(*room));
                for other in seats.others_in(*room, *account) {
                    self.tell_later(other, Telling::Room(*room));
                }
            }
            Change::Left { room, account } => {
                seats.leave(*room, *account);
                seats.tell_account(*account, &Frame::of(&Event::RoomLeft { room: *room }));
                for other in seats.others_in(*room, *account) {
                    self.tell_later(other, Telling::Room(*room));
                }
            }
            Change::RoomChanged { room } => {
                for account in seats.accounts_in(*room) {
                    self.tell_later(account, Telling::Room(*room));
                }
            }
            Change::RelationChanged { one, other } => {
                self.tell_later(*one, Telling::Relation(*other));
                self.tell_later(*other, Telling::Relation(*one));
            }
            Change::ReadMoved { room, reader, seq, to } => {
                let event = Event::Read { room: *room, user: *reader, seq: *seq };
                let frame = Frame::of(&event);
                for account in to {
                    seats.tell_account(*account, &frame);
                }
            }
            Change::SessionEnded { session } => {
                let ended = seats.seats.values().filter(|seat| seat.session == *session);
                ended.for_each(|seat| seat.queue.session_over.cancel());
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
            // Before it is read: what changes from here on is told again.
            self.tellings().remove(&(account, telling));
            if !self.seats().of_account.contains_key(&account) {
                continue;
            }
            let told = match telling {
                Telling::Room(id) => match rooms::show(&ctx, account, id).await {
                    Ok(room) => {
                        let revision = room.revision;
                        let frame = Frame::of(&Event::Room { room });
                        self.seats().tell_room(id, account, &frame, revision);
                        Ok(())
                    }
                    // Left again in the meantime; that was told already.
                    Err(Error::NotFound) => Ok(()),
                    Err(error) => Err(error),
                },
                Telling::Relation(other) => friends::state(&ctx, account, other)
                    .await
                    .map(|state| Event::Friend(Box::new(state)))
                    .map(|event| self.seats().tell_account(account, &Frame::of(&event))),
            };
            if let Err(error) = told {
                tracing::error!(%error, %account, "state could not be told");
                let gap = Frame::of(&Event::Gap { room: None, after: None });
                match telling {
                    Telling::Room(room) => self.seats().tell_room(room, account, &gap, i64::MAX),
                    Telling::Relation(_) => self.seats().tell_account(account, &gap),
                }
            }
        }
    }
}

impl Seats {
    fn deliver(&mut self, room: RoomId, frame: &Frame) {
        for id in self.of_room.get(&room).into_iter().flatten() {
            if let Some(seat) = self.seats.get(id) {
                seat.queue.push(frame.clone());
            }
        }
        for waiting in self.joining.get_mut(&room).into_iter().flat_map(HashMap::values_mut) {
            // Past this a hole is left, and the client asks for what is missing.
            if waiting.len() < JOINING {
                waiting.push(frame.clone());
            }
        }
    }

    fn tell_account(&self, account: AccountId, frame: &Frame) {
        for id in self.of_account.get(&account).into_iter().flatten() {
            if let Some(seat) = self.seats.get(id) {
                seat.queue.push(frame.clone());
            }
        }
    }

    /// The room's state, read at `revision`, to those of an account's connections that are in it;
    /// to who has just joined, what came since then as well.
    fn tell_room(&mut self, room: RoomId, account: AccountId, state: &Frame, revision: i64) {
        for id in self.of_account.get(&account).into_iter().flatten() {
            let Some(seat) = self.seats.get_mut(id) else { continue };
            if seat.rooms.contains(&room) {
                seat.queue.push(state.clone());
                continue;
            }
            let Some(waiting) = self.joining.get_mut(&room).and_then(|seats| seats.remove(id))
            else {
                continue;
            };
            seat.queue.push(state.clone());
            let since = |frame: &Frame| frame.numbered.is_some_and(|(_, at)| at > revision);
            waiting.into_iter().filter(since).for_each(|frame| seat.queue.push(frame));
            seat.rooms.insert(room);
            self.of_room.entry(room).or_default().insert(*id);
        }
        self.forget_if_empty(room);
    }

    fn join(&mut self, room: RoomId, account: AccountId) {
        for id in self.of_account.get(&account).into_iter().flatten() {
            if let Some(seat) = self.seats.get_mut(id) {
                seat.left.remove(&room);
                if !seat.rooms.contains(&room) {
                    self.joining.entry(room).or_default().entry(*id).or_default();
                }
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
                if let Some(seats) = self.joining.get_mut(&room) {
                    seats.remove(id);
                }
            }
        }
        self.forget_if_empty(room);
    }

    fn forget_if_empty(&mut self, room: RoomId) {
        if self.of_room.get(&room).is_some_and(HashSet::is_empty) {
            self.of_room.remove(&room);
        }
        if self.joining.get(&room).is_some_and(HashMap::is_empty) {
            self.joining.remove(&room);
        }
    }

    fn accounts_in(&self, room: RoomId) -> HashSet<AccountId> {
        let ids = self.of_room.get(&room).into_iter().flatten();
        ids.filter_map(|id| self.seats.get(id)).map(|seat| seat.account).collect()
    }

    /// Everybody else who is in a room.
    fn others_in(&self, room: RoomId, account: AccountId) -> HashSet<AccountId> {
        let mut others = self.accounts_in(room);
        others.remove(&account);
        others
    }
}

impl Place {
    /// Whether this connection is in the room now.
    pub fn hears(&self, room: RoomId) -> bool {
        self.hub.seats().seats.get(&self.id).is_some_and(|seat| seat.rooms.contains(&room))
    }

    /// Hears these rooms from here on; not those that were left since they were read.
    pub fn listen_to(&self, rooms: impl IntoIterator<Item = RoomId>) {
        let mut seats = self.hub.seats();
        let Some(seat) = seats.seats.get_mut(&self.id) else { return };
        let left = std::mem::take(&mut seat.left);
        let rooms: Vec<RoomId> = rooms.into_iter().filter(|room| !left.contains(room)).collect();
        seat.rooms.extend(rooms.iter().copied());
        for room in rooms {
            seats.of_room.entry(room).or_default().insert(self.id);
            // `ready` tells the room's state.
            if let Some(joining) = seats.joining.get_mut(&room) {
                joining.remove(&self.id);
            }
            seats.forget_if_empty(room);
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
        seats.joining.retain(|_, joining| {
            joining.remove(&self.id);
            !joining.is_empty()
        });
    }
}
