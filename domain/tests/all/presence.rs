use std::time::Duration;

use domain::{
    Ctx, Viewer,
    accounts::profile,
    bus::Change,
    friends,
    presence::{self, GRACE_MS, LEASE_MS, Lease},
};
use engines::Shared;
use protocol::accounts::{ProfileChange, Status};
use tokio::time::timeout;

use crate::house::{Heard, House, NOON, heard};

fn come(ctx: &Ctx, viewer: &Viewer, is_invisible: bool) -> Lease {
    let lease = presence::enter(ctx, viewer);
    lease.know(is_invisible);
    lease
}

#[tokio::test]
async fn many_tabs_are_one_person_and_a_new_page_is_no_leaving() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let (ctx, id) = (&house.ctx, alice.user.id);
    let mut bus = house.listen();
    let moved = [Change::Present { account: id }];
    let phone = come(ctx, &alice.viewer, false);
    assert_eq!((presence::status(ctx, id), soon(&mut bus).await), (Status::Online, moved.to_vec()));
    let laptop = come(ctx, &alice.viewer, false);
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
    let lease = come(&house.ctx, &alice.viewer, false);
    assert_eq!(presence::status(&house.ctx, alice.user.id), Status::Online);
    drop(lease);
}

#[tokio::test]
async fn when_somebody_was_here_last_is_for_friends_and_only_if_they_like() {
    let house = House::open().await;
    let (alice, bob, _) = house.alice_and_bob().await;
    drop(come(&house.ctx, &bob.viewer, false));
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
    let lease = come(ctx, &bob.viewer, false);
    assert_eq!(presence::status(ctx, id), Status::Online);
    let hide = |invisible| ProfileChange { invisible: Some(invisible), ..ProfileChange::default() };
    profile::change(ctx, &bob.viewer, hide(true)).await.unwrap();
    presence::look(ctx, id).await.unwrap();
    assert_eq!(presence::status(ctx, id), Status::Offline);
    drop(lease);
    ctx.clock().advance_ms(GRACE_MS);
    presence::tick(ctx).await;
    let seen = presence::friends(ctx, &alice.viewer).await.unwrap().remove(0).last_seen;
    assert_eq!(seen, None, "nor when they were here");
    let _lease = come(ctx, &bob.viewer, true);
    let mut bus = house.listen();
    presence::typing(ctx, &bob.viewer, room.id).await.unwrap();
    assert_eq!(soon(&mut bus).await, [], "nor is it told that they write");
    presence::typing(ctx, &alice.viewer, room.id).await.unwrap();
    assert_eq!(soon(&mut bus).await, [Change::Typing { room: room.id, account: alice.user.id }]);
    profile::change(ctx, &bob.viewer, hide(false)).await.unwrap();
    presence::look(ctx, id).await.unwrap();
    assert_eq!(presence::status(ctx, id), Status::Online);
}

#[tokio::test]
async fn a_node_that_says_nothing_more_leaves_nobody_online_for_longer_than_a_minute() {
    let shared = Shared::start();
    let node = || House::on(&shared);
    let (one, other) = (node().await, node().await);
    let alice = one.person("alice").await;
    let id = alice.user.id;
    let lease = come(&one.ctx, &alice.viewer, false);
    let until = async |status: Status| {
        let told = async {
            while presence::status(&other.ctx, id) != status {
                presence::tick(&one.ctx).await;
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(20), told).await.unwrap();
    };
    until(Status::Online).await;
    lease.set_away(true);
    until(Status::Away).await;
    // From here on the first node is as good as killed: its clock stands still, and it says nothing.
    other.ctx.clock().advance_ms(LEASE_MS - 1);
    presence::tick(&other.ctx).await;
    assert_eq!(presence::status(&other.ctx, id), Status::Away);
    let mut bus = other.listen();
    other.ctx.clock().advance_ms(1);
    presence::tick(&other.ctx).await;
    assert_eq!(presence::status(&other.ctx, id), Status::Offline);
    assert_eq!(soon(&mut bus).await, [Change::Present { account: id }]);
    // A node that begins is told who is there, without waiting for the next repetition.
    let late = node().await;
    let told = async {
        while presence::status(&late.ctx, id) != Status::Away {
            presence::tick(&late.ctx).await;
            presence::tick(&one.ctx).await;
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), told).await.unwrap();
}

/// What was told by now: nobody waits for it, so whoever listens comes first.
async fn soon(bus: &mut Heard) -> Vec<Change> {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
    heard(bus)
}

#[tokio::test]
async fn what_was_read_before_somebody_hid_shows_them_no_more() {
    let house = House::open().await;
    let bob = house.person("bob").await;
    let ctx = &house.ctx;
    let lease = presence::enter(ctx, &bob.viewer);
    assert_eq!(
        presence::status(ctx, bob.user.id),
        Status::Offline,
        "nobody knows whether they may"
    );
    let hide = ProfileChange { invisible: Some(true), ..ProfileChange::default() };
    profile::change(ctx, &bob.viewer, hide).await.unwrap();
    presence::look(ctx, bob.user.id).await.unwrap();
    lease.know(false);
    assert_eq!(presence::status(ctx, bob.user.id), Status::Offline);
    let other = presence::enter(ctx, &bob.viewer);
    other.know(false);
    assert_eq!(presence::status(ctx, bob.user.id), Status::Offline);
}
