//! Rooms: the list at the side, and the open conversation.

#[cfg(feature = "ssr")]
mod browse;
mod list;
#[cfg(feature = "ssr")]
mod manage;
mod page;
mod panels;

#[cfg(feature = "ssr")]
pub use browse::{Directory, Invited, NewRoom};
#[cfg(feature = "ssr")]
pub use manage::{Managed, RoomSettings, said};

pub use list::{Face, RoomList, in_order};
pub use page::{HomePage, RoomPage};
pub use panels::Panels;
