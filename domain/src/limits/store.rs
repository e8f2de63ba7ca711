//! Where a node counts for itself.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{
    clock::{Clock as _, Reference as _},
    nanos::Nanos,
    state::StateStore,
};

use super::Key;
use crate::Clock;

/// Keys past this are looked through for those whose time is over.
const MANY: usize = 16 * 1_024;

/// The house's clock, as governor reads it.
#[derive(Clone, Debug)]
pub(super) struct Instants(pub Clock);

impl governor::clock::Clock for Instants {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Duration::from_millis(u64::try_from(self.0.now().0).unwrap_or(0)).into()
    }
}

/// Until when each key has used up its quota, counted from when the limiter began.
#[derive(Clone)]
pub(super) struct Store {
    used: Arc<Mutex<Used>>,
    clock: Instants,
    begun: Nanos,
}

struct Used {
    ends: HashMap<Key, Nanos>,
    /// With as many keys those go whose time is over.
    look_at: usize,
}

impl StateStore for Store {
    type Key = Key;

    fn measure_and_replace<T, F, E>(&self, key: &Key, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, until) = measure(used.ends.get(key).copied())?;
        if used.ends.len() >= used.look_at {
            // Whose time is over counts like somebody who never came.
            let now = self.clock.now().duration_since(self.begun);
            used.ends.retain(|_, end| *end > now);
            used.look_at = MANY.max(2 * used.ends.len());
        }
        used.ends.insert(*key, until);
        Ok(value)
    }
}

impl Store {
    /// One in which nothing is counted yet.
    pub fn new(clock: Instants) -> Self {
        let used = Used { ends: HashMap::new(), look_at: MANY };
        Self { used: Arc::new(Mutex::new(used)), begun: clock.now(), clock }
    }

    /// Takes one back that was counted, and lasts for `each`.
    pub fn give_back(&self, key: Key, each: Duration) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = used.ends.get_mut(&key) {
            *until = until.saturating_sub(each.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use governor::{Quota, RateLimiter, middleware::NoOpMiddleware};
    use protocol::Timestamp;

    use super::*;

    #[test]
    fn whose_time_is_over_is_forgotten() {
        let clock = Clock::fixed(Timestamp(1_000_000));
        let used = Store::new(Instants(clock.clone()));
        let quota = Quota::per_second(std::num::NonZeroU32::MIN);
        let limiter: RateLimiter<_, _, _, NoOpMiddleware<Nanos>> =
            RateLimiter::new(quota, used.clone(), Instants(clock.clone()));
        let kept = || used.used.lock().unwrap().ends.len();
        for n in 0..MANY {
            limiter.check_key(&Key(n as u64)).unwrap();
        }
        assert_eq!(kept(), MANY);
        clock.advance_ms(1_000);
        limiter.check_key(&Key(u64::MAX)).unwrap();
        assert_eq!(kept(), 1);
    }
}
