//! Signing up: a new account, and the first session in it.

use protocol::{AccountId, User, accounts::SignUp};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, SqlErr};

use super::{entity, sessions};
use crate::{Ctx, Error, Result, db::Tx};

/// Makes an account and signs in to it: the person, and the token of the session.
///
/// # Errors
/// `Conflict` where the username, or the address, is taken.
pub async fn sign_up(
    ctx: &Ctx,
    form: SignUp,
    user_agent: Option<&str>,
) -> Result<(User, sessions::Token)> {
    let hash = ctx.hasher.hash(&form.password).await?;
    ctx.transact(async |tx| {
        let user = insert(tx, &form, hash, false).await?;
        let token = sessions::insert(tx, user.id, user_agent).await?;
        Ok((user, token))
    })
    .await
}

/// Makes an account that administers the house. Only the command line may.
///
/// # Errors
/// `Conflict` where the username, or the address, is taken.
pub async fn create_admin(ctx: &Ctx, form: SignUp) -> Result<User> {
    let hash = ctx.hasher.hash(&form.password).await?;
    ctx.transact(async |tx| insert(tx, &form, hash, true).await).await
}

async fn insert(tx: &mut Tx, form: &SignUp, password_hash: String, admin: bool) -> Result<User> {
    let username = form.username.as_str();
    if is_taken(tx, entity::Column::Username, username).await? {
        return Err(Error::Conflict("This username is taken."));
    }
    // Without a mail server an address counts at once, so that it can be taken. With one, only its
    // owner would be told, by mail.
    let email_key = form.email.as_ref().map(|email| email.as_str().to_lowercase());
    if let Some(key) = &email_key
        && is_taken(tx, entity::Column::EmailKey, key).await?
    {
        return Err(Error::Conflict("This e-mail address is in use."));
    }
    let display_name = form.display_name.as_ref().map_or(username, |name| name.as_str());
    let account = entity::ActiveModel {
        id: Set(tx.new_id(AccountId::new)),
        username: Set(username.to_owned()),
        display_name: Set(display_name.to_owned()),
        display_key: Set(display_name.to_lowercase()),
        email: Set(form.email.as_ref().map(|email| email.as_str().to_owned())),
        email_key: Set(email_key),
        password_hash: Set(password_hash),
        admin: Set(admin),
        created_at: Set(tx.now()),
    };
    let inserted = entity::Entity::insert(account).exec_with_returning(tx.conn()).await;
    inserted.map(User::from).map_err(|error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::Conflict("This username is taken."),
        _ => error.into(),
    })
}

async fn is_taken(tx: &Tx, column: entity::Column, value: &str) -> Result<bool> {
    let found = entity::Entity::find().filter(column.eq(value)).one(tx.conn()).await?;
    Ok(found.is_some())
}
