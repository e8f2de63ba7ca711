//! Saying something: the one way a message comes into being. What waits is stored together, in one
//! transaction with a constant number of statements, and answered one by one.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use protocol::{
    AccountId, Message, MessageId, RoomId, Timestamp,
    messages::{Draft, Kind, mentioned},
    rooms::{Preview, Retention, Role},
};
use sea_orm::{ConnectionTrait, entity::prelude::*};

use super::{entity, mentions, passing, queues::Waiting, shown};
use crate::{
    Ctx, Error, Result, accounts,
    bus::Change,
    db::Tx,
    limits::Rule,
    rooms::{
        self,
        access::{self, Member, Numbers},
        standing::{self, Standing},
    },
    rows::{Of, Rows, columns},
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
/// It waits in its queue from the call on, not from the first poll: what one calls first is numbered
/// first. It is stored or not by itself, whether anybody waits for the answer or not.
///
/// # Errors
/// `NotFound` where they are in the room no more; `Forbidden` where it is closed; `Conflict` where
/// the id is somebody else's; `Unauthenticated` where the session has ended; `RateLimited` past what
/// a person says; `Unavailable` where too many wait.
pub fn post(
    ctx: &Ctx,
    member: &Member,
    id: MessageId,
    draft: Draft,
) -> impl Future<Output = Result<Posted>> + Send + 'static {
    let within = ctx.limits().take_along(Rule::Message, member.account()).and_then(|()| {
        let names = mentioned(draft.body.as_str());
        let take = |_| ctx.limits().take_along(Rule::Mention, member.account());
        names.iter().try_for_each(take)
    });
    let answer = within.and_then(|()| match member.retention() {
        Retention::Ephemeral => Ok(Way::Passing(passing::pass(ctx.clone(), *member, id, draft))),
        _ => Ok(Way::Stored(ctx.queues.join(*member, id, draft)?)),
    });
    async move {
        match answer? {
            Way::Passing(passed) => passed.await,
            Way::Stored(stored) => stored.await.map_err(Error::internal)?,
        }
    }
}

/// What becomes of what is said.
enum Way<P, S> {
    /// It is told, and kept nowhere.
    Passing(P),
    /// It waits to be stored.
    Stored(S),
}

/// Stores what waits, in the order of the queue: an outcome for each.
pub(super) async fn store(tx: &mut Tx, line: &[Waiting]) -> Result<Vec<Result<Posted>>> {
    let members: Vec<&Member> = line.iter().map(|waiting| &waiting.member).collect();
    let mentions = mentions::of(tx, line).await?;
    // Accounts before rooms, as everyone takes them: those who are mentioned may get a card. Where naming
    // an author locks them, they are taken as well.
    let authors = members.iter().map(|member| member.account());
    let named = authors.filter(|_| tx.names_by_locking());
    accounts::hold(tx, mentions.values().copied().chain(named)).await?;
    let mut batch = Batch {
        rooms: access::lock_all(tx, members.iter().map(|member| member.room())).await?,
        standings: standing::standings(tx, &members).await?,
        stored: stored_before(tx, line).await?,
        mentions,
        spoke: HashMap::new(),
        fresh: Vec::new(),
        now: tx.now(),
    };
    let outcomes: Vec<Result<Posted>> = line.iter().map(|waiting| batch.take(waiting)).collect();
    if batch.fresh.is_empty() {
        return Ok(outcomes);
    }
    insert(tx, &batch.fresh).await?;
    number(tx, &batch.fresh).await?;
    let authors = batch.fresh.iter().map(|row| (row.room, row.author.id, row.seq));
    rooms::advance_all(tx, authors, batch.now).await?;
    mentions::tell(tx, &batch.fresh).await?;
    for message in batch.fresh {
        let access = batch.rooms.get(&message.room).map_or(0, |room| room.access);
        tx.emit(Change::MessagePosted { message, access });
    }
    Ok(outcomes)
}

/// What a transaction that stores knows, and what it will store.
struct Batch {
    rooms: HashMap<RoomId, Numbers>,
    standings: HashMap<standing::Key, Standing>,
    stored: HashMap<(RoomId, MessageId), entity::Model>,
    /// In a room, by an author, under a name: whom they mention there.
    mentions: HashMap<(RoomId, AccountId, String), AccountId>,
    /// Who has spoken where in this transaction.
    spoke: HashMap<(RoomId, AccountId), Timestamp>,
    fresh: Vec<Arc<Message>>,
    now: Timestamp,
}

impl Batch {
    fn take(&mut self, waiting: &Waiting) -> Result<Posted> {
        let Waiting { member, id, draft, .. } = waiting;
        let author = match self.standings.get(&standing::key(member)) {
            Some(Standing::Inside(voice)) => voice.user.clone(),
            Some(Standing::Outside) => return Err(Error::NotFound),
            None => return Err(Error::signed_out()),
        };
        let again = |message| Ok(Posted { message, again: true });
        let twice = |message: &&Arc<Message>| message.id == *id && message.room == member.room();
        if let Some(message) = self.fresh.iter().find(twice) {
            return if message.author.id == author.id { again(message.clone()) } else { taken() };
        }
        if let Some(row) = self.stored.get(&(member.room(), *id)) {
            let is_own = row.author_id == author.id;
            return if is_own { again(Arc::new(shown(row.clone(), author))) } else { taken() };
        }
        let room = self.rooms.get_mut(&member.room()).ok_or(Error::NotFound)?;
        access::speaker(room.kind, room.closed)?;
        if let Some(reply_to) = draft.reply_to {
            let key = (member.room(), reply_to);
            let is_fresh = |row: &Arc<Message>| (row.room, row.id) == key;
            if !self.stored.contains_key(&key) && !self.fresh.iter().any(is_fresh) {
                return Err(Error::invalid(
                    "reply_to",
                    "The message that this answers is not here.",
                ));
            }
        }
        if let Some(Standing::Inside(voice)) = self.standings.get_mut(&standing::key(member)) {
            if draft.kind != Kind::Message && voice.role == Role::Member {
                let why = "Only owners and moderators write warnings, alerts and asides.";
                return Err(Error::Forbidden(why));
            }
            // On whichever of their devices they spoke.
            voice.spoke_at = voice.spoke_at.max(self.spoke.get(&(room.id, author.id)).copied());
            voice.may_be_heard(room.slow_mode, self.now)?;
            self.spoke.insert((room.id, author.id), self.now);
        }
        let mentions = match &self.mentions {
            known if known.is_empty() => Vec::new(),
            known => {
                let names = mentioned(draft.body.as_str()).into_iter();
                let id = |name| known.get(&(member.room(), author.id, name)).copied();
                names.filter_map(id).collect()
            }
        };
        room.last_seq += 1;
        room.revision += 1;
        // A room's times never run backwards, whatever the clock does.
        room.last_message_at = room.last_message_at.max(self.now);
        let row = entity::Model {
            room_id: room.id,
            seq: room.last_seq,
            id: *id,
            revision: room.revision,
            author_id: author.id,
            kind: draft.kind,
            body: draft.body.as_str().to_owned(),
            created_at: room.last_message_at,
            edited_at: None,
            deleted_at: None,
            reply_to: draft.reply_to,
            mentions: None,
            reactions: None,
        };
        let message = Arc::new(Message { mentions, ..shown(row, author) });
        self.fresh.push(Arc::clone(&message));
        Ok(Posted { message, again: false })
    }
}

pub(super) fn taken() -> Result<Posted> {
    Err(Error::Conflict("This id is taken by another message."))
}

/// What is stored already under these ids in these rooms: by the pair, since one id may be in many.
async fn stored_before(
    tx: &Tx,
    line: &[Waiting],
) -> Result<HashMap<(RoomId, MessageId), entity::Model>> {
    let mut rows = Rows::new([("id", Of::Id), ("room_id", Of::Id)]);
    for waiting in line {
        let room = waiting.member.room();
        rows.push([waiting.id.into(), room.into()]);
        if let Some(reply_to) = waiting.draft.reply_to {
            rows.push([reply_to.into(), room.into()]);
        }
    }
    static SQL: LazyLock<String> = LazyLock::new(|| {
        let columns = columns::<entity::Entity>("message");
        format!(
            "SELECT {columns} FROM w JOIN message ON message.id = w.id \
             AND message.room_id = w.room_id"
        )
    });
    let statement = rows.read(tx.conn().get_database_backend(), &SQL);
    let found = entity::Entity::find().from_raw_sql(statement).all(tx.conn()).await?;
    Ok(found.into_iter().map(|row| ((row.room_id, row.id), row)).collect())
}

async fn insert(tx: &Tx, messages: &[Arc<Message>]) -> Result<()> {
    let mut rows = Rows::new([
        ("room_id", Of::Id),
        ("seq", Of::Number),
        ("id", Of::Id),
        ("revision", Of::Number),
        ("author_id", Of::Id),
        ("kind", Of::Text),
        ("body", Of::Text),
        ("created_at", Of::Number),
        ("reply_to", Of::Id),
        ("mentions", Of::Text),
    ]);
    for message in messages {
        let mentions = match message.mentions.is_empty() {
            true => None,
            false => Some(serde_json::to_string(&message.mentions).map_err(Error::internal)?),
        };
        rows.push([
            message.room.into(),
            message.seq.into(),
            message.id.into(),
            message.revision.into(),
            message.author.id.into(),
            message.kind.to_value().into(),
            message.body.as_str().into(),
            message.created_at.into(),
            message.reply_to.into(),
            mentions.into(),
        ]);
    }
    for statement in rows.insert(tx.conn().get_database_backend(), "message") {
        tx.conn().execute_raw(statement).await?;
    }
    Ok(())
}

/// The rooms' counters, and what their lists show of the latest message.
async fn number(tx: &Tx, messages: &[Arc<Message>]) -> Result<()> {
    let latest: HashMap<RoomId, &Arc<Message>> =
        messages.iter().map(|message| (message.room, message)).collect();
    let mut rows = Rows::new([
        ("id", Of::Id),
        ("seq", Of::Number),
        ("revision", Of::Number),
        ("author", Of::Id),
        ("text", Of::Text),
        ("at", Of::Number),
    ]);
    for (room, message) in latest {
        rows.push([
            room.into(),
            message.seq.into(),
            message.revision.into(),
            message.author.id.into(),
            Preview::cut(&message.body).into(),
            message.created_at.into(),
        ]);
    }
    let set = [
        ("last_seq", "w.seq"),
        ("revision", "w.revision"),
        ("last_author_id", "w.author"),
        ("last_text", "w.text"),
        ("last_message_at", "w.at"),
    ];
    let statement = rows.update(tx.conn().get_database_backend(), "room", &set, "room.id = w.id");
    tx.conn().execute_raw(statement).await?;
    Ok(())
}
