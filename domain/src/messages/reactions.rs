//! What people put on messages. A message's row counts them; who put what has a table of its own.

use std::{collections::HashMap, sync::Arc};

use protocol::{
    AccountId, Message, MessageId, RoomId,
    messages::{By, MAX_REACTIONS, Reaction, is_emoji},
};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{
    change::{change_by, now, of_room},
    entity::reaction,
};
use crate::{
    Ctx, Error, Result,
    limits::Rule,
    rooms::{
        Member,
        access::{self, speaker},
    },
    rows::padded,
};

/// Puts an emoji on a message, or takes it off. Once more, nothing changes.
///
/// # Errors
/// `Invalid` for what is no emoji; `Conflict` past 20 kinds; `NotFound` where the message is not in
/// this room, or deleted; `Forbidden` where the room is closed; `RateLimited`.
pub async fn react(
    ctx: &Ctx,
    member: &Member,
    id: MessageId,
    emoji: &str,
    on: bool,
) -> Result<Arc<Message>> {
    if !is_emoji(emoji) {
        return Err(Error::invalid("emoji", "This is no emoji."));
    }
    ctx.limits().take_for(Rule::Reaction, member.account()).await?;
    let me = member.account();
    let message = ctx
        .transact_as(member.viewer(), async |tx| {
            let room = access::still_member(tx, member).await?;
            let mut row = of_room(tx, member, id).await?;
            if row.deleted_at.is_some() {
                return Err(Error::NotFound);
            }
            speaker(room.kind, room.closed)?;
            let key = (row.room_id, row.seq, me, emoji.to_owned());
            let is_on = reaction::Entity::find_by_id(key.clone()).one(tx.conn()).await?.is_some();
            if is_on == on {
                return now(tx, row).await;
            }
            let mut counts = counted(row.reactions.as_deref());
            let at = counts.iter().position(|reaction| reaction.emoji == emoji);
            match (on, at) {
                (true, Some(at)) => counts[at].count += 1,
                (true, None) if counts.len() >= MAX_REACTIONS => {
                    return Err(Error::Conflict("20 kinds on one message are the most."));
                }
                (true, None) => {
                    counts.push(Reaction { emoji: emoji.to_owned(), count: 1, mine: None });
                }
                (false, Some(at)) => counts[at].count -= 1,
                (false, None) => {}
            }
            counts.retain(|reaction| reaction.count > 0);
            match on {
                true => {
                    let put = reaction::ActiveModel {
                        room_id: Set(row.room_id),
                        seq: Set(row.seq),
                        account_id: Set(me),
                        emoji: Set(emoji.to_owned()),
                        created_at: Set(tx.now()),
                    };
                    reaction::Entity::insert(put).exec_without_returning(tx.conn()).await?;
                }
                false => {
                    reaction::Entity::delete_by_id(key).exec(tx.conn()).await?;
                }
            }
            row.reactions = written(&counts)?;
            let by = By { user: me, emoji: emoji.to_owned(), on };
            change_by(tx, &room, row, Some(by)).await
        })
        .await?;
    let mut message = Message::clone(&message);
    mark_mine(ctx.db.read(), member.room(), me, [&mut message]).await?;
    Ok(Arc::new(message))
}

/// The reactions as a row has them.
pub(super) fn counted(json: Option<&str>) -> Vec<Reaction> {
    let counts: Vec<(String, i64)> =
        json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    counts.into_iter().map(|(emoji, count)| Reaction { emoji, count, mine: None }).collect()
}

fn written(counts: &[Reaction]) -> Result<Option<String>> {
    let counts: Vec<(&str, i64)> =
        counts.iter().map(|reaction| (reaction.emoji.as_str(), reaction.count)).collect();
    match counts.is_empty() {
        true => Ok(None),
        false => serde_json::to_string(&counts).map(Some).map_err(Error::internal),
    }
}

/// Says of the reactions on a room's messages which are an account's own.
pub(super) async fn mark_mine<'a>(
    conn: &impl ConnectionTrait,
    room: RoomId,
    account: AccountId,
    messages: impl IntoIterator<Item = &'a mut Message>,
) -> Result<()> {
    let mut with: Vec<&mut Message> =
        messages.into_iter().filter(|message| !message.reactions.is_empty()).collect();
    if with.is_empty() {
        return Ok(());
    }
    let rows = reaction::Entity::find()
        .filter(reaction::Column::RoomId.eq(room))
        .filter(reaction::Column::Seq.is_in(padded(with.iter().map(|message| message.seq))))
        .filter(reaction::Column::AccountId.eq(account))
        .all(conn)
        .await?;
    let mut mine: HashMap<(RoomId, i64), Vec<String>> = HashMap::new();
    for row in rows {
        mine.entry((row.room_id, row.seq)).or_default().push(row.emoji);
    }
    for message in &mut with {
        let mine = mine.remove(&(message.room, message.seq)).unwrap_or_default();
        for reaction in &mut message.reactions {
            reaction.mine = Some(mine.contains(&reaction.emoji));
        }
    }
    Ok(())
}
