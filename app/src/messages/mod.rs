//! Messages: the list of what was said, and where one says something.

mod actions;
mod answers;
mod body;
mod composer;
mod earlier;
mod editor;
mod list;
mod mentions;
mod row;

use protocol::MessageId;

pub use actions::{Acting, UndoLine};
pub use composer::Composer;
pub use list::MessageList;

/// The id that a message sent by a plain form will have, so that sending it twice says it once.
#[derive(Clone, Copy)]
pub struct FormId(pub MessageId);
