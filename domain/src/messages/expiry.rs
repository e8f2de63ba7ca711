//! Rooms that keep what is said for some days: what is older goes, and its numbers stay taken.

use protocol::{
    Timestamp,
    rooms::{Receipt, Retention},
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};

use super::{
    entity,
    forget::{TABLES, forget_before},
};
use crate::{
    Ctx, Result,
    bus::Change,
    db::statement,
    rooms::{Member, Reader, access, entity::room},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Lets go of what is too old. Once more, nothing changes.
///
/// # Errors
/// As reading and writing fail.
pub async fn expire(ctx: &Ctx) -> Result<()> {
    let some = room::Column::RetentionDays.gt(0);
    for row in room::Entity::find().filter(some).all(ctx.db.read()).await? {
        let before = ctx.clock.now().plus_ms(-row.retention_days * DAY_MS);
        let first = first_kept(ctx, &row, before).await?;
        // Also what a stop has left.
        let first = move_on(ctx, &row, first).await?;
        forget_before(ctx, row.id, first).await?;
    }
    Ok(())
}

/// The number of the oldest message that stays; a room's times never run backwards.
async fn first_kept(ctx: &Ctx, room: &room::Model, before: Timestamp) -> Result<i64> {
    let kept = entity::Entity::find()
        .select_only()
        .column(entity::Column::Seq)
        .filter(entity::Column::RoomId.eq(room.id))
        .filter(entity::Column::Seq.gte(room.first_seq))
        .filter(entity::Column::CreatedAt.gte(before))
        .order_by_asc(entity::Column::Seq)
        .limit(1)
        .into_tuple::<i64>()
        .one(ctx.db.read())
        .await?;
    Ok(kept.unwrap_or(room.last_seq + 1))
}

/// From here on the room begins with this number, if it is still to be kept for as long as when that
/// was found; whoever looks at it is told. The number that it does begin with.
async fn move_on(ctx: &Ctx, found: &room::Model, first: i64) -> Result<i64> {
    let id = found.id;
    if first <= found.first_seq {
        return Ok(found.first_seq);
    }
    ctx.transact(async |tx| {
        let room = access::lock(tx, id).await?;
        if room.retention_days != found.retention_days || room.first_seq >= first {
            return Ok(room.first_seq);
        }
        let mut moved =
            room::ActiveModel { id: Set(id), first_seq: Set(first), ..Default::default() };
        if first > room.last_seq {
            moved.last_author_id = Set(None);
            moved.last_text = Set(String::new());
        }
        room::Entity::update(moved).exec(tx.conn()).await?;
        tx.emit(Change::RoomChanged { room: id });
        Ok(first)
    })
    .await
}

/// What of the member's room is stored: of one that keeps nothing, counted in the database itself; of
/// others, as many messages as it keeps.
///
/// # Errors
/// As reading fails.
pub async fn receipt(ctx: &Ctx, member: &Member) -> Result<Receipt> {
    let conn = ctx.db.read();
    if member.retention() != Retention::Ephemeral {
        let reader = Reader::from(member);
        let rows = reader.last_seq() + 1 - reader.first_seq();
        return Ok(Receipt { retention: member.retention(), rows });
    }
    let mut rows = 0;
    for table in TABLES {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE room_id = $1");
        let values = [member.room().into()];
        let statement = statement(conn.get_database_backend(), sql, values);
        if let Some(row) = conn.query_one_raw(statement).await? {
            rows += row.try_get_by_index::<i64>(0)?;
        }
    }
    Ok(Receipt { retention: member.retention(), rows })
}
