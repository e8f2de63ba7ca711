//! Friendship: how people stand to each other, and how that changes.

mod answer;
mod ask;
mod entity;
mod people;
mod relation;

use protocol::{
    AccountId, User,
    friends::{Direction, FriendRequest, FriendState, Step},
};
use sea_orm::{
    FromQueryResult as _, QueryOrder, QueryTrait as _, Statement, entity::prelude::*,
    sea_query::ExprTrait as _,
};

pub use answer::{accept, decline, unfriend, withdraw};
pub use ask::{Asked, ask};
pub use people::{friends_of, profile, search};
pub(crate) use relation::are_friends;
pub use relation::state;

use crate::{
    Ctx, Error, Result, Viewer,
    accounts::{self, Named},
};
use entity::request;

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
    }
    state(ctx, me, other).await
}

async fn friends(ctx: &Ctx, account: AccountId) -> Result<Vec<User>> {
    let conn = ctx.db.read();
    let sql = "SELECT account.id, account.username, account.display_name FROM friendship \
               JOIN account ON account.id = friendship.friend_id WHERE friendship.account_id = $1";
    let backend = conn.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [account.into()]);
    let friends = Named::find_by_statement(statement).all(conn).await?;
    let mut users: Vec<User> = friends.into_iter().map(User::from).collect();
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
    let (sent, received) = (request::Column::SenderId.eq(me), request::Column::RecipientId.eq(me));
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
