use domain::{
    accounts::profile,
    bus::Change,
    friends,
    presence::{self, GRACE_MS},
};
use protocol::accounts::{ProfileChange, Status};

use crate::house::{Heard, House, NOON, heard};

#[tokio::test]
async fn many_tabs_are_one_person_and_a_new_page_is_no_leaving() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let (ctx, id) = (&house.ctx, alice.user.id);
    let mut bus = house.listen();
    let moved = [Change::Present { account: id }];
    let phone = presence::enter(ctx, &alice.viewer, false);
    assert_eq!((presence::status(ctx, id), soon(&mut bus).await), (Status::Online, moved.to_vec()));
    let laptop = presence::enter(ctx, &alice.viewer, false);
    phone.set_away(true);
    assert_eq!((presence::status(ctx, id), soon(&mut bus).await), (Status::Online, vec![]));
    laptop.set_away(true);
    assert_eq!((presence::status(ctx, id), soon(&mut bus).await), (Status::Away, moved.to_vec()));
    drop(laptop);
    laptop_is_back(&house, &alice).await;
    drop(phone);
    soon(&mut bus).await;
    ctx.clock().advance_ms(GRACE_MS);
    presence::tick(ctx).await;
    assert_eq!(
        (presence::status(ctx, id), soon(&mut bus).await),
        (Status::Offline, moved.to_vec())
    );
}

async fn laptop_is_back(house: &House, alice: &crate::house::Person) {
    house.ctx.clock().advance_ms(GRACE_MS - 1);
    presence::tick(&house.ctx).await;
    let lease = presence::enter(&house.ctx, &alice.viewer, false);
    assert_eq!(presence::status(&house.ctx, alice.user.id), Status::Online);
    drop(lease);
}

#[tokio::test]
async fn when_somebody_was_here_last_is_for_friends_and_only_if_they_like() {
    let house = House::open().await;
    let (alice, bob, _) = house.alice_and_bob().await;
    drop(presence::enter(&house.ctx, &bob.viewer, false));
    house.ctx.clock().advance_ms(GRACE_MS);
    presence::tick(&house.ctx).await;
    let seen = async || {
        let friends = presence::friends(&house.ctx, &alice.viewer).await.unwrap();
        (friends[0].status, friends[0].last_seen)
    };
    assert_eq!(seen().await, (Some(Status::Offline), Some(NOON.plus_ms(GRACE_MS))));
    let hide = ProfileChange { seen_shown: Some(false), ..ProfileChange::default() };
    profile::change(&house.ctx, &bob.viewer, hide).await.unwrap();
    assert_eq!(seen().await, (Some(Status::Offline), None));
    let others = friends::friends_of(&house.ctx, &alice.viewer, "bob").await.unwrap();
    assert!(others.iter().all(|other| other.user.last_seen.is_none()));
}

#[tokio::test]
async fn who_wants_to_be_seen_by_nobody_is_not() {
    let house = House::open().await;
    let (alice, bob, room) = house.alice_and_bob().await;
    let (ctx, id) = (&house.ctx, bob.user.id);
    let lease = presence::enter(ctx, &bob.viewer, false);
    assert_eq!(presence::status(ctx, id), Status::Online);
    let hide = |invisible| ProfileChange { invisible: Some(invisible), ..ProfileChange::default() };
    profile::change(ctx, &bob.viewer, hide(true)).await.unwrap();
    presence::look(ctx, id).await.unwrap();
    assert_eq!(presence::status(ctx, id), Status::Offline);
    assert!(!lease.is_seen());
    let mut bus = house.listen();
    presence::typing(ctx, &bob.viewer, room.id).await.unwrap();
    assert_eq!(soon(&mut bus).await, [], "nor is it told that they write");
    presence::typing(ctx, &alice.viewer, room.id).await.unwrap();
    assert_eq!(soon(&mut bus).await, [Change::Typing { room: room.id, account: alice.user.id }]);
    profile::change(ctx, &bob.viewer, hide(false)).await.unwrap();
    presence::look(ctx, id).await.unwrap();
    assert_eq!(presence::status(ctx, id), Status::Online);
}

/// What was told by now: nobody waits for it, so whoever listens comes first.
async fn soon(bus: &mut Heard) -> Vec<Change> {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
    heard(bus)
}
