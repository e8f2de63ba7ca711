//! Read markers: how far a member has read. They only move forward.

use std::collections::HashMap;

use protocol::{AccountId, RoomId, Timestamp, rooms::Kind};
use sea_orm::{ConnectionTrait, entity::prelude::*};

use super::{
    access::{self, Member},
    entity::{membership, room},
    standing,
};
use crate::{
    Ctx, Error, Result,
    bus::Change,
    db::{Tx, statement},
    limits::Rule,
    rows::{Of, Rows},
};

/// Moves the member's marker to `seq`, at most to the end of the room; backward only where that is
/// wanted. Where it is there already, nothing changes.
///
/// # Errors
/// `NotFound` where they are in the room no more; `RateLimited` where it goes back too often.
pub async fn mark_read(ctx: &Ctx, member: &Member, seq: i64, back: bool) -> Result<()> {
    let (id, me, seq) = (member.room(), member.account(), seq.min(member.last_seq()).max(0));
    let stands = access::membership_of(ctx.db.read(), id, me).await?.ok_or(Error::NotFound)?;
    let back = back && stands.read_seq > seq;
    if stands.read_seq == seq || (stands.read_seq > seq && !back) {
        return Ok(());
    }
    if back {
        // Forward it goes as often as something is said.
        ctx.limits().take_for(Rule::Membership, me).await?;
    }
    // The room itself is not locked: many read at once where many speak.
    ctx.transact_as(member.viewer(), async |tx| {
        let moved = membership::Entity::update_many()
            .col_expr(membership::Column::ReadSeq, Expr::value(seq))
            .filter(membership::Column::RoomId.eq(id))
            .filter(membership::Column::AccountId.eq(me))
            .filter(match back {
                true => membership::Column::ReadSeq.gt(seq),
                false => membership::Column::ReadSeq.lt(seq),
            })
            .exec(tx.conn())
            .await?;
        if moved.rows_affected > 0 {
            let to = match member.kind() {
                // Whose friendship has ended are not told of each other.
                Kind::Direct if !back && is_open(tx, id).await? => both(tx, id).await?,
                _ => vec![me],
            };
            tx.emit(Change::ReadMoved { room: id, reader: me, to, back });
        }
        Ok(())
    })
    .await
}

/// How far somebody has read in a room, and how far it is; `None` where they are not in it. For delivery
/// alone: to whom it may be told stands in the change that says so.
///
/// # Errors
/// As reading fails.
pub async fn marker(ctx: &Ctx, room: RoomId, reader: AccountId) -> Result<Option<(i64, i64)>> {
    let sql = "SELECT read_seq, last_seq FROM membership JOIN room ON room.id = membership.room_id \
               WHERE room_id = $1 AND account_id = $2";
    let conn = ctx.db.deliver();
    let values = [room.into(), reader.into()];
    let row = conn.query_one_raw(statement(conn.get_database_backend(), sql, values)).await?;
    row.map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).transpose()
}

/// Moves markers forward to what their owners said themselves, now: nobody is told, since the message
/// says so.
pub(crate) async fn advance_all(
    tx: &Tx,
    readers: impl IntoIterator<Item = (RoomId, AccountId, i64)>,
    now: Timestamp,
) -> Result<()> {
    let furthest: HashMap<(RoomId, AccountId), i64> =
        readers.into_iter().map(|(room, reader, seq)| ((room, reader), seq)).collect();
    let mut rows = Rows::new([
        ("room_id", Of::Id),
        ("account_id", Of::Id),
        ("seq", Of::Number),
        ("at", Of::Number),
    ]);
    for ((room, reader), seq) in furthest {
        rows.push([room.into(), reader.into(), seq.into(), now.into()]);
    }
    let set = [("read_seq", "w.seq"), ("spoke_at", "w.at")];
    let backend = tx.conn().get_database_backend();
    let statement = rows.update(backend, "membership", &set, standing::THEIRS);
    tx.conn().execute_raw(statement).await?;
    Ok(())
}

/// The member speaks now, in a room that keeps nothing else of it.
pub(crate) async fn spoke(tx: &Tx, member: &Member) -> Result<()> {
    membership::Entity::update_many()
        .col_expr(membership::Column::SpokeAt, Expr::value(tx.now()))
        .filter(membership::Column::RoomId.eq(member.room()))
        .filter(membership::Column::AccountId.eq(member.account()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

async fn is_open(tx: &Tx, id: RoomId) -> Result<bool> {
    let room = room::Entity::find_by_id(id).one(tx.conn()).await?;
    Ok(room.is_some_and(|room| !room.closed))
}

async fn both(tx: &Tx, room: RoomId) -> Result<Vec<AccountId>> {
    let rows = membership::Entity::find()
        .filter(membership::Column::RoomId.eq(room))
        .all(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| row.account_id).collect())
}
