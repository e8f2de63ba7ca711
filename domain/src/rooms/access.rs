//! Who may do what in a room. A [`Member`] is proof of membership when it was read; in the
//! transaction that stores, [`still_member`] reads it again, and [`speaker`] whether the room is open.

use std::collections::HashMap;

use protocol::{
    AccountId, RoomId, Timestamp,
    rooms::{Kind, Retention, Role},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DerivePartialModel, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::entity::{membership, room};
use crate::{
    Ctx, Error, Result, Viewer,
    db::{Tx, statement},
    rows::{Of, Rows, padded},
};

/// Proof that somebody is in a room. Made by [`member`] alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member {
    viewer: Viewer,
    room: RoomId,
    role: Role,
    kind: Kind,
    retention: Retention,
    pub(super) first_seq: i64,
    last_seq: i64,
    revision: i64,
    pub(super) access: i64,
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

    /// How long the room keeps what is said.
    pub fn retention(&self) -> Retention {
        self.retention
    }

    /// The room's last number when this was proven: what is read later has at least that.
    pub fn last_seq(&self) -> i64 {
        self.last_seq
    }

    /// The room's revision when this was proven.
    pub fn revision(&self) -> i64 {
        self.revision
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
    let sql = "SELECT membership.role, room.kind, room.retention_days, room.first_seq, \
               room.last_seq, room.revision, room.access FROM membership \
               JOIN room ON room.id = membership.room_id \
               WHERE membership.room_id = $1 AND membership.account_id = $2";
    let conn = ctx.db.read();
    let values = [id.into(), viewer.account().into()];
    let statement = statement(conn.get_database_backend(), sql, values);
    let row = conn.query_one_raw(statement).await?.ok_or(Error::NotFound)?;
    Ok(Member {
        viewer: *viewer,
        room: id,
        role: row.try_get("", "role")?,
        kind: row.try_get("", "kind")?,
        retention: Retention::of_days(row.try_get("", "retention_days")?),
        first_seq: row.try_get("", "first_seq")?,
        last_seq: row.try_get("", "last_seq")?,
        revision: row.try_get("", "revision")?,
        access: row.try_get("", "access")?,
    })
}

/// Whether the member may say something, as far as can be known without saying it.
///
/// # Errors
/// `Forbidden` where the room is closed.
pub async fn may_speak(ctx: &Ctx, member: &Member) -> Result<()> {
    let row = room::Entity::find_by_id(member.room()).one(ctx.db.read()).await?;
    let row = row.ok_or(Error::NotFound)?;
    speaker(row.kind, row.closed)
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

/// What the member is in the room, read in the transaction that acts.
///
/// # Errors
/// `NotFound` where they are in it no more.
pub(crate) async fn role(tx: &Tx, member: &Member) -> Result<Role> {
    let row = membership_of(tx.conn(), member.room, member.account()).await?;
    row.map(|row| row.role).ok_or(Error::NotFound)
}

/// Whether the member may write as far as moderators are concerned, read in the transaction that acts.
///
/// # Errors
/// `Forbidden` for who is muted.
pub(crate) async fn not_muted(tx: &Tx, member: &Member) -> Result<()> {
    let row = membership_of(tx.conn(), member.room, member.account()).await?;
    match row.and_then(|row| row.muted_until).is_some_and(|until| until > tx.now()) {
        true => Err(Error::Forbidden(MUTED)),
        false => Ok(()),
    }
}

/// Why who is muted says nothing.
pub(super) const MUTED: &str = "A moderator has muted you here for a while.";

/// Whether the members of a room may speak there now, by its locked row.
///
/// # Errors
/// `Forbidden` where it is closed.
pub(crate) fn speaker(kind: Kind, closed: bool) -> Result<()> {
    match (closed, kind) {
        (false, _) => Ok(()),
        (true, Kind::Direct) => Err(Error::Forbidden("You must be friends to chat.")),
        (true, _) => Err(Error::Forbidden("This room is closed.")),
    }
}

/// What of a room's row a message needs.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "room::Entity")]
pub(crate) struct Numbers {
    pub id: RoomId,
    pub kind: Kind,
    pub closed: bool,
    pub slow_mode: i64,
    pub last_seq: i64,
    pub revision: i64,
    pub access: i64,
    pub last_message_at: Timestamp,
}

/// The rows of these rooms, locked in the order of their ids: nobody waits in a circle.
pub(crate) async fn lock_all(
    tx: &Tx,
    ids: impl IntoIterator<Item = RoomId>,
) -> Result<HashMap<RoomId, Numbers>> {
    let rows: Vec<Numbers> = room::Entity::find()
        .filter(room::Column::Id.is_in(padded(ids)))
        .order_by_asc(room::Column::Id)
        .lock_exclusive()
        .into_partial_model()
        .all(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|room| (room.id, room)).collect())
}

/// Whether an account is in a room, and the room's `access` when that was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inside {
    pub room: RoomId,
    pub account: AccountId,
    pub access: i64,
    pub is_inside: bool,
}

/// Who of these is where now, each in one reading with the room's `access`; nobody, and for good, where the
/// room is gone. For delivery alone: it proves nothing to who wants to do something there.
///
/// # Errors
/// As reading fails.
pub async fn inside(ctx: &Ctx, pairs: &[(RoomId, AccountId)]) -> Result<Vec<Inside>> {
    let conn = ctx.db.deliver();
    let sql = "SELECT DISTINCT w.room_id, w.account_id, \
               COALESCE(room.access, 9223372036854775807) AS access, \
               membership.account_id IS NOT NULL AS is_inside \
               FROM w LEFT JOIN room ON room.id = w.room_id \
               LEFT JOIN membership ON membership.room_id = w.room_id \
               AND membership.account_id = w.account_id";
    let mut found = Vec::with_capacity(pairs.len());
    // A statement takes a bounded number of values.
    for some in pairs.chunks(1_024) {
        let mut rows = Rows::new([("room_id", Of::Id), ("account_id", Of::Id)]);
        some.iter().for_each(|(room, account)| rows.push([(*room).into(), (*account).into()]));
        let statement = rows.read(conn.get_database_backend(), sql);
        for row in conn.query_all_raw(statement).await? {
            found.push(Inside {
                room: row.try_get_by_index(0)?,
                account: row.try_get_by_index(1)?,
                access: row.try_get_by_index(2)?,
                is_inside: row.try_get_by_index(3)?,
            });
        }
    }
    Ok(found)
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
