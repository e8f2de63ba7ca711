//! Taking away what was said: all that somebody said whose account is gone and who wanted it so, all of
//! a room that is deleted, what a room keeps no longer.

use protocol::{AccountId, RoomId};
use sea_orm::{
    ActiveValue::Set, Condition, QueryOrder, QuerySelect, entity::prelude::*,
    sea_query::ExprTrait as _,
};

use super::{change, entity};
use crate::{
    Ctx, Result,
    accounts::entity as account,
    db::statement,
    rooms::{access, entity::room},
};

/// As many messages in one transaction: others want to write too.
const AT_ONCE: u64 = 100;
/// As many numbers of a room go in one transaction.
const ROWS: i64 = 1_000;
/// Where something is kept that has to do with a message, by its number.
pub(super) const TABLES: [&str; 5] =
    ["message", "message_change", "message_edit", "message_undo", "reaction"];
/// As many numbers of a room are looked through at once: authors have no index, which every message
/// would pay for.
const WINDOW: i64 = 20_000;

/// Deletes what is to go. What a restart interrupts goes on with the next.
pub(crate) async fn forget_said(ctx: &Ctx) -> Result<()> {
    let going = account::Entity::find()
        .filter(account::Column::Forgetting.eq(true))
        .all(ctx.db.read())
        .await?;
    for author in going {
        let mut after = RoomId(Uuid::nil());
        while let Some(room) = next_room(ctx, after).await? {
            forget_in(ctx, author.id, &room).await?;
            after = room.id;
        }
        ctx.transact(async |tx| {
            let done = account::ActiveModel {
                id: Set(author.id),
                forgetting: Set(false),
                ..Default::default()
            };
            account::Entity::update(done).exec(tx.conn()).await?;
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Deletes all that was said in a room which nobody is in any more.
pub(crate) async fn forget_room(ctx: &Ctx, id: RoomId) -> Result<()> {
    let last =
        room::Entity::find_by_id(id).one(ctx.db.read()).await?.map_or(0, |room| room.last_seq);
    forget_before(ctx, id, last + 1).await
}

/// Deletes what lies before a number of a room, with all that was put on it, some at a time: others
/// want to write too.
pub(super) async fn forget_before(ctx: &Ctx, id: RoomId, first: i64) -> Result<()> {
    let oldest = entity::Entity::find()
        .select_only()
        .column(entity::Column::Seq)
        .filter(entity::Column::RoomId.eq(id))
        .filter(entity::Column::Seq.lt(first))
        .order_by_asc(entity::Column::Seq)
        .limit(1)
        .into_tuple::<i64>()
        .one(ctx.db.read())
        .await?;
    let Some(mut upto) = oldest else { return Ok(()) };
    while upto < first {
        upto = Ord::min(upto + ROWS, first);
        ctx.transact(async |tx| {
            for table in TABLES {
                let sql = format!("DELETE FROM {table} WHERE room_id = $1 AND seq < $2");
                let values = [id.into(), upto.into()];
                let backend = tx.conn().get_database_backend();
                let statement = statement(backend, sql, values);
                tx.conn().execute_raw(statement).await?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

async fn next_room(ctx: &Ctx, after: RoomId) -> Result<Option<room::Model>> {
    let next = room::Entity::find()
        .filter(room::Column::Id.gt(after))
        .order_by_asc(room::Column::Id)
        .one(ctx.db.read())
        .await?;
    Ok(next)
}

async fn forget_in(ctx: &Ctx, author: AccountId, room: &room::Model) -> Result<()> {
    let mut from = 0;
    while from < room.last_seq {
        let window = window(from, author);
        while forget_some(ctx, room.id, window.clone()).await? {}
        from += WINDOW;
    }
    Ok(())
}

/// What somebody said in as many numbers from one on, and is still there.
fn window(from: i64, author: AccountId) -> Condition {
    Condition::all()
        .add(entity::Column::Seq.gt(from))
        .add(entity::Column::Seq.lte(from + WINDOW))
        .add(entity::Column::AuthorId.eq(author))
        .add(entity::Column::DeletedAt.is_null())
}

/// Whether there may be more.
async fn forget_some(ctx: &Ctx, id: RoomId, which: Condition) -> Result<bool> {
    let theirs = || {
        let in_room = entity::Entity::find().filter(entity::Column::RoomId.eq(id));
        in_room.filter(which.clone()).limit(AT_ONCE)
    };
    let found = theirs().all(ctx.db.read()).await?.len() as u64;
    if found == 0 {
        return Ok(false);
    }
    ctx.transact(async |tx| {
        let mut room = access::lock(tx, id).await?;
        for mut row in theirs().all(tx.conn()).await? {
            row.body = String::new();
            row.deleted_at = Some(tx.now());
            let earlier =
                entity::edit::Column::RoomId.eq(id).and(entity::edit::Column::Seq.eq(row.seq));
            entity::edit::Entity::delete_many().filter(earlier).exec(tx.conn()).await?;
            let message = change::change(tx, &room, row).await?;
            room.revision = message.revision;
        }
        Ok(())
    })
    .await?;
    Ok(found == AT_ONCE)
}
