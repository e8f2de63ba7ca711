//! The world that the first page is rendered from. It travels in the HTML, so that the browser
//! starts with what the server saw and fetches nothing twice.

use protocol::{
    Items, MessageId, Problem, RoomId, Timestamp,
    friends::Profile,
    messages::{History, Window},
    notifications::Inbox,
    socket::Ready,
};
use serde::{Deserialize, Serialize};

use super::world::World;

/// What one page was rendered from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    pub ready: Ready,
    /// The messages of the rooms that are open.
    pub histories: Vec<(RoomId, History)>,
    /// The person that the page is about.
    pub person: Option<Profile>,
    /// Whom a search found, or a person's friends.
    pub found: Option<Items<Profile>>,
    /// What the viewer was told of.
    pub cards: Option<Inbox>,
    /// When it was rendered.
    pub rendered_at: Timestamp,
    /// The id that a message sent by a plain form will have.
    pub form_id: MessageId,
    /// What went wrong with the form that led here.
    pub problem: Option<Problem>,
}

impl Snapshot {
    pub fn world(self) -> World {
        let mut world = World::new(self.ready);
        for (room, history) in self.histories {
            world.load(room, history, Window::Newest);
        }
        if let Some(profile) = self.person {
            world.meet(profile);
        }
        if let Some(cards) = self.cards {
            world.load_cards(cards);
        }
        world
    }
}
