use domain::{Error, bus::Change, friends, rooms};
use protocol::{
    Limit, RoomName,
    rooms::{Kind, NewRoom, Retention, Role},
};

use crate::house::{House, heard};

fn room(kind: Kind) -> NewRoom {
    NewRoom {
        kind,
        name: RoomName::parse("Garden club").unwrap(),
        topic: None,
        retention: Retention::Forever,
        members: Vec::new(),
    }
}

#[tokio::test]
async fn a_direct_room_is_made_once_whoever_opens_it_first() {
    let house = House::open().await;
    let (alice, bob, room) = house.alice_and_bob().await;
    let same = rooms::direct::open(&house.ctx, &bob.viewer, "alice").await.unwrap();
    assert_eq!(same.id, room.id);
    assert_eq!(room.name, "bob");
    assert_eq!(same.name, "alice");
    assert_eq!(same.direct_with.unwrap().id, alice.user.id);
    assert_eq!((same.member_count, same.closed), (2, false));
}

#[tokio::test]
async fn unfriending_closes_the_room_for_both_and_friendship_opens_it_with_its_history() {
    let house = House::open().await;
    let (alice, bob, room) = house.alice_and_bob().await;
    house.say(&alice, room.id, "before").await.unwrap();
    friends::unfriend(&house.ctx, &alice.viewer, "bob").await.unwrap();
    for person in [&alice, &bob] {
        let seen = rooms::show(&house.ctx, person.viewer.account(), room.id).await.unwrap();
        assert!(seen.closed);
        let refused = house.say(person, room.id, "too late").await;
        assert!(matches!(refused, Err(Error::Forbidden("You must be friends to chat."))));
        let other = if person.name() == "alice" { "bob" } else { "alice" };
        let still = rooms::direct::open(&house.ctx, &person.viewer, other).await.unwrap();
        assert_eq!((still.id, still.last_seq), (room.id, 1));
    }
    house.befriend(&bob, &alice).await;
    let seen = rooms::direct::open(&house.ctx, &bob.viewer, "alice").await.unwrap();
    assert_eq!((seen.id, seen.closed, seen.last_seq), (room.id, false, 1));
    assert_eq!(house.say(&bob, room.id, "after").await.unwrap().message.seq, 2);
}

#[tokio::test]
async fn a_room_that_is_not_yours_looks_like_none() {
    let house = House::open().await;
    let (_, _, direct) = house.alice_and_bob().await;
    let mallory = house.person("mallory").await;
    let nowhere = house.ctx.new_id(protocol::RoomId::new);
    let answers = [
        rooms::member(&house.ctx, &mallory.viewer, direct.id).await.err().unwrap().problem(),
        rooms::member(&house.ctx, &mallory.viewer, nowhere).await.err().unwrap().problem(),
        rooms::join(&house.ctx, &mallory.viewer, direct.id).await.err().unwrap().problem(),
        rooms::join(&house.ctx, &mallory.viewer, nowhere).await.err().unwrap().problem(),
    ];
    assert!(answers.iter().all(|problem| *problem == protocol::Problem::not_found()));
}

#[tokio::test]
async fn a_removed_member_of_a_private_room_hears_nothing_more_and_says_nothing_more() {
    let house = House::open().await;
    let (alice, bob, _) = house.alice_and_bob().await;
    let club = rooms::create(&house.ctx, &alice.viewer, room(Kind::Private)).await.unwrap();
    let owner = rooms::member(&house.ctx, &alice.viewer, club.id).await.unwrap();
    rooms::add(&house.ctx, &owner, "bob").await.unwrap();
    let proof = rooms::member(&house.ctx, &bob.viewer, club.id).await.unwrap();
    house.say(&bob, club.id, "here").await.unwrap();
    let mut bus = house.listen();
    rooms::remove(&house.ctx, &owner, "bob").await.unwrap();
    rooms::remove(&house.ctx, &owner, "bob").await.unwrap();
    house.say(&alice, club.id, "gone").await.unwrap();
    let told = heard(&mut bus);
    assert_eq!(told[0], Change::Left { room: club.id, account: bob.user.id, access: 3 });
    assert!(
        matches!(&told[1..], [Change::MessagePosted { message, .. }] if message.body == "gone")
    );
    assert!(matches!(house.say(&bob, club.id, "still?").await, Err(Error::NotFound)));
    // A proof from before the removal stores nothing: the right is read where it is stored.
    let id = house.ctx.new_id(protocol::MessageId::new);
    let late = domain::messages::post(&house.ctx, &proof, id, crate::house::draft("late")).await;
    assert!(matches!(late, Err(Error::NotFound)));
}

#[tokio::test]
async fn only_a_moderator_lets_back_in_who_was_removed() {
    let house = House::open().await;
    let (alice, bob, _) = house.alice_and_bob().await;
    let carol = house.person("carol").await;
    house.befriend(&carol, &bob).await;
    let square = rooms::create(&house.ctx, &alice.viewer, room(Kind::Public)).await.unwrap();
    for person in [&bob, &carol] {
        rooms::join(&house.ctx, &person.viewer, square.id).await.unwrap();
    }
    let owner = rooms::member(&house.ctx, &alice.viewer, square.id).await.unwrap();
    let member = rooms::member(&house.ctx, &carol.viewer, square.id).await.unwrap();
    rooms::remove(&house.ctx, &owner, "bob").await.unwrap();
    let back = rooms::join(&house.ctx, &bob.viewer, square.id).await;
    assert!(matches!(back, Err(Error::NotFound)));
    let back = rooms::add(&house.ctx, &member, "bob").await;
    assert!(matches!(back, Err(Error::Forbidden("Only a moderator lets them back in."))));
    rooms::add(&house.ctx, &owner, "bob").await.unwrap();
    let bob = rooms::member(&house.ctx, &bob.viewer, square.id).await.unwrap();
    rooms::leave(&house.ctx, &bob).await.unwrap();
    rooms::join(&house.ctx, bob.viewer(), square.id).await.unwrap();
}

#[tokio::test]
async fn a_session_that_has_ended_changes_nothing_more() {
    let house = House::open().await;
    let (alice, _, direct) = house.alice_and_bob().await;
    house.person("carol").await;
    let proof = rooms::member(&house.ctx, &alice.viewer, direct.id).await.unwrap();
    let session = alice.viewer.session();
    domain::accounts::sessions::end(&house.ctx, &alice.viewer, session).await.unwrap();
    let ended = |done: domain::Result<()>| assert!(matches!(done, Err(Error::Unauthenticated(_))));
    let (ctx, viewer) = (&house.ctx, &alice.viewer);
    let id = ctx.new_id(protocol::MessageId::new);
    let draft = crate::house::draft("still here?");
    ended(domain::messages::post(ctx, &proof, id, draft).await.map(drop));
    ended(rooms::create(ctx, viewer, room(Kind::Public)).await.map(drop));
    ended(friends::ask(ctx, viewer, "carol").await.map(drop));
    ended(friends::unfriend(ctx, viewer, "bob").await);
    ended(domain::accounts::sessions::end(ctx, viewer, session).await);
}

#[tokio::test]
async fn only_those_who_may_change_who_is_in_a_room() {
    let house = House::open().await;
    let (alice, bob, direct) = house.alice_and_bob().await;
    let carol = house.person("carol").await;
    let club = rooms::create(&house.ctx, &alice.viewer, room(Kind::Private)).await.unwrap();
    let owner = rooms::member(&house.ctx, &alice.viewer, club.id).await.unwrap();
    let stranger = rooms::add(&house.ctx, &owner, "carol").await;
    assert!(matches!(stranger, Err(Error::Forbidden(_))));
    rooms::add(&house.ctx, &owner, "bob").await.unwrap();
    rooms::add(&house.ctx, &owner, "bob").await.unwrap();
    let member = rooms::member(&house.ctx, &bob.viewer, club.id).await.unwrap();
    let removed = rooms::remove(&house.ctx, &member, "alice").await;
    assert!(matches!(removed, Err(Error::Forbidden(_))));
    let last = rooms::leave(&house.ctx, &owner).await;
    assert!(matches!(last, Err(Error::Conflict("Make somebody else the owner first."))));
    rooms::leave(&house.ctx, &member).await.unwrap();
    rooms::leave(&house.ctx, &owner).await.unwrap();
    let two = rooms::member(&house.ctx, &alice.viewer, direct.id).await.unwrap();
    house.befriend(&alice, &carol).await;
    for refused in [
        rooms::leave(&house.ctx, &two).await,
        rooms::add(&house.ctx, &two, "carol").await,
        rooms::remove(&house.ctx, &two, "bob").await,
    ] {
        assert!(matches!(refused, Err(Error::Forbidden(_))));
    }
}

#[tokio::test]
async fn anyone_joins_a_public_room_and_starts_at_its_end() {
    let house = House::open().await;
    let (alice, bob, _) = house.alice_and_bob().await;
    let square = rooms::create(&house.ctx, &alice.viewer, room(Kind::Public)).await.unwrap();
    assert_eq!(square.role, Some(Role::Owner));
    house.say(&alice, square.id, "one").await.unwrap();
    let joined = rooms::join(&house.ctx, &bob.viewer, square.id).await.unwrap();
    assert_eq!((joined.unread(), joined.member_count), (0, 2));
    rooms::join(&house.ctx, &bob.viewer, square.id).await.unwrap();
    house.say(&alice, square.id, "two").await.unwrap();
    let seen = rooms::show(&house.ctx, bob.user.id, square.id).await.unwrap();
    assert_eq!((seen.unread(), seen.last_message.unwrap().text.as_str()), (1, "two"));
}

#[tokio::test]
async fn a_read_marker_moves_forward_only_and_never_past_the_end() {
    let house = House::open().await;
    let (alice, bob, room) = house.alice_and_bob().await;
    for body in ["one", "two", "three"] {
        house.say(&alice, room.id, body).await.unwrap();
    }
    let member = rooms::member(&house.ctx, &bob.viewer, room.id).await.unwrap();
    let mut bus = house.listen();
    for (seq, read) in [(2, 2), (1, 2), (99, 3), (-5, 3)] {
        rooms::mark_read(&house.ctx, &member, seq, false).await.unwrap();
        let seen = rooms::show(&house.ctx, bob.user.id, room.id).await.unwrap();
        assert_eq!(seen.read_seq, Some(read));
    }
    let told = heard(&mut bus);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter().all(|change| matches!(change, Change::ReadMoved { to, .. } if to.len() == 2))
    );
}

#[tokio::test]
async fn the_list_of_rooms_pages_by_latest_activity() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let made = rooms::create(&house.ctx, &alice.viewer, room(Kind::Private)).await.unwrap();
        house.ctx.clock().advance_ms(1_000);
        house.say(&alice, made.id, "hello").await.unwrap();
        ids.push(made.id);
    }
    house.say(&alice, ids[1], "again").await.unwrap();
    let limit = Limit::try_from(2).unwrap();
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = rooms::list(&house.ctx, &alice.viewer, cursor.as_deref(), limit).await.unwrap();
        seen.extend(page.items.iter().map(|room| room.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, [ids[4], ids[1], ids[3], ids[2], ids[0]], "a tie goes to the newer room");
    let invented = rooms::list(&house.ctx, &alice.viewer, Some("x"), limit).await;
    assert!(matches!(invented, Err(Error::Invalid { field: "cursor", .. })));
}
