//! The rooms whose channels this node listens to: those that somebody connected to it is in.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use protocol::RoomId;
use tokio::{sync::Notify, time::Instant};

/// How long a room's channel is kept that nobody here hears any more: who loads a page anew is back by
/// then.
const LINGERS: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Channel {
    /// Since when nobody here hears the room.
    unheard_since: Option<Instant>,
    /// In which connection it was subscribed to.
    subscribed_in: Option<u64>,
}

#[derive(Debug, Default)]
struct State {
    rooms: HashMap<RoomId, Channel>,
    /// Counts the connections.
    connection: u64,
}

/// What is to be subscribed to, and what no more.
#[derive(Debug, Default)]
pub(super) struct Moves {
    pub connection: u64,
    pub subscribe: Vec<RoomId>,
    pub unsubscribe: Vec<RoomId>,
}

#[derive(Debug, Default)]
pub(super) struct Channels {
    state: Mutex<State>,
    pub moved: Notify,
}

impl Channels {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody here hears the room. Whether its channel is listened to already.
    pub(super) fn serve(&self, room: RoomId) -> bool {
        let mut state = self.state();
        let connection = state.connection;
        let new = Channel { unheard_since: None, subscribed_in: None };
        let channel = state.rooms.entry(room).or_insert(new);
        channel.unheard_since = None;
        let is_subscribed = channel.subscribed_in == Some(connection);
        drop(state);
        if !is_subscribed {
            self.moved.notify_one();
        }
        is_subscribed
    }

    /// Nobody here hears the room.
    pub(super) fn unserve(&self, room: RoomId, now: Instant) {
        if let Some(channel) = self.state().rooms.get_mut(&room) {
            channel.unheard_since = Some(now);
        }
    }

    /// The rooms that are served.
    pub(super) fn served(&self) -> Vec<RoomId> {
        let state = self.state();
        let served = state.rooms.iter().filter(|(_, channel)| channel.unheard_since.is_none());
        served.map(|(room, _)| *room).collect()
    }

    /// A connection is new: nothing is subscribed to in it.
    pub(super) fn begin(&self) {
        self.state().connection += 1;
        self.moved.notify_one();
    }

    /// What is to be done.
    pub(super) fn moves(&self, now: Instant) -> Moves {
        let mut state = self.state();
        let mut moves = Moves { connection: state.connection, ..Moves::default() };
        let connection = state.connection;
        state.rooms.retain(|room, channel| {
            let is_subscribed = channel.subscribed_in == Some(connection);
            let is_over = channel.unheard_since.is_some_and(|since| now > since + LINGERS);
            match (is_over, is_subscribed) {
                (true, true) => moves.unsubscribe.push(*room),
                (false, false) => moves.subscribe.push(*room),
                _ => {}
            }
            is_subscribed || !is_over
        });
        moves
    }

    /// They were unsubscribed from; who is heard again meanwhile is to be subscribed to again.
    pub(super) fn ended(&self, rooms: &[RoomId]) {
        let mut state = self.state();
        for room in rooms {
            if let Some(channel) = state.rooms.get_mut(room) {
                channel.subscribed_in = None;
                if channel.unheard_since.is_some() {
                    state.rooms.remove(room);
                }
            }
        }
        self.moved.notify_one();
    }

    /// They were subscribed to in this connection. Whether it still is the latest.
    pub(super) fn done(&self, connection: u64, rooms: &[RoomId]) -> bool {
        let mut state = self.state();
        for room in rooms {
            if let Some(channel) = state.rooms.get_mut(room) {
                channel.subscribed_in = Some(connection);
            }
        }
        state.connection == connection
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_listened_to_while_somebody_hears_it_and_a_moment_longer() {
        let channels = Channels::default();
        let room = RoomId::new(1, [1; 16]);
        let now = Instant::now();
        let later = now + 2 * LINGERS;
        channels.begin();
        channels.serve(room);
        let moves = channels.moves(now);
        assert_eq!(moves.subscribe, [room]);
        assert!(channels.done(moves.connection, &moves.subscribe));
        assert!(channels.moves(now).subscribe.is_empty());
        channels.unserve(room, now);
        assert!(channels.served().is_empty());
        assert!(channels.moves(now + LINGERS / 2).unsubscribe.is_empty(), "they may be back");
        channels.serve(room);
        assert!(channels.moves(later).unsubscribe.is_empty(), "they are");
        channels.unserve(room, now);
        assert_eq!(channels.moves(later).unsubscribe, [room]);
        assert_eq!(channels.moves(later).unsubscribe, [room], "until it is done");
        channels.serve(room);
        channels.ended(&[room]);
        assert_eq!(channels.served(), [room]);
        let again = channels.moves(later).subscribe;
        assert_eq!(again, [room], "somebody came meanwhile");
        assert!(channels.done(moves.connection, &again));
        channels.begin();
        assert_eq!(channels.moves(later).subscribe, [room], "a new connection knows nothing");
        channels.unserve(room, now);
        let moves = channels.moves(later);
        assert!(moves.subscribe.is_empty() && moves.unsubscribe.is_empty(), "nor does it now");
    }
}
