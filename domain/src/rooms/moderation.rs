//! Keeping a room in order: roles, removals, bans, mutes, and the log of who did what. What somebody
//! may do is read in the transaction that does it.

use protocol::{
    AccountId, Items, Limit, RoomId, Timestamp,
    rooms::{Action, Kind, Logged, MemberStep, Role},
};
use sea_orm::{
    ActiveValue::Set, QueryOrder, QuerySelect, entity::prelude::*, sea_query::OnConflict,
};

use super::{
    access::{self, Member},
    entity::{log, membership, removal, room},
    members,
};
use crate::{Ctx, Error, Result, accounts, bus::Change, db::Tx, limits::Rule};

/// For as long somebody can be muted at most, in milliseconds: a year.
const LONGEST_MUTE_MS: i64 = 365 * 24 * 60 * 60 * 1_000;

/// For as long somebody is muted by [`step`], in milliseconds.
const MUTED_MS: i64 = 60 * 60 * 1_000;

/// Does something about somebody.
///
/// # Errors
/// As the step itself.
pub async fn step(ctx: &Ctx, member: &Member, username: &str, step: MemberStep) -> Result<()> {
    match step {
        MemberStep::Add => members::add(ctx, member, username).await,
        MemberStep::Remove => members::remove(ctx, member, username).await,
        MemberStep::Ban => ban(ctx, member, username, "").await,
        MemberStep::Mute => {
            let until = Timestamp(ctx.clock().now().0 + MUTED_MS);
            mute(ctx, member, username, Some(until)).await
        }
        MemberStep::Unmute => mute(ctx, member, username, None).await,
        MemberStep::Owner => set_role(ctx, member, username, Role::Owner).await,
        MemberStep::Moderator => set_role(ctx, member, username, Role::Moderator).await,
        MemberStep::Member => set_role(ctx, member, username, Role::Member).await,
    }
}

/// Gives somebody in the room another role.
///
/// # Errors
/// `Forbidden` for who is no owner; `Conflict` where nobody would own the room any more; `NotFound`
/// where they are not in it.
pub async fn set_role(ctx: &Ctx, member: &Member, username: &str, role: Role) -> Result<()> {
    ctx.limits().take_for(Rule::Moderation, member.account()).await?;
    let user = accounts::by_username(ctx, username).await?;
    ctx.transact_as(member.viewer(), async |tx| {
        let room = access::still_member(tx, member).await?;
        if room.kind == Kind::Direct || access::role(tx, member).await? != Role::Owner {
            return Err(Error::Forbidden("Only an owner gives roles."));
        }
        let row = access::membership_of(tx.conn(), room.id, user.id).await?;
        let row = row.ok_or(Error::NotFound)?;
        if row.role == role {
            return Ok(());
        }
        if row.role == Role::Owner && owners(tx, room.id).await? == 1 {
            return Err(Error::Conflict("Make somebody else the owner first."));
        }
        let changed = membership::ActiveModel {
            room_id: Set(room.id),
            account_id: Set(user.id),
            role: Set(role),
            ..Default::default()
        };
        membership::Entity::update(changed).exec(tx.conn()).await?;
        tx.emit(Change::RoleChanged { room: room.id, account: user.id });
        let detail = format!("{role:?}").to_lowercase();
        note(tx, member, Action::Role, Some(user.id), &detail).await
    })
    .await
}

/// Removes somebody for good: they come back only once the ban is lifted. Who is not in the room can
/// be banned, too.
///
/// # Errors
/// `Forbidden` for who does not outrank them; `NotFound` where nobody has the name.
pub async fn ban(ctx: &Ctx, member: &Member, username: &str, reason: &str) -> Result<()> {
    ctx.limits().take_for(Rule::Moderation, member.account()).await?;
    let user = accounts::by_username(ctx, username).await?;
    let reason: String = reason.trim().chars().take(255).collect();
    ctx.transact_as(member.viewer(), async |tx| {
        let room = access::still_member(tx, member).await?;
        let row = access::membership_of(tx.conn(), room.id, user.id).await?;
        outranks(tx, member, row.map_or(Role::Member, |row| row.role)).await?;
        if user.id == member.account() {
            return Err(Error::invalid("username", "You cannot ban yourself."));
        }
        turn_out(tx, member, &room, user.id, Some(&reason)).await
    })
    .await
}

/// Lets somebody come back who was banned or removed. Once more, nothing changes.
///
/// # Errors
/// `Forbidden` for who does not moderate; `NotFound` where nobody has the name.
pub async fn unban(ctx: &Ctx, member: &Member, username: &str) -> Result<()> {
    ctx.limits().take_for(Rule::Moderation, member.account()).await?;
    let user = accounts::by_username(ctx, username).await?;
    ctx.transact_as(member.viewer(), async |tx| {
        let room = access::still_member(tx, member).await?;
        outranks(tx, member, Role::Member).await?;
        let gone = removal::Entity::delete_by_id((room.id, user.id)).exec(tx.conn()).await?;
        match gone.rows_affected {
            0 => Ok(()),
            _ => note(tx, member, Action::Unbanned, Some(user.id), "").await,
        }
    })
    .await
}

/// Keeps somebody from writing until then; `None` lets them write again.
///
/// # Errors
/// `Forbidden` for who does not outrank them; `NotFound` where they are not in the room; `Invalid` for
/// a time that is over, or more than a year away.
pub async fn mute(
    ctx: &Ctx,
    member: &Member,
    username: &str,
    until: Option<Timestamp>,
) -> Result<()> {
    let now = ctx.clock().now();
    if until.is_some_and(|until| until <= now || until.0 - now.0 > LONGEST_MUTE_MS) {
        return Err(Error::invalid("until", "Choose a time within a year from now."));
    }
    ctx.limits().take_for(Rule::Moderation, member.account()).await?;
    let user = accounts::by_username(ctx, username).await?;
    ctx.transact_as(member.viewer(), async |tx| {
        let room = access::still_member(tx, member).await?;
        let row = access::membership_of(tx.conn(), room.id, user.id).await?;
        let row = row.ok_or(Error::NotFound)?;
        outranks(tx, member, row.role).await?;
        if row.muted_until == until {
            return Ok(());
        }
        let changed = membership::ActiveModel {
            room_id: Set(room.id),
            account_id: Set(user.id),
            muted_until: Set(until),
            ..Default::default()
        };
        membership::Entity::update(changed).exec(tx.conn()).await?;
        tx.emit(Change::RoleChanged { room: room.id, account: user.id });
        let action = if until.is_some() { Action::Muted } else { Action::Unmuted };
        note(tx, member, action, Some(user.id), "").await
    })
    .await
}

/// Who did what in the room, the newest first.
///
/// # Errors
/// `Forbidden` for who does not moderate.
pub async fn log(
    ctx: &Ctx,
    member: &Member,
    cursor: Option<&str>,
    limit: Limit,
) -> Result<Items<Logged>> {
    if !member.can_moderate() {
        return Err(Error::Forbidden("The log is for who keeps the room in order."));
    }
    let conn = ctx.db.read();
    let mut find = log::Entity::find()
        .filter(log::Column::RoomId.eq(member.room()))
        .order_by_desc(log::Column::Id)
        .limit(limit.get() + 1);
    if let Some(cursor) = cursor {
        let none = |_| Error::invalid("cursor", "This cursor was not given by Kith.");
        find = find.filter(log::Column::Id.lt(cursor.parse::<Uuid>().map_err(none)?));
    }
    let mut rows = find.all(conn).await?;
    let more = rows.len() as u64 > limit.get();
    rows.truncate(limit.get() as usize);
    let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
    let mut people: Vec<AccountId> = rows.iter().map(|row| row.actor_id).collect();
    people.extend(rows.iter().filter_map(|row| row.subject_id));
    let users = accounts::by_ids(conn, people).await?;
    let logged = |row: log::Model| {
        Some(Logged {
            actor: users.get(&row.actor_id)?.clone(),
            action: row.action,
            subject: row.subject_id.and_then(|id| users.get(&id).cloned()),
            detail: row.detail,
            created_at: row.created_at,
        })
    };
    Ok(Items { items: rows.into_iter().filter_map(logged).collect(), next })
}

/// Whether the member may act on somebody with this role: owners on everyone but owners, moderators on
/// members.
pub(super) async fn outranks(tx: &Tx, member: &Member, other: Role) -> Result<()> {
    let own = access::role(tx, member).await?;
    match (own, other) {
        (Role::Owner, Role::Moderator | Role::Member) | (Role::Moderator, Role::Member) => Ok(()),
        (Role::Owner | Role::Moderator, Role::Owner) => {
            Err(Error::Forbidden("An owner cannot be removed."))
        }
        (Role::Moderator, Role::Moderator) => {
            Err(Error::Forbidden("Only an owner acts on moderators."))
        }
        (Role::Member, _) => {
            Err(Error::Forbidden("Only owners and moderators can remove members."))
        }
    }
}

/// Removes who is in the locked room, if they are; with a reason, bans them.
pub(super) async fn turn_out(
    tx: &mut Tx,
    member: &Member,
    room: &room::Model,
    account: AccountId,
    ban: Option<&str>,
) -> Result<()> {
    let stands = removal::Entity::find_by_id((room.id, account)).one(tx.conn()).await?;
    if stands.is_some_and(|row| row.banned && ban == Some(&row.reason)) {
        return Ok(());
    }
    keep_out(tx, room.id, account, member.account(), ban).await?;
    if access::membership_of(tx.conn(), room.id, account).await?.is_some() {
        members::depart(tx, room, account).await?;
    }
    let action = if ban.is_some() { Action::Banned } else { Action::Removed };
    note(tx, member, action, Some(account), ban.unwrap_or_default()).await
}

/// Somebody comes back by a moderator's hand alone; with a reason, only once the ban is lifted.
pub(super) async fn keep_out(
    tx: &Tx,
    room: RoomId,
    account: AccountId,
    by: AccountId,
    ban: Option<&str>,
) -> Result<()> {
    let removed = removal::ActiveModel {
        room_id: Set(room),
        account_id: Set(account),
        removed_by: Set(by),
        removed_at: Set(tx.now()),
        banned: Set(ban.is_some()),
        reason: Set(ban.unwrap_or_default().to_owned()),
    };
    let again = OnConflict::columns([removal::Column::RoomId, removal::Column::AccountId])
        .update_columns([
            removal::Column::RemovedBy,
            removal::Column::RemovedAt,
            removal::Column::Banned,
            removal::Column::Reason,
        ])
        .to_owned();
    removal::Entity::insert(removed).on_conflict(again).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// A moderator lets somebody back in whom one removed; not who is banned.
pub(super) async fn let_back_in(tx: &Tx, room: RoomId, account: AccountId) -> Result<()> {
    let found = removal::Entity::find_by_id((room, account)).one(tx.conn()).await?;
    if found.is_some_and(|row| row.banned) {
        return Err(Error::Forbidden("They are banned from this room. Lift the ban first."));
    }
    removal::Entity::delete_by_id((room, account)).exec(tx.conn()).await?;
    Ok(())
}

/// Writes a line into the room's log.
pub(crate) async fn note(
    tx: &Tx,
    member: &Member,
    action: Action,
    subject: Option<AccountId>,
    detail: &str,
) -> Result<()> {
    let line = log::ActiveModel {
        room_id: Set(member.room()),
        id: Set(tx.new_id(RoomId::new).0),
        actor_id: Set(member.account()),
        action: Set(action),
        subject_id: Set(subject),
        detail: Set(detail.to_owned()),
        created_at: Set(tx.now()),
    };
    log::Entity::insert(line).exec_without_returning(tx.conn()).await?;
    Ok(())
}

pub(super) async fn owners(tx: &Tx, room: RoomId) -> Result<u64> {
    let owners = membership::Entity::find()
        .filter(membership::Column::RoomId.eq(room))
        .filter(membership::Column::Role.eq(Role::Owner));
    Ok(owners.count(tx.conn()).await?)
}
