//! Who hears what on this node. A change is serialised once, and the same bytes are queued for
//! everyone it concerns; who is in a room follows the changes in the order of their commits.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    Ctx, Error, Viewer,
    bus::Change,
    friends,
    rooms::{self, Position},
};
use protocol::{AccountId, Event, Message, RoomId, rooms::Kind};
use tokio::{sync::mpsc, time::Instant};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    catch_up::CatchUp,
    queue::{Ended, Frame, Numbered, Queue},
    recent::KEPT,
    room::Heard,
    seats::{Seat, Seats},
};

/// How often everyone in a room is told its state: who comes in hundreds is told of in one.
const EVERYONE: Duration = Duration::from_secs(1);

/// The connections of this node.
pub struct Hub {
    pub(super) seats: Seats,
    /// What must be read before it can be delivered.
    pub(super) behind: CatchUp,
    /// What is waiting to be told; the same twice is told once.
    tellings: Mutex<HashSet<Telling>>,
    tell: mpsc::UnboundedSender<Telling>,
}

/// A connection's place in the hub, given up when it is dropped.
pub struct Place {
    hub: Arc<Hub>,
    seat: Arc<Seat>,
}

/// State that has no number: it is read when it is told, so that the latest is what arrives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Telling {
    /// A room, as one account sees it.
    Room(RoomId, AccountId),
    /// A room, as everyone in it sees it.
    Everyone(RoomId),
    /// What two accounts are to each other, as the first sees it.
    Relation(AccountId, AccountId),
    /// How far somebody has read in a room, told to the account that comes last.
    Read(RoomId, AccountId, AccountId),
}

impl Hub {
    /// A hub that follows the changes of this house for as long as it lives.
    pub fn start(ctx: Ctx) -> Arc<Self> {
        let (tell, told) = mpsc::unbounded_channel();
        let hub = Arc::new(Self {
            seats: Seats::default(),
            behind: CatchUp::default(),
            tellings: Mutex::default(),
            tell,
        });
        let mut published = ctx.bus().listen();
        let follower = Arc::clone(&hub);
        tokio::spawn(async move {
            while let Some(published) = published.recv().await {
                published.changes.iter().for_each(|change| follower.follow(change));
            }
        });
        tokio::spawn(Arc::clone(&hub).catch_up(ctx.clone()));
        tokio::spawn(Arc::clone(&hub).tell(ctx, told));
        let forgetful = Arc::downgrade(&hub);
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(KEPT / 2);
            while let Some(hub) = forgetful.upgrade() {
                hub.seats.forget_old(Instant::now());
                drop(hub);
                ticks.tick().await;
            }
        });
        hub
    }

    /// A place for a connection. It hears what concerns its account from here on, and its rooms
    /// once it has [`Place::listen_to`] them.
    pub fn enter(self: &Arc<Self>, viewer: &Viewer) -> Place {
        Place { hub: Arc::clone(self), seat: self.seats.enter(viewer) }
    }

    /// Tells every connection to finish and go.
    pub fn close(&self) {
        self.seats.end_all(Ended::Restart);
    }

    fn follow(&self, change: &Change) {
        let seats = &self.seats;
        match change {
            Change::MessagePosted { message, access } => {
                self.hear(message, &Numbered::Message { message }, *access);
            }
            Change::MessageChanged { message, access } => {
                self.hear(message, &Numbered::MessageChanged { message }, *access);
            }
            Change::Joined { room, account, access } => {
                if seats.join(*room, *account, *access) {
                    self.behind.hole(*room);
                }
                self.tell_later(Telling::Room(*room, *account));
                self.tell_everyone_later(*room);
            }
            Change::Left { room, account, access } => {
                if seats.part(*room, *account, *access) {
                    self.behind.hole(*room);
                }
                seats.tell_account(*account, &Frame::of(&Event::RoomLeft { room: *room }));
                self.tell_everyone_later(*room);
            }
            Change::RoomAhead { room, revision, access } => {
                if seats.hear_of(*room, *revision, *access) {
                    self.behind.room(*room);
                }
            }
            Change::MembershipMoved { room, account } => {
                if seats.is_here(*account) {
                    self.behind.standing(*room, *account);
                }
                self.tell_everyone_later(*room);
            }
            Change::RoomChanged { room } => self.tell_everyone_later(*room),
            Change::RelationChanged { one, other } => {
                self.tell_later(Telling::Relation(*one, *other));
                self.tell_later(Telling::Relation(*other, *one));
            }
            Change::ReadMoved { room, reader, to } => {
                let here = to.iter().filter(|account| seats.is_here(**account));
                here.for_each(|to| self.tell_later(Telling::Read(*room, *reader, *to)));
            }
            Change::SessionEnded { session } => seats.end_session(*session),
            // They come back, and are told what is so.
            Change::Lost => seats.end_all(Ended::Restart),
        }
    }

    fn hear(&self, message: &Message, event: &Numbered<'_>, access: i64) {
        let frame = Frame::numbered(event);
        let heard = Heard { frame, seq: message.seq, revision: message.revision, access };
        if self.seats.hear(message.room, heard) {
            self.behind.hole(message.room);
        }
    }

    fn tellings(&self) -> MutexGuard<'_, HashSet<Telling>> {
        self.tellings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell_later(&self, telling: Telling) {
        if self.tellings().insert(telling) {
            let _ = self.tell.send(telling);
        }
    }

    /// Who comes after this learns it from `ready`.
    fn tell_everyone_later(&self, room: RoomId) {
        if self.seats.is_heard(room) {
            self.tell_later(Telling::Everyone(room));
        }
    }

    /// Reads what is so now, and tells it; one after the other, so that an account hears it in
    /// order.
    async fn tell(self: Arc<Self>, ctx: Ctx, mut told: mpsc::UnboundedReceiver<Telling>) {
        // Rooms of many whose members were told a moment ago.
        let mut told_at: HashMap<RoomId, Instant> = HashMap::new();
        while let Some(telling) = told.recv().await {
            if let Telling::Everyone(room) = telling {
                let now = Instant::now();
                told_at.retain(|_, at| *at + EVERYONE > now);
                if let Some(at) = told_at.get(&room) {
                    self.tell_at(telling, *at + EVERYONE);
                    continue;
                }
            }
            // Before it is read: what changes from here on is told again.
            self.tellings().remove(&telling);
            let said = match telling {
                Telling::Room(id, account) => self.say_room(&ctx, id, account).await,
                Telling::Relation(one, other) => self.say_relation(&ctx, one, other).await,
                Telling::Read(room, reader, to) => self.say_read(&ctx, room, reader, to).await,
                Telling::Everyone(id) => match self.say_everyone(&ctx, id).await {
                    Ok(kind) if kind != Kind::Direct => {
                        told_at.insert(id, Instant::now());
                        Ok(())
                    }
                    said => said.map(drop),
                },
            };
            if let Err(error) = said {
                tracing::error!(%error, ?telling, "state could not be told");
                self.say_gap(telling);
            }
        }
    }

    fn tell_at(self: &Arc<Self>, telling: Telling, at: Instant) {
        let tell = self.tell.clone();
        tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            let _ = tell.send(telling);
        });
    }

    async fn say_room(&self, ctx: &Ctx, id: RoomId, account: AccountId) -> domain::Result<()> {
        if !self.seats.is_here(account) {
            return Ok(());
        }
        match rooms::show(ctx, account, id).await {
            Ok(room) => {
                let revision = room.revision;
                let state = Frame::of(&Event::Room { room });
                self.seats.tell_room(id, account, &state, Some(revision));
                Ok(())
            }
            // Left again in the meantime; that was told already.
            Err(Error::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn say_everyone(&self, ctx: &Ctx, id: RoomId) -> domain::Result<Kind> {
        let room = rooms::show_everyone(ctx, id).await?;
        let kind = room.kind;
        if kind == Kind::Direct {
            // The two see each other in it.
            for account in self.seats.accounts_in(id) {
                self.say_room(ctx, id, account).await?;
            }
        } else {
            self.seats.tell_everyone(id, &Frame::of(&Event::Room { room }));
        }
        Ok(kind)
    }

    async fn say_relation(
        &self,
        ctx: &Ctx,
        account: AccountId,
        other: AccountId,
    ) -> domain::Result<()> {
        if self.seats.is_here(account) {
            let state = friends::state(ctx, account, other).await?;
            self.seats.tell_account(account, &Frame::of(&Event::Friend(Box::new(state))));
        }
        Ok(())
    }

    async fn say_read(
        &self,
        ctx: &Ctx,
        room: RoomId,
        reader: AccountId,
        to: AccountId,
    ) -> domain::Result<()> {
        if let Some(seq) = rooms::marker(ctx, room, reader).await? {
            let event = Event::Read { room, user: reader, seq };
            self.seats.tell_account(to, &Frame::of(&event));
        }
        Ok(())
    }

    fn say_gap(&self, telling: Telling) {
        let gap = Frame::of(&Event::Gap { room: None, after: None });
        match telling {
            Telling::Room(room, account) => self.seats.tell_room(room, account, &gap, None),
            Telling::Everyone(room) => self.seats.tell_everyone(room, &gap),
            Telling::Relation(account, _) | Telling::Read(_, _, account) => {
                self.seats.tell_account(account, &gap)
            }
        }
    }
}

impl Place {
    pub fn queue(&self) -> &Queue {
        &self.seat.queue
    }

    /// Whether this connection is in the room now.
    pub fn hears(&self, room: RoomId) -> bool {
        self.seat.is_in(room)
    }

    /// Whether this connection may be answered about the room: it is in it, or has just joined.
    pub fn may_hear(&self, room: RoomId) -> bool {
        self.seat.may_hear(room)
    }

    /// Hears these rooms from where they stood; not those that were left since they were read.
    pub fn listen_to(&self, positions: impl IntoIterator<Item = Position>) {
        let open = self.hub.seats.listen_to(&self.seat, positions);
        open.rooms.into_iter().for_each(|room| self.hub.behind.hole(room));
        let account = self.seat.account();
        open.standings.into_iter().for_each(|room| self.hub.behind.standing(room, account));
    }

    /// What came in a room of this connection's after a revision, and the revision that it is whole
    /// to, if it is remembered here.
    pub fn recent(&self, room: RoomId, since: i64) -> Option<(Vec<Utf8Bytes>, i64)> {
        self.hears(room).then(|| self.hub.seats.recent(room, since)).flatten()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hub.seats.leave(&self.seat);
    }
}
