//! That one connection is here.

use std::sync::{Arc, atomic::Ordering};

use protocol::AccountId;

use super::{Presence, state::Here};
use crate::{Clock, bus::Bus};

/// That one connection is here. Dropped, it is not.
pub struct Lease {
    presence: Arc<Presence>,
    bus: Bus,
    clock: Clock,
    account: AccountId,
    id: u64,
}

impl Lease {
    pub(super) fn take(
        presence: &Arc<Presence>,
        bus: &Bus,
        clock: &Clock,
        account: AccountId,
    ) -> Self {
        let id = presence.next.fetch_add(1, Ordering::Relaxed);
        presence.change(account, bus, clock.now(), |people| {
            let here = people.here.entry(account).or_insert_with(Here::new);
            // Nobody looked while they were gone.
            here.is_known &= !here.connections.is_empty();
            here.connections.insert(id, false);
            here.left_at = None;
        });
        let (presence, bus, clock) = (Arc::clone(presence), bus.clone(), clock.clone());
        Self { presence, bus, clock, account, id }
    }

    /// Whether the account wants to be seen by nobody, as it was read after this was taken; what has
    /// been heard of since counts more.
    pub fn know(&self, is_invisible: bool) {
        self.presence.change(self.account, &self.bus, self.clock.now(), |people| {
            if let Some(here) = people.here.get_mut(&self.account).filter(|here| !here.is_known) {
                (here.is_invisible, here.is_known) = (is_invisible, true);
            }
        });
    }

    /// Nobody has a hand on it, or somebody has again.
    pub fn set_away(&self, is_away: bool) {
        self.presence.change(self.account, &self.bus, self.clock.now(), |people| {
            let here = people.here.get_mut(&self.account);
            if let Some(state) = here.and_then(|here| here.connections.get_mut(&self.id)) {
                *state = is_away;
            }
        });
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let now = self.clock.now();
        self.presence.change(self.account, &self.bus, now, |people| {
            let Some(here) = people.here.get_mut(&self.account) else { return };
            let was_away = here.connections.remove(&self.id).unwrap_or(false);
            if here.connections.is_empty() {
                here.left_at = Some(now);
                here.was_away = was_away;
            }
        });
    }
}
