//! Old world + events = the world freshly loaded: whatever people do, in whatever order they do it,
//! and with events lost, doubled and shuffled on the way.

mod act;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use app::live::{timeline::Timeline, world::World};
use domain::{accounts, friends, messages as said, presence, rooms};
use engines::Shared;
use protocol::{
    AccountId, Command, Event, Limit, Message, Password, Room, RoomId, User,
    accounts::{Said, Status},
    friends::FriendRequest,
    messages::Window,
    notifications::{Inbox, Notification},
    rooms::Kind,
};
use tokio::time::timeout;

use super::house::{House, PASSWORD, Person, Socket};
use act::{ACTIONS, Action, act};

/// How many sequences at least, and how many rounds of six actions in each.
const SEQUENCES: u64 = 12;
const ROUNDS: usize = 10;
/// Until everything has been told, on a busy machine.
const SETTLES_WITHIN: Duration = Duration::from_secs(60);

/// Chance that can be told again: what fails is named by its seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// What a person sees of a world.
#[derive(Debug, PartialEq)]
struct Seen {
    me: User,
    rooms: Vec<Room>,
    messages: BTreeMap<RoomId, Vec<Message>>,
    friends: Vec<User>,
    requests: Vec<FriendRequest>,
    blocked: BTreeSet<AccountId>,
    /// The number of the latest card is left out: whose card was gone before it could be told heard of
    /// none, and those that are there have theirs.
    unread: i64,
    /// Each with whether it is read: when that was is nowhere shown.
    cards: Vec<(Notification, bool)>,
}

/// Without `marks` it does not matter whose a reaction is: that is told apart from the message where it
/// was put on another node, and a connection that breaks between the two loses it.
fn seen(world: &World, marks: bool) -> Seen {
    let ids = world.rooms();
    // How many are here is told by the second, and has a test of its own.
    let room = |id: &RoomId| {
        let mut room = Room { online_count: 0, ..world.room(*id).unwrap().clone() };
        // Where they are mentioned counts while it is unread; who left and came back was not mentioned since.
        let read = room.read_seq;
        room.mentioned_seq.take_if(|seq| Some(*seq) <= read);
        room.direct_with.iter_mut().for_each(forget_name);
        if room.kind == Kind::Direct {
            room.name = String::new();
        }
        room.last_message.iter_mut().for_each(|last| forget_name(&mut last.author));
        room
    };
    let message = |message: &Message| {
        let mut message = message.clone();
        forget_name(&mut message.author);
        message.reactions.iter_mut().filter(|_| !marks).for_each(|reaction| reaction.mine = None);
        message
    };
    let messages = |id: &RoomId| {
        let list = |timeline: &Timeline| {
            timeline.ids().map(|id| message(timeline.get(id).unwrap())).collect()
        };
        Some((*id, list(world.timeline(*id)?)))
    };
    let card = |card: &Notification| {
        let mut shown = Notification { read_at: None, text: String::new(), ..card.clone() };
        forget_name(&mut shown.actor);
        (shown, card.read_at.is_some())
    };
    Seen {
        me: world.me().clone(),
        rooms: ids.iter().map(room).collect(),
        messages: ids.iter().filter_map(messages).collect(),
        friends: world.friends().to_vec(),
        requests: world.requests().to_vec(),
        // In no order: nobody is shown one.
        blocked: world.blocked().iter().copied().collect(),
        unread: world.bell().state().unread,
        cards: world.bell().cards().unwrap_or_default().iter().map(card).collect(),
    }
}

/// What somebody is called where they spoke is told when it is read: who changes their name tells
/// their friends and those with an open request alone, and so does who is deleted.
fn forget_name(user: &mut User) {
    (user.username, user.display_name) = Default::default();
}

struct Watcher {
    person: Person,
    viewer: domain::Viewer,
    socket: Socket,
    world: World,
    /// Whether whose a reaction is has to be right.
    marks: bool,
}

impl Watcher {
    async fn new(house: &House, person: &Person, marks: bool) -> Self {
        let person = person.at(house);
        let token = person.token.clone().unwrap();
        let viewer = domain::accounts::sessions::authenticate(&house.ctx, &token).await.unwrap();
        let (socket, ready) = person.connect().await;
        let Event::Ready(ready) = ready else { panic!("no ready") };
        Self { person, viewer, socket, world: World::new(*ready), marks }
    }

    /// The world as a page that is loaded now has it.
    async fn fresh(&self, house: &House) -> World {
        let ready = domain::snapshot::ready(&house.ctx, &self.viewer).await.unwrap();
        let ids: Vec<RoomId> = ready.rooms.iter().map(|room| room.id).collect();
        let mut world = World::new(ready);
        for id in ids {
            self.load(house, &mut world, id).await;
        }
        world.load_cards(self.cards(house).await);
        world
    }

    async fn cards(&self, house: &House) -> Inbox {
        let limit = Limit::try_from(100).unwrap();
        domain::notifications::list(&house.ctx, &self.viewer, None, limit).await.unwrap()
    }

    async fn load(&self, house: &House, world: &mut World, id: RoomId) {
        let Ok(member) = rooms::member(&house.ctx, &self.viewer, id).await else { return };
        let limit = Limit::try_from(100).unwrap();
        let history = said::history(&house.ctx, &member, Window::Newest, limit).await.unwrap();
        world.load(id, history, Window::Newest);
    }

    /// Opens every room that is not open yet, as a person would by and by.
    async fn open_rooms(&mut self, house: &House) {
        if self.world.bell().cards().is_none() {
            let cards = self.cards(house).await;
            self.world.load_cards(cards);
        }
        for id in self.world.rooms() {
            if self.world.timeline(id).is_none() {
                let mut world = self.world.clone();
                self.load(house, &mut world, id).await;
                self.world = world;
            }
        }
    }

    /// Takes in what came, numbered events lost, doubled and shuffled; then asks for what is missing,
    /// as the page does.
    async fn take_in(&mut self, house: &House, chance: &mut Chance, losses: bool) {
        let mut events = self.socket.all_by_now().await;
        if losses {
            events.retain(|event| !(is_message(event) && chance.once_in(4)));
        }
        let doubled: Vec<Event> =
            events.iter().filter(|event| is_message(event) && chance.once_in(3)).cloned().collect();
        events.extend(doubled);
        for at in 1..events.len() {
            // Only events with numbers come out of order; state is told in order for each account.
            let other = chance.below(at + 1);
            if is_message(&events[at]) && is_message(&events[other]) {
                events.swap(at, other);
            }
        }
        if losses {
            // What a connection loses it loses with all that follows.
            if chance.once_in(3) {
                events.truncate(chance.below(events.len() + 1));
            }
        }
        for event in &events {
            self.world.apply(event);
        }
        if losses {
            self.come_back().await;
        }
        self.open_rooms(house).await;
    }

    /// State without a number is read before it is told: takes in events until the world is as a
    /// fresh one.
    async fn settle(&mut self, house: &House) {
        loop {
            for event in self.socket.all_by_now().await {
                self.world.apply(&event);
            }
            self.open_rooms(house).await;
            let fresh = self.fresh(house).await;
            if seen(&self.world, self.marks) == seen(&fresh, self.marks)
                && self.world.behind().is_empty()
            {
                return;
            }
        }
    }

    /// A new connection: `ready`, and what the page lacks.
    async fn come_back(&mut self) {
        let (socket, ready) = self.person.connect().await;
        self.socket = socket;
        self.world.apply(&ready);
        let rooms = self.world.behind();
        let waiting = rooms.len();
        self.socket.send(&Command::Resume { epoch: None, rooms, notifications: 0 }).await;
        let mut answered = 0;
        while answered < waiting {
            let event = self.socket.next().await;
            answered += usize::from(matches!(
                event,
                Event::Resumed { .. } | Event::Gap { .. } | Event::RoomLeft { .. }
            ));
            self.world.apply(&event);
        }
    }
}

fn is_message(event: &Event) -> bool {
    matches!(event, Event::Message { .. } | Event::MessageChanged { .. })
}

/// Lets people act, and compares what they see with what is so; what they did joins what was done.
async fn converges(nodes: &[House], seed: u64, losses: bool, done: &mut Vec<Action>) {
    let mut people = Vec::new();
    for (n, name) in ["alice", "bob", "carol"].into_iter().enumerate() {
        let node = &nodes[n % nodes.len()];
        people.push(
            Watcher::new(node, &nodes[0].person(name).await, nodes.len() == 1 || !losses).await,
        );
    }
    // Until every node knows that they are here: nobody comes or goes while the worlds are compared.
    let known = async {
        let ids = people.iter().map(|watcher| watcher.viewer.account());
        let pairs: Vec<_> =
            ids.flat_map(|id| nodes.iter().map(move |node| (&node.ctx, id))).collect();
        for (ctx, id) in pairs {
            while presence::status(ctx, id) != Status::Online {
                presence::look_up(ctx, [id]).await;
                tokio::task::yield_now().await;
            }
        }
    };
    timeout(SETTLES_WITHIN, known).await.unwrap();
    let mut chance = Chance(seed);
    for name in ["bob", "carol"] {
        friends::ask(&nodes[0].ctx, &people[0].viewer, name).await.unwrap();
    }
    for round in 0..ROUNDS {
        for _ in 0..6 {
            act(nodes, &people, &mut chance, done).await;
        }
        for (n, watcher) in people.iter_mut().enumerate() {
            let node = &nodes[n % nodes.len()];
            watcher.take_in(node, &mut chance, losses).await;
            let name = watcher.person.name().to_owned();
            // As a fresh one at one moment: who hides is hidden a moment later.
            if timeout(SETTLES_WITHIN, watcher.settle(node)).await.is_err() {
                let fresh = watcher.fresh(node).await;
                let here = format!("seed {seed}, round {round}, {name}");
                let marks = watcher.marks;
                assert_eq!(seen(&watcher.world, marks), seen(&fresh, marks), "{here}");
                panic!("{here}: a hole is left, or it came too late");
            }
        }
    }
    // One of them is deleted, with or without what they said.
    let gone = people.pop().unwrap();
    let said = if chance.once_in(2) { Said::Goes } else { Said::Stays };
    let password = Password::parse(PASSWORD).unwrap();
    accounts::delete(&nodes[0].ctx, &gone.viewer, Some(&password), said).await.unwrap();
    for (n, watcher) in people.iter_mut().enumerate() {
        let node = &nodes[n % nodes.len()];
        let of_gone = |user: &User| user.id == gone.viewer.account();
        let goes_on = |message: &Message| of_gone(&message.author) && !message.body.is_empty();
        // What they said goes in its own time.
        let settled = timeout(SETTLES_WITHIN, async {
            watcher.settle(node).await;
            while said == Said::Goes
                && seen(&watcher.world, true).messages.values().flatten().any(goes_on)
            {
                watcher.settle(node).await;
            }
        });
        if settled.await.is_err() {
            let fresh = watcher.fresh(node).await;
            let marks = watcher.marks;
            panic!("seed {seed}: {:?}\n{:?}", seen(&watcher.world, marks), seen(&fresh, marks));
        }
        assert!(!watcher.world.friends().iter().any(of_gone), "seed {seed}");
        assert!(!watcher.world.requests().iter().any(|request| of_gone(&request.user)));
    }
}

/// Whether there is another sequence after so many: while something was only ever refused, which chance may do.
fn goes_on(sequences: u64, done: &[Action]) -> bool {
    sequences < SEQUENCES || sequences < 5 * SEQUENCES && never(done).next().is_some()
}

fn never(done: &[Action]) -> impl Iterator<Item = Action> {
    ACTIONS.iter().map(|(action, _)| *action).filter(|action| !done.contains(action))
}

fn all_were_done(done: &[Action]) {
    assert_eq!(never(done).collect::<Vec<_>>(), [], "never done");
}

#[tokio::test]
async fn worlds_converge_with_events_doubled_and_shuffled() {
    let (mut seed, mut done) = (0, Vec::new());
    while goes_on(seed, &done) {
        converges(&[House::open().await], seed, false, &mut done).await;
        seed += 1;
    }
    all_were_done(&done);
}

#[tokio::test]
async fn worlds_converge_with_events_lost_as_well() {
    let (mut seed, mut done) = (100, Vec::new());
    while goes_on(seed - 100, &done) {
        converges(&[House::open().await], seed, true, &mut done).await;
        seed += 1;
    }
    all_were_done(&done);
}

#[tokio::test]
async fn worlds_converge_whichever_node_they_are_on() {
    let (mut seed, mut done) = (200, Vec::new());
    while goes_on(seed - 200, &done) {
        let shared = Shared::start();
        let nodes: [House; 2] = House::nodes(&shared).await;
        converges(&nodes, seed, seed % 2 == 0, &mut done).await;
        seed += 1;
    }
    all_were_done(&done);
}
