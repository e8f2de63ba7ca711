//! Who is here, told to those whom it concerns: friends, of each other; everyone in a room, how many
//! are, and who is writing. What happens within a moment is told as one.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{Ctx, friends, presence, rooms};
use protocol::{AccountId, Event, Room, RoomId, accounts::Status, rooms::Kind};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

use super::{hub::Hub, queue::Frame};

/// As much is told together.
const TOGETHER: Duration = Duration::from_millis(100);
/// How often a room hears how many are in it; a large one more slowly.
const COUNTED: Duration = Duration::from_secs(1);
/// Each as many people more make a room a second slower.
const LARGE: i64 = 1_000;
/// Nobody is told who writes where more than this are.
const TYPING: i64 = 200;

#[derive(Debug, Default)]
struct Due {
    moved: HashSet<AccountId>,
    rooms: HashSet<RoomId>,
    look: HashSet<AccountId>,
}

/// What is to be told, and who tells it.
#[derive(Debug, Default)]
pub struct Moves {
    due: Mutex<Due>,
    /// Who is to be told to write where, until what they wrote is there. Held while it is told, so before a
    /// room is locked.
    typing: Mutex<HashSet<(RoomId, AccountId)>>,
    teller: Notify,
}

impl Moves {
    fn note(&self, note: impl FnOnce(&mut Due)) {
        note(&mut self.due());
        self.teller.notify_one();
    }

    fn due(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody came, went, or took their hands off.
    pub fn moved(&self, account: AccountId) {
        self.note(|due| {
            due.moved.insert(account);
        });
    }

    pub fn typing(&self, room: RoomId, account: AccountId) {
        self.who_types().insert((room, account));
        self.teller.notify_one();
    }

    /// What somebody wrote is about to be told: that they write is told no more, else it would seem to be
    /// about the next.
    pub fn wrote(&self, room: RoomId, account: AccountId) {
        self.who_types().remove(&(room, account));
    }

    fn who_types(&self) -> MutexGuard<'_, HashSet<(RoomId, AccountId)>> {
        self.typing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is in these rooms may be more or fewer than before.
    pub fn count(&self, rooms: impl IntoIterator<Item = RoomId>) {
        self.note(|due| due.rooms.extend(rooms));
    }

    /// Somebody wants to be seen, or no more.
    pub fn look(&self, account: AccountId) {
        self.note(|due| {
            due.look.insert(account);
        });
    }
}

impl Hub {
    /// Tells who is here, for as long as the process lives.
    pub(super) async fn tell_presence(self: Arc<Self>, ctx: Ctx) {
        // What each room was told last, and when it may be told again.
        let mut counted: HashMap<RoomId, (i64, Instant)> = HashMap::new();
        loop {
            self.moves.teller.notified().await;
            sleep(TOGETHER).await;
            let due = std::mem::take(&mut *self.moves.due());
            for account in due.look {
                match presence::look(&ctx, account).await {
                    Ok(is_invisible) => self.say_visibility(account, is_invisible),
                    Err(error) => {
                        tracing::error!(%error, "whether somebody wants to be seen is not known");
                        self.moves.look(account);
                    }
                }
            }
            let typing: Vec<_> = self.moves.who_types().iter().copied().collect();
            for (room, account) in typing {
                self.say_typing(&ctx, room, account).await;
            }
            let of_moved = due.moved.iter().flat_map(|account| self.seats.rooms_of(*account));
            let rooms: HashSet<RoomId> = of_moved.chain(due.rooms).collect();
            let (mut moved, mut uncounted) = (HashSet::new(), HashSet::new());
            if let Err(error) = self.say_moved(&ctx, &due.moved).await {
                tracing::error!(%error, "who is here could not be told");
                moved = due.moved;
            }
            match rooms::of_many(&ctx, rooms.iter().copied()).await {
                Ok(rooms) => uncounted.extend(self.say_counts(&ctx, rooms, &mut counted)),
                Err(error) => {
                    tracing::error!(%error, "how many are in rooms could not be told");
                    uncounted = rooms;
                }
            }
            self.again_later(moved, uncounted);
        }
    }

    /// What could not be told, or not yet, is told in a moment.
    fn again_later(self: &Arc<Self>, moved: HashSet<AccountId>, rooms: HashSet<RoomId>) {
        if moved.is_empty() && rooms.is_empty() {
            return;
        }
        let hub = Arc::clone(self);
        tokio::spawn(async move {
            sleep(COUNTED).await;
            hub.moves.note(|due| {
                due.moved.extend(moved);
                due.rooms.extend(rooms);
            });
        });
    }

    /// Tells an account's own connections how it is seen, so that none of them shows it by mistake.
    fn say_visibility(&self, account: AccountId, is_invisible: bool) {
        let status = if is_invisible { Status::Offline } else { Status::Online };
        let event = Event::Presence { user: account, status, last_seen: None };
        self.seats.tell_account(account, &Frame::of(&event));
    }

    /// Says of rooms how many are in them.
    pub async fn dress<'a>(&self, ctx: &Ctx, rooms: impl IntoIterator<Item = &'a mut Room>) {
        let mut unknown: Vec<&mut Room> = Vec::new();
        // Two in a direct room who are friends see each other; who are not, should not.
        for room in rooms.into_iter().filter(|room| room.kind != Kind::Direct) {
            room.online_count = presence::count(ctx, room.id, self.seats.accounts_in(room.id));
            if room.kind == Kind::Public && !presence::is_settled(ctx, room.id) {
                unknown.push(room);
            }
        }
        let ids: Vec<RoomId> = unknown.iter().map(|room| room.id).collect();
        for (room, count) in unknown.into_iter().zip(presence::tallies(ctx, &ids).await) {
            room.online_count = room.online_count.max(count);
        }
    }

    async fn say_moved(&self, ctx: &Ctx, moved: &HashSet<AccountId>) -> domain::Result<()> {
        let moved: Vec<AccountId> = moved.iter().copied().collect();
        for (account, friends) in friends::of_each(ctx, &moved).await? {
            let here: Vec<AccountId> =
                friends.into_iter().filter(|friend| self.seats.is_here(*friend)).collect();
            if here.is_empty() {
                continue;
            }
            let (status, last_seen) = presence::of(ctx, account).await?;
            let frame = Frame::passing(&Event::Presence { user: account, status, last_seen });
            here.into_iter().for_each(|friend| self.seats.tell_account(friend, &frame));
        }
        Ok(())
    }

    async fn say_typing(&self, ctx: &Ctx, room: RoomId, account: AccountId) {
        let here = self.seats.accounts_in(room);
        let people = presence::count(ctx, room, here.iter().copied());
        let is_told = !here.is_empty() && people <= TYPING;
        let apart = if is_told { friends::apart(ctx, account).await.ok() } else { None };
        let mut typing = self.moves.who_types();
        if typing.remove(&(room, account))
            && let Some(apart) = apart
        {
            let frame = Frame::passing(&Event::Typing { room, user: account });
            self.seats.tell_some(room, &frame, |one| one != account && !apart.contains(&one));
        }
    }

    /// Those that are to be told later: they were told a moment ago, or it is not known yet how many are in
    /// them.
    fn say_counts(
        &self,
        ctx: &Ctx,
        rooms: Vec<(RoomId, Kind)>,
        counted: &mut HashMap<RoomId, (i64, Instant)>,
    ) -> Vec<RoomId> {
        let now = Instant::now();
        let mut later = Vec::new();
        for (room, kind) in rooms {
            if !self.seats.is_heard(room) {
                continue;
            }
            if !presence::is_settled(ctx, room) {
                counted.remove(&room);
                later.push(room);
                continue;
            }
            if counted.get(&room).is_some_and(|(_, again)| now < *again) {
                later.push(room);
                continue;
            }
            let online_count = presence::count(ctx, room, self.seats.accounts_in(room));
            presence::tally(ctx, room, (kind == Kind::Public).then_some(online_count));
            let slower = u32::try_from(online_count / LARGE).unwrap_or(u32::MAX);
            let again = now + COUNTED.saturating_mul(slower.saturating_add(1));
            let told = counted.insert(room, (online_count, again)).map(|(told, _)| told);
            if told != Some(online_count) {
                let event = Event::RoomPresence { room, online_count };
                self.seats.tell_everyone(room, &Frame::passing(&event));
            }
        }
        counted.retain(|room, (_, again)| *again + 60 * COUNTED > now || later.contains(room));
        later
    }
}
