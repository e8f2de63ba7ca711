//! Asking for friendship. Asking who has asked you accepts.

use std::collections::HashMap;

use protocol::{
    AccountId, RequestId,
    friends::{FriendRequest, FriendState, Relation},
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use super::{answer, entity::request, relation};
use crate::{
    Ctx, Error, Result, Viewer, accounts,
    bus::Change,
    followers::{self, Fact, Request},
    limits::Rule,
};

/// What asking led to.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// They were asked, and have to answer.
    Requested(FriendRequest),
    /// They had asked already: now the two are friends.
    Befriended(FriendState),
}

/// As many requests of one person may wait for an answer.
const OPEN: u64 = 100;

/// Asks the person with this username to be friends. Somebody who blocks the viewer never learns of
/// it.
///
/// # Errors
/// `NotFound` where nobody has the name; `Conflict` where the two are friends, the request is open,
/// the viewer blocks them, or too many requests wait; `Invalid` for oneself; `RateLimited`.
pub async fn ask(ctx: &Ctx, viewer: &Viewer, username: &str) -> Result<Asked> {
    let user = accounts::by_username(ctx, username).await?;
    let me = viewer.account();
    ctx.limits().take_for(Rule::Request, me).await?;
    ctx.transact_as(viewer, async |tx| {
        accounts::lock_pair(tx, me, user.id).await?;
        let (relation, open) = relation::between(tx.conn(), me, user.id).await?;
        match (relation, open) {
            (Relation::Myself, _) => {
                Err(Error::invalid("username", "You cannot befriend yourself."))
            }
            (Relation::Friend, _) => Err(Error::Conflict("You are friends already.")),
            (Relation::Outgoing, _) => {
                Err(Error::Conflict("You already sent them a friend request."))
            }
            (Relation::Blocked, _) => {
                Err(Error::Conflict("You block them. End that first, and then ask."))
            }
            (Relation::Incoming, Some(row)) => {
                answer::befriend(tx, row).await?;
                let (user, relation) = (user.clone(), Relation::Friend);
                Ok(Asked::Befriended(FriendState { user, relation, request: None }))
            }
            _ if let Some(row) = relation::unseen(tx.conn(), user.id, me).await? => {
                // They had asked while they were blocked, and wait since.
                answer::befriend(tx, row).await?;
                let (user, relation) = (user.clone(), Relation::Friend);
                Ok(Asked::Befriended(FriendState { user, relation, request: None }))
            }
            _ => {
                within_limit(tx.conn(), me).await?;
                let hidden = relation::blocks(tx.conn(), user.id, me).await?;
                let row = request::Model {
                    id: tx.new_id(RequestId::new),
                    sender_id: me,
                    recipient_id: user.id,
                    state: request::State::Open,
                    open_pair: Some(accounts::pair(me, user.id)),
                    hidden,
                    created_at: tx.now(),
                    answered_at: None,
                };
                insert(tx.conn(), row.clone()).await?;
                if !hidden {
                    followers::follow(tx, Fact::Asked(Request::of(&row))).await?;
                }
                tx.emit(Change::RelationChanged { one: me, other: user.id });
                let users = HashMap::from([(user.id, user.clone())]);
                relation::shown(&row, me, &users).map(Asked::Requested).ok_or(Error::NotFound)
            }
        }
    })
    .await
}

/// # Errors
/// `Conflict` where too many requests wait already.
async fn within_limit(conn: &impl sea_orm::ConnectionTrait, account: AccountId) -> Result<()> {
    let open = request::Entity::find()
        .filter(request::Column::SenderId.eq(account))
        .filter(request::Column::State.eq(request::State::Open))
        .count(conn)
        .await?;
    if open >= OPEN {
        return Err(Error::Conflict("100 of your requests wait for an answer. Cancel some first."));
    }
    Ok(())
}

async fn insert(conn: &impl sea_orm::ConnectionTrait, row: request::Model) -> Result<()> {
    let row = request::ActiveModel {
        id: Set(row.id),
        sender_id: Set(row.sender_id),
        recipient_id: Set(row.recipient_id),
        state: Set(row.state),
        open_pair: Set(row.open_pair),
        hidden: Set(row.hidden),
        created_at: Set(row.created_at),
        answered_at: Set(row.answered_at),
    };
    request::Entity::insert(row).exec_without_returning(conn).await?;
    Ok(())
}
