//! Who may read a room: who is in it, and of a public one anybody.

use protocol::{AccountId, RoomId, rooms::Kind};
use sea_orm::{ConnectionTrait, EntityTrait};

use super::{
    access::{Member, member, membership_of},
    entity::{removal, room},
    list::Position,
};
use crate::{Ctx, Error, Result, Viewer};

/// Proof that a room may be read: by who is in it, or, of a public one, by anyone. Made by [`reader`],
/// or of a [`Member`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reader {
    room: RoomId,
    /// Who is in it; nobody, where it is read as everyone may.
    account: Option<AccountId>,
    first_seq: i64,
    last_seq: i64,
    revision: i64,
    access: i64,
}

impl Reader {
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// Who reads it as one who is in it.
    pub fn account(&self) -> Option<AccountId> {
        self.account
    }

    /// The first number that the room keeps.
    pub fn first_seq(&self) -> i64 {
        self.first_seq
    }

    /// The room's last number when this was proven: what is read later has at least that.
    pub fn last_seq(&self) -> i64 {
        self.last_seq
    }

    /// The room's revision when this was proven.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// Where the room stood when this was proven.
    pub fn position(&self) -> Position {
        Position { room: self.room, revision: self.revision, access: self.access }
    }
}

impl From<&Member> for Reader {
    fn from(member: &Member) -> Self {
        Self {
            room: member.room(),
            account: Some(member.account()),
            first_seq: member.first_seq,
            last_seq: member.last_seq(),
            revision: member.revision(),
            access: member.access,
        }
    }
}

/// Somebody, or nobody, as a reader of this room.
///
/// # Errors
/// `NotFound` where there is no such room, or it is not theirs to read.
pub async fn reader(ctx: &Ctx, viewer: Option<&Viewer>, id: RoomId) -> Result<Reader> {
    if let Some(viewer) = viewer {
        match member(ctx, viewer, id).await {
            Ok(member) => return Ok((&member).into()),
            Err(Error::NotFound) => {}
            Err(error) => return Err(error),
        }
        if removal::Entity::find_by_id((id, viewer.account())).one(ctx.db.read()).await?.is_some() {
            return Err(Error::NotFound);
        }
    }
    let room = room::Entity::find_by_id(id).one(ctx.db.read()).await?.ok_or(Error::NotFound)?;
    if !is_open_to_all(&room) {
        return Err(Error::NotFound);
    }
    Ok(Reader {
        room: id,
        account: None,
        first_seq: room.first_seq,
        last_seq: room.last_seq,
        revision: room.revision,
        access: room.access,
    })
}

/// Whether a room may be read, by who was in it when that was proven, or by anyone.
///
/// # Errors
/// `NotFound` where it may not.
pub(crate) async fn may_read(
    conn: &impl ConnectionTrait,
    id: RoomId,
    account: Option<AccountId>,
) -> Result<()> {
    let may = match account {
        Some(account) => membership_of(conn, id, account).await?.is_some(),
        None => {
            room::Entity::find_by_id(id).one(conn).await?.is_some_and(|room| is_open_to_all(&room))
        }
    };
    if may { Ok(()) } else { Err(Error::NotFound) }
}

/// Whether anybody may read a room, also signed out.
pub(crate) fn is_open_to_all(room: &room::Model) -> bool {
    room.kind == Kind::Public && !room.staff_only && !room.closed
}
