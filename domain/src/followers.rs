//! What must follow on the right when something happens on the left, inside the same transaction.
//! This table is the only way from a noun to one on its right.

use protocol::AccountId;

use crate::{Result, db::Tx, rooms};

/// Something that others must follow.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fact {
    Befriended(AccountId, AccountId),
    Unfriended(AccountId, AccountId),
}

pub(crate) async fn follow(tx: &mut Tx, fact: Fact) -> Result<()> {
    match fact {
        Fact::Befriended(one, other) => rooms::direct::reopen(tx, one, other).await,
        Fact::Unfriended(one, other) => rooms::direct::close(tx, one, other).await,
    }
}
