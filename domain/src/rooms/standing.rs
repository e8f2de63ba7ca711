//! Where those stand who say something, many at once, in the transaction that stores it.

use std::collections::{BTreeSet, HashMap};

use protocol::{AccountId, RoomId, SessionId, Timestamp, User, rooms::Role};
use sea_orm::ConnectionTrait;

use super::access::{MUTED, Member};
use crate::{
    Error, Result,
    accounts::Named,
    db::Tx,
    rows::{Of, Rows},
};

/// The memberships of rows that name a room and an account.
pub(crate) const THEIRS: &str =
    "membership.room_id = w.room_id AND membership.account_id = w.account_id";

/// Whose standing in which room.
pub(crate) type Key = (SessionId, RoomId);

pub(crate) fn key(member: &Member) -> Key {
    (member.viewer().session(), member.room())
}

/// Where a member stands now. Whose session has ended stands nowhere.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    Inside(Box<Voice>),
    Outside,
}

/// Who speaks in a room, and what keeps them from it.
#[derive(Clone, Debug)]
pub(crate) struct Voice {
    pub user: User,
    pub role: Role,
    pub muted_until: Option<Timestamp>,
    /// When they said something last.
    pub spoke_at: Option<Timestamp>,
}

impl Voice {
    /// Whether they may say something now, where one may only so often.
    ///
    /// # Errors
    /// `Forbidden` for who is muted; `RateLimited` for who has just spoken in a slow room.
    pub(crate) fn may_be_heard(&self, slow_mode: i64, now: Timestamp) -> Result<()> {
        if self.muted_until.is_some_and(|until| until > now) {
            return Err(Error::Forbidden(MUTED));
        }
        if slow_mode > 0
            && self.role == Role::Member
            && let Some(at) = self.spoke_at
        {
            let wait = at.0 + slow_mode * 1_000 - now.0;
            if wait > 0 {
                return Err(Error::RateLimited { retry_after_ms: wait.unsigned_abs() });
            }
        }
        Ok(())
    }
}

/// Reads where these members stand, in the transaction that stores for them.
pub(crate) async fn standings(tx: &Tx, members: &[&Member]) -> Result<HashMap<Key, Standing>> {
    let keys: Vec<Key> =
        members.iter().map(|member| key(member)).collect::<BTreeSet<_>>().into_iter().collect();
    let mut rows = Rows::new([("n", Of::Number), ("session_id", Of::Id), ("room_id", Of::Id)]);
    for (n, (session, room)) in (0_i64..).zip(&keys) {
        rows.push([n.into(), (*session).into(), (*room).into()]);
    }
    let sql = "SELECT w.n, session.expires_at, account.username, account.display_name, \
               account.picture_id, membership.account_id AS inside, membership.role, \
               membership.muted_until, membership.spoke_at \
               FROM w JOIN session ON session.id = w.session_id \
               JOIN account ON account.id = session.account_id \
               LEFT JOIN membership ON membership.room_id = w.room_id \
               AND membership.account_id = session.account_id";
    let statement = rows.read(tx.conn().get_database_backend(), sql);
    let mut standings = HashMap::with_capacity(keys.len());
    for row in tx.conn().query_all_raw(statement).await? {
        let n: i64 = row.try_get("", "n")?;
        let key = usize::try_from(n).ok().and_then(|n| keys.get(n));
        let (Some(key), true) = (key, row.try_get::<Timestamp>("", "expires_at")? > tx.now())
        else {
            continue;
        };
        let standing = match row.try_get::<Option<AccountId>>("", "inside")? {
            None => Standing::Outside,
            Some(id) => {
                let (username, display_name) =
                    (row.try_get("", "username")?, row.try_get("", "display_name")?);
                let picture_id = row.try_get("", "picture_id")?;
                Standing::Inside(Box::new(Voice {
                    user: Named { id, username, display_name, picture_id }.into(),
                    role: row.try_get("", "role")?,
                    muted_until: row.try_get("", "muted_until")?,
                    spoke_at: row.try_get("", "spoke_at")?,
                }))
            }
        };
        standings.insert(*key, standing);
    }
    Ok(standings)
}
