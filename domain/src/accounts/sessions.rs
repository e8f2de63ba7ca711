//! Sessions: the devices signed in to an account. Their tokens are stored hashed; [`authenticate`]
//! is the only way to get a [`Viewer`].

use std::net::IpAddr;

use protocol::{AccountId, SessionId, Timestamp, User, accounts::Session, accounts::SignIn};
use sea_orm::{
    ActiveValue::Set, FromQueryResult, QueryOrder, QuerySelect, entity::prelude::*,
    sea_query::ExprTrait as _,
};
use sha2::{Digest, Sha256};

use super::{entity as account, passwords};
use crate::{
    Ctx, Error, Result,
    bus::Change,
    clock,
    db::Tx,
    db::statement,
    limits::{self, Rule},
};

/// A session that is not used for this long ends.
pub const LIFETIME_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// As many devices an account has at most; the one that was here longest ago makes room.
const MOST: u64 = 100;
/// Who signed in this short a time ago is taken to be who they were then.
const FRESH_MS: i64 = 10 * 60 * 1_000;
/// How exactly `last_seen_at` is kept: a write an hour, not one a request.
const SEEN_EVERY_MS: i64 = 60 * 60 * 1_000;

/// What a signed-in client shows: 64 hexadecimal digits. Never stored, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn new() -> Self {
        Self(clock::secret::<32>())
    }

    /// What of it is stored.
    pub(super) fn hash(&self) -> Vec<u8> {
        Self::hash_of(&self.0)
    }

    pub(super) fn hash_of(text: &str) -> Vec<u8> {
        Sha256::digest(text.as_bytes()).to_vec()
    }
}

/// Who asks: somebody signed in. A proof, made by [`authenticate`] alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Viewer {
    account: AccountId,
    session: SessionId,
    expires_at: Timestamp,
}

impl Viewer {
    pub fn account(&self) -> AccountId {
        self.account
    }

    pub fn session(&self) -> SessionId {
        self.session
    }

    /// When the session ends if it is not used again.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

mod session {
    use protocol::{AccountId, SessionId, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "session")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: SessionId,
        pub account_id: AccountId,
        pub token_hash: Vec<u8>,
        pub user_agent: Option<String>,
        pub created_at: Timestamp,
        pub last_seen_at: Timestamp,
        pub expires_at: Timestamp,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// From where somebody signs up or in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Device<'a> {
    /// What the browser calls itself.
    pub user_agent: Option<&'a str>,
    /// `None` for the command line, to which no limits apply.
    pub address: Option<IpAddr>,
}

/// Signs in: the person, and the token of a new session.
///
/// # Errors
/// `Unauthenticated`, the same for every cause, after the same time; `RateLimited` after some that
/// failed; `Forbidden` where no passwords are taken.
pub async fn sign_in(ctx: &Ctx, form: SignIn, device: Device<'_>) -> Result<(User, Token)> {
    passwords::are_taken(ctx)?;
    let login = form.login.as_str().to_lowercase();
    // Counted before it is known how it ends, so that many at once are counted too.
    let limits = ctx.limits();
    let network = device.address.map(limits::network);
    let counted =
        [(Rule::SignInAddress, limits.key(network)), (Rule::SignIn, limits.key((&login, network)))];
    if device.address.is_some() {
        for (rule, key) in counted {
            limits.take(rule, key).await?;
        }
    }
    let signed_in = check(ctx, &login, &form, device).await;
    if !matches!(signed_in, Err(Error::Unauthenticated(_))) && device.address.is_some() {
        for (rule, key) in counted {
            limits.give_back(rule, key).await;
        }
    }
    signed_in
}

async fn check(ctx: &Ctx, login: &str, form: &SignIn, device: Device<'_>) -> Result<(User, Token)> {
    let column =
        if login.contains('@') { account::Column::EmailKey } else { account::Column::Username };
    // Nobody's name or address has a NUL, and PostgreSQL does not take one.
    let found = match login.contains('\0') {
        true => None,
        false => {
            account::Entity::find()
                .filter(column.eq(login))
                .filter(account::Column::DeletedAt.is_null())
                .one(ctx.db.read())
                .await?
        }
    };
    let known = found.as_ref().filter(|account| account.has_password());
    let hash = known.map(|account| account.password_hash.clone());
    let right = ctx.hasher.verify(&form.password, hash).await?;
    let Some(account) = found.filter(|_| right) else {
        return Err(wrong());
    };
    let token = ctx.transact(async |tx| {
        // It may have been set anew in the meantime, which ends what was signed in before.
        if super::lock(tx, account.id).await?.password_hash != account.password_hash {
            return Err(wrong());
        }
        insert(tx, account.id, device.user_agent).await
    });
    let token = token.await?;
    Ok((User::from(account), token))
}

/// What everyone hears who did not get in, whatever the cause.
pub fn wrong() -> Error {
    Error::Unauthenticated("That name and password do not go together.")
}

/// What of a session its token shows.
#[derive(Clone, Debug, FromQueryResult)]
struct Shown {
    id: SessionId,
    account_id: AccountId,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
}

/// Who shows this token.
///
/// # Errors
/// `Unauthenticated` where no session has it, or its time is over.
pub async fn authenticate(ctx: &Ctx, token: &str) -> Result<Viewer> {
    let refused = Error::signed_out();
    if token.len() != 64 {
        return Err(refused);
    }
    let now = ctx.clock.now();
    let sql = "SELECT id, account_id, last_seen_at, expires_at FROM session WHERE token_hash = $1";
    let conn = ctx.db.read();
    let values = [Token::hash_of(token).into()];
    let statement = statement(conn.get_database_backend(), sql, values);
    let found = Shown::find_by_statement(statement).one(conn).await?;
    let Some(found) = found.filter(|found| found.expires_at > now) else { return Err(refused) };
    let viewer =
        Viewer { account: found.account_id, session: found.id, expires_at: found.expires_at };
    if now.0 - found.last_seen_at.0 < SEEN_EVERY_MS {
        return Ok(viewer);
    }
    let expires_at = now.plus_ms(LIFETIME_MS);
    ctx.transact(async |tx| {
        session::Entity::update_many()
            .col_expr(session::Column::LastSeenAt, Expr::value(now))
            .col_expr(session::Column::ExpiresAt, Expr::value(expires_at))
            .filter(session::Column::Id.eq(found.id))
            .exec(tx.conn())
            .await?;
        Ok(())
    })
    .await?;
    Ok(Viewer { expires_at, ..viewer })
}

/// Whether the session that made this viewer still is one.
///
/// # Errors
/// As reading fails.
pub async fn still(ctx: &Ctx, viewer: &Viewer) -> Result<bool> {
    let found = session::Entity::find_by_id(viewer.session)
        .filter(session::Column::ExpiresAt.gt(ctx.clock.now()))
        .one(ctx.db.read())
        .await?;
    Ok(found.is_some())
}

/// Whether the viewer has signed in a moment ago.
pub(super) async fn is_fresh(ctx: &Ctx, viewer: &Viewer) -> Result<bool> {
    let found = session::Entity::find_by_id(viewer.session).one(ctx.db.read()).await?;
    Ok(found.is_some_and(|session| ctx.clock.now().0 - session.created_at.0 < FRESH_MS))
}

/// The devices of the viewer, the latest used first.
///
/// # Errors
/// As reading fails.
pub async fn list(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<Session>> {
    let found = session::Entity::find()
        .filter(session::Column::AccountId.eq(viewer.account))
        .filter(session::Column::ExpiresAt.gt(ctx.clock.now()))
        .order_by_desc(session::Column::LastSeenAt)
        .order_by_desc(session::Column::Id)
        .all(ctx.db.read())
        .await?;
    let shown = found.into_iter().map(|session| Session {
        id: session.id,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        user_agent: session.user_agent,
        current: session.id == viewer.session,
    });
    Ok(shown.collect())
}

/// Ends one of the viewer's sessions, this one or another; its sockets close.
///
/// # Errors
/// `NotFound` where it is not one of theirs.
pub async fn end(ctx: &Ctx, viewer: &Viewer, id: SessionId) -> Result<()> {
    ctx.transact_as(viewer, async |tx| {
        let deleted = session::Entity::delete_many()
            .filter(session::Column::Id.eq(id))
            .filter(session::Column::AccountId.eq(viewer.account))
            .exec(tx.conn())
            .await?;
        if deleted.rows_affected == 0 {
            return Err(Error::NotFound);
        }
        tx.emit(Change::SessionEnded { session: id });
        Ok(())
    })
    .await
}

/// Ends every session of an account, which is locked.
pub(super) async fn end_all(tx: &mut Tx, account: AccountId) -> Result<()> {
    let theirs = session::Column::AccountId.eq(account);
    let found = session::Entity::find().filter(theirs.clone()).all(tx.conn()).await?;
    session::Entity::delete_many().filter(theirs).exec(tx.conn()).await?;
    for session in found {
        tx.emit(Change::SessionEnded { session: session.id });
    }
    Ok(())
}

/// Ends every other session of the viewer's, whose account is locked.
pub(super) async fn end_others(tx: &mut Tx, viewer: &Viewer) -> Result<()> {
    let others =
        session::Column::AccountId.eq(viewer.account).and(session::Column::Id.ne(viewer.session));
    let found = session::Entity::find().filter(others.clone()).all(tx.conn()).await?;
    session::Entity::delete_many().filter(others).exec(tx.conn()).await?;
    found.iter().for_each(|session| tx.emit(Change::SessionEnded { session: session.id }));
    Ok(())
}

/// Whether the session stands, read in the transaction that acts for it.
///
/// # Errors
/// `Unauthenticated` where it has ended.
pub(crate) async fn stands(tx: &Tx, viewer: &Viewer) -> Result<()> {
    let found = session::Entity::find_by_id(viewer.session)
        .filter(session::Column::ExpiresAt.gt(tx.now()))
        .one(tx.conn())
        .await?;
    found.map(drop).ok_or(Error::signed_out())
}

pub(super) async fn insert(
    tx: &mut Tx,
    account: AccountId,
    user_agent: Option<&str>,
) -> Result<Token> {
    let now = tx.now();
    insert_since(tx, account, user_agent, now).await
}

/// One of somebody who showed who they are at this time, perhaps a while ago ([`is_fresh`]).
pub(super) async fn insert_since(
    tx: &mut Tx,
    account: AccountId,
    user_agent: Option<&str>,
    since: Timestamp,
) -> Result<Token> {
    let token = Token::new();
    let now = tx.now();
    let session = session::ActiveModel {
        id: Set(tx.new_id(SessionId::new)),
        account_id: Set(account),
        token_hash: Set(token.hash()),
        user_agent: Set(user_agent.map(|name| name.chars().take(200).collect())),
        created_at: Set(Ord::min(since, now)),
        last_seen_at: Set(now),
        expires_at: Set(now.plus_ms(LIFETIME_MS)),
    };
    session::Entity::insert(session).exec_without_returning(tx.conn()).await?;
    let beyond = session::Entity::find()
        .filter(session::Column::AccountId.eq(account))
        .order_by_desc(session::Column::LastSeenAt)
        .order_by_desc(session::Column::Id)
        .offset(MOST)
        .limit(MOST)
        .all(tx.conn())
        .await?;
    for old in beyond {
        session::Entity::delete_by_id(old.id).exec(tx.conn()).await?;
        tx.emit(Change::SessionEnded { session: old.id });
    }
    Ok(token)
}

/// Forgets sessions that are over.
///
/// # Errors
/// As writing fails.
pub(crate) async fn forget_old(ctx: &Ctx) -> Result<()> {
    let over = session::Column::ExpiresAt.lt(ctx.clock.now());
    if session::Entity::find().filter(over.clone()).one(ctx.db.read()).await?.is_none() {
        return Ok(());
    }
    ctx.transact(async |tx| {
        session::Entity::delete_many().filter(over).exec(tx.conn()).await?;
        Ok(())
    })
    .await
}
