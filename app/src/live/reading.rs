//! How far the viewer has read: told at once, or with the next connection.

use std::collections::HashMap;

#[cfg(feature = "hydrate")]
use leptos::prelude::UpdateValue as _;
#[cfg(feature = "hydrate")]
use protocol::Command;
use protocol::RoomId;

#[cfg(feature = "hydrate")]
use super::Live;

/// What was read while there was no connection: the highest number of each room.
#[derive(Default)]
pub(super) struct Reading(HashMap<RoomId, i64>);

impl Reading {
    /// The viewer has read a room up to a number while there is none.
    pub fn keep(&mut self, room: RoomId, seq: i64) {
        if self.0.get(&room).is_none_or(|read| *read < seq) {
            self.0.insert(room, seq);
        }
    }

    /// There is a connection: what is to be told.
    pub fn connected(&mut self) -> HashMap<RoomId, i64> {
        std::mem::take(&mut self.0)
    }
}

#[cfg(feature = "hydrate")]
impl Live {
    /// Tells that the viewer has read a room up to a number.
    pub fn tell_read(self, room: RoomId, seq: i64) {
        let mut is_connected = false;
        self.state.update_value(|state| {
            is_connected = state.uplink.is_some();
            if !is_connected {
                state.reading.keep(room, seq);
            }
        });
        if is_connected {
            self.command(Command::Read { room, seq });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_without_a_connection_is_told_with_it_once_and_as_far_as_it_went() {
        let [one, other] = [1, 2].map(|number| RoomId::new(0, [number; 16]));
        let mut reading = Reading::default();
        for (room, seq) in [(one, 3), (one, 5), (one, 4), (other, 1)] {
            reading.keep(room, seq);
        }
        assert_eq!(reading.connected(), HashMap::from([(one, 5), (other, 1)]));
        assert_eq!(reading.connected(), HashMap::new());
    }
}
