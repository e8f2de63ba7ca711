//! Who may do what in a room. A [`Member`] is proof of membership when it was read; in the
//! transaction that stores, [`still_member`] reads it again, and [`speaker`] whether the room is open.

use protocol::{
    AccountId, RoomId,
    rooms::{Kind, Role},
};
use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect};

use super::entity::{membership, room};
use crate::{Ctx, Error, Result, Viewer, db::Tx};

/// Proof that somebody is in a room. Made by [`member`] alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member {
    viewer: Viewer,
    room: RoomId,
    role: Role,
    kind: Kind,
}

impl Member {
    pub fn account(&self) -> AccountId {
        self.viewer.account()
    }

    /// Who it is, and by which session.
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    pub fn room(&self) -> RoomId {
        self.room
    }

    pub fn role(&self) -> Role {
        self.role
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Owners and moderators.
    pub fn can_moderate(&self) -> bool {
        matches!(self.role, Role::Owner | Role::Moderator)
    }
}

/// The viewer as a member of this room.
///
/// # Errors
/// `NotFound` where there is no such room, or they are not in it.
pub async fn member(ctx: &Ctx, viewer: &Viewer, id: RoomId) -> Result<Member> {
    let found = membership::Entity::find_by_id((id, viewer.account()))
        .find_also_related(room::Entity)
        .one(ctx.db.read())
        .await?;
    match found {
        Some((membership, Some(room))) => {
            Ok(Member { viewer: *viewer, room: id, role: membership.role, kind: room.kind })
        }
        _ => Err(Error::NotFound),
    }
}

/// The room's row, locked, if the member is still in it.
///
/// # Errors
/// `NotFound` where they are not.
pub(crate) async fn still_member(tx: &Tx, member: &Member) -> Result<room::Model> {
    let room = lock(tx, member.room).await?;
    if membership_of(tx.conn(), member.room, member.account()).await?.is_none() {
        return Err(Error::NotFound);
    }
    Ok(room)
}

/// The room's row, locked, if its members may speak there now.
///
/// # Errors
/// `Forbidden` where it is closed.
pub(crate) fn speaker(room: room::Model) -> Result<room::Model> {
    match (room.closed, room.kind) {
        (false, _) => Ok(room),
        (true, Kind::Direct) => Err(Error::Forbidden("You must be friends to chat.")),
        (true, _) => Err(Error::Forbidden("This room is closed.")),
    }
}

pub(crate) async fn lock(tx: &Tx, id: RoomId) -> Result<room::Model> {
    let room = room::Entity::find_by_id(id).lock_exclusive().one(tx.conn()).await?;
    room.ok_or(Error::NotFound)
}

pub(crate) async fn membership_of(
    conn: &impl ConnectionTrait,
    room: RoomId,
    account: AccountId,
) -> Result<Option<membership::Model>> {
    Ok(membership::Entity::find_by_id((room, account)).one(conn).await?)
}
