//! Saying something: the one way a message comes into being.

use std::sync::Arc;

use protocol::{Message, MessageId, Timestamp, messages::Draft, messages::Kind, rooms::Preview};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{entity, shown};
use crate::{
    Ctx, Error, Result, accounts,
    bus::Change,
    db::Tx,
    rooms::{
        self,
        access::{self, Member},
        entity::room,
    },
};

/// A message that is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    pub message: Arc<Message>,
    /// It was stored before: this is the answer to a resend.
    pub again: bool,
}

/// Stores a message under the sender's id, as the room's next. The same id again from the same
/// author is answered with what is stored, whatever has become of the room since.
///
/// # Errors
/// `NotFound` where they are in the room no more; `Forbidden` where it is closed; `Conflict` where
/// the id is somebody else's.
pub async fn post(ctx: &Ctx, member: &Member, id: MessageId, draft: &Draft) -> Result<Posted> {
    ctx.transact_as(member.viewer(), async |tx| {
        let room = access::still_member(tx, member).await?;
        if let Some(message) = stored_before(tx, member, id).await? {
            return Ok(Posted { message: Arc::new(message), again: true });
        }
        let room = access::speaker(room)?;
        let row = entity::Model {
            room_id: room.id,
            seq: room.last_seq + 1,
            id,
            revision: room.revision + 1,
            author_id: member.account(),
            kind: Kind::Message,
            body: draft.body.as_str().to_owned(),
            created_at: in_order(tx, &room),
        };
        insert(tx, row.clone()).await?;
        number(tx, &row).await?;
        rooms::advance(tx, room.id, member.account(), row.seq, Vec::new()).await?;
        let author = accounts::by_id(tx.conn(), member.account()).await?;
        let message = Arc::new(shown(row, author));
        tx.emit(Change::MessagePosted(Arc::clone(&message)));
        Ok(Posted { message, again: false })
    })
    .await
}

/// A room's times never run backwards, whatever the clock does.
fn in_order(tx: &Tx, room: &room::Model) -> Timestamp {
    tx.now().max(room.last_message_at)
}

async fn stored_before(tx: &Tx, member: &Member, id: MessageId) -> Result<Option<Message>> {
    let found = entity::Entity::find()
        .filter(entity::Column::Id.eq(id))
        .filter(entity::Column::RoomId.eq(member.room()))
        .one(tx.conn())
        .await?;
    match found {
        None => Ok(None),
        Some(row) if row.author_id != member.account() => {
            Err(Error::Conflict("This id is taken by another message."))
        }
        Some(row) => {
            let author = accounts::by_id(tx.conn(), row.author_id).await?;
            Ok(Some(shown(row, author)))
        }
    }
}

async fn insert(tx: &Tx, row: entity::Model) -> Result<()> {
    let message = entity::ActiveModel {
        room_id: Set(row.room_id),
        seq: Set(row.seq),
        id: Set(row.id),
        revision: Set(row.revision),
        author_id: Set(row.author_id),
        kind: Set(row.kind),
        body: Set(row.body),
        created_at: Set(row.created_at),
    };
    entity::Entity::insert(message).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The room's counters and what its list shows of the latest message.
async fn number(tx: &Tx, row: &entity::Model) -> Result<()> {
    let room = room::ActiveModel {
        id: Set(row.room_id),
        last_seq: Set(row.seq),
        revision: Set(row.revision),
        last_author_id: Set(Some(row.author_id)),
        last_text: Set(Preview::cut(&row.body)),
        last_message_at: Set(row.created_at),
        ..Default::default()
    };
    room::Entity::update(room).exec(tx.conn()).await?;
    Ok(())
}
