//! The rooms of a house that has just begun: nobody's, until somebody administers it.

use protocol::{
    AccountId, RoomId,
    rooms::{Kind, Role},
};
use sea_orm::{
    ActiveValue::Set,
    entity::prelude::*,
    sea_query::{ExprTrait as _, OnConflict},
};

use super::{
    entity::{membership, room},
    members, reader,
};
use crate::{Ctx, Result, db::Tx};

/// Names and topics of the first rooms. The first is shown to who is not signed in.
const FIRST: [(&str, &str); 4] = [
    ("General", "For everyone, about anything."),
    ("Introductions", "Say who you are."),
    ("Help", "Ask, and answer."),
    ("Off topic", "Whatever else comes to mind."),
];

/// The same ids on every node that may begin at once: the time of none, and the number.
fn id(number: u8) -> RoomId {
    RoomId::new(0, [number; 16])
}

/// Gives a house in which there is nobody yet its first rooms. In any other, nothing happens.
///
/// # Errors
/// As reading and writing fail.
pub async fn begin(ctx: &Ctx) -> Result<()> {
    if !crate::accounts::is_empty(ctx).await? {
        return Ok(());
    }
    ctx.transact(async |tx| {
        for (number, (name, topic)) in (1..).zip(FIRST) {
            let new = room::ActiveModel {
                name: Set(name.to_owned()),
                topic: Set(topic.to_owned()),
                ..members::fresh(tx, id(number), Kind::Public)
            };
            let known =
                OnConflict::column(room::Column::Id).do_nothing_on([room::Column::Id]).to_owned();
            room::Entity::insert(new).on_conflict(known).exec_without_returning(tx.conn()).await?;
        }
        Ok(())
    })
    .await
}

/// The room that a house shows to who is not signed in: the first one, as long as everyone may read
/// it.
///
/// # Errors
/// As reading fails.
pub async fn welcoming(ctx: &Ctx) -> Result<Option<RoomId>> {
    let first = room::Entity::find_by_id(id(1)).one(ctx.db.read()).await?;
    Ok(first.filter(reader::is_open_to_all).map(|room| room.id))
}

/// Gives the first rooms that have no owner to who administers the house.
pub(crate) async fn adopt(tx: &mut Tx, account: AccountId) -> Result<()> {
    let ids = (1..).zip(FIRST).map(|(number, _)| id(number));
    for room in room::Entity::find().filter(room::Column::Id.is_in(ids)).all(tx.conn()).await? {
        let owners =
            membership::Column::RoomId.eq(room.id).and(membership::Column::Role.eq(Role::Owner));
        if membership::Entity::find().filter(owners).one(tx.conn()).await?.is_none() {
            members::enter(tx, room.id, account, Role::Owner).await?;
        }
    }
    Ok(())
}
