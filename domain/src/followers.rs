//! What must follow on the right when something happens on the left, inside the same transaction.
//! This table is the only way from a noun to one on its right.

use std::time::Duration;

use protocol::{AccountId, RequestId};

use crate::{Ctx, Result, bus::Change, db::Tx, friends, messages, notifications, rooms};

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
    /// An account is deleted.
    Deleted(AccountId),
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
        Fact::Deleted(account) => {
            // Futures that lead back here must have a size.
            Box::pin(friends::end_all(tx, account)).await?;
            rooms::leave_all(tx, account).await?;
            notifications::forget(tx, account).await
        }
        Fact::Renewed(account) => {
            for friend in friends::ids(tx.conn(), account).await? {
                tx.emit(Change::RelationChanged { one: friend, other: account });
            }
            Ok(())
        }
    }
}

/// How often it is tried to delete it, and how soon again; a restart tries as often.
const TRIES: u32 = 10;
const AGAIN: Duration = Duration::from_secs(30);

/// Begins to delete what those have said who wanted it to go with them.
pub(crate) fn forget_said(ctx: &Ctx) {
    let ctx = ctx.clone();
    tokio::spawn(async move {
        for _ in 0..TRIES {
            match messages::forget_said(&ctx).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::error!(%error, "what a deleted account said is still there: tried again");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    });
}
