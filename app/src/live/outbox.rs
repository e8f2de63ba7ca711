//! What was said and is not stored yet, in the order it was said. It survives a reload; a message
//! leaves it when it is acknowledged, or when its owner drops it.

use protocol::{Code, Command, MessageId, RoomId, Timestamp};
use serde::{Deserialize, Serialize};

/// Where a message stands on its way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum State {
    /// Waits for the connection, or for those before it.
    Waiting,
    /// Sent, and not answered yet.
    Sent,
    /// Refused, with the sentence that says why.
    Failed(String),
}

/// A message that is not stored yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pending {
    pub id: MessageId,
    pub room: RoomId,
    pub body: String,
    /// The message that it answers.
    #[serde(default)]
    pub reply_to: Option<MessageId>,
    pub created_at: Timestamp,
    pub state: State,
}

/// Everything that is not stored yet.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Outbox {
    pending: Vec<Pending>,
}

impl Outbox {
    /// What an earlier page left unsent, in the order it was said.
    pub fn restored(mut pending: Vec<Pending>) -> Self {
        pending.sort_unstable_by_key(|pending| (pending.created_at, pending.id));
        let mut outbox = Self { pending };
        outbox.disconnected();
        outbox
    }

    pub fn push(&mut self, pending: Pending) {
        self.pending.push(pending);
    }

    pub fn in_room(&self, room: RoomId) -> impl Iterator<Item = &Pending> {
        self.pending.iter().filter(move |pending| pending.room == room)
    }

    pub fn get(&self, id: MessageId) -> Option<&Pending> {
        self.pending.iter().find(|pending| pending.id == id)
    }

    /// Stored, or dropped: out it goes.
    pub fn take(&mut self, id: MessageId) -> Option<Pending> {
        let at = self.pending.iter().position(|pending| pending.id == id)?;
        Some(self.pending.remove(at))
    }

    /// The connection is gone: what was not answered is sent again, under the same id.
    pub fn disconnected(&mut self) {
        for pending in &mut self.pending {
            if pending.state == State::Sent {
                pending.state = State::Waiting;
            }
        }
    }

    /// Not stored. What would be stored a little later goes back to the queue; the rest fails, and
    /// holds back what was said after it in that room.
    pub fn refused(&mut self, id: MessageId, code: Code, detail: &str) {
        let Some(pending) = self.pending.iter_mut().find(|pending| pending.id == id) else {
            return;
        };
        pending.state =
            if code.passes() { State::Waiting } else { State::Failed(detail.to_owned()) };
    }

    /// Its owner wants it sent again.
    pub fn retry(&mut self, id: MessageId) {
        for pending in self.pending.iter_mut().filter(|pending| pending.id == id) {
            pending.state = State::Waiting;
        }
    }

    /// What can be sent now: the first of each room, if nothing before it is unanswered or failed.
    pub fn due(&mut self) -> Vec<Command> {
        let mut seen: Vec<RoomId> = Vec::new();
        let mut due = Vec::new();
        for pending in &mut self.pending {
            if seen.contains(&pending.room) {
                continue;
            }
            seen.push(pending.room);
            if pending.state == State::Waiting {
                pending.state = State::Sent;
                let Pending { room, id, body, reply_to, .. } = pending.clone();
                due.push(Command::Send { room, id, body, reply_to, attachments: Vec::new() });
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(n: u8, room: u8) -> Pending {
        Pending {
            id: MessageId::new(0, [n; 16]),
            room: RoomId::new(0, [room; 16]),
            body: n.to_string(),
            reply_to: None,
            created_at: Timestamp(0),
            state: State::Waiting,
        }
    }

    fn bodies(commands: Vec<Command>) -> Vec<String> {
        let body = |command| match command {
            Command::Send { body, .. } => body,
            other => panic!("{other:?}"),
        };
        commands.into_iter().map(body).collect()
    }

    #[test]
    fn each_room_sends_in_order_one_at_a_time() {
        let mut outbox = Outbox::default();
        for one in [pending(1, 1), pending(2, 1), pending(3, 2)] {
            outbox.push(one);
        }
        assert_eq!(bodies(outbox.due()), ["1", "3"]);
        assert!(outbox.due().is_empty());
        outbox.take(pending(1, 1).id);
        assert_eq!(bodies(outbox.due()), ["2"]);
    }

    #[test]
    fn a_lost_connection_sends_again_what_was_not_answered() {
        let mut outbox = Outbox::default();
        outbox.push(pending(1, 1));
        outbox.due();
        outbox.disconnected();
        assert_eq!(bodies(outbox.due()), ["1"]);
    }

    #[test]
    fn a_refused_message_holds_back_later_ones_until_it_is_retried_or_dropped() {
        let mut outbox = Outbox::default();
        outbox.push(pending(1, 1));
        outbox.push(pending(2, 1));
        outbox.due();
        outbox.refused(pending(1, 1).id, Code::Forbidden, "no");
        assert!(outbox.due().is_empty());
        outbox.retry(pending(1, 1).id);
        assert_eq!(bodies(outbox.due()), ["1"]);
        outbox.refused(pending(1, 1).id, Code::Forbidden, "no");
        outbox.take(pending(1, 1).id);
        assert_eq!(bodies(outbox.due()), ["2"]);
    }

    #[test]
    fn what_is_not_available_now_goes_back_to_the_queue() {
        let mut outbox = Outbox::default();
        outbox.push(pending(1, 1));
        outbox.due();
        outbox.refused(pending(1, 1).id, Code::Unavailable, "busy");
        assert_eq!(bodies(outbox.due()), ["1"]);
    }
}
