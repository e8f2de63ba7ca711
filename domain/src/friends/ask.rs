//! Asking for friendship. Asking who has asked you accepts.

use std::collections::HashMap;

use protocol::{
    RequestId,
    friends::{FriendRequest, FriendState, Relation},
};
use sea_orm::{ActiveValue::Set, EntityTrait};

use super::{answer, entity::request, relation};
use crate::{Ctx, Error, Result, Viewer, accounts, bus::Change};

/// What asking led to.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// They were asked, and have to answer.
    Requested(FriendRequest),
    /// They had asked already: now the two are friends.
    Befriended(FriendState),
}

/// Asks the person with this username to be friends.
///
/// # Errors
/// `NotFound` where nobody has the name; `Conflict` where the two are friends, or the request is
/// open; `Invalid` for oneself.
pub async fn ask(ctx: &Ctx, viewer: &Viewer, username: &str) -> Result<Asked> {
    let user = accounts::by_username(ctx, username).await?;
    let me = viewer.account();
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
            (Relation::Incoming, Some(row)) => {
                answer::befriend(tx, row).await?;
                let (user, relation) = (user.clone(), Relation::Friend);
                Ok(Asked::Befriended(FriendState { user, relation, request: None }))
            }
            _ => {
                let row = request::Model {
                    id: tx.new_id(RequestId::new),
                    sender_id: me,
                    recipient_id: user.id,
                    state: request::State::Open,
                    open_pair: Some(accounts::pair(me, user.id)),
                    created_at: tx.now(),
                    answered_at: None,
                };
                insert(tx.conn(), row.clone()).await?;
                tx.emit(Change::RelationChanged { one: me, other: user.id });
                let users = HashMap::from([(user.id, user.clone())]);
                relation::shown(&row, me, &users).map(Asked::Requested).ok_or(Error::NotFound)
            }
        }
    })
    .await
}

async fn insert(conn: &impl sea_orm::ConnectionTrait, row: request::Model) -> Result<()> {
    let row = request::ActiveModel {
        id: Set(row.id),
        sender_id: Set(row.sender_id),
        recipient_id: Set(row.recipient_id),
        state: Set(row.state),
        open_pair: Set(row.open_pair),
        created_at: Set(row.created_at),
        answered_at: Set(row.answered_at),
    };
    request::Entity::insert(row).exec_without_returning(conn).await?;
    Ok(())
}
