//! What a room is called, who finds it, and how one may write there; and its end.

use protocol::{
    Room, RoomId,
    rooms::{Action, Kind, Notify, Retention, Role, RoomChange},
};
use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect, entity::prelude::*};

use super::{
    access::{self, Member},
    entity::{invite, log, membership, removal, room},
    list, members,
    moderation::note,
    reader::is_open_to_all,
};
use crate::{Ctx, Error, Result, accounts, bus::Change, db::Tx, followers, limits::Rule};

/// The slowest a room can be made, in seconds.
const SLOWEST: i64 = 3_600;
/// As many leave in one transaction.
const AT_ONCE: u64 = 50;

/// Changes what is given.
///
/// # Errors
/// `Forbidden` for who does not moderate the room, and for making it the staff's without being of
/// them; `Invalid` for making a private room public.
pub async fn change(ctx: &Ctx, member: &Member, change: RoomChange) -> Result<Room> {
    if change.slow_mode.is_some_and(|seconds| !(0..=SLOWEST).contains(&seconds)) {
        return Err(Error::invalid("slow_mode", "Between no seconds and an hour."));
    }
    ctx.limits().take_for(Rule::Moderation, member.account()).await?;
    ctx.transact_as(member.viewer(), async |tx| {
        let room = access::still_member(tx, member).await?;
        if room.kind == Kind::Direct || access::role(tx, member).await? == Role::Member {
            return Err(Error::Forbidden("Only owners and moderators change a room."));
        }
        let mut changed = room::ActiveModel { id: Set(room.id), ..Default::default() };
        let mut what = Vec::new();
        if let Some(name) = change.name.filter(|name| name.as_str() != room.name) {
            what.push(format!("name: {name}"));
            changed.name = Set(name.into_string());
        }
        if let Some(topic) = change.topic.filter(|topic| topic.as_str() != room.topic) {
            what.push(format!("topic: {topic}"));
            changed.topic = Set(topic.into_string());
        }
        match change.kind.filter(|kind| *kind != room.kind) {
            None => {}
            // There is no way back.
            Some(Kind::Private) if access::role(tx, member).await? != Role::Owner => {
                return Err(Error::Forbidden("Only an owner makes a room private."));
            }
            Some(Kind::Private) => {
                what.push("private".to_owned());
                changed.kind = Set(Kind::Private);
            }
            Some(_) => {
                return Err(Error::invalid("kind", "What was said among few stays among few."));
            }
        }
        if let Some(staff_only) = change.staff_only.filter(|only| *only != room.staff_only) {
            if !accounts::is_staff(tx.conn(), member.account()).await? {
                return Err(Error::Forbidden("Only the staff makes a room the staff’s."));
            }
            what.push(format!("staff only: {staff_only}"));
            changed.staff_only = Set(staff_only);
        }
        if let Some(notices) = change.notices.filter(|notices| *notices != room.notices) {
            what.push(format!("who comes and goes: {notices}"));
            changed.notices = Set(notices);
        }
        if let Some(seconds) = change.slow_mode.filter(|seconds| *seconds != room.slow_mode) {
            what.push(format!("slow mode: {seconds} s"));
            changed.slow_mode = Set(seconds);
        }
        if let Some(retention) =
            change.retention.filter(|retention| retention.days() != room.retention_days)
        {
            keep_for(tx, member, &room, retention).await?;
            what.push(format!("keeps what is said: {}", String::from(retention)));
            changed.retention_days = Set(retention.days());
        }
        if what.is_empty() {
            return Ok(());
        }
        let hides = changed.kind.is_set() || changed.staff_only.is_set();
        room::Entity::update(changed).exec(tx.conn()).await?;
        if hides && is_open_to_all(&room) {
            tx.emit(Change::Hidden { room: room.id });
        }
        tx.emit(Change::RoomChanged { room: room.id });
        let detail: String = what.join(", ").chars().take(255).collect();
        note(tx, member, Action::Changed, None, &detail).await
    })
    .await?;
    list::show(ctx, member.account(), member.room()).await
}

/// Whether the room may keep what is said for as long.
async fn keep_for(
    tx: &Tx,
    member: &Member,
    room: &room::Model,
    retention: Retention,
) -> Result<()> {
    if access::role(tx, member).await? != Role::Owner {
        return Err(Error::Forbidden("Only an owner says how long a room keeps what is said."));
    }
    // Who spoke in it was told that nothing is stored, or that it is.
    let is_ephemeral = |days| Retention::of_days(days) == Retention::Ephemeral;
    if is_ephemeral(room.retention_days) || retention == Retention::Ephemeral {
        let why = "A room is ephemeral from its beginning, or never.";
        return Err(Error::invalid("retention", why));
    }
    Ok(())
}

/// What of the room the member is told of.
///
/// # Errors
/// `NotFound` where they are in it no more; `RateLimited`.
pub async fn set_notify(ctx: &Ctx, member: &Member, notify: Notify) -> Result<Room> {
    ctx.limits().take_for(Rule::Membership, member.account()).await?;
    ctx.transact_as(member.viewer(), async |tx| {
        access::still_member(tx, member).await?;
        let changed = membership::ActiveModel {
            room_id: Set(member.room()),
            account_id: Set(member.account()),
            notify: Set(notify),
            ..Default::default()
        };
        membership::Entity::update(changed).exec(tx.conn()).await?;
        tx.emit(Change::RoleChanged { room: member.room(), account: member.account() });
        Ok(())
    })
    .await?;
    list::show(ctx, member.account(), member.room()).await
}

/// Ends a room: it is closed at once, everyone leaves it, some at a time, and nobody finds it again.
///
/// # Errors
/// `Forbidden` for who is no owner.
pub async fn delete(ctx: &Ctx, member: &Member) -> Result<()> {
    ctx.transact_as(member.viewer(), async |tx| {
        let room = access::still_member(tx, member).await?;
        if room.kind == Kind::Direct || access::role(tx, member).await? != Role::Owner {
            return Err(Error::Forbidden("Only an owner deletes a room."));
        }
        let ended = room::ActiveModel {
            id: Set(room.id),
            kind: Set(Kind::Private),
            closed: Set(true),
            notices: Set(false),
            ..Default::default()
        };
        room::Entity::update(ended).exec(tx.conn()).await?;
        tx.emit(Change::Hidden { room: room.id });
        let invites = invite::Column::RoomId.eq(room.id);
        invite::Entity::delete_many().filter(invites).exec(tx.conn()).await?;
        Ok(())
    })
    .await?;
    // The owner last: they can do it again where it was interrupted.
    let others = || {
        membership::Entity::find()
            .filter(membership::Column::RoomId.eq(member.room()))
            .filter(membership::Column::AccountId.ne(member.account()))
            .order_by_asc(membership::Column::AccountId)
            .limit(AT_ONCE)
    };
    loop {
        let left = ctx
            .transact_as(member.viewer(), async |tx| {
                let mut left = 0;
                for row in others().all(tx.conn()).await? {
                    let room = access::lock(tx, member.room()).await?;
                    members::depart(tx, &room, row.account_id).await?;
                    left += 1;
                }
                Ok(left)
            })
            .await?;
        if left < AT_ONCE {
            break;
        }
    }
    ctx.transact_as(member.viewer(), async |tx| {
        let room = access::still_member(tx, member).await?;
        members::depart(tx, &room, member.account()).await
    })
    .await?;
    followers::finish_deletions(ctx);
    Ok(())
}

/// Rooms that were deleted, and of which something is left.
pub(crate) async fn deleted(ctx: &Ctx) -> Result<Vec<RoomId>> {
    let rows = room::Entity::find()
        .filter(room::Column::Kind.eq(Kind::Private))
        .filter(room::Column::Closed.eq(true))
        .filter(room::Column::MemberCount.eq(0))
        .all(ctx.db.read())
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Takes the last of a deleted room away, once nothing that was said is left.
pub(crate) async fn erase(ctx: &Ctx, id: RoomId) -> Result<()> {
    ctx.transact(async |tx| {
        let removals = removal::Column::RoomId.eq(id);
        removal::Entity::delete_many().filter(removals).exec(tx.conn()).await?;
        let lines = log::Column::RoomId.eq(id);
        log::Entity::delete_many().filter(lines).exec(tx.conn()).await?;
        room::Entity::delete_by_id(id).exec(tx.conn()).await?;
        Ok(())
    })
    .await
}
