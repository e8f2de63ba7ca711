//! What has changed, told after the commit to whoever delivers. A change names facts; what a viewer
//! is shown of it is read from the database when it is delivered, unless it carries a number.

mod redis;

use std::sync::{Arc, Mutex, PoisonError};

use protocol::{AccountId, Message, MessageId, NotificationId, RoomId, SessionId, messages::By};
use tokio::sync::{Notify, mpsc};

use crate::{Clock, Result, limits, presence};

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

/// Carries changes to this node's listeners; with Redis, it wakes the other nodes and is woken by
/// them. What was changed they read from the database.
#[derive(Clone, Debug)]
pub struct Bus {
    listeners: Arc<Mutex<Vec<mpsc::UnboundedSender<Published>>>>,
    others: Others,
}

/// The twins: nobody else, or who listens to the same Redis.
#[derive(Clone, Debug)]
enum Others {
    Local,
    Redis(Arc<redis::Wakes>),
}

impl Bus {
    /// A bus within this process; with the address of a Redis, one that also reaches the other nodes
    /// of the house with this name. Whether Redis can be reached does not matter.
    ///
    /// # Errors
    /// `Internal` for what is no address of a Redis.
    pub(crate) async fn open(redis_url: Option<&str>, house: &str, clock: &Clock) -> Result<Self> {
        let others = match redis_url {
            None => Others::Local,
            Some(url) => Others::Redis(redis::Wakes::open(url, house, clock).await?),
        };
        Ok(Self { listeners: Arc::default(), others })
    }

    /// Where nodes count together, if they share a Redis.
    pub(crate) fn counters(&self, house: &str) -> Option<limits::Shared> {
        match &self.others {
            Others::Local => None,
            Others::Redis(wakes) => Some(limits::Shared::new(wakes.client(), house)),
        }
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
        match &self.others {
            Others::Local => None,
            Others::Redis(wakes) => Some(wakes.is_up()),
        }
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

    /// Asks the other nodes to look what is new.
    pub(crate) fn wake_others(&self) {
        if let Others::Redis(wakes) = &self.others {
            wakes.send();
        }
    }

    /// Says something to the other nodes that is kept nowhere.
    pub(crate) fn say(&self, said: &presence::Said) {
        if let Others::Redis(wakes) = &self.others {
            wakes.say(said);
        }
    }

    /// What other nodes say from here on. For one listener.
    pub(crate) fn hear_others(&self) -> mpsc::Receiver<presence::From> {
        match &self.others {
            Others::Local => mpsc::channel(1).1,
            Others::Redis(wakes) => wakes.hear_others(),
        }
    }

    /// Who is told when another node has something new.
    pub(crate) fn woken(&self) -> Arc<Notify> {
        match &self.others {
            Others::Local => Arc::default(),
            Others::Redis(wakes) => wakes.woken(),
        }
    }
}
