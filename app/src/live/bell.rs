//! What the viewer was told of, as far as it is loaded. Plain Rust, like the world it belongs to.

use protocol::{
    AccountId, Items,
    notifications::{Inbox, Kind, Notification},
    socket::NotificationState,
};

/// The cards, and how many are unread.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Bell {
    state: NotificationState,
    /// Newest first; `None` until somebody looks.
    cards: Option<Vec<Notification>>,
    /// Where older ones begin.
    next: Option<String>,
}

impl Bell {
    /// As the server says it is. What is loaded stays only where nothing new has come since.
    pub fn reset(&mut self, state: NotificationState) {
        if state.unread == 0 && self.state.last_seq == state.last_seq {
            self.read(state.last_seq, 0);
        } else if self.state.last_seq == state.last_seq && self.accounts_for(state.unread) {
            self.state = state;
        } else {
            *self = Self { state, cards: None, next: None };
        }
    }

    /// Whether what is loaded can be all there is: a later card may have come before an earlier one.
    fn accounts_for(&self, unread: i64) -> bool {
        let Some(cards) = &self.cards else { return true };
        let loaded = cards.iter().filter(|card| card.read_at.is_none()).count();
        let goes_on = self.next.is_some() && loaded == cards.len();
        i64::try_from(loaded).is_ok_and(|loaded| loaded == unread || (goes_on && loaded < unread))
    }

    /// The number of the latest card, and how many are unread.
    pub fn state(&self) -> NotificationState {
        self.state
    }

    pub fn cards(&self) -> Option<&[Notification]> {
        self.cards.as_deref()
    }

    /// Where older cards begin, if there are any.
    pub fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// A card that is new, or says something else than before.
    pub fn take(&mut self, card: &Notification, unread: i64) {
        if card.seq >= self.state.last_seq {
            self.state = NotificationState { last_seq: card.seq, unread };
        }
        let Some(cards) = &mut self.cards else { return };
        if cards.iter().any(|known| known.id == card.id && known.seq > card.seq) {
            return;
        }
        cards.retain(|known| known.id != card.id);
        let at = cards.partition_point(|known| known.seq > card.seq);
        cards.insert(at, card.clone());
    }

    /// Cards up to a number were read.
    pub fn read(&mut self, up_to: i64, unread: i64) {
        self.state.unread = unread;
        for card in self.cards.iter_mut().flatten().filter(|card| card.seq <= up_to) {
            card.read_at.get_or_insert(card.created_at);
        }
    }

    /// Cards about somebody that are gone: all of them, or their request alone.
    pub fn forget(&mut self, actor: AccountId, all: bool) {
        if let Some(cards) = &mut self.cards {
            let goes = |card: &Notification| {
                card.actor.id == actor && (all || card.kind == Kind::FriendRequest)
            };
            cards.retain(|card| !goes(card));
        }
    }

    /// Keeps those of the loaded cards that still say something true.
    pub fn keep(&mut self, is_true: impl Fn(&Notification) -> bool) {
        if let Some(cards) = &mut self.cards {
            cards.retain(is_true);
        }
    }

    /// A page of cards, the first or one that follows.
    pub fn load(&mut self, inbox: Inbox) {
        let Inbox { page: Items { items, next }, unread } = inbox;
        if let Some(newest) = items.first()
            && newest.seq >= self.state.last_seq
        {
            self.state = NotificationState { last_seq: newest.seq, unread };
        }
        let cards = self.cards.get_or_insert_with(Vec::new);
        for card in items {
            if !cards.iter().any(|known| known.id == card.id) {
                let at = cards.partition_point(|known| known.seq > card.seq);
                cards.insert(at, card);
            }
        }
        self.next = next;
    }
}
