//! How long rooms keep what is said, and the rooms of a house that has just begun.

use domain::{Error, bus::Change, messages, rooms};
use protocol::{
    Limit, Message, MessageId, Room, RoomName,
    accounts::Said,
    messages::{Draft, Window},
    rooms::{Kind, NewRoom, Retention, Role, RoomChange},
};

use crate::house::{House, Person, draft, heard, sign_up};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

async fn make(house: &House, person: &Person, retention: Retention) -> Room {
    let name = RoomName::parse("Passing through").unwrap();
    let new = NewRoom { kind: Kind::Public, name, topic: None, retention, members: Vec::new() };
    rooms::create(&house.ctx, &person.viewer, new).await.unwrap()
}

async fn read(house: &House, person: &Person, room: &Room) -> Vec<Message> {
    let member = rooms::member(&house.ctx, &person.viewer, room.id).await.unwrap();
    let history = messages::history(&house.ctx, &member, Window::Newest, Limit::default()).await;
    history.unwrap().items
}

async fn rows(house: &House, person: &Person, room: &Room) -> i64 {
    let member = rooms::member(&house.ctx, &person.viewer, room.id).await.unwrap();
    messages::receipt(&house.ctx, &member).await.unwrap().rows
}

#[tokio::test]
async fn what_is_too_old_goes_and_its_numbers_stay_taken() {
    let house = House::open().await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    let room = make(&house, &alice, Retention::Days(7)).await;
    rooms::join(&house.ctx, &bob.viewer, room.id).await.unwrap();
    let old = house.say(&alice, room.id, "old").await.unwrap().message;
    let member = rooms::member(&house.ctx, &alice.viewer, room.id).await.unwrap();
    messages::edit(&house.ctx, &member, old.id, draft("old, edited").body).await.unwrap();
    messages::react(&house.ctx, &member, old.id, "👍", true).await.unwrap();
    house.say(&alice, room.id, "older than it looks").await.unwrap();
    house.ctx.clock().advance_ms(6 * DAY_MS);
    messages::expire(&house.ctx).await.unwrap();
    assert_eq!(read(&house, &bob, &room).await.len(), 2, "not yet");
    let young = house.say(&alice, room.id, "young").await.unwrap().message;
    house.ctx.clock().advance_ms(2 * DAY_MS);
    let mut bus = house.listen();
    messages::expire(&house.ctx).await.unwrap();
    // On a server a clock that jumps by days is one that has heard of nobody for days.
    let mut told = || {
        let changes = heard(&mut bus).into_iter();
        changes.filter(|change| *change != Change::Lost).collect::<Vec<_>>()
    };
    assert_eq!(told(), [Change::RoomChanged { room: room.id }]);
    messages::expire(&house.ctx).await.unwrap();
    assert_eq!(told(), [], "once more, nothing changes");

    let kept = read(&house, &bob, &room).await;
    assert_eq!(kept.iter().map(|message| message.seq).collect::<Vec<_>>(), [young.seq]);
    assert_eq!(rows(&house, &bob, &room).await, 1);
    let shown = rooms::show(&house.ctx, bob.viewer.account(), room.id).await.unwrap();
    assert_eq!((shown.first_seq, shown.last_seq, shown.unread), (3, 3, Some(1)));
    let member = rooms::member(&house.ctx, &bob.viewer, room.id).await.unwrap();
    let page = |window| messages::history(&house.ctx, &member, window, Limit::default());
    assert!(!page(Window::Newest).await.unwrap().has_older);
    assert!(!page(Window::Before(3)).await.unwrap().has_older);
    assert!(matches!(messages::one(&house.ctx, &member, old.id).await, Err(Error::NotFound)));
    // Who comes back from before is told of what is left.
    let mut allowance = messages::Allowance::default();
    let since = messages::since(&house.ctx, &member, 0, &mut allowance).await.unwrap().unwrap();
    assert_eq!(since.messages.len(), 1);

    house.ctx.clock().advance_ms(20 * DAY_MS);
    messages::expire(&house.ctx).await.unwrap();
    let shown = rooms::show(&house.ctx, bob.viewer.account(), room.id).await.unwrap();
    assert_eq!((shown.first_seq, shown.last_seq, shown.unread), (4, 3, Some(0)));
    assert_eq!(shown.last_message, None);
    assert_eq!(rows(&house, &bob, &room).await, 0);
    assert_eq!(house.say(&bob, room.id, "new").await.unwrap().message.seq, 4);
}

#[tokio::test]
async fn an_owner_says_how_long_and_never_that_nothing_was_kept() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let room = make(&house, &alice, Retention::Forever).await;
    let passing = make(&house, &alice, Retention::Ephemeral).await;
    let change = async |room: &Room, retention| {
        let member = rooms::member(&house.ctx, &alice.viewer, room.id).await.unwrap();
        let change = RoomChange { retention: Some(retention), ..RoomChange::default() };
        rooms::settings::change(&house.ctx, &member, change).await
    };
    let changed = change(&room, Retention::Days(1)).await.unwrap();
    assert_eq!(changed.retention, Retention::Days(1));
    for (room, to) in [(&room, Retention::Ephemeral), (&passing, Retention::Forever)] {
        let refused = change(room, to).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn what_is_said_in_passing_reaches_who_is_there_and_no_disk() {
    let house = House::open().await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    let room = make(&house, &alice, Retention::Ephemeral).await;
    rooms::join(&house.ctx, &bob.viewer, room.id).await.unwrap();
    let mut bus = house.listen();
    let id = house.ctx.new_id(MessageId::new);
    let said = house.say_as(&alice, room.id, id, "hello @bob, xyzzy").await.unwrap();
    assert_eq!((said.message.seq, said.message.revision, said.again), (0, 0, false));
    assert_eq!(heard(&mut bus), [Change::Passed { message: said.message.clone(), access: 2 }]);
    // The same once more is answered, and told to nobody; somebody else's id is a conflict.
    let again = house.say_as(&alice, room.id, id, "hello @bob, xyzzy").await.unwrap();
    assert_eq!((again.message, again.again), (said.message, true));
    let stolen = house.say_as(&bob, room.id, id, "mine").await;
    assert!(matches!(stolen, Err(Error::Conflict(_))));
    assert_eq!(heard(&mut bus), []);
    let member = rooms::member(&house.ctx, &bob.viewer, room.id).await.unwrap();
    let answer = Draft { reply_to: Some(id), ..draft("what?") };
    let answered =
        messages::post(&house.ctx, &member, house.ctx.new_id(MessageId::new), answer).await;
    assert!(matches!(answered, Err(Error::Invalid { .. })));

    assert_eq!(read(&house, &bob, &room).await, []);
    assert_eq!(rows(&house, &bob, &room).await, 0);
    let shown = rooms::show(&house.ctx, bob.viewer.account(), room.id).await.unwrap();
    assert_eq!((shown.last_seq, shown.revision, shown.unread), (0, 0, Some(0)));
    assert_eq!(shown.last_message, None);
    for gone in [
        messages::edit(&house.ctx, &member, id, draft("x").body).await.map(drop),
        messages::delete(&house.ctx, &member, id).await.map(drop),
        messages::react(&house.ctx, &member, id, "👍", true).await.map(drop),
    ] {
        assert!(matches!(gone, Err(Error::NotFound)));
    }
    // Who is in it no more says nothing more there.
    rooms::leave(&house.ctx, &member).await.unwrap();
    let late = messages::post(&house.ctx, &member, house.ctx.new_id(MessageId::new), draft("x"));
    assert!(matches!(late.await, Err(Error::NotFound)));
    if let Some(folder) = house.folder() {
        for file in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let found = bytes.windows(5).any(|window| window == b"xyzzy");
            assert!(!found, "it is in the file");
        }
    }
}

#[tokio::test]
async fn a_house_begins_with_rooms_that_are_the_first_admins() {
    let house = House::open().await;
    rooms::begin(&house.ctx).await.unwrap();
    rooms::begin(&house.ctx).await.unwrap();
    let found = rooms::directory(&house.ctx, "", None, Limit::default()).await.unwrap().items;
    let names: Vec<&str> = found.iter().map(|room| room.name.as_str()).collect();
    assert_eq!(names, ["General", "Help", "Introductions", "Off topic"]);
    let general = rooms::welcoming(&house.ctx).await.unwrap().unwrap();
    assert_eq!(general, found[0].id);
    // Anybody reads it, and who is signed in may join.
    let reader = rooms::reader(&house.ctx, None, general).await.unwrap();
    assert_eq!(rooms::show_to(&house.ctx, &reader).await.unwrap().role, None);
    let bob = house.person("bob").await;
    rooms::join(&house.ctx, &bob.viewer, general).await.unwrap();
    house.say(&bob, general, "first").await.unwrap();
    let history = messages::history(&house.ctx, reader, Window::Newest, Limit::default()).await;
    assert_eq!(history.unwrap().items.len(), 1);
    // Nobody comes to own it by who goes.
    let carol = house.person("carol").await;
    rooms::join(&house.ctx, &carol.viewer, general).await.unwrap();
    let password = protocol::Password::parse("correct horse battery").unwrap();
    domain::accounts::delete(&house.ctx, &carol.viewer, Some(&password), Said::Stays)
        .await
        .unwrap();
    let role = async || rooms::member(&house.ctx, &bob.viewer, general).await.unwrap().role();
    assert_eq!(role().await, Role::Member);
    domain::accounts::create_admin(&house.ctx, sign_up("admin")).await.unwrap();
    let member = rooms::member(&house.ctx, &bob.viewer, general).await.unwrap();
    let members = rooms::members(&house.ctx, &member).await.unwrap();
    let owners: Vec<&str> = members
        .iter()
        .filter(|member| member.role == Role::Owner)
        .map(|member| member.user.username.as_str())
        .collect();
    assert_eq!(owners, ["admin"]);
    rooms::begin(&house.ctx).await.unwrap();
    // A room that is private from here on is no more for everyone's eyes.
    let private = RoomChange { kind: Some(Kind::Private), ..RoomChange::default() };
    let admin = rooms::member(&house.ctx, &bob.viewer, general).await.unwrap();
    assert!(rooms::settings::change(&house.ctx, &admin, private).await.is_err(), "bob is no owner");
    let own = make(&house, &bob, Retention::Forever).await;
    let reader = rooms::reader(&house.ctx, None, own.id).await.unwrap();
    let member = rooms::member(&house.ctx, &bob.viewer, own.id).await.unwrap();
    let private = RoomChange { kind: Some(Kind::Private), ..RoomChange::default() };
    rooms::settings::change(&house.ctx, &member, private).await.unwrap();
    let read = messages::history(&house.ctx, reader, Window::Newest, Limit::default()).await;
    assert!(matches!(read, Err(Error::NotFound)));
    assert!(matches!(rooms::reader(&house.ctx, None, own.id).await, Err(Error::NotFound)));
}
