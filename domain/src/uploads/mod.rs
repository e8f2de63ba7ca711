//! Pictures of people: read whatever the camera wrote, cut to a square, and written anew, so that
//! nothing of the file itself is kept, neither where it was taken nor what else it was.

mod entity;
mod picture;

use protocol::{AccountId, PictureId};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

pub(crate) use picture::Studio;
pub use picture::{MAX_BYTES, Sides, TOO_LARGE};

use crate::{Ctx, Error, Result, db::Tx};

/// Pixels a side, of what lists show and of what a profile shows.
pub const SIZES: [i32; 2] = [96, 512];

/// Where the smaller of a picture's sizes is found.
pub(crate) fn picture_url(id: PictureId) -> String {
    format!("/pictures/{id}/{}.jpg", SIZES[0])
}

/// A picture of this size, as JPEG.
///
/// # Errors
/// `NotFound` where there is none: it was never there, or another one took its place.
pub async fn picture(ctx: &Ctx, id: PictureId, size: i32) -> Result<Vec<u8>> {
    let found = entity::Entity::find_by_id((id, size)).one(ctx.db.read()).await?;
    found.map(|row| row.bytes).ok_or(Error::NotFound)
}

/// Stores a picture of an account's in all its sizes, in place of the one before.
pub(crate) async fn store(tx: &Tx, account: AccountId, sides: Sides) -> Result<PictureId> {
    forget(tx, account).await?;
    let id = tx.new_id(PictureId::new);
    let rows = sides.0.into_iter().map(|(size, bytes)| entity::ActiveModel {
        id: Set(id),
        size: Set(size),
        account_id: Set(account),
        bytes: Set(bytes),
    });
    entity::Entity::insert_many(rows).exec_without_returning(tx.conn()).await?;
    Ok(id)
}

/// Forgets an account's pictures.
pub(crate) async fn forget(tx: &Tx, account: AccountId) -> Result<()> {
    let theirs = entity::Column::AccountId.eq(account);
    entity::Entity::delete_many().filter(theirs).exec(tx.conn()).await?;
    Ok(())
}
