//! The end of an account: what is left of it is a tombstone under its id, without a name.

use protocol::{Password, accounts::Said};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{confirmation, entity, passwords, reset, sessions};
use crate::{
    Ctx, Result, Viewer,
    followers::{self, Fact},
    limits::Rule,
    uploads,
};

/// What is shown in place of a name.
const NAME: &str = "Deleted account";

/// Deletes the viewer's account: every session ends, friendships and requests with them, direct rooms
/// close. What they said stays without a name, or goes as well, a little later. Nobody else ever has
/// the username.
///
/// # Errors
/// `Invalid` for a wrong password; `RateLimited` after some of them.
pub async fn delete(ctx: &Ctx, viewer: &Viewer, password: &Password, said: Said) -> Result<()> {
    let id = viewer.account();
    ctx.limits().take_for(Rule::Password, id)?;
    passwords::confirm(ctx, id, password).await?;
    ctx.transact_as(viewer, async |tx| {
        super::lock(tx, id).await?;
        sessions::end_all(tx, id).await?;
        reset::forget(tx.conn(), id).await?;
        confirmation::forget(tx, id).await?;
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
            ..Default::default()
        };
        entity::Entity::update(tombstone).exec(tx.conn()).await?;
        followers::follow(tx, Fact::Deleted(id)).await
    })
    .await?;
    if said == Said::Goes {
        followers::forget_said(ctx);
    }
    Ok(())
}
