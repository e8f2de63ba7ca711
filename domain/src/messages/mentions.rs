//! Whom messages mention: members of the room by their username, but nobody with whom there is a block.

use std::{collections::HashMap, sync::Arc};

use protocol::{AccountId, Message, RoomId, messages::mentioned};
use sea_orm::ConnectionTrait as _;

use super::queues::Waiting;
use crate::{
    Result,
    db::Tx,
    followers::{self, Fact},
    rooms::standing,
    rows::{Of, Rows},
};

/// In a room, by an author, under a name: who that is. One statement, and none where nobody writes `@`.
pub(super) async fn of(
    tx: &Tx,
    line: &[Waiting],
) -> Result<HashMap<(RoomId, AccountId, String), AccountId>> {
    let mut rows = Rows::new([("room_id", Of::Id), ("author_id", Of::Id), ("username", Of::Text)]);
    for Waiting { member, draft, .. } in line {
        for name in mentioned(draft.body.as_str()) {
            rows.push([member.room().into(), member.account().into(), name.into()]);
        }
    }
    let mut found = HashMap::new();
    if rows.is_empty() {
        return Ok(found);
    }
    let sql = "SELECT DISTINCT w.room_id, w.author_id, w.username, account.id \
               FROM w JOIN account ON account.username = w.username \
               JOIN membership ON membership.room_id = w.room_id \
               AND membership.account_id = account.id \
               WHERE account.id <> w.author_id AND NOT EXISTS (SELECT 1 FROM block \
               WHERE (block.account_id = w.author_id AND block.blocked_id = account.id) \
               OR (block.account_id = account.id AND block.blocked_id = w.author_id))";
    let statement = rows.read(tx.conn().get_database_backend(), sql);
    for row in tx.conn().query_all_raw(statement).await? {
        let key = (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        found.insert(key, row.try_get_by_index(3)?);
    }
    Ok(found)
}

/// Marks where members are mentioned, and tells those who want to know.
pub(super) async fn tell(tx: &mut Tx, fresh: &[Arc<Message>]) -> Result<()> {
    let mut rows = Rows::new([("room_id", Of::Id), ("account_id", Of::Id), ("seq", Of::Number)]);
    let mut latest: HashMap<(RoomId, AccountId), &Arc<Message>> = HashMap::new();
    for message in fresh {
        for account in &message.mentions {
            latest.insert((message.room, *account), message);
        }
    }
    for ((room, account), message) in &latest {
        rows.push([(*room).into(), (*account).into(), message.seq.into()]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let backend = tx.conn().get_database_backend();
    let set = [("mentioned_seq", "w.seq")];
    let marked = rows.clone().update(backend, "membership", &set, standing::THEIRS);
    tx.conn().execute_raw(marked).await?;
    // In the order of their ids, as everyone takes accounts.
    let asked = "SELECT DISTINCT membership.account_id, membership.room_id FROM w \
                 JOIN membership ON membership.room_id = w.room_id \
                 AND membership.account_id = w.account_id JOIN room ON room.id = w.room_id \
                 WHERE membership.notify <> 'none' AND room.kind <> 'direct' \
                 ORDER BY membership.account_id";
    let told = tx.conn().query_all_raw(rows.read(backend, asked)).await?;
    for row in told {
        let (account, room): (AccountId, RoomId) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        if let Some(message) = latest.get(&(room, account)) {
            let (by, message) = (message.author.id, message.id);
            followers::follow(tx, Fact::Mentioned { by, account, room, message }).await?;
        }
    }
    Ok(())
}
