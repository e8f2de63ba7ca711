//! What people say of themselves, and what of it others see.

use protocol::{
    Email, User,
    accounts::{Account, ProfileChange},
};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{confirmation, entity, passwords, reset};
use crate::{
    Ctx, Error, Result, Viewer,
    bus::Change,
    followers::{self, Fact},
    limits::Rule,
    uploads,
};

/// The viewer's own account, with what only they see.
///
/// # Errors
/// `NotFound` where it is gone.
pub async fn own(ctx: &Ctx, viewer: &Viewer) -> Result<Account> {
    let row = entity::Entity::find_by_id(viewer.account()).one(ctx.db.read()).await?;
    let row = row.ok_or(Error::NotFound)?;
    Ok(Account {
        email: row.email.clone(),
        email_confirmed: row.email_key.is_some(),
        email_shown: row.email_shown,
        seen_shown: row.seen_shown,
        invisible: row.invisible,
        has_password: row.has_password(),
        admin: row.admin,
        created_at: row.created_at,
        user: User::from(row),
    })
}

/// The address that somebody shows to everyone; `None` where they show none.
///
/// # Errors
/// As reading fails.
pub async fn shown_email(ctx: &Ctx, username: &str) -> Result<Option<String>> {
    let found = entity::Entity::find()
        .filter(entity::Column::Username.eq(username))
        .filter(entity::Column::EmailShown.eq(true))
        .filter(entity::Column::EmailKey.is_not_null())
        .one(ctx.db.read())
        .await?;
    Ok(found.and_then(|account| account.email))
}

/// Changes what is given, and tells the viewer's friends; the account as it is then.
///
/// # Errors
/// `Conflict` where the address is somebody else's, and there is no mail server to ask by; `Invalid` for
/// another address without the password.
pub async fn change(ctx: &Ctx, viewer: &Viewer, change: ProfileChange) -> Result<Account> {
    let id = viewer.account();
    ctx.limits().take_for(Rule::Profile, id).await?;
    if let Some(email) = &change.email
        && own(ctx, viewer).await?.email.unwrap_or_default() != *email
    {
        ctx.limits().take_for(Rule::Password, id).await?;
        passwords::confirm(ctx, viewer, change.current.as_ref()).await?;
        ctx.limits().give_back(Rule::Password, ctx.limits().key(id)).await;
    }
    let email = change.email.as_deref().filter(|email| !email.is_empty());
    let may_post = match email {
        Some(email) => confirmation::expect(ctx, Some(id), email).await?,
        None => false,
    };
    ctx.transact_as(viewer, async |tx| {
        let row = super::lock(tx, id).await?;
        let mut changed = entity::ActiveModel { id: Set(id), ..Default::default() };
        if let Some(name) = &change.display_name {
            changed.display_name = Set(name.as_str().to_owned());
            changed.display_key = Set(name.as_str().to_lowercase());
        }
        if let Some(shown) = change.email_shown {
            changed.email_shown = Set(shown);
        }
        if let Some(shown) = change.seen_shown {
            changed.seen_shown = Set(shown);
        }
        if let Some(invisible) = change.invisible.filter(|invisible| *invisible != row.invisible) {
            changed.invisible = Set(invisible);
            tx.emit(Change::VisibilityMoved { account: id });
        }
        if change.email.is_some() {
            // A link that went to the address before leads nowhere.
            reset::forget(tx.conn(), id).await?;
        }
        match &change.email {
            None => {}
            Some(email) if email.is_empty() => {
                confirmation::forget(tx, id).await?;
                changed.email = Set(None);
                changed.email_key = Set(None);
            }
            Some(email) => {
                let email =
                    Email::parse(email).map_err(|error| Error::invalid("email", error.0))?;
                let is_same = row.email_key.as_deref() == Some(&email.as_str().to_lowercase());
                let claimed = match is_same {
                    // What was asked for another address meanwhile is not wanted any more.
                    true => {
                        confirmation::forget(tx, id).await?;
                        None
                    }
                    false => Some(confirmation::claim(tx, ctx, id, &email, may_post).await?),
                };
                match claimed {
                    Some(confirmation::Claimed::Counts(key)) => {
                        changed.email = Set(Some(email.as_str().to_owned()));
                        changed.email_key = Set(Some(key));
                    }
                    // One that was confirmed counts until the new one does.
                    Some(confirmation::Claimed::Asked) if row.email_key.is_none() => {
                        changed.email = Set(Some(email.as_str().to_owned()));
                    }
                    _ => {}
                }
            }
        }
        entity::Entity::update(changed).exec(tx.conn()).await?;
        // What friends do not see is not told them.
        match change.display_name.is_some() {
            true => followers::follow(tx, Fact::Renewed(id)).await,
            false => Ok(()),
        }
    })
    .await?;
    own(ctx, viewer).await
}

/// Whether the viewer may send a picture now: to be asked before one is read.
///
/// # Errors
/// `RateLimited`.
pub async fn expect_picture(ctx: &Ctx, viewer: &Viewer) -> Result<()> {
    ctx.limits().take_for(Rule::Picture, viewer.account()).await
}

/// Shows another picture of the viewer; `None` for none, which shows initials.
///
/// # Errors
/// `Invalid` for what is no picture; `TooLarge`.
pub async fn set_picture(ctx: &Ctx, viewer: &Viewer, bytes: Option<Vec<u8>>) -> Result<User> {
    let id = viewer.account();
    let sides = match bytes {
        Some(bytes) => Some(ctx.studio.cut(bytes).await?),
        None => None,
    };
    ctx.transact_as(viewer, async |tx| {
        super::lock(tx, id).await?;
        let picture = match sides {
            Some(sides) => Some(uploads::store(tx, id, sides).await?),
            None => {
                uploads::forget(tx, id).await?;
                None
            }
        };
        let changed =
            entity::ActiveModel { id: Set(id), picture_id: Set(picture), ..Default::default() };
        let row = entity::Entity::update(changed).exec(tx.conn()).await?;
        followers::follow(tx, Fact::Renewed(id)).await?;
        Ok(User::from(row))
    })
    .await
}
