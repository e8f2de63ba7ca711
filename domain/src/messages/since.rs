//! Catching up: what changed in a room since a revision, if it is little enough to be sent.

use protocol::{Limit, Message, messages::Window};

use super::{CHANGES_A_ROOM, history::history};
use crate::{Ctx, Result, rooms::Member};

/// What may still be sent in answer to one question: a short one must not cost much.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    changes: i64,
    bytes: usize,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { changes: 2_000, bytes: 1024 * 1024 }
    }
}

impl Allowance {
    /// Takes off what is to be sent: as many changes of as many bytes in all. Whether there was as
    /// much left.
    pub fn take(&mut self, changes: usize, bytes: usize) -> bool {
        let left = (self.changes - changes as i64, self.bytes.checked_sub(bytes));
        let (true, Some(bytes)) = (left.0 >= 0, left.1) else { return false };
        (self.changes, self.bytes) = (left.0, bytes);
        true
    }
}

/// What changed in a room, and the revision that it is whole to.
#[derive(Clone, Debug)]
pub struct Changes {
    /// In rising revision, each in its latest form.
    pub messages: Vec<Message>,
    pub revision: i64,
}

/// Everything that changed since `revision`; `None` where that is too much, or the revision is none
/// that this room had when membership was proven.
///
/// # Errors
/// `NotFound` where they are in the room no more.
pub async fn since(
    ctx: &Ctx,
    member: &Member,
    revision: i64,
    allowance: &mut Allowance,
) -> Result<Option<Changes>> {
    let now = member.revision();
    let most = CHANGES_A_ROOM.min(allowance.changes);
    if revision > now || revision < 0 || now - revision > most {
        return Ok(None);
    }
    let limit = Limit::try_from(Limit::MAX).unwrap_or_default();
    let mut changes = Changes { messages: Vec::new(), revision };
    loop {
        let window = Window::ChangedAfter(changes.revision);
        let page = history(ctx, member, window, limit).await?;
        let bytes = page.items.iter().map(|message| message.body.len() + 512).sum();
        if !allowance.take(page.items.len(), bytes) {
            return Ok(None);
        }
        changes.messages.extend(page.items);
        changes.revision = page.revision;
        if !page.has_newer {
            return Ok(Some(changes));
        }
    }
}
