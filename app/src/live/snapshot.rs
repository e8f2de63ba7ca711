//! The world that the first page is rendered from. It travels in the HTML, so that the browser
//! starts with what the server saw and fetches nothing twice.

use protocol::{
    MessageId, Problem, RoomId, Timestamp,
    friends::Profile,
    messages::{History, Window},
    socket::Ready,
};
use serde::{Deserialize, Serialize};

use super::world::World;

/// What one page was rendered from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    pub ready: Ready,
    /// The open room's messages.
    pub history: Option<(RoomId, History)>,
    /// The people that the page is about: a profile, or who was found.
    pub people: Vec<Profile>,
    /// Whether they are what a search found.
    pub found: bool,
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
        if let Some((room, history)) = self.history {
            world.load(room, history, Window::Newest);
        }
        for profile in self.people {
            world.meet(profile);
        }
        world
    }
}
