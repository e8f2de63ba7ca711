//! The live page: one [`World`], the outbox, and the signals between them and what is drawn.
//!
//! A component reads the world through [`Live::get`] and names what it looks at; an event redraws
//! exactly those who look at what it touched.

pub mod bell;
mod loading;
pub mod outbox;
#[cfg(any(feature = "hydrate", test))]
mod reading;
pub mod snapshot;
#[cfg(feature = "hydrate")]
pub mod socket;
pub mod timeline;
#[cfg(any(feature = "hydrate", test))]
mod typing;
pub mod world;

use std::collections::HashMap;

use leptos::prelude::*;
use protocol::{
    Command, Event, Message, MessageId, Problem, RoomId, Timestamp,
    friends::{FriendState, Profile},
    messages::{self, History, Window},
    notifications::Inbox,
};
use reactive_graph::traits::{Notify, Track};

use outbox::{Outbox, Pending};
use world::{Touched, World};

/// Whether the page is live.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Link {
    /// Not yet, or not for long enough to say so.
    #[default]
    Quiet,
    /// Connected, after the page had said that it was not.
    Back,
    /// Not connected for more than a few seconds.
    Away,
}

/// The page's hold on the world. Cheap to copy; found by `use_context`.
#[derive(Clone, Copy)]
pub struct Live {
    state: StoredValue<State>,
    pub link: RwSignal<Link>,
    /// Something that a person should read, and can dismiss.
    pub problem: RwSignal<Option<Problem>>,
    /// The room whose end is not read by being seen: the viewer wants to come back to it.
    kept_unread: RwSignal<Option<RoomId>>,
    /// Where something outside of the page leads: the latest address.
    #[cfg(feature = "hydrate")]
    pub led_to: RwSignal<Option<String>>,
    /// Rings with every connection that is made.
    #[cfg(feature = "hydrate")]
    pub connections: RwSignal<u32>,
}

struct State {
    world: World,
    outbox: Outbox,
    watched: HashMap<Touched, ArcTrigger>,
    /// Where commands go while there is a connection.
    uplink: Option<Uplink>,
    #[cfg(feature = "hydrate")]
    writing: typing::Writing,
    #[cfg(feature = "hydrate")]
    reading: reading::Reading,
}

/// What somebody says here and now.
#[derive(Clone, Debug)]
pub struct Said {
    pub id: MessageId,
    pub body: String,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
    pub at: Timestamp,
}

type Uplink = Box<dyn Fn(Command) + Send + Sync>;

impl Live {
    pub fn new(world: World, problem: Option<Problem>) -> Self {
        let state = State {
            world,
            outbox: Outbox::default(),
            watched: HashMap::new(),
            uplink: None,
            #[cfg(feature = "hydrate")]
            writing: typing::Writing::default(),
            #[cfg(feature = "hydrate")]
            reading: reading::Reading::default(),
        };
        Self {
            state: StoredValue::new(state),
            link: RwSignal::new(Link::Quiet),
            problem: RwSignal::new(problem),
            kept_unread: RwSignal::new(None),
            #[cfg(feature = "hydrate")]
            led_to: RwSignal::new(None),
            #[cfg(feature = "hydrate")]
            connections: RwSignal::new(0),
        }
    }

    /// The page's world, from the context that `App` gives.
    ///
    /// # Panics
    /// Outside of `App`.
    pub fn here() -> Self {
        use_context().expect("a component that reads the world stands inside App")
    }

    /// Reads the world, again whenever `part` is touched.
    pub fn get<T>(self, part: Touched, read: impl FnOnce(&World) -> T) -> T {
        self.watch(part);
        self.state.with_value(|state| read(&state.world))
    }

    /// Reads the world once.
    pub fn peek<T>(self, read: impl FnOnce(&World) -> T) -> T {
        self.state.with_value(|state| read(&state.world))
    }

    /// Reads the world and the outbox, again whenever `part` is touched.
    pub fn get_with_outbox<T>(self, part: Touched, read: impl FnOnce(&World, &Outbox) -> T) -> T {
        self.watch(part);
        self.state.with_value(|state| read(&state.world, &state.outbox))
    }

    fn watch(self, part: Touched) {
        let known = self.state.with_value(|state| state.watched.get(&part).cloned());
        let trigger = known.unwrap_or_else(|| {
            let trigger = ArcTrigger::new();
            self.state.update_value(|state| {
                state.watched.insert(part, trigger.clone());
            });
            trigger
        });
        trigger.track();
    }

    /// One who looked at this part does so no more; who else does looks again.
    pub fn unwatch(self, part: Touched) {
        let trigger = self.state.try_update_value(|state| state.watched.remove(&part)).flatten();
        if let Some(trigger) = trigger {
            trigger.notify();
        }
    }

    fn touch(self, parts: impl IntoIterator<Item = Touched>) {
        let triggers: Vec<ArcTrigger> = self.state.with_value(|state| {
            let mut seen = Vec::new();
            parts
                .into_iter()
                .filter(|part| {
                    !seen.contains(part) && {
                        seen.push(*part);
                        true
                    }
                })
                .filter_map(|part| state.watched.get(&part).cloned())
                .collect()
        });
        for trigger in triggers {
            trigger.notify();
        }
    }

    /// Something else than the world changed of these messages.
    pub fn look_again(self, messages: impl IntoIterator<Item = MessageId>) {
        self.touch(messages.into_iter().map(Touched::Message));
    }

    /// Takes in an event from the socket.
    pub fn apply(self, event: &Event) {
        let mut touched = Vec::new();
        self.state.update_value(|state| {
            match event {
                Event::Ack { id, .. } => {
                    if let Some(message) = stored(state, event) {
                        forget_unsent(state, *id);
                        touched.extend(state.world.apply(&Event::Message { message }));
                    }
                    touched.push(Touched::Message(*id));
                }
                Event::Refused { id: Some(id), code, detail, .. } => {
                    state.outbox.refused(*id, *code, detail);
                    touched.push(Touched::Message(*id));
                }
                Event::Message { message } if state.outbox.take(message.id).is_some() => {
                    forget_unsent(state, message.id);
                    touched.push(Touched::Timeline(message.room));
                }
                _ => {}
            }
            touched.extend(state.world.apply(event));
        });
        self.touch(touched);
        self.send_due();
    }

    /// Takes in how somebody stands to the viewer, as the answer to a form.
    pub fn apply_friend(self, state: FriendState) {
        self.apply(&Event::Friend(Box::new(state)));
    }

    pub fn load(self, room: RoomId, history: History, window: Window) {
        let mut touched = Vec::new();
        self.state.update_value(|state| touched = state.world.load(room, history, window));
        self.touch(touched);
        self.catch_up(room);
    }

    /// What came while a page was on its way had no timeline to go into.
    fn catch_up(self, room: RoomId) {
        if let Some((room, revision)) = self.peek(|world| world.behind().remove_entry(&room)) {
            let rooms = [(room, revision)].into();
            self.command(Command::Resume { epoch: None, rooms, notifications: 0 });
        }
    }

    /// Takes in a range of messages instead of what is loaded.
    #[cfg(feature = "hydrate")]
    fn load_instead(self, room: RoomId, history: History) {
        let mut touched = Vec::new();
        self.state.update_value(|state| touched = state.world.load_instead(room, history));
        self.touch(touched);
        self.catch_up(room);
    }

    /// Lets go of the oldest messages of a room at whose end one is.
    #[cfg(feature = "hydrate")]
    pub fn trim(self, room: RoomId) {
        let mut touched = Vec::new();
        self.state.update_value(|state| touched = state.world.trim(room));
        self.touch(touched);
    }

    pub fn load_cards(self, inbox: Inbox) {
        let mut touched = Vec::new();
        self.state.update_value(|state| touched = state.world.load_cards(inbox));
        self.touch(touched);
    }

    pub fn meet(self, profile: Profile) {
        let mut touched = Vec::new();
        self.state.update_value(|state| touched = state.world.meet(profile));
        self.touch(touched);
    }

    /// What is unread in this room stays so until another conversation is opened.
    pub fn keep_unread(self, room: RoomId) {
        self.kept_unread.set(Some(room));
    }

    /// Whether what is seen in this room counts as read. Another room's being opened ends the waiting.
    pub fn reads(self, room: RoomId) -> bool {
        self.kept_unread.get_untracked() != Some(room)
    }

    /// A conversation is opened: what is seen in it is read.
    pub fn opens(self) {
        self.kept_unread.set(None);
    }

    /// Forgets a profile that nobody looks at any more.
    pub fn part(self, username: &str) {
        self.state.try_update_value(|state| state.world.part(username));
    }

    /// Says something: the row is there at once, and is stored as soon as the server has it.
    pub fn say(self, room: RoomId, said: Said) {
        let Said { id, body, reply_to, at } = said;
        let state = outbox::State::Waiting;
        let pending = Pending { id, room, body, reply_to, created_at: at, state };
        self.state.update_value(|state| {
            keep_unsent(state, &pending);
            state.outbox.push(pending);
        });
        self.touch([Touched::Timeline(room)]);
        if !self.reads(room) {
            self.opens();
        }
        self.send_due();
        // One looks at what one has just said.
        #[cfg(feature = "hydrate")]
        if self.peek(|world| world.timeline(room).is_some_and(timeline::Timeline::has_newer)) {
            self.show_at(room, None);
        }
    }

    /// Sends a message again that was refused.
    pub fn retry(self, id: MessageId) {
        self.state.update_value(|state| state.outbox.retry(id));
        self.touch([Touched::Message(id)]);
        self.send_due();
    }

    /// Forgets a message that was not stored: its text, to be written anew.
    pub fn discard(self, id: MessageId) -> Option<String> {
        let mut dropped = None;
        self.state.update_value(|state| {
            dropped = state.outbox.take(id);
            forget_unsent(state, id);
        });
        let dropped = dropped?;
        self.touch([Touched::Timeline(dropped.room)]);
        self.send_due();
        Some(dropped.body)
    }

    /// Sends a command if there is a connection; what must not get lost goes through the outbox.
    pub fn command(self, command: Command) {
        self.state.with_value(|state| {
            if let Some(uplink) = &state.uplink {
                uplink(command);
            }
        });
    }

    fn send_due(self) {
        let mut due = Vec::new();
        self.state.update_value(|state| {
            if state.uplink.is_some() {
                due = state.outbox.due();
            }
        });
        for command in due {
            self.command(command);
        }
    }

    #[cfg(feature = "hydrate")]
    fn connected(self, uplink: Uplink) {
        let now = crate::browser::now();
        let (mut read, mut written) = Default::default();
        self.state.update_value(|state| {
            state.uplink = Some(uplink);
            (read, written) = (state.reading.connected(), state.writing.connected(now));
        });
        for (room, seq) in read {
            self.command(Command::Read { room, seq });
        }
        if let Some(room) = written {
            self.command(Command::Typing { room });
        }
        self.connections.update(|connections| *connections += 1);
    }

    /// Leads the page somewhere, from outside of it.
    #[cfg(feature = "hydrate")]
    fn go_to(self, address: &str) {
        self.led_to.set(Some(address.to_owned()));
    }

    /// Whether the viewer wants to be seen by nobody.
    #[cfg(feature = "hydrate")]
    pub fn is_invisible(self) -> bool {
        self.peek(World::is_invisible)
    }

    #[cfg(feature = "hydrate")]
    fn disconnected(self) {
        self.state.update_value(|state| {
            state.uplink = None;
            state.outbox.disconnected();
        });
    }

    /// Takes up what an earlier page left unsent.
    #[cfg(feature = "hydrate")]
    pub fn restore_outbox(self) {
        let prefix = self.state.with_value(unsent_prefix);
        let kept = crate::browser::storage::read_all::<Pending>(&prefix);
        self.state.update_value(|state| state.outbox = Outbox::restored(kept));
        let rooms = self.peek(World::rooms);
        self.touch(rooms.into_iter().map(Touched::Timeline));
    }
}

// A key of its own for each message: two tabs keep theirs side by side.

#[cfg(feature = "hydrate")]
fn unsent_prefix(state: &State) -> String {
    format!("kith.unsent.{}.", state.world.me().id)
}

fn keep_unsent(state: &State, pending: &Pending) {
    #[cfg(feature = "hydrate")]
    crate::browser::storage::write(&format!("{}{}", unsent_prefix(state), pending.id), pending);
    #[cfg(not(feature = "hydrate"))]
    let _ = (state, pending);
}

fn forget_unsent(state: &State, id: MessageId) {
    #[cfg(feature = "hydrate")]
    crate::browser::storage::remove(&format!("{}{id}", unsent_prefix(state)));
    #[cfg(not(feature = "hydrate"))]
    let _ = (state, id);
}

/// The message that an `ack` makes of a pending one.
fn stored(state: &mut State, ack: &Event) -> Option<Message> {
    let Event::Ack { id, room, seq, revision, created_at } = ack else { return None };
    let pending = state.outbox.take(*id)?;
    Some(Message {
        id: *id,
        room: *room,
        seq: *seq,
        revision: *revision,
        author: state.world.me().clone(),
        kind: messages::Kind::Message,
        body: pending.body.trim().to_owned(),
        mentions: Vec::new(),
        reply_to: pending.reply_to,
        attachments: Vec::new(),
        reactions: Vec::new(),
        created_at: *created_at,
        edited_at: None,
        deleted_at: None,
    })
}
