//! Counting together: the generic cell rate algorithm, in Redis, in one step for each that is counted.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use governor::Quota;
use protocol::Timestamp;
use tokio::sync::mpsc;

use super::{Key, Rule};
use crate::bus::Store;

/// `KEYS[1]`: until when the quota is used up, in milliseconds. `ARGV`: now, how long one of the quota
/// lasts, how many at once. Gives how long to wait: 0 where one was counted.
const TAKE: &str = "\
local now, each, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local used = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + each
local wait = used - each * burst - now
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.3f', used), 'PX', math.ceil(used - now))
return 0";

/// The same for one that has happened: it counts in any case, and who goes on waits for longer.
const COUNT: &str = "\
local now, each, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local used = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + each
redis.call('SET', KEYS[1], string.format('%.3f', used), 'PX', math.ceil(used - now))
return math.max(0, math.ceil(used - each * burst - now))";

/// Takes one back of what was counted, if it still counts.
const GIVE_BACK: &str = "\
local used = redis.call('GET', KEYS[1])
if used then
    redis.call('SET', KEYS[1], string.format('%.3f', tonumber(used) - ARGV[1]), 'KEEPTTL')
end
return 0";

/// As much waits to be counted along; past that each node counts for itself.
const ALONG: usize = 4_096;
/// As much is counted in one pipeline.
const AT_ONCE: usize = 256;

/// The counters that nodes share. Whoever names a key there names nobody: it is hashed.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    store: Store,
    along: mpsc::Sender<Along>,
    full: Arc<Full>,
}

/// Something that was counted on this node, and is to be counted with the others.
#[derive(Debug)]
struct Along {
    rule: Rule,
    key: Key,
    quota: Quota,
    now: Timestamp,
}

/// Until when quotas are used up by what all nodes have counted.
#[derive(Debug, Default)]
struct Full(Mutex<HashMap<(Rule, Key), Timestamp>>);

impl Full {
    fn all(&self) -> MutexGuard<'_, HashMap<(Rule, Key), Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    pub(crate) fn new(store: Store) -> Self {
        let (along, counted) = mpsc::channel(ALONG);
        let full = Arc::<Full>::default();
        tokio::spawn(count(store.clone(), counted, Arc::clone(&full)));
        Self { store, along, full }
    }

    /// Counts one along that counts here: nobody waits for it. How long to wait, in milliseconds, by what
    /// is known of all nodes; 0 where it counts.
    pub(super) fn take_along(&self, rule: Rule, key: Key, quota: Quota, now: Timestamp) -> u64 {
        let until = self.full.all().get(&(rule, key)).copied();
        match until.filter(|until| *until > now) {
            Some(until) => until.0.abs_diff(now.0),
            None => {
                let _ = self.along.try_send(Along { rule, key, quota, now });
                0
            }
        }
    }

    /// Counts one; how long to wait, in milliseconds, or nothing where Redis does not answer.
    pub(super) async fn take(
        &self,
        rule: Rule,
        key: Key,
        quota: Quota,
        now: Timestamp,
    ) -> Option<u64> {
        self.store.run(TAKE, &named(rule, key), values(quota, now)).await
    }

    pub(super) async fn give_back(&self, rule: Rule, key: Key, quota: Quota) {
        // What cannot be given back counts for as long as it would.
        let _: Option<u64> = self.store.run(GIVE_BACK, &named(rule, key), vec![each(quota)]).await;
    }
}

/// Counts what has been counted here, for as long as anybody counts.
async fn count(store: Store, mut counted: mpsc::Receiver<Along>, full: Arc<Full>) {
    let mut some = Vec::new();
    while counted.recv_many(&mut some, AT_ONCE).await > 0 {
        let keys = some.iter().map(|one| (named(one.rule, one.key), values(one.quota, one.now)));
        let waits: Option<Vec<u64>> = store.run_all(COUNT, keys.collect()).await;
        let mut full = full.all();
        if let Some(one) = some.last() {
            full.retain(|_, until| *until > one.now);
        }
        for (one, wait) in some.drain(..).zip(waits.into_iter().flatten()) {
            if wait > 0 {
                let wait = i64::try_from(wait).unwrap_or(i64::MAX);
                full.insert((one.rule, one.key), one.now.plus_ms(wait));
            }
        }
        // Also what was not answered.
        some.clear();
    }
}

fn values(quota: Quota, now: Timestamp) -> Vec<String> {
    vec![now.0.to_string(), each(quota), quota.burst_size().to_string()]
}

fn named(rule: Rule, key: Key) -> String {
    format!("limit:{rule:?}:{:x}", key.0)
}

/// How long one of a quota lasts, in milliseconds.
fn each(quota: Quota) -> String {
    format!("{:.3}", quota.replenish_interval().as_secs_f64() * 1e3)
}
