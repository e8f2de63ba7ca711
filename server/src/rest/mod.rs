//! REST: `/api/v1`, each handler one domain call. Names and shapes are those of the public
//! interface.

pub mod accounts;
pub mod friends;
pub mod health;
mod input;
pub mod invites;
pub mod messages;
pub mod notifications;
pub mod pictures;
pub mod rooms;

pub use input::{Picture, Query};

use crate::problem::Refusal;

type Answer<T> = Result<T, Refusal>;
