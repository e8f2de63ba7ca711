//! How two people stand to each other, read from the tables.

use std::collections::HashMap;

use protocol::{
    AccountId, User,
    friends::{Direction, FriendRequest, FriendState, Relation},
};
use sea_orm::{ConnectionTrait, entity::prelude::*};

use super::entity::{block, friendship, request};
use crate::{
    Ctx, Result, accounts,
    rows::{Of, Rows},
};

/// Present state between an account and another person, as the account sees it.
///
/// # Errors
/// `NotFound` where the other is nobody.
pub async fn state(ctx: &Ctx, account: AccountId, other: AccountId) -> Result<FriendState> {
    let conn = ctx.db.read();
    let user = accounts::by_id(conn, other).await?;
    let (relation, request) = between(conn, account, other).await?;
    let users = HashMap::from([(other, user.clone())]);
    let request = request.and_then(|row| shown(&row, account, &users));
    Ok(FriendState { user, relation, request })
}

/// Whether the two are friends now.
pub(crate) async fn are_friends(
    conn: &impl ConnectionTrait,
    one: AccountId,
    other: AccountId,
) -> Result<bool> {
    Ok(friendship::Entity::find_by_id((one, other)).one(conn).await?.is_some())
}

/// Whether the first blocks the second.
pub(crate) async fn blocks(
    conn: &impl ConnectionTrait,
    account: AccountId,
    other: AccountId,
) -> Result<bool> {
    Ok(block::Entity::find_by_id((account, other)).one(conn).await?.is_some())
}

/// The relation as `account` sees it, and the open request if there is one.
pub(super) async fn between(
    conn: &impl ConnectionTrait,
    account: AccountId,
    other: AccountId,
) -> Result<(Relation, Option<request::Model>)> {
    if account == other {
        return Ok((Relation::Myself, None));
    }
    if are_friends(conn, account, other).await? {
        return Ok((Relation::Friend, None));
    }
    if blocks(conn, account, other).await? {
        return Ok((Relation::Blocked, None));
    }
    let open = request::Entity::find()
        .filter(request::Column::OpenPair.eq(accounts::pair(account, other)))
        .one(conn)
        .await?;
    let open = open.filter(|row| !row.hidden || row.sender_id == account);
    let relation = match &open {
        None => Relation::None,
        Some(row) if row.sender_id == account => Relation::Outgoing,
        Some(_) => Relation::Incoming,
    };
    Ok((relation, open))
}

/// The request that `sender` was never answered, since `recipient` blocked them when they asked.
pub(super) async fn unseen(
    conn: &impl ConnectionTrait,
    sender: AccountId,
    recipient: AccountId,
) -> Result<Option<request::Model>> {
    let pair = request::Column::OpenPair.eq(accounts::pair(sender, recipient));
    let open = request::Entity::find().filter(pair).one(conn).await?;
    Ok(open.filter(|row| row.hidden && row.sender_id == sender))
}

/// How each of these people stands to `account`, in three queries.
pub(super) async fn among(
    conn: &impl ConnectionTrait,
    account: AccountId,
    people: &[User],
) -> Result<HashMap<AccountId, (Relation, Option<request::Model>)>> {
    let ids = || people.iter().map(|user| user.id);
    let friends = friendship::Entity::find()
        .filter(friendship::Column::AccountId.eq(account))
        .filter(friendship::Column::FriendId.is_in(ids()))
        .all(conn)
        .await?;
    let open = request::Entity::find()
        .filter(request::Column::OpenPair.is_in(ids().map(|id| accounts::pair(account, id))))
        .all(conn)
        .await?;
    let mut found = HashMap::from([(account, (Relation::Myself, None))]);
    found.extend(friends.into_iter().map(|row| (row.friend_id, (Relation::Friend, None))));
    let blocked = block::Entity::find()
        .filter(block::Column::AccountId.eq(account))
        .filter(block::Column::BlockedId.is_in(ids()))
        .all(conn)
        .await?;
    found.extend(blocked.into_iter().map(|row| (row.blocked_id, (Relation::Blocked, None))));
    for row in open {
        if row.hidden && row.sender_id != account {
            continue;
        }
        let sent = row.sender_id == account;
        let relation = if sent { Relation::Outgoing } else { Relation::Incoming };
        found.insert(other(&row, account), (relation, Some(row)));
    }
    Ok(found)
}

/// How many friends `account` shares with each of these.
pub(super) async fn common(
    conn: &impl ConnectionTrait,
    account: AccountId,
    others: impl IntoIterator<Item = AccountId>,
) -> Result<HashMap<AccountId, u32>> {
    let mut rows = Rows::new([("id", Of::Id), ("me", Of::Id)]);
    others.into_iter().for_each(|other| rows.push([other.into(), account.into()]));
    let mut counts = HashMap::new();
    if rows.is_empty() {
        return Ok(counts);
    }
    let sql = "SELECT theirs.account_id, COUNT(*) FROM (SELECT DISTINCT id, me FROM w) AS w \
               JOIN friendship AS theirs ON theirs.account_id = w.id \
               JOIN friendship AS mine ON mine.account_id = w.me \
               AND mine.friend_id = theirs.friend_id GROUP BY theirs.account_id";
    for row in conn.query_all_raw(rows.read(conn.get_database_backend(), sql)).await? {
        let count: i64 = row.try_get_by_index(1)?;
        counts.insert(row.try_get_by_index(0)?, u32::try_from(count).unwrap_or(u32::MAX));
    }
    Ok(counts)
}

/// Who is on the other end of a request.
pub(super) fn other(row: &request::Model, account: AccountId) -> AccountId {
    if row.sender_id == account { row.recipient_id } else { row.sender_id }
}

/// A request as `account` sees it.
pub(super) fn shown(
    row: &request::Model,
    account: AccountId,
    users: &HashMap<AccountId, User>,
) -> Option<FriendRequest> {
    let sent = row.sender_id == account;
    Some(FriendRequest {
        id: row.id,
        direction: if sent { Direction::Outgoing } else { Direction::Incoming },
        user: users.get(&other(row, account))?.clone(),
        created_at: row.created_at,
    })
}
