//! Public rooms, for everyone to find: also for who is signed out.

use protocol::{Items, Limit, Room, rooms::Kind};
use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*, sea_query::ExprTrait as _};
use std::collections::HashMap;

use super::{entity::room, list};
use crate::{Ctx, Error, Result};

/// Public rooms that are not for the staff alone, by name; with a query, those whose name or topic has
/// it.
///
/// # Errors
/// `Invalid` for a query that is much too long, and for a cursor that was never given.
pub async fn directory(
    ctx: &Ctx,
    query: &str,
    cursor: Option<&str>,
    limit: Limit,
) -> Result<Items<Room>> {
    let query = query.trim();
    if query.chars().count() > 100 || query.contains('\0') {
        return Err(Error::invalid("query", "No room is called that."));
    }
    let mut find = room::Entity::find()
        .filter(room::Column::Kind.eq(Kind::Public))
        .filter(room::Column::StaffOnly.eq(false))
        .filter(room::Column::Closed.eq(false))
        .order_by_asc(room::Column::Name)
        .order_by_asc(room::Column::Id)
        .limit(limit.get() + 1);
    if !query.is_empty() {
        let part = format!("%{}%", query.to_lowercase().replace(['%', '_', '\\'], " "));
        let has = |column: room::Column| {
            sea_orm::sea_query::Func::lower(Expr::col((room::Entity, column))).like(part.clone())
        };
        find = find.filter(has(room::Column::Name).or(has(room::Column::Topic)));
    }
    if let Some(cursor) = cursor {
        let wrong = || Error::invalid("cursor", "This cursor was not given by Kith.");
        let (id, name) = cursor.split_once('_').ok_or_else(wrong)?;
        let id: protocol::RoomId = id.parse().map_err(|_| wrong())?;
        if name.contains('\0') {
            return Err(wrong());
        }
        let same = room::Column::Name.eq(name).and(room::Column::Id.gt(id));
        find = find.filter(room::Column::Name.gt(name).or(same));
    }
    let mut rows = find.all(ctx.db.read()).await?;
    let more = rows.len() as u64 > limit.get();
    rows.truncate(limit.get() as usize);
    let next = rows.last().filter(|_| more).map(|room| format!("{}_{}", room.id, room.name));
    let items = rows.into_iter().map(|room| list::shown(room, None, &HashMap::new())).collect();
    Ok(Items { items, next })
}
