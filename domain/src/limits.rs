//! How often something may be done, each rule with a quota of its own: so much at once, and so much
//! in a time from then on. Nodes that share a Redis count together there; where it does not answer,
//! each counts for itself. Nobody waits for it with a message: what is too much for all together is
//! known with the next.

mod rules;
mod shared;
mod store;

use std::{
    hash::{DefaultHasher, Hash, Hasher as _},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
};

use governor::{
    NotUntil, Quota, RateLimiter, clock::Clock as _, middleware::NoOpMiddleware, nanos::Nanos,
};
use protocol::AccountId;

pub use rules::{Quotas, Rule, names};
use rules::{RULES, quota};
pub(crate) use shared::Shared;
use store::{Instants, Store};

use crate::{Clock, Error, Result};

/// Who is counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key(u64);

/// The counters of this process. Cheap to clone.
#[derive(Clone)]
pub struct Limits(Option<Arc<Counters>>);

struct Counters {
    /// What every node of the house hashes with, and nobody else.
    secret: Arc<str>,
    clock: Clock,
    rules: Vec<Counter>,
    shared: Option<Shared>,
}

struct Counter {
    quota: Quota,
    used: Store,
    limiter: RateLimiter<Key, Store, Instants, NoOpMiddleware<Nanos>>,
}

impl Limits {
    /// Nothing is counted.
    pub(crate) fn off() -> Self {
        Self(None)
    }

    pub(crate) fn new(
        quotas: &Quotas,
        clock: &Clock,
        secret: Arc<str>,
        shared: Option<Shared>,
    ) -> Self {
        let counter = |(index, (_, _, count, seconds, burst)): (usize, _)| {
            let or_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
            let usual = quota(or_one(count), seconds, or_one(burst));
            let chosen = quotas.0.iter().rev().find(|(rule, _)| *rule == index);
            let quota = chosen.map_or(usual, |(_, quota)| *quota);
            let clock = Instants(clock.clone());
            let used = Store::new(clock.clone());
            Counter { quota, used: used.clone(), limiter: RateLimiter::new(quota, used, clock) }
        };
        let rules = RULES.into_iter().enumerate().map(counter).collect();
        Self(Some(Arc::new(Counters { secret, clock: clock.clone(), rules, shared })))
    }

    /// Whether anything is counted.
    pub fn are_on(&self) -> bool {
        self.0.is_some()
    }

    /// Who is counted, by anything that names them.
    pub fn key(&self, who: impl Hash) -> Key {
        let Some(counters) = &self.0 else { return Key(0) };
        let mut hasher = DefaultHasher::new();
        (&*counters.secret, who).hash(&mut hasher);
        Key(hasher.finish())
    }

    /// Counts one for an account.
    ///
    /// # Errors
    /// `RateLimited`, with how long to wait.
    pub async fn take_for(&self, rule: Rule, account: AccountId) -> Result<()> {
        self.take(rule, self.key(account)).await
    }

    /// Counts one for an account: for what comes so often that nobody waits for other nodes to count
    /// along. Where it is too much for all of them together, the next ones are refused.
    ///
    /// # Errors
    /// `RateLimited`, with how long to wait.
    pub fn take_along(&self, rule: Rule, account: AccountId) -> Result<()> {
        let key = self.key(account);
        self.count(rule, key)?;
        let Some((counters, counter)) = self.counter(rule) else { return Ok(()) };
        let Some(shared) = &counters.shared else { return Ok(()) };
        match shared.take_along(rule, key, counter.quota, counters.clock.now()) {
            0 => Ok(()),
            wait => Err(limited(rule, wait)),
        }
    }

    /// Counts one for an address; of IPv6 the network of 64 bits that one house has.
    ///
    /// # Errors
    /// `RateLimited`, with how long to wait.
    pub async fn take_from(&self, rule: Rule, address: Option<IpAddr>) -> Result<()> {
        // Only the command line comes from nowhere.
        let Some(address) = address else { return Ok(()) };
        self.take(rule, self.key(network(address))).await
    }

    /// Counts one.
    ///
    /// # Errors
    /// `RateLimited`, with how long to wait.
    pub async fn take(&self, rule: Rule, key: Key) -> Result<()> {
        self.count(rule, key)?;
        let Some((counters, counter)) = self.counter(rule) else { return Ok(()) };
        let Some(shared) = &counters.shared else { return Ok(()) };
        match shared.take(rule, key, counter.quota, counters.clock.now()).await {
            Some(wait) if wait > 0 => Err(limited(rule, wait)),
            // Who has counted here is within their bounds here, at least.
            _ => Ok(()),
        }
    }

    fn count(&self, rule: Rule, key: Key) -> Result<()> {
        let Some((counters, counter)) = self.counter(rule) else { return Ok(()) };
        let too_much = |until: NotUntil<Nanos>| {
            let now = counters.rules[0].limiter.clock().now();
            let wait = until.wait_time_from(now).as_millis();
            limited(rule, u64::try_from(wait).unwrap_or(u64::MAX).max(1))
        };
        counter.limiter.check_key(&key).map_err(too_much)
    }

    /// Takes one back that turned out not to count.
    pub async fn give_back(&self, rule: Rule, key: Key) {
        let Some((counters, counter)) = self.counter(rule) else { return };
        counter.used.give_back(key, counter.quota.replenish_interval());
        if let Some(shared) = &counters.shared {
            shared.give_back(rule, key, counter.quota).await;
        }
    }

    fn counter(&self, rule: Rule) -> Option<(&Counters, &Counter)> {
        let counters = self.0.as_deref()?;
        let index = RULES.iter().position(|row| row.0 == rule)?;
        Some((counters, counters.rules.get(index)?))
    }
}

fn limited(rule: Rule, wait_ms: u64) -> Error {
    metrics::counter!("kith_limited_total", "rule" => rule.name()).increment(1);
    Error::RateLimited { retry_after_ms: wait_ms }
}

/// What of an address one house has to itself.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use protocol::Timestamp;

    use super::*;

    fn alone(quotas: &str, clock: &Clock) -> Limits {
        Limits::new(&quotas.parse().unwrap(), clock, "secret".into(), None)
    }

    fn wait(outcome: Result<()>) -> u64 {
        match outcome {
            Err(Error::RateLimited { retry_after_ms }) => retry_after_ms,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_quota_refills_and_says_how_long_to_wait() {
        let clock = Clock::fixed(Timestamp(1_000_000));
        let limits = alone("", &clock);
        let key = limits.key("alice");
        for _ in 0..20 {
            limits.take(Rule::Message, key).await.unwrap();
        }
        assert_eq!(wait(limits.take(Rule::Message, key).await), 100);
        limits.take(Rule::Message, limits.key("bob")).await.unwrap();
        clock.advance_ms(100);
        limits.take(Rule::Message, key).await.unwrap();
        assert_eq!(wait(limits.take(Rule::Message, key).await), 100);
        limits.give_back(Rule::Message, key).await;
        limits.take(Rule::Message, key).await.unwrap();
    }

    #[tokio::test]
    async fn a_house_of_ipv6_is_one_address() {
        let limits = alone("sign-up=1/h", &Clock::fixed(Timestamp(0)));
        let from =
            async |text: &str| limits.take_from(Rule::SignUp, Some(text.parse().unwrap())).await;
        from("2001:db8:1:2::1").await.unwrap();
        assert_eq!(wait(from("2001:db8:1:2:ffff::9").await), 3_600_000);
        from("2001:db8:1:3::1").await.unwrap();
        from("192.0.2.1").await.unwrap();
        assert!(wait(from("::ffff:192.0.2.1").await) > 0);
        assert!(limits.take_from(Rule::SignUp, None).await.is_ok());
    }

    #[test]
    fn what_is_off_counts_nothing() {
        let limits = Limits::off();
        let key = limits.key("anyone");
        (0..1_000).for_each(|_| limits.count(Rule::SignUp, key).unwrap());
    }
}
