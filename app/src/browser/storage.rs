//! What this browser remembers. It may refuse (private windows, full): then nothing is remembered,
//! and everything else goes on.

use serde::{Serialize, de::DeserializeOwned};

pub fn read<T: DeserializeOwned>(key: &str) -> Option<T> {
    let storage = leptos::prelude::window().local_storage().ok()??;
    protocol::json::read(&storage.get_item(key).ok()??).ok()
}

/// Everything under keys that begin like this.
pub fn read_all<T: DeserializeOwned>(prefix: &str) -> Vec<T> {
    let Ok(Some(storage)) = leptos::prelude::window().local_storage() else { return Vec::new() };
    let keys = (0..storage.length().unwrap_or(0)).filter_map(|at| storage.key(at).ok()?);
    keys.filter(|key| key.starts_with(prefix)).filter_map(|key| read(&key)).collect()
}

pub fn write<T: Serialize>(key: &str, value: &T) {
    let Ok(Some(storage)) = leptos::prelude::window().local_storage() else { return };
    if let Ok(text) = serde_json::to_string(value) {
        let _ = storage.set_item(key, &text);
    }
}

pub fn remove(key: &str) {
    if let Ok(Some(storage)) = leptos::prelude::window().local_storage() {
        let _ = storage.remove_item(key);
    }
}
