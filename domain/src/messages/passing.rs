//! What is said in an ephemeral room: told to who is there, on every node, and kept nowhere. Only the
//! id is remembered for a while, by this node and in Redis, so that the same is not said twice.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use protocol::{
    AccountId, Message, MessageId, RoomId, Timestamp,
    messages::{Draft, Kind},
    rooms::Role,
};

use super::post::{Posted, taken};
use crate::{
    Ctx, Error, Result,
    bus::{Change, Saying, Store},
    rooms::{
        self, Member, access,
        standing::{self, Standing},
    },
};

/// How long an id is remembered, in milliseconds.
const REMEMBERED_MS: i64 = 10 * 60 * 1_000;

/// `KEYS[1]`: who said something, and when, if anybody did; else `ARGV[1]` from now on, for `ARGV[2]`
/// milliseconds.
const REMEMBER: &str = "\
local known = redis.call('GET', KEYS[1])
if not known then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return known or ''";

/// Who said something under which id, and when; never what.
#[derive(Debug)]
pub(crate) struct Passing {
    said: Mutex<HashMap<(RoomId, MessageId), (AccountId, Timestamp)>>,
    store: Option<Store>,
}

impl Passing {
    /// With what nodes know together, if this one is not alone.
    pub(crate) fn new(store: Option<Store>) -> Self {
        Self { said: Mutex::default(), store }
    }

    fn said(&self) -> MutexGuard<'_, HashMap<(RoomId, MessageId), (AccountId, Timestamp)>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers an id; who said something under it before, and when.
    fn remember(
        &self,
        key: (RoomId, MessageId),
        author: AccountId,
        now: Timestamp,
    ) -> Option<(AccountId, Timestamp)> {
        let mut said = self.said();
        let known = said.get(&key).copied();
        if known.is_none() {
            said.insert(key, (author, now));
        }
        known
    }

    /// [`Passing::remember`] on all nodes, as far as Redis answers.
    async fn remember_everywhere(
        &self,
        key: (RoomId, MessageId),
        author: AccountId,
        now: Timestamp,
    ) -> Option<(AccountId, Timestamp)> {
        let known = self.said().get(&key).copied();
        let (Some(store), None) = (&self.store, known) else {
            return known.or_else(|| self.remember(key, author, now));
        };
        let values = vec![format!("{author} {}", now.0), REMEMBERED_MS.to_string()];
        let name = format!("passed:{}:{}", key.0, key.1);
        // Only then here: until it is known whose it is, what is heard of it is told.
        let known: String = store.run(REMEMBER, &name, values).await.unwrap_or_default();
        let said = known.split_once(' ');
        let said = said.and_then(|(by, at)| Some((by.parse().ok()?, Timestamp(at.parse().ok()?))));
        match said {
            Some(said) => Some(said),
            None => self.remember(key, author, now),
        }
    }

    /// Forgets what is long past.
    pub(crate) fn tidy(&self, now: Timestamp) {
        self.said().retain(|_, (_, at)| now.0 - at.0 < REMEMBERED_MS);
    }
}

/// Tells everyone who is in the room now.
///
/// # Errors
/// As for what is stored; `Invalid` for an answer to something, since nothing is there to be answered.
pub(super) async fn pass(ctx: Ctx, member: Member, id: MessageId, draft: Draft) -> Result<Posted> {
    if draft.reply_to.is_some() {
        return Err(Error::invalid("reply_to", "Nothing is kept here that could be answered."));
    }
    // The right to speak, read as it is where something is stored; and where one waits between two
    // messages, when this was.
    let id_known = ctx.passing.said().contains_key(&(member.room(), id));
    let (voice, access) = ctx
        .transact_as(member.viewer(), async |tx| {
            let room = access::still_member(tx, &member).await?;
            access::speaker(room.kind, room.closed)?;
            let standings =
                standing::standings(tx, &[&member]).await?.remove(&standing::key(&member));
            match standings {
                Some(Standing::Inside(voice)) if id_known || room.slow_mode == 0 => {
                    voice.may_be_heard(0, tx.now())?;
                    Ok((voice, room.access))
                }
                Some(Standing::Inside(voice)) => {
                    voice.may_be_heard(room.slow_mode, tx.now())?;
                    rooms::spoke(tx, &member).await?;
                    Ok((voice, room.access))
                }
                Some(Standing::Outside) => Err(Error::NotFound),
                None => Err(Error::signed_out()),
            }
        })
        .await?;
    if draft.kind != Kind::Message && voice.role == Role::Member {
        let why = "Only owners and moderators write warnings, alerts and asides.";
        return Err(Error::Forbidden(why));
    }
    let (now, author) = (ctx.clock.now(), voice.user.id);
    let known = ctx.passing.remember_everywhere((member.room(), id), author, now).await;
    if known.is_some_and(|(by, _)| by != author) {
        return taken();
    }
    let message = Arc::new(Message {
        id,
        room: member.room(),
        seq: 0,
        revision: 0,
        author: voice.user,
        kind: draft.kind,
        body: draft.body.into_string(),
        mentions: Vec::new(),
        reply_to: None,
        attachments: Vec::new(),
        reactions: Vec::new(),
        created_at: known.map_or(now, |(_, at)| at),
        edited_at: None,
        deleted_at: None,
    });
    if known.is_none() {
        ctx.bus().say(member.room(), Saying::Passed(&message, access));
        let change = Change::Passed { message: Arc::clone(&message), access };
        ctx.bus().publish(vec![change]).wait().await;
    }
    Ok(Posted { message, again: known.is_some() })
}

/// Something was said in an ephemeral room on another node.
pub(crate) fn hear(ctx: &Ctx, message: &Message, access: i64) {
    let key = (message.room, message.id);
    if ctx.passing.remember(key, message.author.id, ctx.clock.now()).is_none() {
        ctx.bus().publish(vec![Change::Passed { message: Arc::new(message.clone()), access }]);
    }
}
