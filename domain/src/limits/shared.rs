//! Counting together: the generic cell rate algorithm, in Redis, in one step for each that is counted.

use governor::Quota;
use protocol::Timestamp;

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

/// Takes one back of what was counted, if it still counts.
const GIVE_BACK: &str = "\
local used = redis.call('GET', KEYS[1])
if used then
    redis.call('SET', KEYS[1], string.format('%.3f', tonumber(used) - ARGV[1]), 'KEEPTTL')
end
return 0";

/// The counters that nodes share. Whoever names a key there names nobody: it is hashed.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Store);

impl Shared {
    pub(crate) fn new(store: Store) -> Self {
        Self(store)
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
        self.0.run(TAKE, &named(rule, key), values).await
    }

    pub(super) async fn give_back(&self, rule: Rule, key: Key, quota: Quota) {
        // What cannot be given back counts for as long as it would.
        let _: Option<u64> = self.0.run(GIVE_BACK, &named(rule, key), vec![each(quota)]).await;
    }
}

fn named(rule: Rule, key: Key) -> String {
    format!("limit:{rule:?}:{:x}", key.0)
}

/// How long one of a quota lasts, in milliseconds.
fn each(quota: Quota) -> String {
    format!("{:.3}", quota.replenish_interval().as_secs_f64() * 1e3)
}
