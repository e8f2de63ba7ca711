//! Setting a new password: by the old one, or, where that is forgotten, by a link that comes by mail
//! and works once, for half an hour.

use std::net::IpAddr;

use protocol::{AccountId, Email, Password, Timestamp};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{
    entity as account, identities, passwords,
    sessions::{self, Token},
};
use crate::{Ctx, Error, Result, Viewer, db::Tx, limits::Rule, mail};

/// How long a link works, in milliseconds.
const LIFETIME_MS: i64 = 30 * 60 * 1_000;

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

/// Posts a letter to whoever has this confirmed address. The answer is the same where nobody has, and
/// comes before anybody looked. Earlier links stop working.
///
/// # Errors
/// `RateLimited` past what an address of the network may ask for.
pub async fn request_reset(ctx: &Ctx, email: Email, address: Option<IpAddr>) -> Result<()> {
    passwords::are_taken(ctx)?;
    ctx.limits().take_from(Rule::Reset, address).await?;
    let ctx = ctx.clone();
    tokio::spawn(async move {
        if let Err(error) = post_link(&ctx, &email).await {
            tracing::error!(%error, "a reset could not be asked for");
        }
    });
    Ok(())
}

async fn post_link(ctx: &Ctx, email: &Email) -> Result<()> {
    let key = email.as_str().to_lowercase();
    let counted = ctx.limits().key(("reset", &key));
    if key.contains('\0') || ctx.limits().take(Rule::Letter, counted).await.is_err() {
        return Ok(());
    }
    let found = account::Entity::find()
        .filter(account::Column::EmailKey.eq(key))
        .one(ctx.db.read())
        .await?;
    let Some((account, to)) = found.and_then(|account| Some((account.clone(), account.email?)))
    else {
        return Ok(());
    };
    let token = Token::new();
    ctx.transact(async |tx| {
        super::lock(tx, account.id).await?;
        forget(tx.conn(), account.id).await?;
        let row = link::ActiveModel {
            token_hash: Set(token.hash()),
            account_id: Set(account.id),
            expires_at: Set(tx.now().plus_ms(LIFETIME_MS)),
        };
        link::Entity::insert(row).exec_without_returning(tx.conn()).await?;
        let body = format!(
            "Hello {},\n\nset a new password here, within half an hour:\n{}/reset/{}\n\nIf you \
             did not ask for this, you need do nothing.\n",
            account.display_name,
            ctx.address(),
            token.as_str()
        );
        mail::post(tx, &to, "A new password for Kith", body).await
    })
    .await
}

/// Sets another password for the viewer, who knows the present one, if there is one. Every other session of theirs
/// ends.
///
/// # Errors
/// `Invalid` for a wrong password, and for a new one that is guessed too easily; `RateLimited` after
/// some wrong ones.
pub async fn change_password(
    ctx: &Ctx,
    viewer: &Viewer,
    current: Option<&Password>,
    new: &Password,
) -> Result<()> {
    let id = viewer.account();
    passwords::are_taken(ctx)?;
    ctx.limits().take_for(Rule::Password, id).await?;
    let known = passwords::confirm(ctx, viewer, current).await?;
    ctx.limits().give_back(Rule::Password, ctx.limits().key(id)).await;
    passwords::judge(ctx, new, &words(ctx, id).await?).await?.accept()?;
    let password_hash = ctx.hasher.hash(new).await?;
    ctx.transact_as(viewer, async |tx| {
        // It may have been set anew in the meantime.
        if super::lock(tx, id).await?.password_hash != known {
            return Err(passwords::wrong());
        }
        set(tx, id, password_hash).await?;
        sessions::end_others(tx, viewer).await
    })
    .await
}

async fn set(tx: &Tx, id: AccountId, password_hash: String) -> Result<()> {
    let changed = account::ActiveModel {
        id: Set(id),
        password_hash: Set(password_hash),
        ..Default::default()
    };
    account::Entity::update(changed).exec(tx.conn()).await?;
    // Whoever knew the password before may have asked for another address to count.
    super::confirmation::forget(tx, id).await?;
    forget(tx.conn(), id).await
}

/// What the person is called, which makes no password.
async fn words(ctx: &Ctx, id: AccountId) -> Result<Vec<String>> {
    let row = account::Entity::find_by_id(id).one(ctx.db.read()).await?.ok_or(Error::NotFound)?;
    Ok([Some(row.username), Some(row.display_name), row.email].into_iter().flatten().collect())
}

/// Sets a new password for whom the token was sent to, once; every session of theirs ends, and every
/// other way to sign in.
///
/// # Errors
/// `NotFound` where the link was never sent, was used, or is too old; `Forbidden` where no passwords
/// are taken.
pub async fn reset_password(ctx: &Ctx, token: &str, password: &Password) -> Result<()> {
    passwords::are_taken(ctx)?;
    let hash = Token::hash_of(token);
    // Read before the costly part, so that a guess costs nothing.
    let id = account_of(ctx.db.read(), &hash, ctx.clock.now()).await?;
    passwords::judge(ctx, password, &words(ctx, id).await?).await?.accept()?;
    let password_hash = ctx.hasher.hash(password).await?;
    ctx.transact(async |tx| {
        let id = account_of(tx.conn(), &hash, tx.now()).await?;
        super::lock(tx, id).await?;
        // Once: the same link may have been used while this waited.
        account_of(tx.conn(), &hash, tx.now()).await?;
        set(tx, id, password_hash).await?;
        // Perhaps somebody else has linked theirs.
        identities::forget(tx, id).await?;
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

pub(super) async fn forget(conn: &impl ConnectionTrait, account: AccountId) -> Result<()> {
    let theirs = link::Column::AccountId.eq(account);
    link::Entity::delete_many().filter(theirs).exec(conn).await?;
    Ok(())
}
