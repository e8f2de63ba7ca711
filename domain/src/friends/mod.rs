//! Friendship: how people stand to each other, and how that changes.

mod answer;
mod ask;
mod block;
mod entity;
mod everyone;
mod people;
mod relation;

use std::collections::HashMap;

use protocol::{
    AccountId, User,
    friends::{Direction, FriendRequest, FriendState, Step},
};
use sea_orm::{
    QueryOrder, QueryResult, QueryTrait as _, entity::prelude::*, sea_query::ExprTrait as _,
};

pub(crate) use answer::end_all;
pub use answer::{accept, decline, unfriend, withdraw};
pub use ask::{Asked, ask};
pub use block::{apart, block, blocked, unblock};
pub use everyone::{Everyone, everyone};
pub use people::{friends_of, profile, search};
pub(crate) use relation::are_friends;
pub use relation::state;

use crate::{
    Ctx, Error, Result, Viewer,
    accounts::{self, Named},
    db::statement,
    rows::padded,
};
pub(crate) use entity::request::Model as Row;
use entity::{friendship, request};

/// As many open requests as are shown.
const REQUESTS: u64 = 200;

/// The viewer's friends, by display name.
///
/// # Errors
/// As reading fails.
pub async fn list(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<User>> {
    friends(ctx, viewer.account()).await
}

/// Does something about a person; gives how the two stand to each other then.
///
/// # Errors
/// As the step itself; `Conflict` where it answers a request that is not open.
pub async fn step(ctx: &Ctx, viewer: &Viewer, username: &str, step: Step) -> Result<FriendState> {
    let other = accounts::by_username(ctx, username).await?.id;
    let me = viewer.account();
    let request = async || {
        let (_, open) = relation::between(ctx.db.read(), me, other).await?;
        open.map(|row| row.id).ok_or(Error::Conflict("This request is no longer open."))
    };
    match step {
        Step::Ask => drop(ask(ctx, viewer, username).await?),
        Step::Accept => accept(ctx, viewer, request().await?).await?,
        Step::Decline => decline(ctx, viewer, request().await?).await?,
        Step::Withdraw => withdraw(ctx, viewer, request().await?).await?,
        Step::Unfriend => unfriend(ctx, viewer, username).await?,
        Step::Block => block(ctx, viewer, username).await?,
        Step::Unblock => unblock(ctx, viewer, username).await?,
    }
    state(ctx, me, other).await
}

/// Of each of these accounts, who their friends are.
///
/// # Errors
/// As reading fails.
pub async fn of_each(
    ctx: &Ctx,
    accounts: &[AccountId],
) -> Result<HashMap<AccountId, Vec<AccountId>>> {
    let mut friends: HashMap<AccountId, Vec<AccountId>> = HashMap::new();
    for some in accounts.chunks(1_024) {
        let rows = friendship::Entity::find()
            .filter(friendship::Column::AccountId.is_in(padded(some.iter().copied())))
            .all(ctx.db.deliver())
            .await?;
        rows.into_iter()
            .for_each(|row| friends.entry(row.account_id).or_default().push(row.friend_id));
    }
    Ok(friends)
}

/// The ids of an account's friends.
pub(crate) async fn ids(conn: &impl ConnectionTrait, account: AccountId) -> Result<Vec<AccountId>> {
    let rows = friendship::Entity::find()
        .filter(friendship::Column::AccountId.eq(account))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.friend_id).collect())
}

/// Whom an account's friendships and open requests are with.
pub(crate) async fn acquainted(
    conn: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Vec<AccountId>> {
    let theirs = request::Column::SenderId.eq(account).or(request::Column::RecipientId.eq(account));
    let open = theirs.and(request::Column::State.eq(request::State::Open));
    let open = request::Entity::find().filter(open).all(conn).await?;
    let mut people = ids(conn, account).await?;
    people.extend(open.iter().map(|row| relation::other(row, account)));
    Ok(people)
}

async fn friends(ctx: &Ctx, account: AccountId) -> Result<Vec<User>> {
    let conn = ctx.db.read();
    let sql = "SELECT account.id, account.username, account.display_name, account.picture_id, \
               account.seen_shown, account.last_seen_at FROM friendship \
               JOIN account ON account.id = friendship.friend_id WHERE friendship.account_id = $1";
    let backend = conn.get_database_backend();
    let statement = statement(backend, sql, [account.into()]);
    let user = |row: &QueryResult| {
        let named = Named {
            id: row.try_get_by_index(0)?,
            username: row.try_get_by_index(1)?,
            display_name: row.try_get_by_index(2)?,
            picture_id: row.try_get_by_index(3)?,
        };
        let last_seen = match row.try_get_by_index(4)? {
            true => row.try_get_by_index(5)?,
            false => None,
        };
        Ok(User { last_seen, ..named.into() })
    };
    let rows = conn.query_all_raw(statement).await?;
    let mut users: Vec<User> = rows.iter().map(user).collect::<Result<_, sea_orm::DbErr>>()?;
    users.sort_by_cached_key(User::sort_key);
    Ok(users)
}

/// The viewer's open requests in one direction or both: the newest, at most 200.
///
/// # Errors
/// As reading fails.
pub async fn requests(
    ctx: &Ctx,
    viewer: &Viewer,
    direction: Option<Direction>,
) -> Result<Vec<FriendRequest>> {
    let me = viewer.account();
    let sent = request::Column::SenderId.eq(me);
    let received = request::Column::RecipientId.eq(me).and(request::Column::Hidden.eq(false));
    let mine = match direction {
        Some(Direction::Outgoing) => sent,
        Some(Direction::Incoming) => received,
        None => sent.or(received),
    };
    let conn = ctx.db.read();
    let mut statement = request::Entity::find()
        .filter(mine)
        .filter(request::Column::State.eq(request::State::Open))
        .order_by_desc(request::Column::CreatedAt)
        .order_by_desc(request::Column::Id)
        .build(conn.get_database_backend());
    // Not a parameter: SQLite plans a statement anew each time that its limit is bound.
    statement.sql.push_str(&format!(" LIMIT {REQUESTS}"));
    let rows = request::Entity::find().from_raw_sql(statement).all(conn).await?;
    let others = rows.iter().map(|row| relation::other(row, me));
    let users = accounts::by_ids(conn, others).await?;
    Ok(rows.iter().filter_map(|row| relation::shown(row, me, &users)).collect())
}
