//! What has changed, told after the commit to whoever delivers. A change names facts; what a viewer
//! is shown of it is read from the database when it is delivered, unless it carries a number.

mod redis;
mod store;
mod word;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use protocol::{AccountId, Message, MessageId, NotificationId, RoomId, SessionId, messages::By};
use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};

use crate::{Clock, Result};

pub(crate) use store::Store;
pub(crate) use word::{Said, Saying, Word};

/// Something that was committed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A message got its numbers, when the room's members were at `access`.
    MessagePosted { message: Arc<Message>, access: i64 },
    /// A message is no longer what it was.
    MessageChanged { message: Arc<Message>, access: i64, by: Option<By> },
    /// Something was said in a room that keeps nothing. Never stored.
    Passed { message: Arc<Message>, access: i64 },
    /// On another node somebody put something on a message, or took it off.
    Reacted { room: RoomId, account: AccountId, message: MessageId },
    /// Someone is in a room now, which raised its `access`.
    Joined { room: RoomId, account: AccountId, access: i64 },
    /// Someone is in a room no more: nothing after this may reach them.
    Left { room: RoomId, account: AccountId, access: i64 },
    /// Somebody may do something else in a room than before.
    RoleChanged { room: RoomId, account: AccountId },
    /// Somebody came into a room that shows it, or went.
    Noticed { room: RoomId, account: AccountId, enters: bool },
    /// A room is not for everyone's eyes any more.
    Hidden { room: RoomId },
    /// A room is not what it was: closed, opened, renamed.
    RoomChanged { room: RoomId },
    /// Two people stand to each other otherwise than before.
    RelationChanged { one: AccountId, other: AccountId },
    /// Somebody stands to another otherwise than before, who is not to know.
    OwnRelationChanged { account: AccountId, other: AccountId },
    /// A read marker moved; `to` hears of it: the reader, and in a direct room the other.
    ReadMoved { room: RoomId, reader: AccountId, to: Vec<AccountId>, back: bool },
    /// Somebody has a new card, or one that changed.
    Notified { account: AccountId, id: NotificationId },
    /// Somebody has read their cards up to this number.
    NotificationsRead { account: AccountId, up_to: i64 },
    /// Somebody wants to be seen, or no more.
    VisibilityMoved { account: AccountId },
    /// Somebody came, went, or took their hands off. Never stored.
    Present { account: AccountId },
    /// More or fewer are in a room than before, on another node. Never stored.
    Counted { room: RoomId },
    /// Somebody is writing. Never stored.
    Typing { room: RoomId, account: AccountId },
    /// A device is signed in no more.
    SessionEnded { session: SessionId },
    /// Another node has stored messages: the room is at this revision, its members at `access`.
    RoomAhead { room: RoomId, revision: i64, access: i64 },
    /// Another node has let someone into a room, or out of it.
    MembershipMoved { room: RoomId, account: AccountId },
    /// What other nodes did is not to be had any more: nothing on this one is sure.
    Lost,
}

/// What one transaction changed. Whoever committed it learns when the last of these is dropped.
#[derive(Clone, Debug)]
pub struct Published {
    pub changes: Arc<[Change]>,
    _told: mpsc::Sender<()>,
}

/// Waits until every listener has dealt with what was published.
#[derive(Debug)]
pub(crate) struct Told(mpsc::Receiver<()>);

impl Told {
    pub(crate) async fn wait(mut self) {
        // Nothing is ever sent: it ends with the last sender.
        self.0.recv().await;
    }
}

/// What comes over Redis.
#[derive(Debug)]
pub(crate) enum Heard {
    Said(Said),
    /// From here on a room is listened to: who asked in it before was not heard.
    Listens(RoomId),
    /// Something may have been missed, or not been said.
    Anew,
}

/// Carries changes to this node's listeners; with Redis, what is said in rooms also to the nodes that
/// serve them. Of everything else it only wakes the other nodes: that they read from the database.
#[derive(Clone, Debug)]
pub struct Bus {
    listeners: Arc<Mutex<Vec<mpsc::UnboundedSender<Published>>>>,
    others: Others,
    /// When the change log was read last.
    read_at: Arc<Mutex<Option<Instant>>>,
}

/// How long the log may not have been read before what others say is not told at once.
const BLIND: Duration = Duration::from_secs(2);

/// The twins: nobody else, or who listens to the same Redis.
#[derive(Clone, Debug)]
enum Others {
    Local,
    Redis(Arc<redis::Redis>),
}

impl Bus {
    /// A bus within this process; with the address of a Redis, one that also reaches the other nodes
    /// of the house with this name. Whether Redis can be reached does not matter; nobody waits longer for
    /// what it knows than this.
    ///
    /// # Errors
    /// `Internal` for what is no address of a Redis.
    pub(crate) async fn open(
        redis_url: Option<&str>,
        house: &str,
        clock: &Clock,
        patience: Duration,
    ) -> Result<Self> {
        let others = match redis_url {
            None => Others::Local,
            Some(url) => Others::Redis(redis::Redis::open(url, house, clock, patience).await?),
        };
        Ok(Self { listeners: Arc::default(), others, read_at: Arc::default() })
    }

    fn redis(&self) -> Option<&redis::Redis> {
        match &self.others {
            Others::Local => None,
            Others::Redis(redis) => Some(redis),
        }
    }

    /// The change log was read.
    pub(crate) fn note_read(&self) {
        *self.read_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    pub(crate) fn read_at(&self) -> Option<Instant> {
        *self.read_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long ago the change log was read last; `None` on SQLite, which has none, and before that.
    pub fn log_age(&self) -> Option<Duration> {
        self.read_at().map(|at| at.elapsed())
    }

    /// Whether the change log could not be read lately: sessions may have ended, and rooms been closed,
    /// without this node knowing.
    pub(crate) fn is_blind(&self) -> bool {
        self.read_at().is_none_or(|at| at.elapsed() > BLIND)
    }

    /// Whether other nodes can hear this one.
    pub(crate) fn has_others(&self) -> bool {
        self.redis().is_some()
    }

    /// What nodes know together, if they share a Redis.
    pub(crate) fn store(&self, house: &str) -> Option<Store> {
        self.redis().map(|redis| redis.store(house))
    }

    /// Everything that is published from here on. A listener only sorts changes into bounded
    /// queues, so that it never falls behind and needs no bound of its own.
    pub fn listen(&self) -> mpsc::UnboundedReceiver<Published> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    /// Whether Redis answers; `None` where there is to be none.
    pub fn redis_is_up(&self) -> Option<bool> {
        self.redis().map(redis::Redis::is_up)
    }

    pub(crate) fn publish(&self, changes: Vec<Change>) -> Told {
        let (told, wait) = mpsc::channel(1);
        if !changes.is_empty() {
            let published = Published { changes: changes.into(), _told: told };
            let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
            listeners.retain(|listener| listener.send(published.clone()).is_ok());
        }
        Told(wait)
    }

    /// Tells the other nodes what was committed: what was said in rooms to those that serve them, and of
    /// everything else that it is there to be read.
    pub(crate) fn tell_others(&self, changes: &[Change]) {
        let Some(redis) = self.redis() else { return };
        let mut is_to_be_read = false;
        for change in changes {
            match Saying::of(change) {
                Some((room, saying)) => redis.say(room, saying),
                None => is_to_be_read = true,
            }
        }
        if is_to_be_read {
            redis.wake_others();
        }
    }

    /// Says something to the nodes that serve a room, which is kept nowhere.
    pub(crate) fn say(&self, room: RoomId, saying: Saying<'_>) {
        if let Some(redis) = self.redis() {
            redis.say(room, saying);
        }
    }

    /// From here on somebody on this node hears the room.
    pub(crate) fn serve(&self, room: RoomId) {
        if let Some(redis) = self.redis() {
            redis.serve(room);
        }
    }

    /// From here on nobody does.
    pub(crate) fn unserve(&self, room: RoomId) {
        if let Some(redis) = self.redis() {
            redis.unserve(room);
        }
    }

    /// Asks in every room that is served who is there.
    pub(crate) fn ask_all(&self) {
        if let Some(redis) = self.redis() {
            redis.ask_all();
        }
    }

    /// What other nodes say from here on. For one listener.
    pub(crate) fn hear_others(&self) -> mpsc::Receiver<Heard> {
        self.redis().map_or_else(|| mpsc::channel(1).1, redis::Redis::hear_others)
    }

    /// Who is told when another node has something new.
    pub(crate) fn woken(&self) -> Arc<Notify> {
        self.redis().map_or_else(Arc::default, redis::Redis::woken)
    }
}
