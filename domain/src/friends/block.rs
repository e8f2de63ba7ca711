//! Wanting nothing more to do with somebody. It ends friendship, requests and direct messages both
//! ways, and the other is told nothing.

use std::collections::HashSet;

use protocol::{AccountId, User};
use sea_orm::{ActiveValue::Set, QueryOrder, entity::prelude::*, sea_query::ExprTrait as _};

use super::{
    answer,
    entity::{block as row, request},
};
use crate::{
    Ctx, Error, Result, Viewer, accounts,
    bus::Change,
    followers::{self, Fact},
};

/// Blocks a person. Once more, nothing changes.
///
/// # Errors
/// `NotFound` where nobody has the name; `Invalid` for oneself.
pub async fn block(ctx: &Ctx, viewer: &Viewer, username: &str) -> Result<()> {
    let me = viewer.account();
    let other = accounts::by_username(ctx, username).await?.id;
    if me == other {
        return Err(Error::invalid("username", "You cannot block yourself."));
    }
    ctx.transact_as(viewer, async |tx| {
        accounts::lock_pair(tx, me, other).await?;
        let block = row::ActiveModel {
            account_id: Set(me),
            blocked_id: Set(other),
            created_at: Set(tx.now()),
        };
        // Both are locked: nobody blocks them meanwhile.
        if row::Entity::find_by_id((me, other)).one(tx.conn()).await?.is_some() {
            return Ok(());
        }
        row::Entity::insert(block).exec_without_returning(tx.conn()).await?;
        let mut they_see = answer::part(tx, me, other).await?;
        let pair = request::Column::OpenPair.eq(accounts::pair(me, other));
        if let Some(open) = request::Entity::find().filter(pair).one(tx.conn()).await? {
            if open.sender_id == me {
                they_see |= !open.hidden;
                answer::close_unsaid(tx, &open, request::State::Withdrawn).await?;
            } else {
                // Who asked goes on believing that they wait for an answer.
                hide(tx.conn(), open.id).await?;
            }
        }
        followers::follow(tx, Fact::Blocked { by: me, other }).await?;
        tx.emit(match they_see {
            true => Change::RelationChanged { one: me, other },
            false => Change::OwnRelationChanged { account: me, other },
        });
        Ok(())
    })
    .await
}

/// Ends a block. What there was before does not come back.
///
/// # Errors
/// `NotFound` where nobody has the name.
pub async fn unblock(ctx: &Ctx, viewer: &Viewer, username: &str) -> Result<()> {
    let me = viewer.account();
    let other = accounts::by_username(ctx, username).await?.id;
    ctx.transact_as(viewer, async |tx| {
        accounts::lock_pair(tx, me, other).await?;
        if row::Entity::delete_by_id((me, other)).exec(tx.conn()).await?.rows_affected == 0 {
            return Ok(());
        }
        // What they asked meanwhile stays unseen: else they would learn when the block ended.
        tx.emit(Change::OwnRelationChanged { account: me, other });
        Ok(())
    })
    .await
}

/// Who the viewer blocks, the latest first.
///
/// # Errors
/// As reading fails.
pub async fn blocked(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<User>> {
    let rows = row::Entity::find()
        .filter(row::Column::AccountId.eq(viewer.account()))
        .order_by_desc(row::Column::CreatedAt)
        .all(ctx.db.read())
        .await?;
    let ids = rows.iter().map(|row| row.blocked_id);
    let mut users = accounts::by_ids(ctx.db.read(), ids.clone()).await?;
    Ok(ids.filter_map(|id| users.remove(&id)).collect())
}

/// Those whom an account blocks, and those who block it.
///
/// # Errors
/// As reading fails.
pub async fn apart(ctx: &Ctx, account: AccountId) -> Result<HashSet<AccountId>> {
    let either = row::Column::AccountId.eq(account).or(row::Column::BlockedId.eq(account));
    let rows = row::Entity::find().filter(either).all(ctx.db.deliver()).await?;
    let other = |row: row::Model| match row.account_id == account {
        true => row.blocked_id,
        false => row.account_id,
    };
    Ok(rows.into_iter().map(other).collect())
}

async fn hide(conn: &impl ConnectionTrait, id: protocol::RequestId) -> Result<()> {
    let hidden = request::ActiveModel { id: Set(id), hidden: Set(true), ..Default::default() };
    request::Entity::update(hidden).exec(conn).await?;
    Ok(())
}
