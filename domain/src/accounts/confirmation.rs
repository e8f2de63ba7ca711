//! An e-mail address counts once its owner has followed a link. That it is in use already is told to
//! its owner alone, by mail.

use protocol::{AccountId, Email, Timestamp};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{entity as account, sessions::Token};
use crate::{Ctx, Error, Result, db::Tx, limits::Rule, mail};

/// How long a link works, in milliseconds.
const LIFETIME_MS: i64 = 24 * 60 * 60 * 1_000;

mod link {
    use super::{AccountId, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, PartialEq, Eq, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "confirmation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub token_hash: Vec<u8>,
        pub account_id: AccountId,
        pub email: String,
        pub expires_at: Timestamp,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What becomes of an address that somebody says is theirs.
pub(super) enum Claimed {
    /// It counts at once: there is no mail server to ask its owner by.
    Counts(String),
    /// A letter asks.
    Asked,
}

/// Whether a letter may go to an address that somebody says is theirs: counted before anything is
/// changed, since what changes it may be done twice.
///
/// # Errors
/// `RateLimited` for who has letters sent to one address after the other.
pub(super) async fn expect(ctx: &Ctx, asker: Option<AccountId>, email: &str) -> Result<bool> {
    if !ctx.sends_mail {
        return Ok(false);
    }
    let key = email.to_lowercase();
    if let Some(id) = asker {
        let row = account::Entity::find_by_id(id).one(ctx.db.read()).await?;
        if row.is_some_and(|row| row.email_key.as_deref() == Some(&key)) {
            return Ok(false);
        }
        ctx.limits().take_for(Rule::Claim, id).await?;
    }
    // Whoever asks: nobody is mailed for ever. That it was asked before is told to nobody.
    Ok(ctx.limits().take(Rule::Letter, ctx.limits().key(("claim", &key))).await.is_ok())
}

/// What is to be stored of an address: with a mail server nothing counts before it is confirmed.
/// `may_post` as [`expect`] has it.
///
/// # Errors
/// `Conflict` where it is somebody else's, and there is no mail server.
pub(super) async fn claim(
    tx: &mut Tx,
    ctx: &Ctx,
    id: AccountId,
    email: &Email,
    may_post: bool,
) -> Result<Claimed> {
    let key = email.as_str().to_lowercase();
    let owner = owner(tx, &key).await?.filter(|owner| owner.id != id);
    if !ctx.sends_mail {
        return match owner {
            Some(_) => Err(Error::Conflict("This e-mail address is in use.")),
            None => Ok(Claimed::Counts(key)),
        };
    }
    forget(tx, id).await?;
    if !may_post {
        return Ok(Claimed::Asked);
    }
    let house = ctx.address();
    if let Some(owner) = owner {
        let body = format!(
            "Hello {},\n\nsomebody wanted to use this address for another account at {house}. It \
             is yours, and stays with your account @{}. If that was you: sign in, or set a new \
             password at {house}/forgotten\n",
            owner.display_name, owner.username
        );
        let to = owner.email.as_deref().unwrap_or(email.as_str());
        mail::post(tx, to, "Your address is in use already", body).await?;
        return Ok(Claimed::Asked);
    }
    let token = Token::new();
    let row = link::ActiveModel {
        token_hash: Set(token.hash()),
        account_id: Set(id),
        email: Set(email.as_str().to_owned()),
        expires_at: Set(tx.now().plus_ms(LIFETIME_MS)),
    };
    link::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    let body = format!(
        "Hello,\n\nsomebody says at {house} that this address is theirs. Is it yours, and was that you? Then follow this link within a day, and it \
         counts:\n{house}/confirm/{}\n\nIf you know nothing of this, you need do nothing.\n",
        token.as_str()
    );
    mail::post(tx, email.as_str(), "Is this address yours?", body).await?;
    Ok(Claimed::Asked)
}

/// From here on the address counts.
pub(super) async fn count(tx: &Tx, id: AccountId, key: String) -> Result<()> {
    let counts =
        account::ActiveModel { id: Set(id), email_key: Set(Some(key)), ..Default::default() };
    account::Entity::update(counts).exec(tx.conn()).await?;
    Ok(())
}

/// The address counts at once, since somebody else has checked it; not where it is another's.
pub(super) async fn trust(tx: &Tx, id: AccountId, email: &Email) -> Result<()> {
    let key = email.as_str().to_lowercase();
    match owner(tx, &key).await? {
        None => count(tx, id, key).await,
        Some(_) => {
            let none = account::ActiveModel { id: Set(id), email: Set(None), ..Default::default() };
            account::Entity::update(none).exec(tx.conn()).await?;
            Ok(())
        }
    }
}

/// Follows a link: from here on the address counts. Once more, nothing changes.
///
/// # Errors
/// `NotFound` where the link was never sent, or is too old; `Conflict` where somebody else's address
/// it has become.
pub async fn confirm(ctx: &Ctx, token: &str) -> Result<()> {
    let hash = Token::hash_of(token);
    ctx.transact(async |tx| {
        let id = asked(tx, &hash).await?.account_id;
        super::lock(tx, id).await?;
        // It may have been asked for anew while this waited.
        let link = asked(tx, &hash).await?;
        let key = link.email.to_lowercase();
        match owner(tx, &key).await? {
            Some(owner) if owner.id == link.account_id => return Ok(()),
            Some(_) => return Err(Error::Conflict("This e-mail address is in use.")),
            None => {}
        }
        let counts = account::ActiveModel {
            id: Set(link.account_id),
            email: Set(Some(link.email)),
            email_key: Set(Some(key)),
            ..Default::default()
        };
        // A link that went to the address before leads nowhere.
        super::reset::forget(tx.conn(), link.account_id).await?;
        let updated = account::Entity::update(counts).exec(tx.conn()).await.map_err(Error::from);
        match updated {
            Err(error) if error.is_taken() => {
                Err(Error::Conflict("This e-mail address is in use."))
            }
            updated => updated.map(drop),
        }
    })
    .await
}

async fn asked(tx: &Tx, hash: &[u8]) -> Result<link::Model> {
    let found = link::Entity::find_by_id(hash.to_vec())
        .filter(link::Column::ExpiresAt.gt(tx.now()))
        .one(tx.conn())
        .await?;
    found.ok_or(Error::NotFound)
}

/// Links that were sent stop working.
pub(super) async fn forget(tx: &Tx, id: AccountId) -> Result<()> {
    let theirs = link::Column::AccountId.eq(id);
    link::Entity::delete_many().filter(theirs).exec(tx.conn()).await?;
    Ok(())
}

async fn owner(tx: &Tx, key: &str) -> Result<Option<account::Model>> {
    let column = account::Column::EmailKey;
    Ok(account::Entity::find().filter(column.eq(key)).one(tx.conn()).await?)
}
