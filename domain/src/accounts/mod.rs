//! Accounts: who people are. What they are to each other belongs to `friends`.

pub mod challenge;
mod confirmation;
mod deletion;
pub(crate) mod entity;
pub mod identities;
pub mod passwords;
pub mod profile;
mod reset;
pub mod sessions;
mod sign_up;

use std::collections::HashMap;

use protocol::{AccountId, PictureId, User, Username};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DerivePartialModel, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::{Ctx, Error, Result, Viewer, db::Tx, rows::padded, uploads};

pub use confirmation::confirm;
pub use deletion::delete;
pub(crate) use deletion::{has_left, leaving};
pub use reset::{change_password, request_reset, reset_password};
pub use sign_up::{create_admin, sign_up};

/// The viewer's own account.
///
/// # Errors
/// `NotFound` where it is gone.
pub async fn me(ctx: &Ctx, viewer: &Viewer) -> Result<User> {
    by_id(ctx.db.read(), viewer.account()).await
}

/// Whether nobody has ever lived in this house.
///
/// # Errors
/// As reading fails.
pub async fn is_empty(ctx: &Ctx) -> Result<bool> {
    Ok(entity::Entity::find().one(ctx.db.read()).await?.is_none())
}

/// A person by username.
///
/// # Errors
/// `NotFound` where nobody has it.
pub async fn by_username(ctx: &Ctx, username: &str) -> Result<User> {
    let Ok(username) = Username::parse(username) else { return Err(Error::NotFound) };
    let found = entity::Entity::find()
        .filter(entity::Column::Username.eq(username.as_str()))
        .filter(entity::Column::DeletedAt.is_null())
        .one(ctx.db.read())
        .await?;
    found.map(User::from).ok_or(Error::NotFound)
}

/// Somebody as they are shown. For delivery alone.
///
/// # Errors
/// `NotFound` where nobody has the id.
pub async fn show(ctx: &Ctx, id: AccountId) -> Result<User> {
    by_id(ctx.db.deliver(), id).await
}

pub(crate) async fn by_id(conn: &impl ConnectionTrait, id: AccountId) -> Result<User> {
    let found = entity::Entity::find_by_id(id).one(conn).await?;
    found.map(User::from).ok_or(Error::NotFound)
}

/// The people with these ids, in one query.
pub(crate) async fn by_ids(
    conn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = AccountId>,
) -> Result<HashMap<AccountId, User>> {
    let ids = padded(ids);
    let mut found = HashMap::with_capacity(ids.len());
    // A statement takes a bounded number of values.
    for some in ids.chunks(1_024) {
        let accounts: Vec<Named> = entity::Entity::find()
            .filter(entity::Column::Id.is_in(some.iter().copied()))
            .into_partial_model()
            .all(conn)
            .await?;
        found.extend(accounts.into_iter().map(|account| (account.id, account.into())));
    }
    Ok(found)
}

/// # Errors
/// `NotFound` where the account is gone.
pub(crate) async fn alive(conn: &impl ConnectionTrait, id: AccountId) -> Result<()> {
    let found = entity::Entity::find_by_id(id).one(conn).await?;
    match found.is_some_and(|account| account.deleted_at.is_none()) {
        true => Ok(()),
        false => Err(Error::NotFound),
    }
}

/// Whether somebody is one of the house's own people.
pub(crate) async fn is_staff(conn: &impl ConnectionTrait, id: AccountId) -> Result<bool> {
    let found = entity::Entity::find_by_id(id).one(conn).await?;
    Ok(found.is_some_and(|account| account.admin))
}

/// What of an account others see.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "entity::Entity")]
pub(crate) struct Named {
    pub id: AccountId,
    pub username: String,
    pub display_name: String,
    pub picture_id: Option<PictureId>,
}

impl From<Named> for User {
    fn from(Named { id, username, display_name, picture_id }: Named) -> Self {
        let avatar_url = picture_id.map(uploads::picture_url);
        Self { id, username, display_name, avatar_url, status: None, last_seen: None }
    }
}

/// Locks an account: its password and its sessions change one after the other.
///
/// # Errors
/// `NotFound` where it is gone.
pub(crate) async fn lock(tx: &Tx, id: AccountId) -> Result<entity::Model> {
    let found = entity::Entity::find_by_id(id).lock(tx.row_lock()).one(tx.conn()).await?;
    found.filter(|account| account.deleted_at.is_none()).ok_or(Error::NotFound)
}

/// Locks two accounts, in the order of their ids: what they are to each other changes one thing after
/// the other. What they say elsewhere waits for nothing.
///
/// # Errors
/// `NotFound` where one of them is gone.
pub(crate) async fn lock_pair(tx: &Tx, one: AccountId, other: AccountId) -> Result<()> {
    match hold_pair(tx, one, other).await? {
        true => Ok(()),
        false => Err(Error::NotFound),
    }
}

/// [`lock_pair`], also of who is gone: whether both are there.
pub(crate) async fn hold_pair(tx: &Tx, one: AccountId, other: AccountId) -> Result<bool> {
    let locked = entity::Entity::find()
        .filter(entity::Column::Id.is_in([one, other]))
        .order_by_asc(entity::Column::Id)
        .lock(tx.row_lock())
        .all(tx.conn())
        .await?;
    Ok(locked.iter().all(|account| account.deleted_at.is_none()))
}

/// Locks accounts in the order of their ids, whether they are there or not.
pub(crate) async fn hold(tx: &Tx, ids: impl IntoIterator<Item = AccountId>) -> Result<()> {
    let ids = padded(ids);
    if !ids.is_empty() {
        entity::Entity::find()
            .filter(entity::Column::Id.is_in(ids))
            .order_by_asc(entity::Column::Id)
            .lock(tx.row_lock())
            .all(tx.conn())
            .await?;
    }
    Ok(())
}

/// The two ids as one key, the same whichever comes first: what only one pair may have.
pub(crate) fn pair(one: AccountId, other: AccountId) -> Vec<u8> {
    let (low, high) = if one < other { (one, other) } else { (other, one) };
    [*low.0.as_bytes(), *high.0.as_bytes()].concat()
}
