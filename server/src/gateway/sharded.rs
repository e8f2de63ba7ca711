//! A map that many change at once: cut into shards, so that one key rarely waits for another.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

const SHARDS: usize = 16;

/// A map in shards, each under a lock of its own.
pub struct Sharded<K, V> {
    shards: [Mutex<HashMap<K, V>>; SHARDS],
    by: RandomState,
}

impl<K: Hash, V> Default for Sharded<K, V> {
    fn default() -> Self {
        Self { shards: Default::default(), by: RandomState::new() }
    }
}

impl<K: Hash, V> Sharded<K, V> {
    /// The shard that has this key, or would have it.
    pub fn lock(&self, key: &K) -> MutexGuard<'_, HashMap<K, V>> {
        let hash = usize::try_from(self.by.hash_one(key) % SHARDS as u64).unwrap_or(0);
        self.shards[hash].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every shard, one after the other.
    pub fn all(&self) -> impl Iterator<Item = MutexGuard<'_, HashMap<K, V>>> {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
