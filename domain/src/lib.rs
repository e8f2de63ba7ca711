//! Kith's rules and store. Whoever changes or reads anything calls an action here, with the
//! [`Ctx`] first and then the [`Viewer`] who asks, or a proof of what they may do.
//!
//! A noun uses only nouns to its left: uploads, accounts, friends, rooms, presence, notifications,
//! messages. What must follow on the right stands in `followers`.

pub mod accounts;
pub mod bus;
mod change_log;
mod clock;
mod ctx;
mod db;
mod error;
pub mod export;
mod followers;
pub mod friends;
pub mod limits;
mod line;
pub mod mail;
pub mod messages;
pub mod notifications;
mod others;
pub mod presence;
pub mod rooms;
mod rows;
pub mod snapshot;
mod sweep;
pub mod uploads;

pub use accounts::sessions::Viewer;
pub use clock::Clock;
pub use ctx::{CONNECTIONS, Config, Ctx};
pub use error::{Error, Result};
