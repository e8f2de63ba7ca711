//! Signing up: a new account, and the first session in it.

use protocol::{AccountId, DisplayName, Email, User, Username, accounts::SignUp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, SqlErr, sea_query::ExprTrait as _,
};

use super::{
    challenge, confirmation, entity, passwords,
    sessions::{self, Device},
};
use crate::{
    Ctx, Error, Result,
    db::Tx,
    followers::{self, Fact},
    limits::Rule,
};

/// Makes an account and signs in to it: the person, and the token of the session.
///
/// # Errors
/// `Conflict` where the username is taken, or looks like one that is; where there is no mail server,
/// also where the address is. `Invalid` for a password that is guessed too easily, and where the
/// challenge is not met; `RateLimited` past what an address may; `Forbidden` where no passwords are
/// taken.
pub async fn sign_up(
    ctx: &Ctx,
    form: SignUp,
    device: Device<'_>,
) -> Result<(User, sessions::Token)> {
    passwords::are_taken(ctx)?;
    // What is refused for its password counts as a password, not as an account.
    ctx.limits().take_from(Rule::Strength, device.address).await?;
    passwords::judge(ctx, &form.password, &words(&form)).await?.accept()?;
    if ctx.challenges_bots && device.address.is_some() {
        challenge::take(ctx, form.challenge.as_ref())?;
    }
    ctx.limits().take_from(Rule::SignUp, device.address).await?;
    let hash = ctx.hasher.hash(&form.password).await?;
    let may_post = may_post(ctx, &form).await?;
    ctx.transact(async |tx| {
        let user = insert(tx, of(&form, hash, false)).await?;
        claim(tx, ctx, user.id, &form, may_post).await?;
        let token = sessions::insert(tx, user.id, device.user_agent).await?;
        Ok((user, token))
    })
    .await
}

/// Makes an account that administers the house. Only the command line may.
///
/// # Errors
/// As [`sign_up`].
pub async fn create_admin(ctx: &Ctx, form: SignUp) -> Result<User> {
    passwords::judge(ctx, &form.password, &words(&form)).await?.accept()?;
    let hash = ctx.hasher.hash(&form.password).await?;
    let may_post = may_post(ctx, &form).await?;
    ctx.transact(async |tx| {
        let user = insert(tx, of(&form, hash, true)).await?;
        claim(tx, ctx, user.id, &form, may_post).await?;
        followers::follow(tx, Fact::Administers(user.id)).await?;
        Ok(user)
    })
    .await
}

/// Whether a letter may go to the address that is given, if one is.
async fn may_post(ctx: &Ctx, form: &SignUp) -> Result<bool> {
    match &form.email {
        Some(email) => confirmation::expect(ctx, None, email.as_str()).await,
        None => Ok(false),
    }
}

/// What the person is called, which makes no password.
fn words(form: &SignUp) -> Vec<String> {
    let email = form.email.as_ref().map(|email| email.as_str());
    let name = form.display_name.as_ref().map(|name| name.as_str());
    let words = [Some(form.username.as_str()), email, name];
    words.into_iter().flatten().map(str::to_owned).collect()
}

/// What a username looks like: two with the same skeleton can be taken for each other.
fn skeleton(username: &str) -> String {
    unicode_security::skeleton(username).collect()
}

/// An account to be.
pub(super) struct New<'a> {
    pub username: &'a Username,
    pub display_name: Option<&'a DisplayName>,
    pub email: Option<&'a Email>,
    /// A PHC string; empty for none.
    pub password_hash: String,
    pub admin: bool,
}

fn of(form: &SignUp, password_hash: String, admin: bool) -> New<'_> {
    let (display_name, email) = (form.display_name.as_ref(), form.email.as_ref());
    New { username: &form.username, display_name, email, password_hash, admin }
}

/// Writes an account; its address does not count yet.
pub(super) async fn insert(tx: &mut Tx, new: New<'_>) -> Result<User> {
    let New { username, display_name, email, password_hash, admin } = new;
    let username = username.as_str();
    let looks = skeleton(username);
    let twin = entity::Column::Username.eq(username).or(entity::Column::Skeleton.eq(&looks));
    if let Some(twin) = entity::Entity::find().filter(twin).one(tx.conn()).await? {
        return Err(Error::Conflict(match twin.username == username {
            true => "This username is taken.",
            false => "This username looks like one that is taken.",
        }));
    }
    let display_name = display_name.map_or(username, DisplayName::as_str);
    let id = tx.new_id(AccountId::new);
    let account = entity::ActiveModel {
        id: Set(id),
        username: Set(username.to_owned()),
        display_name: Set(display_name.to_owned()),
        display_key: Set(display_name.to_lowercase()),
        email: Set(email.map(|email| email.as_str().to_owned())),
        email_key: Set(None),
        password_hash: Set(password_hash),
        admin: Set(admin),
        skeleton: Set(Some(looks)),
        email_shown: Set(false),
        seen_shown: Set(true),
        invisible: Set(false),
        picture_id: Set(None),
        last_seen_at: Set(None),
        deleted_at: Set(None),
        forgetting: Set(false),
        leaving: Set(false),
        notified_seq: Set(0),
        created_at: Set(tx.now()),
    };
    let inserted = entity::Entity::insert(account).exec_with_returning(tx.conn()).await;
    let account = inserted.map_err(|error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::Conflict("This username is taken."),
        _ => error.into(),
    })?;
    Ok(User::from(account))
}

/// Asks whether the address that is given is theirs, or takes their word for it.
async fn claim(tx: &mut Tx, ctx: &Ctx, id: AccountId, form: &SignUp, may_post: bool) -> Result<()> {
    if let Some(email) = &form.email
        && let confirmation::Claimed::Counts(key) =
            confirmation::claim(tx, ctx, id, email, may_post).await?
    {
        confirmation::count(tx, id, key).await?;
    }
    Ok(())
}
