//! What nodes know together: kept by Redis for minutes, and missed by nobody for long. Who asks goes on
//! without it where it does not answer.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fred::{
    interfaces::{ClientLike as _, KeysInterface as _, LuaInterface as _},
    types::{ClusterHash, CustomCommand, Expiration, FromValue},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use super::redis::Publisher;

/// How long nobody asks it, once it has not answered.
const REST: Duration = Duration::from_secs(5);
/// As many ask at once; who comes then goes on without it. Fewer than fit into fred's queue, see there.
const ASKING: usize = 256;

/// Where nodes keep what they know together.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    publisher: Publisher,
    /// What this house's keys begin with.
    prefix: String,
    /// How this node is known to the others.
    pub node: Arc<str>,
    /// How long anybody waits for Redis.
    patience: Duration,
    rests_until: Arc<Mutex<Option<Instant>>>,
    asking: Arc<Semaphore>,
}

impl Store {
    pub(super) fn new(publisher: Publisher, house: &str, node: &str, patience: Duration) -> Self {
        let prefix = format!("kith:{house}");
        let asking = Arc::new(Semaphore::new(ASKING));
        let rests_until = Arc::default();
        Self { publisher, prefix, node: node.into(), patience, rests_until, asking }
    }

    fn named(&self, key: &str) -> String {
        format!("{}:{key}", self.prefix)
    }

    /// Nothing where Redis has not answered in time, now or lately.
    async fn ask<T>(&self, ask: impl Future<Output = Result<T, fred::error::Error>>) -> Option<T> {
        let rests = || self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.publisher.is_up() || rests().is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let _turn = self.asking.try_acquire().ok()?;
        let answer = timeout(self.patience, ask).await.ok().and_then(Result::ok);
        *rests() = answer.is_none().then(|| Instant::now() + REST);
        answer
    }

    /// What a script makes of one key; nothing where Redis does not answer.
    pub(crate) async fn run<T: FromValue>(
        &self,
        script: &str,
        key: &str,
        values: Vec<String>,
    ) -> Option<T> {
        self.ask(self.publisher.client.eval(script, vec![self.named(key)], values)).await
    }

    /// The same for many keys, each with values of its own, at once.
    pub(crate) async fn run_all<T: FromValue>(
        &self,
        script: &str,
        keys: Vec<(String, Vec<String>)>,
    ) -> Option<Vec<T>> {
        // By the slot of its key, the third of its arguments.
        let eval = CustomCommand::new_static("EVAL", ClusterHash::Offset(2), false);
        let pipeline = self.publisher.client.pipeline();
        for (key, values) in keys {
            // Queued, and no more.
            let first = [script.to_owned(), "1".to_owned(), self.named(&key)];
            let arguments: Vec<String> = first.into_iter().chain(values).collect();
            let _: () = pipeline.custom(eval.clone(), arguments).await.ok()?;
        }
        self.ask(pipeline.all()).await
    }

    /// What is kept under each of these keys, in their order; nothing where Redis does not answer.
    pub(crate) async fn read<T: FromValue>(&self, keys: Vec<String>) -> Option<Vec<Option<T>>> {
        if keys.is_empty() {
            return Some(Vec::new());
        }
        let pipeline = self.publisher.client.pipeline();
        for key in keys {
            // Queued, and no more.
            let _: () = pipeline.get(self.named(&key)).await.ok()?;
        }
        self.ask(pipeline.all()).await
    }

    /// Keeps these for so many seconds, or no more where there is nothing. Whether Redis took it.
    pub(crate) async fn keep(&self, seconds: i64, entries: Vec<(String, Option<String>)>) -> bool {
        if entries.is_empty() {
            return true;
        }
        let pipeline = self.publisher.client.pipeline();
        for (key, value) in entries {
            let key = self.named(&key);
            let queued: Result<(), _> = match value {
                Some(value) => {
                    let lasts = Some(Expiration::EX(seconds));
                    pipeline.set(key, value, lasts, None, false).await
                }
                None => pipeline.del(key).await,
            };
            if queued.is_err() {
                return false;
            }
        }
        self.ask(pipeline.all::<Vec<fred::types::Value>>()).await.is_some()
    }
}
