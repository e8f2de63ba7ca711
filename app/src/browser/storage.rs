//! What this browser remembers. It may refuse (private windows, full): then nothing is remembered,
//! and everything else goes on.

use serde::{Serialize, de::DeserializeOwned};

pub fn read<T: DeserializeOwned>(key: &str) -> Option<T> {
    let storage = leptos::prelude::window().local_storage().ok()??;
    serde_json::from_str(&storage.get_item(key).ok()??).ok()
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
