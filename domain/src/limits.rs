//! How often something may be done, each rule with a quota of its own: so much at once, and so much
//! in a time from then on. Nodes that share a Redis count together there; where it does not answer,
//! each counts for itself. Nobody waits for it with a message: what is too much for all together is
//! known with the next.

mod shared;

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher as _},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{
    NotUntil, Quota, RateLimiter, clock::Clock as _, middleware::NoOpMiddleware, nanos::Nanos,
    state::StateStore,
};
use protocol::AccountId;

pub(crate) use shared::Shared;

use crate::{Clock, Error, Result};

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Rule {
    /// Failed sign-ins to one account from one address.
    SignIn,
    /// Failed sign-ins from one address.
    SignInAddress,
    /// Wrong passwords of somebody who is signed in.
    Password,
    /// Accounts made from one address.
    SignUp,
    /// Letters to one address, for a reset or for confirming it.
    Letter,
    /// Addresses that one account says are its own.
    Claim,
    /// Changes of one account's profile, and of whether it is seen.
    Profile,
    /// Rooms that one account joins or leaves.
    Membership,
    /// Links for a forgotten password, asked for from one address.
    Reset,
    /// Passwords whose strength is judged, for one address.
    Strength,
    /// Messages of one account.
    Message,
    /// Searches for people by one account.
    Search,
    /// Friend requests of one account.
    Request,
    /// Pictures of one account.
    Picture,
    /// Archives of one account's data.
    Export,
    /// Rooms that one account makes.
    Room,
    /// Invites that one account makes.
    Invite,
    /// Reactions of one account.
    Reaction,
    /// People whom one account mentions.
    Mention,
    /// Sockets of one account.
    Handshake,
    /// Sockets from one address that were refused.
    HandshakeAddress,
}

/// Each rule with its name in the configuration and its quota: how many, in how many seconds, and how
/// many at once.
const RULES: [(Rule, &str, u32, u64, u32); 21] = [
    (Rule::SignIn, "sign-in", 5, 60, 5),
    (Rule::SignInAddress, "sign-in-address", 20, 60, 20),
    (Rule::Password, "password", 5, 60, 5),
    (Rule::SignUp, "sign-up", 5, 3_600, 5),
    (Rule::Letter, "letter", 3, 3_600, 3),
    (Rule::Claim, "claim", 10, 3_600, 10),
    (Rule::Profile, "profile", 60, 60, 30),
    (Rule::Membership, "membership", 60, 60, 60),
    (Rule::Reset, "reset", 20, 3_600, 20),
    (Rule::Strength, "strength", 60, 60, 60),
    (Rule::Message, "message", 10, 1, 20),
    (Rule::Search, "search", 30, 60, 30),
    (Rule::Request, "request", 60, 3_600, 30),
    (Rule::Picture, "picture", 10, 60, 10),
    (Rule::Export, "export", 5, 3_600, 5),
    (Rule::Room, "room", 30, 3_600, 30),
    (Rule::Invite, "invite", 60, 3_600, 30),
    (Rule::Reaction, "reaction", 10, 1, 40),
    (Rule::Mention, "mention", 60, 60, 60),
    (Rule::Handshake, "handshake", 30, 60, 30),
    (Rule::HandshakeAddress, "handshake-address", 30, 60, 30),
];

/// Who is counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key(u64);

/// Quotas other than the usual ones, as `message=10/s:20,sign-up=5/h`: so many in a second, minute,
/// hour or day, and after the colon how many at once.
#[derive(Clone, Debug, Default)]
pub struct Quotas(Vec<(usize, Quota)>);

impl FromStr for Quotas {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let one = |part: &str| {
            let (name, rest) = part.split_once('=')?;
            let rule = RULES.iter().position(|rule| rule.1 == name.trim())?;
            let (count, rest) = rest.split_once('/')?;
            let (unit, burst) = rest.split_once(':').unwrap_or((rest, count));
            let seconds = match unit.trim() {
                "s" => 1,
                "m" => 60,
                "h" => 3_600,
                "d" => 86_400,
                _ => return None,
            };
            let count: NonZeroU32 = count.trim().parse().ok()?;
            let burst: NonZeroU32 = burst.trim().parse().ok()?;
            Some((rule, quota(count, seconds, burst)))
        };
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let read =
            |part| one(part).ok_or_else(|| format!("{part} is no limit such as message=10/s:20"));
        parts.map(read).collect::<Result<_, _>>().map(Self)
    }
}

fn quota(count: NonZeroU32, seconds: u64, burst: NonZeroU32) -> Quota {
    let each = Duration::from_secs(seconds) / count.get();
    // Never zero: a count is at most a few thousand millions a second.
    Quota::with_period(each).unwrap_or(Quota::per_second(count)).allow_burst(burst)
}

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
            wait => Err(Error::RateLimited { retry_after_ms: wait }),
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
            Some(wait) if wait > 0 => Err(Error::RateLimited { retry_after_ms: wait }),
            // Who has counted here is within their bounds here, at least.
            _ => Ok(()),
        }
    }

    fn count(&self, rule: Rule, key: Key) -> Result<()> {
        let Some((counters, counter)) = self.counter(rule) else { return Ok(()) };
        let limited = |until: NotUntil<Nanos>| {
            let now = counters.rules[0].limiter.clock().now();
            let wait = until.wait_time_from(now).as_millis();
            Error::RateLimited { retry_after_ms: u64::try_from(wait).unwrap_or(u64::MAX).max(1) }
        };
        counter.limiter.check_key(&key).map_err(limited)
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

/// The house's clock, as governor reads it.
#[derive(Clone, Debug)]
struct Instants(Clock);

impl governor::clock::Clock for Instants {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Duration::from_millis(u64::try_from(self.0.now().0).unwrap_or(0)).into()
    }
}

/// Until when each key has used up its quota, counted from when the limiter began.
#[derive(Clone)]
struct Store {
    used: Arc<Mutex<Used>>,
    clock: Instants,
    begun: Nanos,
}

struct Used {
    ends: HashMap<Key, Nanos>,
    /// With as many keys those go whose time is over.
    look_at: usize,
}

/// Keys past this are looked through for those whose time is over.
const MANY: usize = 16 * 1_024;

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
            let now = governor::clock::Reference::duration_since(&self.clock.now(), self.begun);
            used.ends.retain(|_, end| *end > now);
            used.look_at = MANY.max(2 * used.ends.len());
        }
        used.ends.insert(*key, until);
        Ok(value)
    }
}

impl Store {
    fn new(clock: Instants) -> Self {
        use governor::clock::Clock as _;

        let used = Used { ends: HashMap::new(), look_at: MANY };
        Self { used: Arc::new(Mutex::new(used)), begun: clock.now(), clock }
    }

    fn give_back(&self, key: Key, each: Duration) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = used.ends.get_mut(&key) {
            *until = until.saturating_sub(each.into());
        }
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
    fn quotas_are_read_or_refused_in_words() {
        for text in ["message=10/s:20", "sign-up = 5/h, search=1/d", ""] {
            text.parse::<Quotas>().unwrap();
        }
        for text in ["message", "weather=1/s", "message=0/s", "message=1/y", "message=1/s:0"] {
            assert!(text.parse::<Quotas>().unwrap_err().contains("such as"), "{text}");
        }
    }

    #[tokio::test]
    async fn whose_time_is_over_is_forgotten() {
        let clock = Clock::fixed(Timestamp(1_000_000));
        let limits = alone("", &clock);
        for n in 0..MANY {
            limits.take(Rule::Message, limits.key(n)).await.unwrap();
        }
        let kept = || {
            let (_, counter) = limits.counter(Rule::Message).unwrap();
            counter.used.used.lock().unwrap().ends.len()
        };
        assert_eq!(kept(), MANY);
        clock.advance_ms(1_000);
        limits.take(Rule::Message, limits.key("one more")).await.unwrap();
        assert_eq!(kept(), 1);
    }

    #[test]
    fn what_is_off_counts_nothing() {
        let limits = Limits::off();
        let key = limits.key("anyone");
        (0..1_000).for_each(|_| limits.count(Rule::SignUp, key).unwrap());
    }
}
