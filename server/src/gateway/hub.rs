//! Who hears what on this node. A change is serialised once, and the same bytes are queued for
//! everyone it concerns. What carries a number goes out in its turn (`room`), what must be read for it
//! is read (`catch_up`), and state without a number is read when it is told (`tell`).

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use domain::{Ctx, Viewer, bus::Change, presence, rooms::Position};
use protocol::{AccountId, Event, Message, RoomId};
use tokio::{sync::mpsc, time::Instant};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    admission::Admission,
    catch_up::CatchUp,
    crowd::Crowd,
    presence::Moves,
    queue::{Ended, Frame, Numbered, Queue},
    recent::{KEPT, Marks},
    room::Heard,
    seat::Seat,
    seats::{Open, Seats, Step},
    tell::Telling,
};

/// As many connections one account has on a node, where anything is limited.
const OF_ONE: usize = 100;

/// The connections of this node.
pub struct Hub {
    pub(super) seats: Seats,
    /// What must be read before it can be delivered.
    pub(super) behind: CatchUp,
    /// What is waiting to be told; the same twice is told once.
    pub(super) tellings: Mutex<HashSet<Telling>>,
    pub(super) tell: mpsc::UnboundedSender<Telling>,
    /// Who came and went, and who writes.
    pub(super) moves: Moves,
    /// Who looks at a room without being in it.
    pub(super) crowd: Crowd,
    /// How many come in at once.
    pub(crate) admission: Admission,
}

/// A connection's place in the hub, given up when it is dropped.
pub struct Place {
    hub: Arc<Hub>,
    seat: Arc<Seat>,
}

impl Hub {
    /// A hub that follows the changes of this house for as long as the process lives.
    pub fn start(ctx: Ctx) -> Arc<Self> {
        let (tell, told) = mpsc::unbounded_channel();
        let hub = Arc::new(Self {
            seats: Seats::new(presence::audience(&ctx)),
            behind: CatchUp::default(),
            tellings: Mutex::default(),
            tell,
            moves: Moves::default(),
            crowd: Crowd::default(),
            admission: Admission::default(),
        });
        let mut published = ctx.bus().listen();
        let follower = Arc::clone(&hub);
        tokio::spawn(async move {
            while let Some(published) = published.recv().await {
                published.changes.iter().for_each(|change| follower.follow(change));
            }
        });
        tokio::spawn(Arc::clone(&hub).catch_up(ctx.clone()));
        tokio::spawn(Arc::clone(&hub).tell_presence(ctx.clone()));
        tokio::spawn(Arc::clone(&hub).tell(ctx, told));
        let forgetful = Arc::clone(&hub);
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(KEPT / 2);
            loop {
                ticks.tick().await;
                forgetful.seats.forget_old(Instant::now());
            }
        });
        hub
    }

    /// A place for a connection. It hears what concerns its account from here on, and its rooms
    /// once it has [`Place::listen_to`] them.
    pub fn enter(self: &Arc<Self>, viewer: &Viewer) -> Place {
        Place { hub: Arc::clone(self), seat: self.seats.enter(viewer) }
    }

    /// Whether an account has as many connections as one may have here. Those on the way in do not count
    /// yet: how many they are has a limit of its own.
    pub fn has_many_of(&self, viewer: &Viewer) -> bool {
        self.seats.of(viewer.account()).len() >= OF_ONE
    }

    /// A place for who looks at a public room without being in it.
    pub fn visit(self: &Arc<Self>, position: Position) -> Place {
        let (seat, is_behind) = self.seats.visit(position);
        if is_behind {
            self.behind.hole(position.room);
        }
        Place { hub: Arc::clone(self), seat }
    }

    /// Tells every connection to finish and go.
    pub fn close(&self) {
        self.seats.end_all(Ended::Restart);
    }

    fn follow(&self, change: &Change) {
        let seats = &self.seats;
        match change {
            Change::MessagePosted { message, access } => {
                self.moves.wrote(message.room, message.author.id);
                self.hear(message, &Numbered::Message { message }, *access);
            }
            Change::MessageChanged { message, access, by } => {
                let by = by.as_ref();
                self.hear(message, &Numbered::MessageChanged { message, by }, *access);
            }
            Change::Passed { message, access } => {
                self.moves.wrote(message.room, message.author.id);
                let frame = Frame::passed(message);
                if seats.update(message.room, |room| room.pass(frame, *access)) {
                    self.behind.hole(message.room);
                }
            }
            Change::Hidden { room } => seats.turn_out_visitors(*room),
            Change::Joined { room, account, access } => {
                if seats.join(*room, *account, *access) != Step::Next {
                    self.behind.standing(*room, *account);
                }
                self.tell_later(Telling::Room(*room, *account));
                self.tell_everyone_later(*room);
            }
            Change::Left { room, account, access } => {
                let step = seats.part(*room, *account, *access);
                if step != Step::Next {
                    self.behind.standing(*room, *account);
                }
                // One that comes late may be undone by now: what is read tells.
                if step != Step::Late {
                    seats.tell_account(*account, &Frame::of(&Event::RoomLeft { room: *room }));
                }
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
                    // Who has left and is back is nobody that comes, and may be in it otherwise.
                    self.tell_later(Telling::Room(*room, *account));
                }
                self.tell_everyone_later(*room);
            }
            Change::RoleChanged { room, account } => {
                seats.note_changed(*room);
                self.tell_later(Telling::Room(*room, *account));
            }
            Change::Reacted { room, account, message } => {
                if seats.is_here(*account) {
                    self.tell_later(Telling::Reaction(*room, *account, *message));
                }
            }
            Change::Noticed { room, account, enters } => {
                if seats.is_heard(*room) {
                    self.tell_later(Telling::Notice(*room, *account, *enters));
                }
            }
            Change::RoomChanged { room } => self.tell_everyone_later(*room),
            Change::RelationChanged { one, other } => {
                self.tell_later(Telling::Relation(*one, *other));
                self.tell_later(Telling::Relation(*other, *one));
            }
            Change::OwnRelationChanged { account, other } => {
                self.tell_later(Telling::Relation(*account, *other));
            }
            Change::ReadMoved { room, reader, to, back } => {
                let here = to.iter().filter(|account| seats.is_here(**account));
                here.for_each(|to| self.tell_later(Telling::Read(*room, *reader, *to, *back)));
            }
            Change::Notified { account, id } => self.tell_later(Telling::Card(*account, *id)),
            Change::NotificationsRead { account, up_to } => {
                self.tell_later(Telling::CardsRead(*account, *up_to));
            }
            Change::VisibilityMoved { account } => {
                if seats.is_here(*account) {
                    self.moves.look(*account);
                }
            }
            Change::Present { account } => self.moves.moved(*account),
            Change::Counted { room } => self.moves.count([*room]),
            Change::Typing { room, account } => self.moves.typing(*room, *account),
            Change::SessionEnded { session } => seats.end_session(*session),
            // They come back, and are told what is so.
            Change::Lost => seats.end_all(Ended::Restart),
        }
    }

    /// Reads what an account's taking of seats has left open.
    pub(super) fn read_open(&self, account: AccountId, open: Open) {
        open.rooms.into_iter().for_each(|room| self.behind.hole(room));
        open.standings.into_iter().for_each(|room| self.behind.standing(room, account));
    }

    fn hear(&self, message: &Message, event: &Numbered<'_>, access: i64) {
        let frame = Frame::numbered(event);
        let marks = match event {
            Numbered::MessageChanged { by: Some(_), .. } => Marks::Told,
            _ => Marks::None,
        };
        let heard = Heard { frame, seq: message.seq, revision: message.revision, access, marks };
        if self.seats.hear(message.room, heard) {
            self.behind.hole(message.room);
        }
    }
}

impl Place {
    pub fn queue(&self) -> &Queue {
        &self.seat.queue
    }

    /// Unlike any other connection's on this node.
    pub fn number(&self) -> u64 {
        self.seat.id()
    }

    /// Whether this connection is in the room now.
    pub fn hears(&self, room: RoomId) -> bool {
        self.seat.is_in(room)
    }

    /// Whether this connection may be answered about the room: it is in it, or has just joined.
    pub fn may_hear(&self, room: RoomId) -> bool {
        self.seat.may_hear(room)
    }

    /// Hears these rooms from where they stood when they were read, which was after this moment; not those
    /// that were left since.
    pub fn listen_to(&self, positions: impl IntoIterator<Item = Position>, read_after: Instant) {
        let positions: Vec<Position> = positions.into_iter().collect();
        let rooms: Vec<RoomId> = positions.iter().map(|at| at.room).collect();
        let open = self.hub.seats.listen_to(&self.seat, positions);
        self.hub.moves.count(self.hub.seats.rooms_of(self.seat.account()));
        self.hub.read_open(self.seat.account(), open);
        // What has changed since it was read, and went to those who listened by then.
        let missed = rooms.into_iter().filter(|id| self.hub.seats.changed_since(*id, read_after));
        missed.for_each(|id| self.hub.tell_later(Telling::Room(id, self.seat.account())));
    }

    /// What came in a room of this connection's after a revision, and the revision that it is whole
    /// to, if it is remembered here.
    pub fn recent(&self, room: RoomId, since: i64) -> Option<(Vec<Utf8Bytes>, i64)> {
        self.hears(room).then(|| self.hub.seats.recent(room, since)).flatten()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let rooms = self.hub.seats.rooms_of(self.seat.account());
        self.hub.seats.leave(&self.seat);
        self.hub.moves.count(rooms);
    }
}
