//! The rooms that somebody on this node hears, and who does: what other nodes are told. Where there are
//! no others, nothing is kept.

use std::sync::Arc;

use protocol::{AccountId, RoomId};

use super::Presence;
use crate::{Clock, bus::Bus};

/// Tells the other nodes which rooms this one serves, and whom in them. Cheap to clone; nothing waits.
#[derive(Clone, Default)]
pub struct Audience {
    /// `None` where there are no others.
    others: Option<(Arc<Presence>, Bus, Clock)>,
}

impl Audience {
    pub(super) fn new(presence: &Arc<Presence>, bus: &Bus, clock: &Clock) -> Self {
        let others = || (Arc::clone(presence), bus.clone(), clock.clone());
        Self { others: bus.has_others().then(others) }
    }

    /// Somebody here hears the room from now on.
    pub fn serve(&self, room: RoomId) {
        if let Some((presence, bus, clock)) = &self.others {
            presence.serve(room, clock.now());
            bus.serve(room);
        }
    }

    /// Nobody here hears the room any more.
    pub fn unserve(&self, room: RoomId) {
        if let Some((presence, bus, _)) = &self.others {
            bus.unserve(room);
            presence.unserve(room);
        }
    }

    /// A connection of this account's is in the room.
    pub fn enter(&self, room: RoomId, account: AccountId) {
        if let Some((presence, ..)) = &self.others {
            presence.enter(room, account);
        }
    }

    /// The account is in the room no more.
    pub fn part(&self, room: RoomId, account: AccountId) {
        if let Some((presence, ..)) = &self.others {
            presence.part(room, account);
        }
    }
}
