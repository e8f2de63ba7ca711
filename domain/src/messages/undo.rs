//! Ten seconds in which a deletion can be undone. After them nothing of the text is left.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use protocol::{Message, MessageId};
use sea_orm::{
    ActiveValue::Set,
    QuerySelect as _,
    entity::prelude::*,
    sea_query::{ExprTrait as _, OnConflict},
};

use super::{
    change::{change, now, of_room},
    entity::{self, edit, undo},
};
use crate::{
    Ctx, Error, Result, accounts,
    db::Tx,
    limits::Rule,
    rooms::{Member, access},
};

/// How long a deletion can be undone, in milliseconds.
pub const UNDO_MS: i64 = 10_000;

/// Puts back what the member has just deleted. Once more, nothing changes.
///
/// # Errors
/// `NotFound` where the message is not in this room; `Conflict` where it was deleted by somebody else,
/// or longer ago.
pub async fn restore(ctx: &Ctx, member: &Member, id: MessageId) -> Result<Arc<Message>> {
    ctx.limits().take_for(Rule::Message, member.account()).await?;
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
        accounts::alive(tx.conn(), row.author_id).await?;
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

/// As many are forgotten in one transaction.
const AT_ONCE: u64 = 100;

/// Forgets what can be undone no more, with what was said before it; and what a stop has left. Whether
/// something is left that still can be.
pub(crate) async fn sweep(ctx: &Ctx) -> Result<bool> {
    let over = undo::Column::DeletedAt.lt(ctx.clock().now().0 - UNDO_MS);
    loop {
        let due = || undo::Entity::find().filter(over.clone()).limit(AT_ONCE);
        if due().all(ctx.db.read()).await?.is_empty() {
            return Ok(undo::Entity::find().one(ctx.db.read()).await?.is_some());
        }
        ctx.transact(async |tx| {
            for row in due().all(tx.conn()).await? {
                let edits = edit::Column::RoomId.eq(row.room_id).and(edit::Column::Seq.eq(row.seq));
                edit::Entity::delete_many().filter(edits).exec(tx.conn()).await?;
                undo::Entity::delete_by_id((row.room_id, row.seq)).exec(tx.conn()).await?;
            }
            Ok(())
        })
        .await?;
    }
}

/// Sweeps as long as something can be undone: one at a time, however much is deleted.
pub(super) fn sweep_later(ctx: &Ctx) {
    if ctx.sweeps.swap(true, Ordering::AcqRel) {
        return;
    }
    let ctx = ctx.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(UNDO_MS.unsigned_abs() + 500)).await;
            // What is deleted from here on wakes the next one.
            ctx.sweeps.store(false, Ordering::Release);
            match sweep(&ctx).await {
                Ok(true) if !ctx.sweeps.swap(true, Ordering::AcqRel) => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::error!(%error, "what was deleted is forgotten with the next start");
                    return;
                }
            }
        }
    });
}
