//! Invites: a code that lets whoever has it join, for some days and so many uses. Stored hashed.

use protocol::{
    Room, RoomId, Timestamp,
    rooms::{Invitation, Kind, NewInvite, OpenInvite, Role},
};
use sea_orm::{ActiveValue::Set, QueryOrder, entity::prelude::*, sea_query::ExprTrait as _};
use sha2::{Digest as _, Sha256};

use super::{
    access::{self, Member},
    entity::{invite, room},
    list, members,
};
use crate::{Ctx, Error, Result, Viewer, accounts, clock, limits::Rule};

/// As long an invite lasts, in seconds, where nothing else is said; and the longest.
const LASTS: i64 = 7 * 24 * 60 * 60;
const LONGEST: i64 = 365 * 24 * 60 * 60;
/// As many stand open in a room.
const OPEN: u64 = 50;

fn hash(code: &str) -> Vec<u8> {
    Sha256::digest(code.as_bytes()).to_vec()
}

/// Where an invite with this code leads in.
pub fn address(ctx: &Ctx, code: &str) -> String {
    format!("{}/invite/{code}", ctx.address())
}

fn name(hash: &[u8]) -> String {
    clock::hex(hash.get(..8).unwrap_or(hash))
}

/// Makes an invite to a room of many.
///
/// # Errors
/// `Forbidden` in a direct room, and for who does not moderate a private one; `Invalid` for more than
/// a year; `Conflict` where too many stand open; `RateLimited`.
pub async fn invite(
    ctx: &Ctx,
    member: &Member,
    expires_in: Option<i64>,
    uses: Option<i64>,
) -> Result<NewInvite> {
    let seconds = expires_in.unwrap_or(LASTS);
    if !(60..=LONGEST).contains(&seconds) {
        return Err(Error::invalid("expires_in", "Between a minute and a year."));
    }
    if uses.is_some_and(|uses| !(1..=10_000).contains(&uses)) {
        return Err(Error::invalid("uses", "Between 1 and 10,000."));
    }
    ctx.limits().take_for(Rule::Invite, member.account()).await?;
    let code = clock::secret::<16>();
    let expires_at = Timestamp(ctx.clock().now().0 + seconds * 1_000);
    ctx.transact_as(member.viewer(), async |tx| {
        let room = access::still_member(tx, member).await?;
        let may = match room.kind {
            Kind::Direct => false,
            Kind::Public => true,
            Kind::Private => access::role(tx, member).await? != Role::Member,
        };
        if !may || room.closed {
            return Err(Error::Forbidden("Only owners and moderators invite to this room."));
        }
        let over = invite::Column::ExpiresAt.lte(tx.now());
        let of_room = invite::Column::RoomId.eq(room.id);
        invite::Entity::delete_many().filter(of_room.clone().and(over)).exec(tx.conn()).await?;
        if invite::Entity::find().filter(of_room).count(tx.conn()).await? >= OPEN {
            return Err(Error::Conflict("Too many invites stand open. End some of them first."));
        }
        let row = invite::ActiveModel {
            code_hash: Set(hash(&code)),
            room_id: Set(room.id),
            created_by: Set(member.account()),
            created_at: Set(tx.now()),
            expires_at: Set(expires_at),
            uses_left: Set(uses),
        };
        invite::Entity::insert(row).exec_without_returning(tx.conn()).await?;
        Ok(())
    })
    .await?;
    let url = address(ctx, &code);
    Ok(NewInvite { code, url, expires_at })
}

/// The invites that stand open, the newest first.
///
/// # Errors
/// `Forbidden` for who does not moderate.
pub async fn invites(ctx: &Ctx, member: &Member) -> Result<Vec<OpenInvite>> {
    if !member.can_moderate() {
        return Err(Error::Forbidden("Only owners and moderators see who may come."));
    }
    let rows = invite::Entity::find()
        .filter(invite::Column::RoomId.eq(member.room()))
        .filter(invite::Column::ExpiresAt.gt(ctx.clock().now()))
        .order_by_desc(invite::Column::CreatedAt)
        .all(ctx.db.read())
        .await?;
    let open = |row: invite::Model| OpenInvite {
        name: name(&row.code_hash),
        created_at: row.created_at,
        expires_at: row.expires_at,
        uses_left: row.uses_left,
    };
    Ok(rows.into_iter().map(open).collect())
}

/// Ends an invite, by its code or by the name that [`invites`] gives. Once more, nothing changes.
///
/// # Errors
/// `Forbidden` for who neither made it nor moderates; `RateLimited`.
pub async fn end(ctx: &Ctx, member: &Member, code: &str) -> Result<()> {
    ctx.limits().take_for(Rule::Membership, member.account()).await?;
    ctx.transact_as(member.viewer(), async |tx| {
        access::still_member(tx, member).await?;
        let may = access::role(tx, member).await? != Role::Member;
        let rows = invite::Entity::find()
            .filter(invite::Column::RoomId.eq(member.room()))
            .all(tx.conn())
            .await?;
        let this =
            |row: &invite::Model| row.code_hash == hash(code) || name(&row.code_hash) == code;
        let Some(row) = rows.into_iter().find(this) else { return Ok(()) };
        if !may && row.created_by != member.account() {
            return Err(Error::Forbidden("Only owners and moderators end others’ invites."));
        }
        invite::Entity::delete_by_id(row.code_hash).exec(tx.conn()).await?;
        Ok(())
    })
    .await
}

/// What an invite leads to.
///
/// # Errors
/// `NotFound` where it is over, or never was.
pub async fn preview(ctx: &Ctx, code: &str) -> Result<Invitation> {
    let conn = ctx.db.read();
    let row = find(conn, code, ctx.clock().now()).await?;
    let room = room::Entity::find_by_id(row.room_id).one(conn).await?.ok_or(Error::NotFound)?;
    holds(conn, &row, &room).await?;
    Ok(Invitation {
        room: room.id,
        name: room.name,
        topic: room.topic,
        member_count: room.member_count,
        by: accounts::by_id(conn, row.created_by).await?,
        expires_at: row.expires_at,
    })
}

/// Joins by an invite; who is in the room already takes no place.
///
/// # Errors
/// `NotFound` where it is over, or never was, or they were removed from the room; `RateLimited`.
pub async fn accept(ctx: &Ctx, viewer: &Viewer, code: &str) -> Result<Room> {
    let me = viewer.account();
    ctx.limits().take_for(Rule::Membership, me).await?;
    let id: RoomId = ctx
        .transact_as(viewer, async |tx| {
            let row = find(tx.conn(), code, tx.now()).await?;
            // The room's row keeps two from taking the last place.
            let room = access::lock(tx, row.room_id).await?;
            if access::membership_of(tx.conn(), room.id, me).await?.is_some() {
                return Ok(room.id);
            }
            let row = find(tx.conn(), code, tx.now()).await?;
            holds(tx.conn(), &row, &room).await?;
            if members::was_removed(tx, room.id, me).await? {
                return Err(Error::NotFound);
            }
            if room.staff_only && !accounts::is_staff(tx.conn(), me).await? {
                return Err(Error::Forbidden("This room is for the staff."));
            }
            members::within_limit(tx, me).await?;
            match row.uses_left {
                None => {}
                Some(..=1) => {
                    invite::Entity::delete_by_id(row.code_hash).exec(tx.conn()).await?;
                }
                Some(left) => {
                    let used = invite::ActiveModel {
                        code_hash: Set(row.code_hash),
                        uses_left: Set(Some(left - 1)),
                        ..Default::default()
                    };
                    invite::Entity::update(used).exec(tx.conn()).await?;
                }
            }
            members::enter(tx, room.id, me, Role::Member).await?;
            Ok(room.id)
        })
        .await?;
    list::show(ctx, me, id).await
}

/// Whether who made an invite may still invite: it ends with their right to.
async fn holds(
    conn: &impl ConnectionTrait,
    invite: &invite::Model,
    room: &room::Model,
) -> Result<()> {
    let by = access::membership_of(conn, room.id, invite.created_by).await?;
    let may = |role: Role| room.kind == Kind::Public || role != Role::Member;
    match by.is_some_and(|by| may(by.role)) && !room.closed {
        true => Ok(()),
        false => Err(Error::NotFound),
    }
}

async fn find(conn: &impl ConnectionTrait, code: &str, now: Timestamp) -> Result<invite::Model> {
    let found = invite::Entity::find_by_id(hash(code)).one(conn).await?;
    found.filter(|row| row.expires_at > now).ok_or(Error::NotFound)
}
