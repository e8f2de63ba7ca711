//! Signing in by an identity provider: an account is found by what the provider calls somebody (`iss`
//! and `sub`), and by nothing else. No name and no address leads to somebody else's account.

use protocol::{AccountId, DisplayName, Email, Timestamp, User, Username};
use sea_orm::{ActiveValue::Set, SqlErr, entity::prelude::*};
use serde::{Deserialize, Serialize};

use super::{
    challenge, confirmation,
    sessions::{self, Device, Token},
    sign_up::{self, New},
};
use crate::{
    Ctx, Error, Result, Viewer, clock,
    db::Tx,
    limits::{self, Rule},
    mail,
};

/// How long somebody may take to choose a name, in milliseconds.
const CHOOSES_MS: i64 = 15 * 60 * 1_000;
/// As long names of a provider's are kept.
const LONGEST: usize = 255;

mod row {
    use super::{AccountId, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, PartialEq, Eq, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "identity")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub issuer: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub subject: String,
        pub account_id: AccountId,
        pub linked_at: Timestamp,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Who somebody is by a provider whose word was checked, and what it calls them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub issuer: String,
    pub subject: String,
    /// What they are called there: a suggestion, and no more.
    pub username: Option<String>,
    pub display_name: Option<String>,
    /// An address that the provider says it has checked.
    pub email: Option<String>,
    /// When they last showed the provider who they are, where it says so: a provider lets in whoever sits
    /// at a browser that it knows.
    #[serde(default)]
    pub authenticated_at: Option<Timestamp>,
}

impl Identity {
    /// The same without what is too long to be anybody's: a browser has to keep it.
    pub fn cut(self) -> Self {
        let fits = |most: usize| move |text: &String| text.len() <= most;
        Self {
            username: self.username.filter(fits(64)),
            display_name: self.display_name.filter(fits(128)),
            email: self.email.filter(fits(254)),
            ..self
        }
    }

    /// A username that may suit, whoever has it.
    pub fn suggested(&self) -> String {
        let email = self.email.as_deref().and_then(|email| email.split('@').next());
        let names = [self.username.as_deref(), email, self.display_name.as_deref()];
        let letters = |name: &str| -> String {
            let kept = name.chars().map(|c| if c.is_whitespace() { '-' } else { c });
            let kept = kept.flat_map(char::to_lowercase);
            kept.filter(|c| c.is_alphanumeric() || "-_.".contains(*c)).take(32).collect()
        };
        let fits = |name: &String| Username::parse(name).is_ok();
        names.into_iter().flatten().map(letters).find(fits).unwrap_or_default()
    }

    fn check(&self) -> Result<()> {
        let fits = |text: &str| (1..=LONGEST).contains(&text.len()) && !text.contains('\0');
        match fits(&self.issuer) && fits(&self.subject) {
            true => Ok(()),
            false => Err(Error::Forbidden("The provider names you in a way that cannot be kept.")),
        }
    }
}

/// Who comes back from the provider.
pub enum Arrived {
    /// Somebody who has an account, and the token of a new session.
    Known(User, Token),
    /// Somebody who has none: their identity, sealed until they have chosen a name.
    New(String),
}

/// Counts that the provider is about to be asked for who comes from an address: on the way to it, and back.
/// Not with passwords, which nobody gets more tries at by signing in elsewhere.
///
/// # Errors
/// `RateLimited` past what an address may.
pub async fn expect(ctx: &Ctx, device: Device<'_>) -> Result<()> {
    ctx.limits().take(Rule::Provider, network_of(ctx, device)).await
}

/// As [`sessions::sign_in`] counts.
fn network_of(ctx: &Ctx, device: Device<'_>) -> limits::Key {
    ctx.limits().key(device.address.map(limits::network))
}

/// Takes in whom the provider names: what was counted for them on the way does not count.
///
/// # Errors
/// As [`sign_in`].
pub async fn arrive(ctx: &Ctx, identity: &Identity, device: Device<'_>) -> Result<Arrived> {
    for _ in 0..2 {
        ctx.limits().give_back(Rule::Provider, network_of(ctx, device)).await;
    }
    Ok(match sign_in(ctx, identity, device).await? {
        Some((user, token)) => Arrived::Known(user, token),
        None => Arrived::New(seal(ctx, identity)?),
    })
}

/// Signs in whom the provider names: the person, and the token of a new session; `None` where nobody
/// here is called so.
///
/// # Errors
/// As reading and writing fails.
pub async fn sign_in(
    ctx: &Ctx,
    identity: &Identity,
    device: Device<'_>,
) -> Result<Option<(User, Token)>> {
    identity.check()?;
    ctx.transact(async |tx| {
        let Some(known) = find(tx, identity).await? else { return Ok(None) };
        let account = super::lock(tx, known.account_id).await?;
        let since = identity.authenticated_at.unwrap_or(tx.now());
        let token = sessions::insert_since(tx, account.id, device.user_agent, since).await?;
        Ok(Some((User::from(account), token)))
    })
    .await
}

async fn find(tx: &Tx, identity: &Identity) -> Result<Option<row::Model>> {
    let key = (identity.issuer.clone(), identity.subject.clone());
    let row = row::Entity::find_by_id(key).one(tx.conn()).await?;
    // MySQL takes `mara` and `mara ` for the same.
    let is_theirs =
        |row: &row::Model| row.issuer == identity.issuer && row.subject == identity.subject;
    Ok(row.filter(is_theirs))
}

/// Makes an account for whom the provider names, who chose this username, and signs in to it. It has no
/// password.
///
/// # Errors
/// `Conflict` where the username is taken, or looks like one that is, and where somebody has the
/// identity; `RateLimited` past what an address may.
pub async fn sign_up(
    ctx: &Ctx,
    identity: &Identity,
    username: &Username,
    device: Device<'_>,
) -> Result<(User, Token)> {
    identity.check()?;
    ctx.limits().take_from(Rule::SignUp, device.address).await?;
    let display_name = identity.display_name.as_deref().map(DisplayName::parse);
    let display_name = display_name.and_then(Result::ok);
    let email = identity.email.as_deref().map(Email::parse).and_then(Result::ok);
    ctx.transact(async |tx| {
        let new = New {
            username,
            display_name: display_name.as_ref(),
            email: email.as_ref(),
            password_hash: String::new(),
            admin: false,
        };
        let user = sign_up::insert(tx, new).await?;
        if let Some(email) = &email {
            // The provider has checked it. Whose it is already it stays.
            confirmation::trust(tx, user.id, email).await?;
        }
        insert(tx, identity, user.id).await?;
        let since = identity.authenticated_at.unwrap_or(tx.now());
        let token = sessions::insert_since(tx, user.id, device.user_agent, since).await?;
        Ok((user, token))
    })
    .await
}

async fn insert(tx: &Tx, identity: &Identity, account: AccountId) -> Result<()> {
    let new = row::ActiveModel {
        issuer: Set(identity.issuer.clone()),
        subject: Set(identity.subject.clone()),
        account_id: Set(account),
        linked_at: Set(tx.now()),
    };
    let inserted = row::Entity::insert(new).exec_without_returning(tx.conn()).await;
    inserted.map(drop).map_err(|error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => {
            Error::Conflict("This is how somebody else here signs in.")
        }
        _ => error.into(),
    })
}

/// Whoever finds a page open does not change how its owner signs in.
async fn is_theirs(ctx: &Ctx, viewer: &Viewer) -> Result<()> {
    match sessions::is_fresh(ctx, viewer).await? {
        true => Ok(()),
        false => Err(Error::Forbidden("Sign in again, then do this at once.")),
    }
}

/// Lets the viewer sign in as the provider names them, from here on. Their address is told.
///
/// # Errors
/// `Conflict` where somebody else does, or where they sign in by the same provider otherwise;
/// `Forbidden` where they signed in more than a moment ago.
pub async fn link(ctx: &Ctx, viewer: &Viewer, identity: &Identity) -> Result<()> {
    identity.check()?;
    is_theirs(ctx, viewer).await?;
    ctx.transact_as(viewer, async |tx| {
        let account = super::lock(tx, viewer.account()).await?;
        match find(tx, identity).await? {
            Some(known) if known.account_id == viewer.account() => return Ok(()),
            Some(_) => return Err(Error::Conflict("This is how somebody else here signs in.")),
            None => {}
        }
        if of_issuer(tx.conn(), viewer.account(), &identity.issuer).await?.is_some() {
            return Err(Error::Conflict("You sign in there under another name already."));
        }
        if ctx.sends_mail && account.email_key.is_some() {
            let to = account.email.unwrap_or_default();
            let body = format!(
                "Hello {},\n\nfrom now on one signs in to your account @{} at {} with {}, too. If \
                 that was not you, set a new password at {}/forgotten, which ends it.\n",
                account.display_name,
                account.username,
                ctx.address(),
                identity.issuer,
                ctx.address(),
            );
            mail::post(tx, &to, "Another way to sign in to Kith", body).await?;
        }
        insert(tx, identity, viewer.account()).await
    })
    .await
}

async fn of_issuer(
    conn: &impl ConnectionTrait,
    account: AccountId,
    issuer: &str,
) -> Result<Option<row::Model>> {
    let found = row::Entity::find()
        .filter(row::Column::AccountId.eq(account))
        .filter(row::Column::Issuer.eq(issuer))
        .one(conn)
        .await?;
    Ok(found)
}

/// Whether the viewer signs in by this provider.
///
/// # Errors
/// As reading fails.
pub async fn is_linked(ctx: &Ctx, viewer: &Viewer, issuer: &str) -> Result<bool> {
    Ok(of_issuer(ctx.db.read(), viewer.account(), issuer).await?.is_some())
}

/// The viewer signs in by this provider no more.
///
/// # Errors
/// `Conflict` where they have no password to sign in with instead; `Forbidden` where they signed in
/// more than a moment ago.
pub async fn unlink(ctx: &Ctx, viewer: &Viewer, issuer: &str) -> Result<()> {
    is_theirs(ctx, viewer).await?;
    ctx.transact_as(viewer, async |tx| {
        let account = super::lock(tx, viewer.account()).await?;
        if !ctx.takes_passwords {
            return Err(Error::Conflict("There is no other way to sign in here."));
        }
        if !account.has_password() {
            return Err(Error::Conflict("You have no other way to sign in. Set a password first."));
        }
        row::Entity::delete_many()
            .filter(row::Column::AccountId.eq(viewer.account()))
            .filter(row::Column::Issuer.eq(issuer))
            .exec(tx.conn())
            .await?;
        Ok(())
    })
    .await
}

/// What providers call the viewer: the issuer, and the name there.
///
/// # Errors
/// As reading fails.
pub async fn list(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<(String, String)>> {
    let theirs = row::Column::AccountId.eq(viewer.account());
    let found = row::Entity::find().filter(theirs).all(ctx.db.read()).await?;
    Ok(found.into_iter().map(|row| (row.issuer, row.subject)).collect())
}

/// Nobody is called anything for this account any more.
pub(super) async fn forget(tx: &Tx, account: AccountId) -> Result<()> {
    let theirs = row::Column::AccountId.eq(account);
    row::Entity::delete_many().filter(theirs).exec(tx.conn()).await?;
    Ok(())
}

/// The same, for who keeps it until they have chosen a name: nobody can change it on the way.
///
/// # Errors
/// `Internal`, which never happens.
pub fn seal(ctx: &Ctx, identity: &Identity) -> Result<String> {
    let json = serde_json::to_vec(&(ctx.clock.now(), identity)).map_err(Error::internal)?;
    let said = clock::hex(&json);
    let seal = challenge::seal(ctx, &format!("identity:{said}"));
    Ok(format!("{said}.{seal}"))
}

/// What [`seal`] sealed; `None` where it is too old, or somebody else's work.
pub fn unseal(ctx: &Ctx, text: &str) -> Option<Identity> {
    let (said, seal) = text.split_once('.')?;
    if challenge::seal(ctx, &format!("identity:{said}")) != seal {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(said.get(2 * at..2 * at + 2)?, 16).ok();
    let json: Vec<u8> = (0..said.len() / 2).map(byte).collect::<Option<_>>()?;
    let (at, identity): (Timestamp, Identity) = serde_json::from_slice(&json).ok()?;
    let age = ctx.clock.now().0 - at.0;
    (0..CHOOSES_MS).contains(&age).then_some(identity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_suggested_that_could_be_one() {
        let identity = |username: &str, email: &str, name: &str| Identity {
            issuer: "https://id.example".into(),
            subject: "1".into(),
            username: Some(username.into()),
            display_name: Some(name.into()),
            email: Some(email.into()),
            authenticated_at: None,
        };
        assert_eq!(identity("Mara.L", "x@example.org", "").suggested(), "mara.l");
        assert_eq!(identity("", "theo@example.org", "Theo").suggested(), "theo");
        assert_eq!(identity("💐", "@", "Sol Ray").suggested(), "sol-ray");
        assert_eq!(identity("", "", "").suggested(), "");
    }
}
