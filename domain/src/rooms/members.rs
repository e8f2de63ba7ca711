//! Rooms of many: making them, coming and going.

use std::collections::BTreeSet;

use protocol::{
    AccountId, Room, RoomId, Timestamp, Topic,
    rooms::{Kind, MemberOf, NewRoom, Notify, Role},
};
use sea_orm::{
    ActiveValue::Set, QueryOrder, QuerySelect, entity::prelude::*, sea_query::ExprTrait as _,
};

use super::{
    access::{self, Member},
    entity::{membership, removal, room},
    list, moderation,
};
use crate::{Ctx, Error, Result, Viewer, accounts, bus::Change, db::Tx, friends, limits::Rule};

/// As many rooms as an account can be in.
const ROOMS: u64 = 2_000;
/// As many friends come with a new room.
const TOGETHER: usize = 50;

/// Makes a public or private room with the viewer as its owner.
///
/// # Errors
/// `Invalid` for a direct room, which [`super::direct::open`] makes; `NotFound` where somebody who is
/// to be in it is nobody, `Forbidden` where they are no friend; `RateLimited`.
pub async fn create(ctx: &Ctx, viewer: &Viewer, new: NewRoom) -> Result<Room> {
    if new.kind == Kind::Direct {
        return Err(Error::invalid("kind", "A room is public or private."));
    }
    let me = viewer.account();
    ctx.limits().take_for(Rule::Room, me).await?;
    if new.members.len() > TOGETHER {
        return Err(Error::invalid("members", "At most 50 people come with a room."));
    }
    let mut friends = BTreeSet::new();
    for username in &new.members {
        friends.insert(accounts::by_username(ctx, username).await?.id);
    }
    friends.remove(&me);
    let id = ctx
        .transact_as(viewer, async |tx| {
            within_limit(tx, me).await?;
            let id = insert(tx, new.kind, new.name.as_str(), None).await?;
            let more = room::ActiveModel {
                id: Set(id),
                topic: Set(new.topic.map(Topic::into_string).unwrap_or_default()),
                retention_days: Set(new.retention.days()),
                ..Default::default()
            };
            room::Entity::update(more).exec(tx.conn()).await?;
            enter(tx, id, me, Role::Owner).await?;
            for friend in &friends {
                if !friends::are_friends(tx.conn(), me, *friend).await? {
                    return Err(Error::Forbidden("Only friends can be added; invite others."));
                }
                within_limit(tx, *friend).await?;
                enter(tx, id, *friend, Role::Member).await?;
            }
            Ok(id)
        })
        .await?;
    list::show(ctx, viewer.account(), id).await
}

/// Joins a public room; once in it, nothing changes.
///
/// # Errors
/// `NotFound` where there is no such public room, or they were removed from it; `RateLimited`.
pub async fn join(ctx: &Ctx, viewer: &Viewer, id: RoomId) -> Result<Room> {
    let me = viewer.account();
    ctx.limits().take_for(Rule::Membership, me).await?;
    ctx.transact_as(viewer, async |tx| {
        let room = access::lock(tx, id).await?;
        if access::membership_of(tx.conn(), id, me).await?.is_some() {
            return Ok(());
        }
        if room.kind != Kind::Public || was_removed(tx, id, me).await? {
            return Err(Error::NotFound);
        }
        if room.staff_only && !accounts::is_staff(tx.conn(), me).await? {
            return Err(Error::Forbidden("This room is for the staff."));
        }
        within_limit(tx, me).await?;
        enter(tx, id, me, Role::Member).await
    })
    .await?;
    list::show(ctx, me, id).await
}

/// Adds a friend of the member's.
///
/// # Errors
/// `NotFound` where nobody has the name; `Forbidden` where the two are no friends, or the room is a
/// direct one; `RateLimited`.
pub async fn add(ctx: &Ctx, member: &Member, username: &str) -> Result<()> {
    let user = accounts::by_username(ctx, username).await?;
    if member.kind() == Kind::Direct {
        return Err(Error::Forbidden("A direct room is for two."));
    }
    ctx.limits().take_for(Rule::Membership, member.account()).await?;
    ctx.transact_as(member.viewer(), async |tx| {
        let room = access::still_member(tx, member).await?;
        if access::membership_of(tx.conn(), member.room(), user.id).await?.is_some() {
            return Ok(());
        }
        if room.closed {
            return Err(Error::Forbidden("This room is closed."));
        }
        if room.staff_only && !accounts::is_staff(tx.conn(), user.id).await? {
            return Err(Error::Forbidden("This room is for the staff."));
        }
        if !friends::are_friends(tx.conn(), member.account(), user.id).await? {
            return Err(Error::Forbidden("Only friends can be added; invite others."));
        }
        if was_removed(tx, member.room(), user.id).await? {
            if access::role(tx, member).await? == Role::Member {
                return Err(Error::Forbidden("Only a moderator lets them back in."));
            }
            moderation::let_back_in(tx, member.room(), user.id).await?;
        }
        within_limit(tx, user.id).await?;
        enter(tx, member.room(), user.id, Role::Member).await
    })
    .await
}

/// Removes somebody from the room: from the commit on they hear nothing more of it.
///
/// # Errors
/// `Forbidden` for who is neither owner nor moderator, and for removing an owner; `NotFound` where
/// nobody has the name; `RateLimited`.
pub async fn remove(ctx: &Ctx, member: &Member, username: &str) -> Result<()> {
    let user = accounts::by_username(ctx, username).await?;
    if !member.can_moderate() || member.kind() == Kind::Direct {
        return Err(Error::Forbidden("Only owners and moderators can remove members."));
    }
    ctx.limits().take_for(Rule::Moderation, member.account()).await?;
    ctx.transact_as(member.viewer(), async |tx| {
        let room = access::still_member(tx, member).await?;
        match access::membership_of(tx.conn(), member.room(), user.id).await? {
            None => Ok(()),
            Some(row) => {
                moderation::outranks(tx, member, row.role).await?;
                moderation::turn_out(tx, member, &room, user.id, None).await
            }
        }
    })
    .await
}

/// Leaves a room.
///
/// # Errors
/// `Conflict` for the last owner while others are there; `Forbidden` in a direct room; `RateLimited`.
pub async fn leave(ctx: &Ctx, member: &Member) -> Result<()> {
    if member.kind() == Kind::Direct {
        return Err(Error::Forbidden("A direct room cannot be left. Unfriending closes it."));
    }
    ctx.limits().take_for(Rule::Membership, member.account()).await?;
    ctx.transact_as(member.viewer(), async |tx| {
        let room = access::still_member(tx, member).await?;
        if room.member_count > 1
            && access::role(tx, member).await? == Role::Owner
            && moderation::owners(tx, room.id).await? == 1
        {
            return Err(Error::Conflict("Make somebody else the owner first."));
        }
        depart(tx, &room, member.account()).await
    })
    .await
}

/// Takes an account that is gone out of every room but the direct ones, one after the other; who has
/// been there longest owns what is left without an owner.
pub(crate) async fn leave_all(ctx: &Ctx, account: AccountId) -> Result<()> {
    let theirs = membership::Column::AccountId.eq(account);
    for row in membership::Entity::find().filter(theirs).all(ctx.db.read()).await? {
        ctx.transact(async |tx| {
            let room = access::lock(tx, row.room_id).await?;
            if room.kind != Kind::Direct {
                let was = access::membership_of(tx.conn(), room.id, account).await?;
                depart(tx, &room, account).await?;
                // The first rooms are nobody's for a while.
                if was.is_some_and(|was| was.role == Role::Owner) {
                    inherit(tx, room.id).await?;
                }
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Who has been in a locked room longest owns it, if nobody does.
async fn inherit(tx: &mut Tx, room: RoomId) -> Result<()> {
    let left = membership::Column::RoomId.eq(room);
    let owners = left.clone().and(membership::Column::Role.eq(Role::Owner));
    if membership::Entity::find().filter(owners).count(tx.conn()).await? > 0 {
        return Ok(());
    }
    let heir = membership::Entity::find()
        .filter(left)
        .order_by_asc(membership::Column::JoinedAt)
        .one(tx.conn())
        .await?;
    if let Some(heir) = heir {
        let owner = membership::ActiveModel {
            room_id: Set(heir.room_id),
            account_id: Set(heir.account_id),
            role: Set(Role::Owner),
            ..Default::default()
        };
        membership::Entity::update(owner).exec(tx.conn()).await?;
        tx.emit(Change::RoleChanged { room, account: heir.account_id });
    }
    Ok(())
}

/// Who is in the room, by the time they came.
///
/// # Errors
/// As reading fails.
pub async fn members(ctx: &Ctx, member: &Member) -> Result<Vec<MemberOf>> {
    let conn = ctx.db.read();
    let rows = membership::Entity::find()
        .filter(membership::Column::RoomId.eq(member.room()))
        .order_by_asc(membership::Column::JoinedAt)
        .limit(1_000)
        .all(conn)
        .await?;
    let users = accounts::by_ids(conn, rows.iter().map(|row| row.account_id)).await?;
    let now = ctx.clock().now();
    let known = rows.iter().filter_map(|row| {
        Some(MemberOf {
            user: users.get(&row.account_id)?.clone(),
            role: row.role,
            muted_until: row.muted_until.filter(|until| *until > now),
        })
    });
    Ok(known.collect())
}

pub(super) async fn was_removed(tx: &Tx, room: RoomId, account: AccountId) -> Result<bool> {
    Ok(removal::Entity::find_by_id((room, account)).one(tx.conn()).await?.is_some())
}

/// # Errors
/// `Conflict` for who is in as many rooms as an account may be.
pub(super) async fn within_limit(tx: &Tx, account: AccountId) -> Result<()> {
    let rooms = membership::Entity::find()
        .filter(membership::Column::AccountId.eq(account))
        .count(tx.conn())
        .await?;
    if rooms >= ROOMS {
        return Err(Error::Conflict("That is as many rooms as an account can be in."));
    }
    Ok(())
}

pub(super) async fn insert(
    tx: &Tx,
    kind: Kind,
    name: &str,
    direct_pair: Option<Vec<u8>>,
) -> Result<RoomId> {
    let id = tx.new_id(RoomId::new);
    let room = room::ActiveModel {
        name: Set(name.to_owned()),
        direct_pair: Set(direct_pair),
        ..fresh(tx, id, kind)
    };
    room::Entity::insert(room).exec_without_returning(tx.conn()).await?;
    Ok(id)
}

/// A room without a name in which there is nobody.
pub(super) fn fresh(tx: &Tx, id: RoomId, kind: Kind) -> room::ActiveModel {
    room::ActiveModel {
        id: Set(id),
        kind: Set(kind),
        name: Set(String::new()),
        topic: Set(String::new()),
        closed: Set(false),
        staff_only: Set(false),
        notices: Set(false),
        slow_mode: Set(0),
        retention_days: Set(0),
        first_seq: Set(1),
        direct_pair: Set(None),
        last_seq: Set(0),
        revision: Set(0),
        access: Set(0),
        member_count: Set(0),
        last_author_id: Set(None),
        last_text: Set(String::new()),
        last_message_at: Set(Timestamp(0)),
        created_at: Set(tx.now()),
    }
}

/// Makes somebody a member; what was said before counts as read.
pub(super) async fn enter(tx: &mut Tx, id: RoomId, account: AccountId, role: Role) -> Result<()> {
    let room = access::lock(tx, id).await?;
    let row = membership::ActiveModel {
        room_id: Set(id),
        account_id: Set(account),
        role: Set(role),
        read_seq: Set(room.last_seq),
        joined_at: Set(tx.now()),
        muted_until: Set(None),
        // Where one waits between two messages, who comes in waits as well: nobody gets around it by
        // leaving and coming back.
        spoke_at: Set((room.slow_mode > 0 && role == Role::Member).then_some(tx.now())),
        notify: Set(Notify::All),
        mentioned_seq: Set(0),
    };
    membership::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    count(tx, id, 1).await?;
    tx.emit(Change::Joined { room: id, account, access: room.access + 1 });
    if room.notices {
        tx.emit(Change::Noticed { room: id, account, enters: true });
    }
    Ok(())
}

pub(super) async fn depart(tx: &mut Tx, room: &room::Model, account: AccountId) -> Result<()> {
    let Some(row) = access::membership_of(tx.conn(), room.id, account).await? else {
        return Ok(());
    };
    membership::Entity::delete_by_id((room.id, account)).exec(tx.conn()).await?;
    count(tx, room.id, -1).await?;
    // Who is muted does not get rid of that by going: a moderator lets them back in.
    if row.muted_until.is_some_and(|until| until > tx.now())
        && !was_removed(tx, room.id, account).await?
    {
        moderation::keep_out(tx, room.id, account, account, None).await?;
    }
    tx.emit(Change::Left { room: room.id, account, access: room.access + 1 });
    if room.notices {
        tx.emit(Change::Noticed { room: room.id, account, enters: false });
    }
    Ok(())
}

async fn count(tx: &Tx, id: RoomId, change: i64) -> Result<()> {
    room::Entity::update_many()
        .col_expr(room::Column::MemberCount, Expr::col(room::Column::MemberCount).add(change))
        .col_expr(room::Column::Access, Expr::col(room::Column::Access).add(1))
        .filter(room::Column::Id.eq(id))
        .exec(tx.conn())
        .await?;
    Ok(())
}
