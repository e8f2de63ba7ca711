//! What one person's page knows: rooms, timelines, friends. Plain Rust, without a signal in it: the
//! browser runs it, the first page is rendered from it, and a test shows that *old world + events =
//! the world freshly loaded*.
//!
//! [`World::apply`] is the only way that an event changes it. It tells what it touched, so that
//! the page redraws that and nothing else.

mod take;

use std::collections::{BTreeMap, HashMap};

use protocol::{
    AccountId, Event, Message, MessageId, Room, RoomId, Timestamp, User,
    accounts::Status,
    friends::{FriendRequest, Profile, Relation},
    messages::{History, Window},
    notifications::Inbox,
    socket::{Notice, Ready},
};

use super::{bell::Bell, timeline::Timeline};

/// A part of the world that somebody may be looking at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Touched {
    /// Who the viewer is.
    Me,
    /// Which rooms there are, and in which order.
    RoomList,
    Room(RoomId),
    /// Which messages of a room are loaded.
    Timeline(RoomId),
    Message(MessageId),
    /// Who is a friend, and who asked.
    Friends,
    /// How somebody stands to the viewer, and whether they are here.
    Person(AccountId),
    /// Which friends are here.
    Presence,
    /// What the viewer was told of.
    Bell,
    /// Who writes in a room.
    Typing(RoomId),
}

/// Everything the page knows.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    me: User,
    is_invisible: bool,
    epoch: String,
    rooms: HashMap<RoomId, Room>,
    timelines: HashMap<RoomId, Timeline>,
    /// By display name.
    friends: Vec<User>,
    /// The newest first.
    requests: Vec<FriendRequest>,
    /// Whom the viewer blocks, in no order.
    blocked: Vec<AccountId>,
    bell: Bell,
    /// Who writes where, until they are done.
    typing: HashMap<RoomId, Vec<AccountId>>,
    /// Who came into a room last, or left it, in words; until something is said there.
    noticed: HashMap<RoomId, String>,
    /// How often somebody was heard to write: what says that they have stopped since.
    typed: HashMap<(RoomId, AccountId), u32>,
    /// Who was looked up; how they stand to the viewer follows from friends and requests.
    people: Vec<Profile>,
    /// How far the other person has read, in direct rooms.
    read_by_other: HashMap<RoomId, i64>,
    /// Up to which message the viewer's marker is as the server has it: what they say after it moves it
    /// on.
    marked_as_of: HashMap<RoomId, i64>,
    /// Which message a room's preview is of, by `seq`, and in which revision.
    previewed: HashMap<RoomId, (i64, i64)>,
    /// The newest message of rooms that are not known yet: it came before its room did.
    early: HashMap<RoomId, Message>,
}

/// More rooms than this do not come late at once.
const EARLY: usize = 64;

impl World {
    /// The world as the server says it is.
    pub fn new(ready: Ready) -> Self {
        let mut world = Self {
            me: ready.me.clone().unwrap_or_else(nobody),
            is_invisible: ready.invisible,
            epoch: ready.epoch.clone(),
            rooms: HashMap::new(),
            timelines: HashMap::new(),
            friends: Vec::new(),
            requests: Vec::new(),
            blocked: Vec::new(),
            bell: Bell::default(),
            typing: HashMap::new(),
            noticed: HashMap::new(),
            typed: HashMap::new(),
            people: Vec::new(),
            read_by_other: HashMap::new(),
            marked_as_of: HashMap::new(),
            previewed: HashMap::new(),
            early: HashMap::new(),
        };
        world.replace(ready);
        world
    }

    /// Takes in an event. What it does not concern stays as it was; an event that came before, or
    /// out of its turn, does no harm.
    pub fn apply(&mut self, event: &Event) -> Vec<Touched> {
        match event {
            Event::Ready(ready) => self.replace(Ready::clone(ready)),
            Event::Message { message } => self.take_message(message, None),
            Event::MessageChanged { message, by } => self.take_message(message, by.as_ref()),
            Event::Resumed { room, revision } => self.catch_up(*room, *revision),
            Event::Gap { room: Some(room), .. } => self.forget_timeline(*room),
            Event::Gap { room: None, .. } => {
                let rooms: Vec<RoomId> = self.timelines.keys().copied().collect();
                rooms.into_iter().flat_map(|room| self.forget_timeline(room)).collect()
            }
            Event::Read { room, user, seq, back, last_seq } => {
                self.take_read(*room, *user, *seq, back.then_some(*last_seq))
            }
            Event::Notice { room, kind, user } => {
                let does = match kind {
                    Notice::Enter => "joined",
                    Notice::Leave => "left",
                };
                self.noticed.insert(*room, format!("{} {does} the room.", user.display_name));
                vec![Touched::Typing(*room)]
            }
            Event::Room { room } => self.take_room(room.clone()),
            Event::RoomLeft { room } => self.drop_room(*room),
            Event::Friend(state) => self.take_friend(state),
            Event::Presence { user, status, last_seen } => {
                self.take_presence(*user, *status, *last_seen)
            }
            Event::RoomPresence { room, online_count } => {
                self.rooms.get_mut(room).map_or(Vec::new(), |known| {
                    known.online_count = *online_count;
                    vec![Touched::Room(*room)]
                })
            }
            Event::Typing { room, user } => {
                let typing = self.typing.entry(*room).or_default();
                if !typing.contains(user) {
                    typing.push(*user);
                }
                *self.typed.entry((*room, *user)).or_default() += 1;
                vec![Touched::Typing(*room)]
            }
            Event::Notification { notification, unread } => {
                self.bell.take(notification, *unread);
                vec![Touched::Bell]
            }
            Event::NotificationsRead { up_to, unread } => {
                self.bell.read(*up_to, *unread);
                vec![Touched::Bell]
            }
            Event::Ack { .. }
            | Event::Refused { .. }
            | Event::Pong { .. }
            | Event::Bye { .. }
            | Event::Unknown => Vec::new(),
        }
    }

    /// Takes in a range of a room's messages that was asked for.
    pub fn load(&mut self, room: RoomId, history: History, window: Window) -> Vec<Touched> {
        let timeline = self.timelines.entry(room).or_default();
        let changed = timeline.load(history, window);
        let mut touched: Vec<Touched> = changed.into_iter().map(Touched::Message).collect();
        touched.push(Touched::Timeline(room));
        touched
    }

    /// Takes in a range of a room's messages instead of what is loaded.
    pub fn load_instead(&mut self, room: RoomId, history: History) -> Vec<Touched> {
        self.timelines.remove(&room);
        self.load(room, history, Window::Newest)
    }

    /// Lets go of the oldest messages of a room at whose end one is.
    pub fn trim(&mut self, room: RoomId) -> Vec<Touched> {
        let trimmed = self.timelines.get_mut(&room).is_some_and(Timeline::trim_older);
        if trimmed { vec![Touched::Timeline(room)] } else { Vec::new() }
    }

    /// Takes in a page of cards that was asked for.
    pub fn load_cards(&mut self, inbox: Inbox) -> Vec<Touched> {
        self.bell.load(inbox);
        vec![Touched::Bell]
    }

    /// Somebody has written, or stopped.
    pub fn stop_typing(&mut self, room: RoomId, user: AccountId) -> Vec<Touched> {
        match self.typing.get_mut(&room) {
            Some(typing) => {
                typing.retain(|one| *one != user);
                vec![Touched::Typing(room)]
            }
            None => Vec::new(),
        }
    }

    /// Takes in a person's profile that was asked for.
    pub fn meet(&mut self, profile: Profile) -> Vec<Touched> {
        let id = profile.user.id;
        self.people.retain(|known| known.user.id != id);
        self.people.push(profile);
        vec![Touched::Person(id)]
    }

    /// Forgets a profile that nobody looks at any more.
    pub fn part(&mut self, username: &str) {
        self.people.retain(|known| known.user.username != username);
    }

    /// Rooms whose timeline lacks something, with the revision up to which it is whole: what to
    /// resume from.
    pub fn behind(&self) -> BTreeMap<RoomId, i64> {
        let behind = self.timelines.iter().filter_map(|(id, timeline)| {
            let room = self.rooms.get(id)?;
            let whole = timeline.revision();
            (timeline.has_hole() || whole != room.revision).then_some((*id, whole))
        });
        behind.collect()
    }

    pub fn me(&self) -> &User {
        &self.me
    }

    /// Whether the viewer only looks at a public room, without being signed in.
    pub fn is_visitor(&self) -> bool {
        self.me.username.is_empty()
    }

    /// The room that is looked at by who is not signed in.
    pub fn looked_at(&self) -> Option<RoomId> {
        self.rooms().first().copied().filter(|_| self.is_visitor())
    }

    /// Whether the viewer wants to be seen by nobody.
    pub fn is_invisible(&self) -> bool {
        self.is_invisible
    }

    /// Rooms, the latest activity first.
    pub fn rooms(&self) -> Vec<RoomId> {
        let mut rooms: Vec<(i64, RoomId)> = self.rooms.values().map(Room::activity).collect();
        rooms.sort_unstable();
        rooms.into_iter().rev().map(|(_, id)| id).collect()
    }

    pub fn room(&self, id: RoomId) -> Option<&Room> {
        self.rooms.get(&id)
    }

    /// The direct room with this person, if there is one.
    pub fn direct_with(&self, id: AccountId) -> Option<&Room> {
        self.rooms.values().find(|room| room.direct_with.as_ref().is_some_and(|user| user.id == id))
    }

    pub fn timeline(&self, room: RoomId) -> Option<&Timeline> {
        self.timelines.get(&room)
    }

    /// How far the other person of a direct room has read.
    pub fn read_by_other(&self, room: RoomId) -> i64 {
        self.read_by_other.get(&room).copied().unwrap_or(0)
    }

    /// Conversations with something unread.
    pub fn unread_rooms(&self) -> usize {
        self.rooms.values().filter(|room| room.unread() > 0).count()
    }

    /// Whether neither the room nor anything said in it is known.
    pub fn is_unheard_of(&self, room: RoomId) -> bool {
        let is_known = self.rooms.contains_key(&room) || self.early.contains_key(&room);
        !is_known && !self.timelines.contains_key(&room)
    }

    /// Whom the viewer blocks.
    pub fn blocked(&self) -> &[AccountId] {
        &self.blocked
    }

    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Who came into a room last, or left it, in words.
    pub fn noticed(&self, room: RoomId) -> Option<&str> {
        self.noticed.get(&room).map(String::as_str)
    }

    /// Who writes in a room.
    pub fn typing(&self, room: RoomId) -> &[AccountId] {
        self.typing.get(&room).map_or(&[], Vec::as_slice)
    }

    /// How often somebody was heard to write in a room.
    pub fn typed(&self, room: RoomId, user: AccountId) -> u32 {
        self.typed.get(&(room, user)).copied().unwrap_or(0)
    }

    /// Whether a friend is here, with when they were last; `None` for who is none.
    pub fn presence(&self, id: AccountId) -> Option<(Status, Option<Timestamp>)> {
        let friend = self.friends.iter().find(|user| user.id == id)?;
        Some((friend.status.unwrap_or(Status::Offline), friend.last_seen))
    }

    /// What somebody is called whom the page has met.
    pub fn name_of(&self, id: AccountId) -> Option<&str> {
        let direct = self.rooms.values().filter_map(|room| room.direct_with.as_ref());
        let people = self.people.iter().map(|known| &known.user);
        let mut known = self.friends.iter().chain(people).chain(direct);
        let met = known.find(|user| user.id == id).map(|user| user.display_name.as_str());
        met.or_else(|| self.timelines.values().find_map(|timeline| timeline.name_of(id)))
    }

    /// Friends, by display name.
    pub fn friends(&self) -> &[User] {
        &self.friends
    }

    /// Open requests, the newest first.
    pub fn requests(&self) -> &[FriendRequest] {
        &self.requests
    }

    /// How a person stands to the viewer.
    pub fn relation(&self, id: AccountId) -> Relation {
        let request = self.requests.iter().find(|request| request.user.id == id);
        match request {
            _ if id == self.me.id => Relation::Myself,
            _ if self.friends.iter().any(|user| user.id == id) => Relation::Friend,
            _ if self.blocked.contains(&id) => Relation::Blocked,
            Some(request) => request.direction.into(),
            None => Relation::None,
        }
    }

    /// A person that was looked up, by username.
    pub fn person_named(&self, username: &str) -> Option<&Profile> {
        self.people.iter().find(|known| known.user.username == username)
    }
}

/// Who only looks.
fn nobody() -> User {
    User {
        id: AccountId::new(0, [0; 16]),
        username: String::new(),
        display_name: String::new(),
        avatar_url: None,
        status: None,
        last_seen: None,
    }
}
