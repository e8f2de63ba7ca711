//! What has changed, told after the commit to whoever delivers. A change names facts; what a viewer
//! is shown of it is read from the database when it is delivered, unless it carries a number.

use std::sync::{Arc, Mutex, PoisonError};

use protocol::{AccountId, Message, RoomId, SessionId};
use tokio::sync::mpsc;

/// Something that was committed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A message got its numbers.
    MessagePosted(Arc<Message>),
    /// A message is no longer what it was.
    MessageChanged(Arc<Message>),
    /// Someone is in a room now.
    Joined { room: RoomId, account: AccountId },
    /// Someone is in a room no more: nothing after this may reach them.
    Left { room: RoomId, account: AccountId },
    /// A room is not what it was: closed, opened, renamed.
    RoomChanged { room: RoomId },
    /// Two people stand to each other otherwise than before.
    RelationChanged { one: AccountId, other: AccountId },
    /// A read marker moved; `to` hears of it: the reader, and in a direct room the other.
    ReadMoved { room: RoomId, reader: AccountId, seq: i64, to: Vec<AccountId> },
    /// A device is signed in no more.
    SessionEnded { session: SessionId },
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

/// Carries changes to this node's listeners, in the order of the commits.
#[derive(Clone, Debug, Default)]
pub struct Bus {
    listeners: Arc<Mutex<Vec<mpsc::UnboundedSender<Published>>>>,
}

impl Bus {
    /// Everything that is published from here on. A listener only sorts changes into bounded
    /// queues, so that it never falls behind and needs no bound of its own.
    pub fn listen(&self) -> mpsc::UnboundedReceiver<Published> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
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
}
