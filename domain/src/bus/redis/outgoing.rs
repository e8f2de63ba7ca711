//! What waits to be said: what comes together leaves together, in one pipeline.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use protocol::RoomId;
use tokio::sync::Notify;

use crate::bus::word::Saying;

/// As much waits; past that other nodes read what they missed.
const BYTES: usize = 8 * 1024 * 1024;

/// What is to be said.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// The words of each room, in their order, parted by commas.
    pub rooms: HashMap<RoomId, String>,
    bytes: usize,
    /// Something is in the database for the others to read.
    pub wakes: bool,
    /// There was more than fits.
    pub is_cut: bool,
}

#[derive(Debug, Default)]
pub(super) struct Outgoing {
    due: Mutex<Due>,
    pub ready: Notify,
}

impl Outgoing {
    fn due(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn say(&self, room: RoomId, saying: Saying<'_>) {
        let Ok(word) = serde_json::to_string(&saying) else { return };
        let mut due = self.due();
        if due.bytes + word.len() > BYTES {
            (due.wakes, due.is_cut) = (true, true);
        } else {
            due.bytes += word.len();
            let words = due.rooms.entry(room).or_default();
            if !words.is_empty() {
                words.push(',');
            }
            words.push_str(&word);
        }
        drop(due);
        self.ready.notify_one();
    }

    pub(super) fn wake(&self) {
        self.due().wakes = true;
        self.ready.notify_one();
    }

    pub(super) fn take(&self) -> Due {
        std::mem::take(&mut self.due())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_left_to_be_read() {
        let outgoing = Outgoing::default();
        let room = RoomId::new(1, [1; 16]);
        outgoing.say(room, Saying::Ask);
        outgoing.say(room, Saying::Ask);
        let due = outgoing.take();
        assert_eq!((due.rooms[&room].as_str(), due.wakes), (r#""ask","ask""#, false));
        let people = vec![protocol::AccountId::new(1, [1; 16]); 50_000];
        (0..5).for_each(|_| outgoing.say(room, Saying::Out(&people)));
        let due = outgoing.take();
        assert!(due.wakes && due.is_cut && due.rooms[&room].len() <= BYTES);
    }
}
