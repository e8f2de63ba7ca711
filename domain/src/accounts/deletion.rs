//! The end of an account: what is left of it is a tombstone under its id, without a name.

use protocol::{AccountId, Password, accounts::Said};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{confirmation, entity, identities, passwords, reset, sessions};
use crate::{Ctx, Result, Viewer, db::Tx, followers, limits::Rule, uploads};

/// What is shown in place of a name.
const NAME: &str = "Deleted account";

/// Deletes the viewer's account: every session ends at once; then friendships and requests with them
/// end, direct rooms close. What they said stays without a name, or goes as well, a little later.
/// Nobody else ever has the username.
///
/// # Errors
/// `Invalid` for a wrong password, and where there is none, for a session that began a while ago;
/// `RateLimited` after some of them.
pub async fn delete(
    ctx: &Ctx,
    viewer: &Viewer,
    password: Option<&Password>,
    said: Said,
) -> Result<()> {
    let id = viewer.account();
    ctx.limits().take_for(Rule::Password, id).await?;
    passwords::confirm(ctx, viewer, password).await?;
    ctx.transact_as(viewer, async |tx| {
        super::lock(tx, id).await?;
        sessions::end_all(tx, id).await?;
        reset::forget(tx.conn(), id).await?;
        confirmation::forget(tx, id).await?;
        identities::forget(tx, id).await?;
        uploads::forget(tx, id).await?;
        // Its skeleton stays, so that nobody takes the name.
        let tombstone = entity::ActiveModel {
            id: Set(id),
            // With a colon, which nobody's name has.
            username: Set(format!("deleted:{}", &id.0.simple().to_string()[8..32])),
            display_name: Set(NAME.to_owned()),
            display_key: Set(String::new()),
            email: Set(None),
            email_key: Set(None),
            password_hash: Set(String::new()),
            admin: Set(false),
            picture_id: Set(None),
            last_seen_at: Set(None),
            deleted_at: Set(Some(tx.now())),
            forgetting: Set(said == Said::Goes),
            leaving: Set(true),
            ..Default::default()
        };
        entity::Entity::update(tombstone).exec(tx.conn()).await?;
        Ok(())
    })
    .await?;
    followers::deleted(ctx, id).await;
    Ok(())
}

/// Deleted accounts that others may still have something with.
pub(crate) async fn leaving(ctx: &Ctx) -> Result<Vec<AccountId>> {
    let leaving = entity::Column::Leaving.eq(true);
    let found = entity::Entity::find().filter(leaving).all(ctx.db.read()).await?;
    Ok(found.into_iter().map(|account| account.id).collect())
}

/// Nobody has anything with the account any more.
pub(crate) async fn has_left(tx: &Tx, id: AccountId) -> Result<()> {
    let left = entity::ActiveModel { id: Set(id), leaving: Set(false), ..Default::default() };
    entity::Entity::update(left).exec(tx.conn()).await?;
    Ok(())
}
