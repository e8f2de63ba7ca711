//! Rooms: who is in them, and where each member stands. What is said in them belongs to `messages`.

pub mod access;
mod beginning;
pub mod direct;
mod directory;
pub(crate) mod entity;
pub mod invites;
mod list;
mod members;
pub mod moderation;
mod read;
mod reader;
pub mod settings;
pub(crate) mod standing;

pub use access::{Inside, Member, inside, may_speak, member};
pub(crate) use beginning::adopt;
pub use beginning::{begin, welcoming};
pub use directory::directory;
pub use list::{
    Mine, Position, list, mine, of_many, positions, show, show_at, show_everyone, show_to,
};
pub(crate) use members::leave_all;
pub use members::{add, create, join, leave, members, remove};
pub(crate) use read::{advance_all, spoke};
pub use read::{mark_read, marker};
pub(crate) use reader::may_read;
pub use reader::{Reader, reader};
