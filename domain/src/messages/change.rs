//! Changing what was said: its author edits it, its author or a moderator deletes it. A change takes
//! the room's next revision, and the message keeps its number.

use std::sync::Arc;

use protocol::{
    Body, Message, MessageId,
    messages::{By, Said},
    rooms::{Action, Preview, Role},
};
use sea_orm::{ActiveValue::Set, QueryOrder as _, entity::prelude::*, sea_query::ExprTrait as _};

use super::{entity, shown, undo};
use crate::{
    Ctx, Error, Result, accounts,
    bus::Change,
    db::Tx,
    limits::Rule,
    rooms::{
        Member,
        access::{self, speaker},
        entity::room,
        moderation,
    },
};

/// Gives a message of the member's own another text. With the same text nothing changes.
///
/// # Errors
/// `NotFound` where it is not in this room, or deleted; `Forbidden` where it is somebody else's, the
/// room is closed, or they are muted there; `RateLimited`.
pub async fn edit(ctx: &Ctx, member: &Member, id: MessageId, body: Body) -> Result<Arc<Message>> {
    ctx.limits().take_for(Rule::Message, member.account()).await?;
    ctx.transact_as(member.viewer(), async |tx| {
        let room = access::still_member(tx, member).await?;
        let mut row = of_room(tx, member, id).await?;
        if row.author_id != member.account() {
            return Err(Error::Forbidden("Only its author edits a message."));
        }
        access::not_muted(tx, member).await?;
        if row.deleted_at.is_some() {
            return Err(Error::NotFound);
        }
        speaker(room.kind, room.closed)?;
        if row.body == body.as_str() {
            return now(tx, row).await;
        }
        let said = entity::edit::ActiveModel {
            room_id: Set(row.room_id),
            seq: Set(row.seq),
            revision: Set(row.revision),
            body: Set(std::mem::replace(&mut row.body, body.into_string())),
            said_at: Set(row.edited_at.unwrap_or(row.created_at)),
        };
        entity::edit::Entity::insert(said).exec_without_returning(tx.conn()).await?;
        forget_oldest(tx, &row).await?;
        row.edited_at = Some(tx.now());
        change(tx, &room, row).await
    })
    .await
}

/// Deletes a message: its number stays, its text goes. Deleted once more, nothing changes.
///
/// # Errors
/// `NotFound` where it is not in this room; `Forbidden` for who is neither its author nor a
/// moderator.
pub async fn delete(ctx: &Ctx, member: &Member, id: MessageId) -> Result<Arc<Message>> {
    ctx.limits().take_for(Rule::Message, member.account()).await?;
    let (deleted, is_new) = ctx
        .transact_as(member.viewer(), async |tx| {
            let room = access::still_member(tx, member).await?;
            let mut row = of_room(tx, member, id).await?;
            let is_own = row.author_id == member.account();
            if !is_own && access::role(tx, member).await? == Role::Member {
                return Err(Error::Forbidden("Only its author or a moderator deletes a message."));
            }
            if row.deleted_at.is_some() {
                return Ok((now(tx, row).await?, false));
            }
            undo::keep(tx, member, &row).await?;
            if !is_own {
                let author = Some(row.author_id);
                moderation::note(tx, member, Action::MessageDeleted, author, "").await?;
            }
            row.body = String::new();
            row.deleted_at = Some(tx.now());
            Ok((change(tx, &room, row).await?, true))
        })
        .await?;
    if is_new {
        undo::sweep_later(ctx);
    }
    Ok(deleted)
}

/// As many earlier texts of a message are kept.
const EDITS: u64 = 50;

async fn forget_oldest(tx: &Tx, row: &entity::Model) -> Result<()> {
    let of_this =
        entity::edit::Column::RoomId.eq(row.room_id).and(entity::edit::Column::Seq.eq(row.seq));
    let kept = entity::edit::Entity::find().filter(of_this.clone()).count(tx.conn()).await?;
    if kept > EDITS {
        let oldest = entity::edit::Entity::find()
            .filter(of_this)
            .order_by_asc(entity::edit::Column::Revision)
            .one(tx.conn())
            .await?;
        if let Some(oldest) = oldest {
            let key = (oldest.room_id, oldest.seq, oldest.revision);
            entity::edit::Entity::delete_by_id(key).exec(tx.conn()).await?;
        }
    }
    Ok(())
}

/// What an edited message said before, the oldest first: at most the latest 50 of its texts.
///
/// # Errors
/// `NotFound` where it is not in this room, or deleted.
pub async fn edits(ctx: &Ctx, member: &Member, id: MessageId) -> Result<Vec<Said>> {
    let message = super::one(ctx, member, id).await?;
    if message.deleted_at.is_some() {
        return Err(Error::NotFound);
    }
    let rows = entity::edit::Entity::find()
        .filter(entity::edit::Column::RoomId.eq(member.room()))
        .filter(entity::edit::Column::Seq.eq(message.seq))
        .order_by_asc(entity::edit::Column::Revision)
        .all(ctx.db.read())
        .await?;
    Ok(rows.into_iter().map(|row| Said { body: row.body, said_at: row.said_at }).collect())
}

pub(super) async fn of_room(tx: &Tx, member: &Member, id: MessageId) -> Result<entity::Model> {
    let found = entity::Entity::find()
        .filter(entity::Column::Id.eq(id))
        .filter(entity::Column::RoomId.eq(member.room()))
        .one(tx.conn())
        .await?;
    found.ok_or(Error::NotFound)
}

pub(super) async fn now(tx: &Tx, row: entity::Model) -> Result<Arc<Message>> {
    let author = accounts::by_id(tx.conn(), row.author_id).await?;
    Ok(Arc::new(shown(row, author)))
}

/// Stores a message's new form under the room's next revision, and tells it.
pub(super) async fn change(
    tx: &mut Tx,
    room: &room::Model,
    row: entity::Model,
) -> Result<Arc<Message>> {
    change_by(tx, room, row, None).await
}

/// [`change`], where somebody put something on it.
pub(super) async fn change_by(
    tx: &mut Tx,
    room: &room::Model,
    mut row: entity::Model,
    by: Option<By>,
) -> Result<Arc<Message>> {
    // The line of its last change stands for nothing from here on.
    entity::change::Entity::delete_by_id((row.room_id, row.revision)).exec(tx.conn()).await?;
    row.revision = room.revision + 1;
    let message = entity::ActiveModel {
        room_id: Set(row.room_id),
        seq: Set(row.seq),
        revision: Set(row.revision),
        body: Set(row.body.clone()),
        edited_at: Set(row.edited_at),
        deleted_at: Set(row.deleted_at),
        reactions: Set(row.reactions.clone()),
        ..Default::default()
    };
    entity::Entity::update(message).exec(tx.conn()).await?;
    let line = entity::change::ActiveModel {
        room_id: Set(row.room_id),
        revision: Set(row.revision),
        seq: Set(row.seq),
    };
    entity::change::Entity::insert(line).exec_without_returning(tx.conn()).await?;
    let mut numbers =
        room::ActiveModel { id: Set(room.id), revision: Set(row.revision), ..Default::default() };
    if row.seq == room.last_seq {
        numbers.last_text = Set(Preview::cut(&row.body));
    }
    room::Entity::update(numbers).exec(tx.conn()).await?;
    let message = now(tx, row).await?;
    tx.emit(Change::MessageChanged { message: Arc::clone(&message), access: room.access, by });
    Ok(message)
}
