//! Letters. One is put into the outbox by the transaction that is its reason, and leaves from there:
//! tried again while the mail server is away, and forgotten some days after it left.

mod entity;

use protocol::{LetterId, Timestamp};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::ExprTrait as _,
};

use crate::{Ctx, Error, Result, db::Tx};

/// How long a letter that is being sent is nobody else's to send, in milliseconds.
const CLAIM_MS: i64 = 2 * 60 * 1_000;
/// A letter that did not leave for as long is given up.
const GIVE_UP_MS: i64 = 24 * 60 * 60 * 1_000;
/// How long letters are kept that have left.
const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// A letter on its way.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The same at every try.
    pub id: Uuid,
    pub to: String,
    pub subject: String,
    pub body: String,
    tries: i32,
    created_at: Timestamp,
}

// Written out so that no link gets into a log by way of `{:?}`.
impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Puts a letter into the outbox.
pub(crate) async fn post(tx: &mut Tx, to: &str, subject: &str, body: String) -> Result<()> {
    let now = tx.now();
    let letter = entity::ActiveModel {
        id: Set(tx.new_id(|ms, random| LetterId::new(ms, random).0)),
        recipient: Set(to.to_owned()),
        subject: Set(subject.to_owned()),
        body: Set(body),
        created_at: Set(now),
        due_at: Set(Some(now)),
        tries: Set(0),
        sent_at: Set(None),
    };
    entity::Entity::insert(letter).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The next letter that is due, claimed for the caller; `None` where there is none.
///
/// # Errors
/// As reading and writing fail.
pub async fn claim(ctx: &Ctx) -> Result<Option<Letter>> {
    let now = ctx.clock.now();
    let due = entity::Column::DueAt.lte(now);
    // Looked at without a transaction first: mostly there is nothing to do.
    if entity::Entity::find().filter(due.clone()).one(ctx.db.read()).await?.is_none() {
        return Ok(None);
    }
    ctx.transact(async |tx| {
        let found = entity::Entity::find()
            .filter(due)
            .order_by_asc(entity::Column::DueAt)
            .lock_with_behavior(
                sea_orm::sea_query::LockType::Update,
                sea_orm::sea_query::LockBehavior::SkipLocked,
            )
            .one(tx.conn())
            .await?;
        let Some(row) = found else { return Ok(None) };
        let tries = row.tries + 1;
        let claimed = entity::ActiveModel {
            id: Set(row.id),
            due_at: Set(Some(now.plus_ms(CLAIM_MS))),
            tries: Set(tries),
            ..Default::default()
        };
        entity::Entity::update(claimed).exec(tx.conn()).await?;
        let entity::Model { id, recipient: to, subject, body, created_at, .. } = row;
        Ok(Some(Letter { id, to, subject, body, tries, created_at }))
    })
    .await
}

/// A letter has left. What it said is not kept.
///
/// # Errors
/// As writing fails.
pub async fn sent(ctx: &Ctx, letter: &Letter) -> Result<()> {
    ctx.transact(async |tx| {
        let now = tx.now();
        let done = entity::ActiveModel {
            id: Set(letter.id),
            due_at: Set(None),
            sent_at: Set(Some(now)),
            body: Set(String::new()),
            ..Default::default()
        };
        entity::Entity::update(done).exec(tx.conn()).await?;
        let old = entity::Column::DueAt
            .is_null()
            .and(entity::Column::CreatedAt.lt(now.plus_ms(-KEPT_MS)));
        entity::Entity::delete_many().filter(old).exec(tx.conn()).await?;
        Ok(())
    })
    .await
}

/// A letter did not leave: it is tried again, more and more seldom, for a day, unless it was refused
/// for good. Whether it is.
///
/// # Errors
/// As writing fails.
pub async fn failed(ctx: &Ctx, letter: &Letter, for_good: bool) -> Result<bool> {
    let now = ctx.clock.now();
    let wait = 15_000_i64 << letter.tries.clamp(0, 8);
    let is_young = now < letter.created_at.plus_ms(GIVE_UP_MS);
    let again = (is_young && !for_good).then(|| now.plus_ms(wait));
    ctx.transact(async |tx| {
        let next = entity::ActiveModel {
            id: Set(letter.id),
            due_at: Set(again), // What is given up is kept no longer than what has left.
            body: if again.is_some() { NotSet } else { Set(String::new()) },
            ..Default::default()
        };
        entity::Entity::update(next).exec(tx.conn()).await.map_err(Error::from)?;
        Ok(again.is_some())
    })
    .await
}
