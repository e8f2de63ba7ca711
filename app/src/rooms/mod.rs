//! Rooms: the list at the side, and the open conversation.

mod list;
mod page;

pub use list::{Face, RoomList};
pub use page::{HomePage, RoomPage};
