//! Counting together: the generic cell rate algorithm, in Redis, in one step for each that is counted.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fred::{clients::Client, interfaces::LuaInterface as _};
use governor::Quota;
use protocol::Timestamp;
use tokio::time::{Instant, timeout};

use super::{Key, Rule};

/// `KEYS[1]`: until when the quota is used up, in milliseconds. `ARGV`: now, how long one of the quota
/// lasts, how many at once. Gives how long to wait: 0 where one was counted.
const TAKE: &str = "\
local now, each, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local used = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + each
local wait = used - each * burst - now
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.3f', used), 'PX', math.ceil(used - now))
return 0";

/// Takes one back of what was counted, if it still counts.
const GIVE_BACK: &str = "\
local used = redis.call('GET', KEYS[1])
if used then
    redis.call('SET', KEYS[1], string.format('%.3f', tonumber(used) - ARGV[1]), 'KEEPTTL')
end
return 0";

/// How long anybody waits for Redis to count along.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long nobody asks it, once it has not answered.
const REST: Duration = Duration::from_secs(5);

/// The counters that nodes share. Whoever names a key there names nobody: it is hashed.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    client: Client,
    /// What this house's keys begin with.
    prefix: String,
    rests_until: Arc<Mutex<Option<Instant>>>,
}

impl Shared {
    pub(crate) fn new(client: Client, house: &str) -> Self {
        Self { client, prefix: format!("kith:{house}:limit"), rests_until: Arc::default() }
    }

    /// Counts one; how long to wait, in milliseconds, or nothing where Redis does not answer.
    pub(super) async fn take(
        &self,
        rule: Rule,
        key: Key,
        quota: Quota,
        now: Timestamp,
    ) -> Option<u64> {
        let values = vec![now.0.to_string(), each(quota), quota.burst_size().to_string()];
        self.ask(TAKE, self.named(rule, key), values).await
    }

    /// Nothing where Redis has not answered in time, now or lately.
    async fn ask(&self, script: &str, keys: Vec<String>, values: Vec<String>) -> Option<u64> {
        let rests = || self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        if rests().is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let asked = timeout(PATIENCE, self.client.eval::<u64, _, _, _>(script, keys, values)).await;
        let answer = asked.ok().and_then(Result::ok);
        *rests() = answer.is_none().then(|| Instant::now() + REST);
        answer
    }

    pub(super) async fn give_back(&self, rule: Rule, key: Key, quota: Quota) {
        let values = vec![each(quota)];
        // What cannot be given back counts for as long as it would.
        self.ask(GIVE_BACK, self.named(rule, key), values).await;
    }

    fn named(&self, rule: Rule, key: Key) -> Vec<String> {
        vec![format!("{}:{rule:?}:{:x}", self.prefix, key.0)]
    }
}

/// How long one of a quota lasts, in milliseconds.
fn each(quota: Quota) -> String {
    format!("{:.3}", quota.replenish_interval().as_secs_f64() * 1e3)
}
