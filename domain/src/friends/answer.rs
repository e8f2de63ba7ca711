//! What becomes of a request, and of a friendship.

use protocol::{AccountId, RequestId};
use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::ExprTrait as _};

use super::entity::{
    block, friendship,
    request::{self, State},
};
use crate::{
    Ctx, Error, Result, Viewer, accounts,
    bus::Change,
    db::Tx,
    followers::{self, Fact, Request},
};

/// Accepts a request that the viewer was sent.
///
/// # Errors
/// `NotFound` where it was not sent to them; `Conflict` where it is no longer open.
pub async fn accept(ctx: &Ctx, viewer: &Viewer, id: RequestId) -> Result<()> {
    ctx.transact_as(viewer, async |tx| {
        let row = received(tx, viewer, id).await?;
        if is_open(&row, State::Accepted)? {
            befriend(tx, row).await?;
        }
        Ok(())
    })
    .await
}

/// Declines a request that the viewer was sent.
///
/// # Errors
/// As [`accept`].
pub async fn decline(ctx: &Ctx, viewer: &Viewer, id: RequestId) -> Result<()> {
    ctx.transact_as(viewer, async |tx| {
        let row = received(tx, viewer, id).await?;
        if is_open(&row, State::Declined)? {
            close(tx, &row, State::Declined).await?;
            followers::follow(tx, Fact::Declined(Request::of(&row))).await?;
        }
        Ok(())
    })
    .await
}

/// Takes back a request that the viewer sent.
///
/// # Errors
/// `NotFound` where it is not theirs; `Conflict` where it was answered.
pub async fn withdraw(ctx: &Ctx, viewer: &Viewer, id: RequestId) -> Result<()> {
    ctx.transact_as(viewer, async |tx| {
        let row = find(tx, id).await?;
        let row = row.filter(|row| row.sender_id == viewer.account()).ok_or(Error::NotFound)?;
        if is_open(&row, State::Withdrawn)? {
            close(tx, &row, State::Withdrawn).await?;
            // Also where the recipient never saw it: the sender finds what they find anywhere else.
            followers::follow(tx, Fact::Withdrawn(Request::of(&row))).await?;
        }
        Ok(())
    })
    .await
}

/// Ends a friendship. The direct room closes; both can still read it.
///
/// # Errors
/// `NotFound` where nobody has the name.
pub async fn unfriend(ctx: &Ctx, viewer: &Viewer, username: &str) -> Result<()> {
    let me = viewer.account();
    let other = accounts::by_username(ctx, username).await?.id;
    ctx.transact_as(viewer, async |tx| {
        accounts::lock_pair(tx, me, other).await?;
        if part(tx, me, other).await? {
            followers::follow(tx, Fact::Unfriended { by: me, other }).await?;
            tx.emit(Change::RelationChanged { one: me, other });
        }
        Ok(())
    })
    .await
}

/// Ends a friendship between two who are locked. Whether there was one.
pub(super) async fn part(tx: &Tx, one: AccountId, other: AccountId) -> Result<bool> {
    let mut ended = 0;
    for side in [(one, other), (other, one)] {
        ended += friendship::Entity::delete_by_id(side).exec(tx.conn()).await?.rows_affected;
    }
    Ok(ended > 0)
}

/// Ends every friendship, request and block of an account that is gone, one after the other.
pub(crate) async fn end_all(ctx: &Ctx, account: AccountId) -> Result<()> {
    for friend in super::ids(ctx.db.read(), account).await? {
        ctx.transact(async |tx| {
            accounts::hold_pair(tx, account, friend).await?;
            if part(tx, account, friend).await? {
                followers::follow(tx, Fact::Gone { account, other: friend }).await?;
                tx.emit(Change::RelationChanged { one: friend, other: account });
            }
            Ok(())
        })
        .await?;
    }
    let theirs = request::Column::SenderId.eq(account).or(request::Column::RecipientId.eq(account));
    let open = theirs.and(request::Column::State.eq(State::Open));
    for row in request::Entity::find().filter(open).all(ctx.db.read()).await? {
        ctx.transact(async |tx| {
            accounts::hold_pair(tx, row.sender_id, row.recipient_id).await?;
            let row = request::Entity::find_by_id(row.id).one(tx.conn()).await?;
            let Some(row) = row.filter(|row| row.state == State::Open) else { return Ok(()) };
            close(tx, &row, State::Withdrawn).await?;
            // Who asked them did not take it back: it is gone without a word.
            if row.sender_id == account && !row.hidden {
                followers::follow(tx, Fact::Withdrawn(Request::of(&row))).await?;
            }
            Ok(())
        })
        .await?;
    }
    let blocks = block::Column::AccountId.eq(account).or(block::Column::BlockedId.eq(account));
    for row in block::Entity::find().filter(blocks).all(ctx.db.read()).await? {
        let (by, other) = (row.account_id, row.blocked_id);
        ctx.transact(async |tx| {
            block::Entity::delete_by_id((by, other)).exec(tx.conn()).await?;
            tx.emit(Change::OwnRelationChanged { account: by, other });
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Makes friends of who asked and who was asked.
pub(super) async fn befriend(tx: &mut Tx, row: request::Model) -> Result<()> {
    let (one, other) = (row.sender_id, row.recipient_id);
    let created_at = tx.now();
    let side = |account: AccountId, friend: AccountId| friendship::ActiveModel {
        account_id: Set(account),
        friend_id: Set(friend),
        created_at: Set(created_at),
    };
    friendship::Entity::insert_many([side(one, other), side(other, one)])
        .exec_without_returning(tx.conn())
        .await?;
    close(tx, &row, State::Accepted).await?;
    followers::follow(tx, Fact::Befriended(Request::of(&row))).await
}

async fn received(tx: &Tx, viewer: &Viewer, id: RequestId) -> Result<request::Model> {
    let row = find(tx, id).await?;
    let theirs = |row: &request::Model| row.recipient_id == viewer.account() && !row.hidden;
    row.filter(theirs).ok_or(Error::NotFound)
}

/// The request, which nobody else answers meanwhile.
async fn find(tx: &Tx, id: RequestId) -> Result<Option<request::Model>> {
    let find = || request::Entity::find_by_id(id).one(tx.conn());
    let Some(row) = find().await? else { return Ok(None) };
    accounts::lock_pair(tx, row.sender_id, row.recipient_id).await?;
    Ok(find().await?)
}

/// Whether there is something to do; not where the request has come to this `end` already.
fn is_open(row: &request::Model, end: State) -> Result<bool> {
    match row.state {
        State::Open => Ok(true),
        state if state == end => Ok(false),
        _ => Err(Error::Conflict("This request is no longer open.")),
    }
}

/// Closes a request, and tells both.
async fn close(tx: &mut Tx, row: &request::Model, state: State) -> Result<()> {
    close_unsaid(tx, row, state).await?;
    tx.emit(Change::RelationChanged { one: row.sender_id, other: row.recipient_id });
    Ok(())
}

/// Closes a request; the caller tells whom it concerns.
pub(super) async fn close_unsaid(tx: &Tx, row: &request::Model, state: State) -> Result<()> {
    let closed = request::ActiveModel {
        id: Set(row.id),
        state: Set(state),
        open_pair: Set(None),
        answered_at: Set(Some(tx.now())),
        ..Default::default()
    };
    request::Entity::update(closed).exec(tx.conn()).await?;
    Ok(())
}
