//! State without a number: it is told later, and read when it is told, so that the latest is what
//! arrives; one after the other, so that an account hears it in order.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{Ctx, Error, accounts, messages, notifications, presence, rooms};
use protocol::{
    AccountId, Event, Message, MessageId, NotificationId, RoomId, friends::Relation, rooms::Kind,
    socket::Notice,
};
use tokio::{sync::mpsc, time::Instant};

use super::{
    hub::Hub,
    queue::{Frame, Numbered},
    seats::Missed,
};

/// How often everyone in a room is told its state: who comes in hundreds is told of in one.
const EVERYONE: Duration = Duration::from_secs(1);
/// How soon it is tried again where it could not be read.
const AGAIN: Duration = Duration::from_millis(250);

/// State that has no number: it is read when it is told, so that the latest is what arrives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Telling {
    /// A room, as one account sees it.
    Room(RoomId, AccountId),
    /// A room, as everyone in it sees it.
    Everyone(RoomId),
    /// What two accounts are to each other, as the first sees it.
    Relation(AccountId, AccountId),
    /// How far somebody has read in a room, told to the second account; whether that is backward.
    Read(RoomId, AccountId, AccountId, bool),
    /// A message with what the account itself put on it elsewhere.
    Reaction(RoomId, AccountId, MessageId),
    /// Somebody has come into a room, or left it.
    Notice(RoomId, AccountId, bool),
    /// An account's card.
    Card(AccountId, NotificationId),
    /// An account has read its cards up to this number.
    CardsRead(AccountId, i64),
}

impl Hub {
    fn tellings(&self) -> MutexGuard<'_, HashSet<Telling>> {
        self.tellings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell_later(&self, telling: Telling) {
        if self.tellings().insert(telling) {
            let _ = self.tell.send(telling);
        }
    }

    /// Who is on the way in may have read it before: they see that it changed. Who waits for its state may
    /// be told what was read before, and is told this after it.
    pub(super) fn tell_everyone_later(&self, room: RoomId) {
        self.seats.note_changed(room);
        if self.seats.is_served(room) {
            self.moves.count([room]);
            self.tell_later(Telling::Everyone(room));
        }
    }

    /// Reads what is so now, and tells it; one after the other, so that an account hears it in
    /// order.
    pub(super) async fn tell(
        self: Arc<Self>,
        ctx: Ctx,
        mut told: mpsc::UnboundedReceiver<Telling>,
    ) {
        // Rooms of many whose members were told a moment ago.
        let mut told_at: HashMap<RoomId, Instant> = HashMap::new();
        while let Some(telling) = told.recv().await {
            if let Telling::Everyone(room) = telling {
                let now = Instant::now();
                told_at.retain(|_, at| *at + EVERYONE > now);
                if let Some(at) = told_at.get(&room) {
                    self.tell_at(telling, *at + EVERYONE);
                    continue;
                }
            }
            // Before it is read: what changes from here on is told again.
            self.tellings().remove(&telling);
            let said = match telling {
                Telling::Room(id, account) => self.say_room(&ctx, id, account).await,
                Telling::Relation(one, other) => self.say_relation(&ctx, one, other).await,
                Telling::Read(room, reader, to, back) => {
                    self.say_read(&ctx, (room, reader, to), back).await
                }
                Telling::Reaction(room, account, id) => {
                    self.say_reaction(&ctx, room, account, id).await
                }
                Telling::Notice(room, account, enters) => {
                    self.say_notice(&ctx, room, account, enters).await
                }
                Telling::Card(account, id) => self.say_card(&ctx, account, id).await,
                Telling::CardsRead(account, up_to) => {
                    self.say_cards_read(&ctx, account, up_to).await
                }
                Telling::Everyone(id) => match self.say_everyone(&ctx, id).await {
                    Ok(kind) if kind != Kind::Direct => {
                        told_at.insert(id, Instant::now());
                        Ok(())
                    }
                    // It is gone: nobody is in it.
                    Err(Error::NotFound) => {
                        self.seats.turn_out_visitors(id);
                        Ok(())
                    }
                    said => said.map(drop),
                },
            };
            if let Err(error) = said {
                // What is so then will do as well.
                tracing::error!(%error, ?telling, "state could not be told");
                if self.tellings().insert(telling) {
                    self.tell_at(telling, Instant::now() + AGAIN);
                }
            }
        }
    }

    fn tell_at(self: &Arc<Self>, telling: Telling, at: Instant) {
        let tell = self.tell.clone();
        tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            let _ = tell.send(telling);
        });
    }

    async fn say_room(&self, ctx: &Ctx, id: RoomId, account: AccountId) -> domain::Result<()> {
        // Whoever comes in later is told then.
        if !self.seats.of(account).iter().any(|seat| seat.may_hear(id)) {
            return Ok(());
        }
        // Before the room is read, so that it stands there or further.
        let missed = match self.seats.told(account, id) {
            Some(told) => self.missed_since(ctx, id, told).await?,
            None => None,
        };
        match rooms::show_at(ctx, account, id).await {
            Ok((mut room, position)) => {
                self.dress(ctx, [&mut room]).await;
                let state = Frame::of(&Event::Room { room });
                let open = self.seats.tell_room(account, &state, position, missed.as_ref());
                self.read_open(account, open);
                self.moves.count([id]);
                Ok(())
            }
            // Left again in the meantime.
            Err(Error::NotFound) => {
                self.behind.standing(id, account);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// What came in a room since a revision; `None` where it is gone.
    async fn missed_since(
        &self,
        ctx: &Ctx,
        id: RoomId,
        since: i64,
    ) -> domain::Result<Option<Missed>> {
        let missed = messages::missed(ctx, &[(id, since)]).await?;
        let frame = |message: &Message| Frame::numbered(&Numbered::latest(message));
        let frames = |messages: Vec<Message>| messages.iter().map(frame).collect();
        Ok(missed.into_iter().next().map(|missed| Missed {
            since,
            now: missed.now.revision,
            frames: missed.messages.map(frames),
        }))
    }

    async fn say_everyone(&self, ctx: &Ctx, id: RoomId) -> domain::Result<Kind> {
        let (mut room, access) = rooms::show_everyone(ctx, id).await?;
        if !room.is_open_to_all() {
            self.seats.turn_out_visitors(id);
        }
        self.dress(ctx, [&mut room]).await;
        let kind = room.kind;
        if kind == Kind::Direct {
            // The two see each other in it.
            for account in self.seats.accounts_in(id) {
                self.say_room(ctx, id, account).await?;
            }
        } else {
            let state = Frame::of(&Event::Room { room });
            if self.seats.update(id, |room| room.pass(state, access)) {
                self.behind.hole(id);
            }
        }
        Ok(kind)
    }

    async fn say_relation(
        &self,
        ctx: &Ctx,
        account: AccountId,
        other: AccountId,
    ) -> domain::Result<()> {
        if self.seats.is_here(account) {
            let state = presence::state(ctx, account, other).await?;
            let is_friend = state.relation == Relation::Friend;
            self.seats.tell_account(account, &Frame::of(&Event::Friend(Box::new(state))));
            // They may have come or gone while it was read: that is told after it.
            if is_friend {
                self.moves.moved(other);
            }
        }
        Ok(())
    }

    async fn say_card(
        &self,
        ctx: &Ctx,
        account: AccountId,
        id: NotificationId,
    ) -> domain::Result<()> {
        if self.seats.is_here(account)
            && let Some((card, unread)) = notifications::one(ctx, account, id).await?
        {
            let event = Event::Notification { notification: Box::new(card), unread };
            self.seats.tell_account(account, &Frame::of(&event));
        }
        Ok(())
    }

    async fn say_cards_read(
        &self,
        ctx: &Ctx,
        account: AccountId,
        up_to: i64,
    ) -> domain::Result<()> {
        if self.seats.is_here(account) {
            let unread = notifications::unread_of(ctx, account).await?;
            let event = Event::NotificationsRead { up_to, unread };
            self.seats.tell_account(account, &Frame::of(&event));
        }
        Ok(())
    }

    async fn say_read(
        &self,
        ctx: &Ctx,
        (room, reader, to): (RoomId, AccountId, AccountId),
        back: bool,
    ) -> domain::Result<()> {
        if let Some((seq, last_seq)) = rooms::marker(ctx, room, reader).await? {
            let last_seq = back.then_some(last_seq);
            let event = Event::Read { room, user: reader, seq, back, last_seq };
            self.seats.tell_account(to, &Frame::of(&event));
        }
        Ok(())
    }

    async fn say_reaction(
        &self,
        ctx: &Ctx,
        room: RoomId,
        account: AccountId,
        id: MessageId,
    ) -> domain::Result<()> {
        match messages::seen_by(ctx, account, room, id).await {
            Ok(message) => {
                let event = Event::MessageChanged { message, by: None };
                self.seats.tell_account(account, &Frame::of(&event));
                Ok(())
            }
            Err(Error::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn say_notice(
        &self,
        ctx: &Ctx,
        room: RoomId,
        account: AccountId,
        enters: bool,
    ) -> domain::Result<()> {
        let user = match accounts::show(ctx, account).await {
            Ok(user) => user,
            Err(Error::NotFound) => return Ok(()),
            Err(error) => return Err(error),
        };
        let kind = if enters { Notice::Enter } else { Notice::Leave };
        self.seats.tell_everyone(room, &Frame::passing(&Event::Notice { room, kind, user }));
        Ok(())
    }
}
