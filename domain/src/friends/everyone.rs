//! Everyone an account has to do with, in one statement: each statement more is a way to the
//! database more, for everybody who comes in.

use protocol::{
    AccountId, RequestId, Timestamp, User,
    friends::{Direction, FriendRequest},
};
use sea_orm::{ConnectionTrait as _, DbErr, QueryResult};

use super::REQUESTS;
use crate::{
    Ctx, Result, Viewer,
    accounts::Named,
    db::{no_id, statement},
};

/// Who stands how to an account.
#[derive(Clone, Debug, Default)]
pub struct Everyone {
    /// By display name.
    pub friends: Vec<User>,
    /// Those that are open, the newest first, at most 200.
    pub requests: Vec<FriendRequest>,
    /// Whom it blocks, the latest first.
    pub blocked: Vec<AccountId>,
}

// What a row is about; they come in any order.
const FRIEND: i32 = 0;
const REQUEST: i32 = 1;

/// The viewer's friends, open requests and blocks.
///
/// # Errors
/// As reading fails.
pub async fn everyone(ctx: &Ctx, viewer: &Viewer) -> Result<Everyone> {
    let me = viewer.account();
    let person = "account.id, account.username, account.display_name, account.picture_id";
    let conn = ctx.db.read();
    let no_id = no_id(conn.get_database_backend());
    let sql = format!(
        "SELECT 0, {person}, CASE WHEN account.seen_shown THEN account.last_seen_at END, \
         {no_id}, friendship.friend_id \
         FROM friendship JOIN account ON account.id = friendship.friend_id \
         WHERE friendship.account_id = $1 \
         UNION ALL SELECT 1, {person}, asked.created_at, asked.id, asked.sender_id \
         FROM (SELECT id, sender_id, recipient_id, created_at FROM friend_request WHERE state = 'open' \
         AND (sender_id = $1 OR (recipient_id = $1 AND NOT hidden)) \
         ORDER BY created_at DESC, id DESC LIMIT {REQUESTS}) AS asked JOIN account \
         ON account.id = CASE WHEN asked.sender_id = $1 THEN asked.recipient_id ELSE asked.sender_id END \
         UNION ALL SELECT 2, {person}, block.created_at, {no_id}, block.blocked_id \
         FROM block JOIN account ON account.id = block.blocked_id WHERE block.account_id = $1"
    );
    let statement = statement(conn.get_database_backend(), sql, [me.into()]);
    let mut everyone = Everyone::default();
    let mut blocked: Vec<(Timestamp, AccountId)> = Vec::new();
    for row in conn.query_all_raw(statement).await? {
        let user = user(&row)?;
        match row.try_get_by_index::<i32>(0)? {
            FRIEND => {
                everyone.friends.push(User { last_seen: row.try_get_by_index(5)?, ..user });
            }
            REQUEST => {
                let (id, sender): (RequestId, AccountId) =
                    (row.try_get_by_index(6)?, row.try_get_by_index(7)?);
                let direction =
                    if sender == me { Direction::Outgoing } else { Direction::Incoming };
                let created_at = row.try_get_by_index(5)?;
                everyone.requests.push(FriendRequest { id, direction, user, created_at });
            }
            _ => blocked.push((row.try_get_by_index(5)?, user.id)),
        }
    }
    everyone.friends.sort_by_cached_key(User::sort_key);
    everyone.requests.sort_by_key(|request| std::cmp::Reverse((request.created_at, request.id)));
    blocked.sort_unstable_by_key(|(at, id)| std::cmp::Reverse((*at, *id)));
    everyone.blocked = blocked.into_iter().map(|(_, id)| id).collect();
    Ok(everyone)
}

fn user(row: &QueryResult) -> Result<User, DbErr> {
    let named = Named {
        id: row.try_get_by_index(1)?,
        username: row.try_get_by_index(2)?,
        display_name: row.try_get_by_index(3)?,
        picture_id: row.try_get_by_index(4)?,
    };
    Ok(named.into())
}
