//! What must follow on the right when something happens on the left, inside the same transaction.
//! This table is the only way from a noun to one on its right.

use std::time::Duration;

use protocol::{AccountId, MessageId, RequestId, RoomId};

use crate::{Ctx, Result, accounts, bus::Change, db::Tx, friends, messages, notifications, rooms};

/// A friend request that something happened to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub id: RequestId,
    pub sender: AccountId,
    pub recipient: AccountId,
}

impl Request {
    pub(crate) fn of(row: &friends::Row) -> Self {
        Self { id: row.id, sender: row.sender_id, recipient: row.recipient_id }
    }
}

/// Something that others must follow.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fact {
    Asked(Request),
    Declined(Request),
    Withdrawn(Request),
    /// The recipient accepted.
    Befriended(Request),
    Unfriended {
        by: AccountId,
        other: AccountId,
    },
    Blocked {
        by: AccountId,
        other: AccountId,
    },
    /// Somebody's account goes, and with it the friendship.
    Gone {
        account: AccountId,
        other: AccountId,
    },
    /// Somebody is mentioned in a message.
    Mentioned {
        by: AccountId,
        account: AccountId,
        room: RoomId,
        message: MessageId,
    },
    /// Somebody administers the house from here on.
    Administers(AccountId),
    /// Somebody looks otherwise than before, or is called otherwise.
    Renewed(AccountId),
}

pub(crate) async fn follow(tx: &mut Tx, fact: Fact) -> Result<()> {
    match fact {
        Fact::Asked(request) => notifications::asked(tx, request).await,
        Fact::Declined(request) => notifications::declined(tx, request).await,
        Fact::Withdrawn(request) => notifications::withdrawn(tx, request).await,
        Fact::Befriended(request) => {
            rooms::direct::reopen(tx, request.sender, request.recipient).await?;
            notifications::befriended(tx, request).await
        }
        Fact::Unfriended { by, other } => {
            rooms::direct::close(tx, by, other).await?;
            notifications::unfriended(tx, by, other).await
        }
        Fact::Blocked { by, other } => {
            rooms::direct::close(tx, by, other).await?;
            notifications::forget_between(tx, by, other).await
        }
        Fact::Gone { account, other } => rooms::direct::close(tx, account, other).await,
        Fact::Mentioned { by, account, room, message } => {
            notifications::mentioned(tx, account, by, room, message).await
        }
        Fact::Administers(account) => rooms::adopt(tx, account).await,
        Fact::Renewed(account) => {
            for other in friends::acquainted(tx.conn(), account).await? {
                tx.emit(Change::RelationChanged { one: other, other: account });
            }
            // Their own other pages show it, too.
            tx.emit(Change::OwnRelationChanged { account, other: account });
            Ok(())
        }
    }
}

/// How often it is tried to end what a deleted account has left, and how soon again; a restart tries
/// as often.
const TRIES: u32 = 10;
const AGAIN: Duration = Duration::from_secs(30);

/// An account is deleted: ends what it has with others, a little at a time, since others want to write
/// too. What fails is tried again, and what a restart interrupts goes on with the next.
pub(crate) async fn deleted(ctx: &Ctx, account: AccountId) {
    if let Err(error) = take_leave(ctx, account).await {
        tracing::error!(%error, "others still see a deleted account: tried again");
    }
    finish_deletions(ctx);
}

/// Ends what deleted accounts still have, and what they said where they wanted it to go with them;
/// and what was said in rooms that are deleted.
pub(crate) fn finish_deletions(ctx: &Ctx) {
    let ctx = ctx.clone();
    tokio::spawn(async move {
        for _ in 0..TRIES {
            match finish(&ctx).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::error!(%error, "a deleted account has left something: tried again");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    });
}

async fn finish(ctx: &Ctx) -> Result<()> {
    for account in accounts::leaving(ctx).await? {
        take_leave(ctx, account).await?;
    }
    for room in rooms::settings::deleted(ctx).await? {
        messages::forget_room(ctx, room).await?;
        rooms::settings::erase(ctx, room).await?;
    }
    messages::sweep(ctx).await?;
    messages::forget_said(ctx).await
}

/// Each step in transactions of its own; once more, none of them does anything.
async fn take_leave(ctx: &Ctx, account: AccountId) -> Result<()> {
    friends::end_all(ctx, account).await?;
    rooms::leave_all(ctx, account).await?;
    ctx.transact(async |tx| {
        notifications::forget(tx, account).await?;
        accounts::has_left(tx, account).await
    })
    .await
}
