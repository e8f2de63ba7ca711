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
                Heard::Said(said) => take(&ctx, said),
                Heard::Anew => ctx.presence.begin_anew(),
            }
        }
    });
}

fn take(ctx: &Ctx, Said { node, room, words }: Said) {
    let mut changes = Vec::new();
    for word in words {
        match word {
            // It is of this room, whatever it says.
            Word::Posted(message, access) if message.room == room => {
                changes.push(Change::MessagePosted { message: Arc::new(*message), access });
            }
            Word::Changed(message, access, by) if message.room == room => {
                changes.push(Change::MessageChanged { message: Arc::new(*message), access, by });
            }
            Word::Passed(message, access) if message.room == room => {
                passing::hear(ctx, &message, access);
            }
            Word::Posted(..) | Word::Changed(..) | Word::Passed(..) => {}
            Word::Typing(account) => changes.push(Change::Typing { room, account }),
            word => changes.extend(ctx.presence.hear(&node, room, &word, ctx.clock.now())),
        }
    }
    ctx.bus().publish(changes);
}
