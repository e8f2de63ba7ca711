//! What has to be read before it can be delivered: what other nodes stored, and who they let in or
//! turned out. One reading serves all rooms that wait.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    Ctx, messages,
    rooms::{self, Position},
};
use protocol::{AccountId, Event, RoomId};
use tokio::{sync::Notify, time::sleep};

use super::{
    hub::Hub,
    queue::{Frame, Numbered},
    recent::Marks,
    room::{Heard, Newest},
    tell::Telling,
};

/// A hole is mostly another node's commit, whose word is on its way.
const HOLE: Duration = Duration::from_millis(5);
/// How soon it is tried again where the database does not answer.
const AGAIN: Duration = Duration::from_millis(250);
/// As many rooms are read at once.
const ROOMS: usize = 64;

/// What is to be read.
#[derive(Debug, Default)]
struct Due {
    rooms: HashSet<RoomId>,
    /// Whether these accounts are in these rooms.
    standings: HashMap<RoomId, HashSet<AccountId>>,
    is_urgent: bool,
}

/// What is to be read, and who reads it.
#[derive(Debug, Default)]
pub struct CatchUp {
    due: Mutex<Due>,
    reader: Notify,
}

impl CatchUp {
    fn due(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A room is behind, and what is missing is there to be read.
    pub fn room(&self, id: RoomId) {
        let mut due = self.due();
        due.rooms.insert(id);
        due.is_urgent = true;
        self.reader.notify_one();
    }

    /// Something came before its turn; what is missing may come by itself.
    pub fn hole(&self, id: RoomId) {
        self.due().rooms.insert(id);
        self.reader.notify_one();
    }

    /// It is to be read whether the account is in the room.
    pub fn standing(&self, id: RoomId, account: AccountId) {
        let mut due = self.due();
        due.standings.entry(id).or_default().insert(account);
        due.is_urgent = true;
        self.reader.notify_one();
    }

    async fn next(&self) -> Due {
        self.reader.notified().await;
        if !self.due().is_urgent {
            sleep(HOLE).await;
        }
        std::mem::take(&mut self.due())
    }

    fn put_back(&self, due: Due) {
        let mut now = self.due();
        now.rooms.extend(due.rooms);
        for (room, accounts) in due.standings {
            now.standings.entry(room).or_default().extend(accounts);
        }
        self.reader.notify_one();
    }
}

impl Hub {
    /// Reads what is due, and delivers it, for as long as the process lives.
    pub(super) async fn catch_up(self: Arc<Self>, ctx: Ctx) {
        let mut fails = false;
        loop {
            let due = self.behind.next().await;
            match self.read(&ctx, &due).await {
                Ok(()) => fails = false,
                Err(error) => {
                    if !std::mem::replace(&mut fails, true) {
                        tracing::error!(%error, "what other nodes stored could not be read");
                    }
                    self.behind.put_back(due);
                    sleep(AGAIN).await;
                }
            }
        }
    }

    async fn read(&self, ctx: &Ctx, due: &Due) -> domain::Result<()> {
        // Who is in a room comes first: nothing reaches who was turned out.
        self.settle(ctx, due, due.standings.keys().copied().collect()).await?;
        let behind: Vec<Position> =
            due.rooms.iter().filter_map(|room| self.seats.position(*room)).collect();
        for some in behind.chunks(ROOMS) {
            self.fill(ctx, some).await?;
        }
        Ok(())
    }

    /// Reads and delivers what these rooms have missed.
    async fn fill(&self, ctx: &Ctx, behind: &[Position]) -> domain::Result<()> {
        let known: HashMap<RoomId, Position> = behind.iter().map(|at| (at.room, *at)).collect();
        let revisions: Vec<_> = behind.iter().map(|at| (at.room, at.revision)).collect();
        let heard_before = self.newest(behind.iter().map(|at| at.room));
        let missed = messages::missed(ctx, &revisions).await?;
        for messages::Missed { now, .. } in &missed {
            if let Some(heard) = heard_before.get(&now.room) {
                self.seats.correct(now.room, *heard, now.revision, now.access);
            }
        }
        let has_moved =
            |now: &Position| known.get(&now.room).is_none_or(|at| at.access < now.access);
        let moved = missed.iter().map(|missed| missed.now).filter(has_moved);
        self.settle(ctx, &Due::default(), moved.map(|now| now.room).collect()).await?;
        for messages::Missed { now, messages } in missed {
            // It is told here, and who wrote it writes no more.
            for message in messages.iter().flatten() {
                self.moves.wrote(message.room, message.author.id);
            }
            let heard = |message: &protocol::Message| Heard {
                frame: Frame::numbered(&Numbered::latest(message)),
                seq: message.seq,
                revision: message.revision,
                access: now.access,
                // It is read for many at once.
                marks: if message.reactions.is_empty() { Marks::None } else { Marks::Untold },
            };
            let messages: Option<Vec<_>> =
                messages.map(|messages| messages.iter().map(heard).collect());
            let after = known.get(&now.room).map_or(0, |at| at.revision);
            let is_behind = self.seats.update(now.room, |room| match messages {
                Some(messages) => room.fill(after, now.revision, now.access, messages),
                None => room.give_up(now.revision),
            });
            if is_behind {
                self.behind.hole(now.room);
            }
        }
        Ok(())
    }

    fn newest(&self, rooms: impl Iterator<Item = RoomId>) -> HashMap<RoomId, Newest> {
        rooms.map(|room| (room, self.seats.newest(room))).collect()
    }

    /// Reads who is in these rooms of those who hear them and of those that are to be looked at.
    async fn settle(&self, ctx: &Ctx, due: &Due, rooms: Vec<RoomId>) -> domain::Result<()> {
        let pairs = |room: &RoomId| {
            let mut accounts = self.seats.accounts_in(*room);
            accounts.extend(due.standings.get(room).into_iter().flatten());
            accounts.into_iter().map(|account| (*room, account)).collect::<Vec<_>>()
        };
        let pairs: Vec<(RoomId, AccountId)> = rooms.iter().flat_map(pairs).collect();
        let heard_before = self.newest(rooms.into_iter());
        let mut read: HashMap<RoomId, (i64, Vec<(AccountId, bool)>)> = HashMap::new();
        for inside in rooms::inside(ctx, &pairs).await? {
            let (access, standings) =
                read.entry(inside.room).or_insert((inside.access, Vec::new()));
            // All of them are right as of the oldest reading.
            *access = (*access).min(inside.access);
            standings.push((inside.account, inside.is_inside));
        }
        for (room, (access, standings)) in read {
            if let Some(heard) = heard_before.get(&room) {
                self.seats.correct(room, *heard, heard.revision, access);
            }
            let Some(moved) = self.seats.settle(room, access, &standings) else {
                // Read before something that is known by now.
                standings.iter().for_each(|(account, _)| self.behind.standing(room, *account));
                continue;
            };
            if moved.is_stale {
                standings.iter().for_each(|(account, _)| self.behind.standing(room, *account));
            }
            for account in moved.left {
                self.seats.tell_account(account, &Frame::of(&Event::RoomLeft { room }));
            }
            moved
                .came
                .into_iter()
                .for_each(|account| self.tell_later(Telling::Room(room, account)));
        }
        Ok(())
    }
}
