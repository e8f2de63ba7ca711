//! Ten seconds in which a deletion can be undone. After them nothing of the text is left.

use std::{sync::Arc, time::Duration};

use protocol::{Message, MessageId};
use sea_orm::{
    ActiveValue::Set,
    entity::prelude::*,
    sea_query::{ExprTrait as _, OnConflict},
};

use super::{
    change::{change, now, of_room},
    entity::{self, edit, undo},
};
use crate::{Ctx, Error, Result, db::Tx, rooms::Member, rooms::access};

/// How long a deletion can be undone, in milliseconds.
pub const UNDO_MS: i64 = 10_000;

/// Puts back what the member has just deleted. Once more, nothing changes.
///
/// # Errors
/// `NotFound` where the message is not in this room; `Conflict` where it was deleted by somebody else,
/// or longer ago.
pub async fn restore(ctx: &Ctx, member: &Member, id: MessageId) -> Result<Arc<Message>> {
    ctx.transact_as(member.viewer(), async |tx| {
        let room = access::still_member(tx, member).await?;
        let mut row = of_room(tx, member, id).await?;
        if row.deleted_at.is_none() {
            return now(tx, row).await;
        }
        let kept = undo::Entity::find_by_id((row.room_id, row.seq)).one(tx.conn()).await?;
        let is_theirs = |kept: &undo::Model| {
            kept.deleted_by == member.account() && tx.now().0 - kept.deleted_at.0 <= UNDO_MS
        };
        let late = Error::Conflict("It is too late to undo this.");
        let kept = kept.filter(is_theirs).ok_or(late)?;
        undo::Entity::delete_by_id((row.room_id, row.seq)).exec(tx.conn()).await?;
        row.body = kept.body;
        row.deleted_at = None;
        change(tx, &room, row).await
    })
    .await
}

/// Keeps what a message said that is being deleted.
pub(super) async fn keep(tx: &Tx, member: &Member, row: &entity::Model) -> Result<()> {
    let kept = undo::ActiveModel {
        room_id: Set(row.room_id),
        seq: Set(row.seq),
        deleted_by: Set(member.account()),
        deleted_at: Set(tx.now()),
        body: Set(row.body.clone()),
    };
    let again = OnConflict::columns([undo::Column::RoomId, undo::Column::Seq])
        .update_columns([undo::Column::DeletedBy, undo::Column::DeletedAt, undo::Column::Body])
        .to_owned();
    undo::Entity::insert(kept).on_conflict(again).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Forgets what can be undone no more, with what was said before it; and what a stop has left.
pub(crate) async fn sweep(ctx: &Ctx) -> Result<()> {
    let over = undo::Column::DeletedAt.lt(ctx.clock().now().0 - UNDO_MS);
    for row in undo::Entity::find().filter(over).all(ctx.db.read()).await? {
        ctx.transact(async |tx| {
            let edits = edit::Column::RoomId.eq(row.room_id).and(edit::Column::Seq.eq(row.seq));
            edit::Entity::delete_many().filter(edits).exec(tx.conn()).await?;
            undo::Entity::delete_by_id((row.room_id, row.seq)).exec(tx.conn()).await?;
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Sweeps once what was deleted now cannot be undone any more.
pub(super) fn sweep_later(ctx: &Ctx) {
    let ctx = ctx.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(UNDO_MS.unsigned_abs() + 500)).await;
        if let Err(error) = sweep(&ctx).await {
            tracing::error!(%error, "what was deleted could not be forgotten: the next start does it");
        }
    });
}
