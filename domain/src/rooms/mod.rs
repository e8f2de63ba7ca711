//! Rooms: who is in them, and where each member stands. What is said in them belongs to `messages`.

pub mod access;
pub mod direct;
pub(crate) mod entity;
mod list;
mod members;
mod read;

pub use access::{Member, member};
pub use list::{all_of, ids, list, show};
pub use members::{NewRoom, add, create, join, leave, members, remove};
pub(crate) use read::advance;
pub use read::mark_read;
