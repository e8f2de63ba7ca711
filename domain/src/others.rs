//! What other nodes say in the rooms that this one serves, taken in as if it had happened here. Who may
//! hear it is not theirs to say: that is read (`access`).

use std::sync::{Arc, Weak};

use crate::{
    Ctx,
    bus::{Change, Heard, Said, Word},
    messages::passing,
};

/// Takes in what is said, for as long as the house is open.
pub(crate) fn listen(ctx: Ctx, open: Weak<()>) {
    let mut others = ctx.bus().hear_others();
    tokio::spawn(async move {
        while let Some(heard) = others.recv().await {
            if open.strong_count() == 0 {
                return;
            }
            match heard {
                Heard::Said(said) => take(&ctx, said).await,
                Heard::Listens(room) => ctx.presence.asked(room),
                Heard::Anew => ctx.presence.begin_anew(),
            }
        }
    });
}

async fn take(ctx: &Ctx, Said { node, room, words }: Said) {
    // Who cannot read what else has happened does not know who may still hear it.
    let is_blind = ctx.bus().is_blind();
    let mut changes = Vec::new();
    // What is said in a room is of that room.
    for word in words.into_iter().filter(|word| word.room().is_none_or(|of| of == room)) {
        match word {
            Word::Posted(message, access) | Word::Changed(message, access, _) if is_blind => {
                changes.push(Change::RoomAhead { room, revision: message.revision, access });
            }
            Word::Passed(..) if is_blind => {}
            Word::Posted(message, access) => {
                changes.push(Change::MessagePosted { message: Arc::new(*message), access });
            }
            Word::Changed(message, access, by) => {
                changes.push(Change::MessageChanged { message: Arc::new(*message), access, by });
            }
            Word::Passed(message, access) => passing::hear(ctx, &message, access),
            Word::Typing(account) => changes.push(Change::Typing { room, account }),
            word => changes.extend(ctx.presence.hear(&node, room, &word, ctx.clock.now())),
        }
    }
    // As fast as they are delivered, and no faster: past that it is read.
    ctx.bus().publish(changes).wait().await;
}
