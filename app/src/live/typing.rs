//! Who writes: the viewer, told every few seconds while they do; and others, shown until they have been
//! quiet for a moment.

#[cfg(feature = "hydrate")]
use leptos::prelude::UpdateValue as _;
#[cfg(feature = "hydrate")]
use protocol::{AccountId, Command};
use protocol::{RoomId, Timestamp};

#[cfg(feature = "hydrate")]
use super::Live;

/// So often it is told: less often than the server passes it on, every three seconds, and more often than it
/// is forgotten.
const EVERY_MS: i64 = 3_500;

/// Where the viewer wrote last, and when.
#[derive(Default)]
pub(super) struct Writing {
    told: Option<(RoomId, Timestamp)>,
    /// Written while there was no connection.
    waits: Option<(RoomId, Timestamp)>,
}

impl Writing {
    /// The viewer writes while there is a connection: whether that is to be told now.
    pub fn writes(&mut self, room: RoomId, now: Timestamp) -> bool {
        let is_due = lately(self.told, now) != Some(room);
        if is_due {
            self.told = Some((room, now));
        }
        is_due
    }

    /// The viewer writes while there is none.
    pub fn keep(&mut self, room: RoomId, now: Timestamp) {
        self.waits = Some((room, now));
    }

    /// There is a connection: where the viewer wrote a moment ago, and nobody was told.
    pub fn connected(&mut self, now: Timestamp) -> Option<RoomId> {
        let room = lately(self.waits.take(), now)?;
        self.told = Some((room, now));
        Some(room)
    }
}

/// Where that was, if it was a moment ago.
fn lately(written: Option<(RoomId, Timestamp)>, now: Timestamp) -> Option<RoomId> {
    written.filter(|(_, at)| (0..EVERY_MS).contains(&(now.0 - at.0))).map(|(room, _)| room)
}

#[cfg(feature = "hydrate")]
impl Live {
    /// Tells that the viewer writes in a room.
    pub fn tell_typing(self, room: RoomId) {
        let now = crate::browser::now();
        let mut is_due = false;
        self.state.update_value(|state| match state.uplink {
            Some(_) => is_due = state.writing.writes(room, now),
            None => state.writing.keep(room, now),
        });
        if is_due {
            self.command(Command::Typing { room });
        }
    }

    /// Somebody writes: shown until they have been quiet for a moment.
    pub(super) fn show_typing(self, room: RoomId, user: AccountId) {
        const FOR_MS: u32 = 5_000;
        let number = self.peek(|world| world.typed(room, user));
        leptos::task::spawn_local(async move {
            crate::browser::sleep(FOR_MS).await;
            if self.peek(|world| world.typed(room, user)) == number {
                let mut touched = Vec::new();
                self.state.update_value(|state| touched = state.world.stop_typing(room, user));
                self.touch(touched);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp(1_000);
    const LATER: Timestamp = Timestamp(AT.0 + EVERY_MS);

    fn room(number: u8) -> RoomId {
        RoomId::new(0, [number; 16])
    }

    #[test]
    fn it_is_told_every_few_seconds_and_anew_in_another_room() {
        let mut writing = Writing::default();
        assert!(writing.writes(room(1), AT));
        assert!(!writing.writes(room(1), Timestamp(LATER.0 - 1)));
        assert!(writing.writes(room(1), LATER));
        assert!(writing.writes(room(2), LATER));
    }

    #[test]
    fn what_is_written_before_there_is_a_connection_is_told_with_it() {
        let mut writing = Writing::default();
        assert!(writing.writes(room(1), AT), "and then the connection is lost");
        writing.keep(room(1), AT);
        assert_eq!(writing.connected(AT), Some(room(1)));
        assert!(!writing.writes(room(1), AT), "it has been told");
        assert_eq!(writing.connected(AT), None, "once");
    }

    #[test]
    fn what_was_written_long_before_is_told_no_more() {
        let mut writing = Writing::default();
        writing.keep(room(1), AT);
        assert_eq!(writing.connected(LATER), None);
        assert!(writing.writes(room(1), LATER));
    }
}
