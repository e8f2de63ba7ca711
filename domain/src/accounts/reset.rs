//! A forgotten password: a link by mail that works once, for half an hour.

use protocol::{AccountId, Email, Password, Timestamp, User};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{
    entity as account,
    sessions::{self, Token},
};
use crate::{Ctx, Error, Result};

/// How long a link works, in milliseconds.
const LIFETIME_MS: i64 = 30 * 60 * 1_000;

/// A letter to be sent: to whom, and the token that its link carries.
pub struct Letter {
    pub to: String,
    pub user: User,
    pub token: Token,
}

mod link {
    use super::{AccountId, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "password_reset")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub token_hash: Vec<u8>,
        pub account_id: AccountId,
        pub expires_at: Timestamp,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A letter for whoever has this confirmed address; `None` where nobody has, which the caller must
/// not tell. Earlier links stop working.
///
/// # Errors
/// As writing fails.
pub async fn request_reset(ctx: &Ctx, email: &Email) -> Result<Option<Letter>> {
    let found = account::Entity::find()
        .filter(account::Column::EmailKey.eq(email.as_str().to_lowercase()))
        .one(ctx.db.read())
        .await?;
    let Some((account, to)) = found.and_then(|account| Some((account.clone(), account.email?)))
    else {
        return Ok(None);
    };
    let token = Token::new();
    ctx.transact(async |tx| {
        forget(tx.conn(), account.id).await?;
        let row = link::ActiveModel {
            token_hash: Set(token.hash()),
            account_id: Set(account.id),
            expires_at: Set(tx.now().plus_ms(LIFETIME_MS)),
        };
        link::Entity::insert(row).exec_without_returning(tx.conn()).await?;
        Ok(())
    })
    .await?;
    Ok(Some(Letter { to, user: User::from(account), token }))
}

/// Sets a new password for whom the token was sent to, once; every session of theirs ends.
///
/// # Errors
/// `NotFound` where the link was never sent, was used, or is too old.
pub async fn reset_password(ctx: &Ctx, token: &str, password: &Password) -> Result<()> {
    let hash = Token::hash_of(token);
    // Read before the costly part, so that a guess costs nothing.
    account_of(ctx.db.read(), &hash, ctx.clock.now()).await?;
    let password_hash = ctx.hasher.hash(password).await?;
    ctx.transact(async |tx| {
        let id = account_of(tx.conn(), &hash, tx.now()).await?;
        super::lock(tx, id).await?;
        // Once: the same link may have been used while this waited.
        account_of(tx.conn(), &hash, tx.now()).await?;
        let changed = account::ActiveModel {
            id: Set(id),
            password_hash: Set(password_hash),
            ..Default::default()
        };
        account::Entity::update(changed).exec(tx.conn()).await?;
        forget(tx.conn(), id).await?;
        sessions::end_all(tx, id).await
    })
    .await
}

async fn account_of(
    conn: &impl ConnectionTrait,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<AccountId> {
    let found = link::Entity::find_by_id(token_hash.to_vec())
        .filter(link::Column::ExpiresAt.gt(now))
        .one(conn)
        .await?;
    found.map(|row| row.account_id).ok_or(Error::NotFound)
}

async fn forget(conn: &impl ConnectionTrait, account: AccountId) -> Result<()> {
    let theirs = link::Column::AccountId.eq(account);
    link::Entity::delete_many().filter(theirs).exec(conn).await?;
    Ok(())
}
