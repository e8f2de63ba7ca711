//! The room between two people: opened on first use, closed by unfriending, open again with the
//! same history when they are friends again.

use protocol::{
    AccountId, Room,
    rooms::{Kind, Role},
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, entity::prelude::*};

use super::{entity::room, list, members};
use crate::{Ctx, Error, Result, Viewer, accounts, bus::Change, db::Tx, friends};

/// The direct room with this person, made on first use.
///
/// # Errors
/// `NotFound` where nobody has the name; `Invalid` for oneself; `Forbidden` where there is none and
/// the two are no friends.
pub async fn open(ctx: &Ctx, viewer: &Viewer, username: &str) -> Result<Room> {
    let me = viewer.account();
    let other = accounts::by_username(ctx, username).await?.id;
    if me == other {
        return Err(Error::invalid("username", "A direct room is for two."));
    }
    if let Some(room) = between(ctx.db.read(), me, other).await? {
        return list::show(ctx, me, room.id).await;
    }
    let id = ctx
        .transact_as(viewer, async |tx| {
            accounts::lock_pair(tx, me, other).await?;
            if let Some(room) = between(tx.conn(), me, other).await? {
                return Ok(room.id);
            }
            if !friends::are_friends(tx.conn(), me, other).await? {
                return Err(Error::Forbidden("You must be friends to chat."));
            }
            let pair = accounts::pair(me, other);
            let id = members::insert(tx, Kind::Direct, "", Some(pair)).await?;
            members::enter(tx, id, me, Role::Member).await?;
            members::enter(tx, id, other, Role::Member).await?;
            Ok(id)
        })
        .await?;
    list::show(ctx, me, id).await
}

pub(crate) async fn reopen(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<()> {
    set_closed(tx, one, other, false).await
}

pub(crate) async fn close(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<()> {
    set_closed(tx, one, other, true).await
}

async fn set_closed(tx: &mut Tx, one: AccountId, other: AccountId, closed: bool) -> Result<()> {
    let Some(room) = between(tx.conn(), one, other).await? else { return Ok(()) };
    let changed = room::ActiveModel { id: Set(room.id), closed: Set(closed), ..Default::default() };
    room::Entity::update(changed).exec(tx.conn()).await?;
    tx.emit(Change::RoomChanged { room: room.id });
    Ok(())
}

async fn between(
    conn: &impl ConnectionTrait,
    one: AccountId,
    other: AccountId,
) -> Result<Option<room::Model>> {
    let pair = accounts::pair(one, other);
    Ok(room::Entity::find().filter(room::Column::DirectPair.eq(pair)).one(conn).await?)
}
