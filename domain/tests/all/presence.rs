use std::time::Duration;

use domain::{
    Ctx, Viewer,
    accounts::profile,
    bus::Change,
    friends,
    presence::{self, GRACE_MS, LEASE_MS, Lease},
    snapshot,
};
use engines::Shared;
use protocol::{
    RoomId,
    accounts::{ProfileChange, Status},
};
use tokio::time::timeout;

use crate::house::{Heard, House, NOON, Person, heard};

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

/// Until something is so, on nodes whose clocks are looked at again and again.
async fn until(nodes: &[&House], mut is_so: impl AsyncFnMut() -> bool) {
    let ticking = async {
        while !is_so().await {
            for node in nodes {
                presence::tick(&node.ctx).await;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), ticking).await.unwrap();
}

/// A room in which somebody is on one node, and which the other serves as well.
async fn heard_on_both(one: &House, other: &House) -> (Person, RoomId, Lease) {
    let (alice, _, room) = one.alice_and_bob().await;
    let room = room.id;
    let lease = come(&one.ctx, &alice.viewer, false);
    let audience = presence::audience(&one.ctx);
    audience.serve(room);
    audience.enter(room, alice.user.id);
    presence::audience(&other.ctx).serve(room);
    (alice, room, lease)
}

#[tokio::test]
async fn a_node_that_says_nothing_more_leaves_nobody_online_for_longer_than_a_minute() {
    let shared = Shared::start();
    let node = || House::on(&shared);
    let (one, other) = (node().await, node().await);
    let (alice, room, lease) = heard_on_both(&one, &other).await;
    let id = alice.user.id;
    let is = async |ctx: &Ctx, status: Status| presence::status(ctx, id) == status;
    until(&[&one], async || is(&other.ctx, Status::Online).await).await;
    lease.set_away(true);
    until(&[&one], async || is(&other.ctx, Status::Away).await).await;
    assert_eq!(presence::count(&other.ctx, room, []), 1);
    // Its heart is heard beating: it is believed for as long as it does.
    for _ in 0..12 {
        for node in [&one, &other] {
            node.ctx.clock().advance_ms(LEASE_MS / 6);
            presence::tick(&node.ctx).await;
        }
        assert_eq!(presence::status(&other.ctx, id), Status::Away);
    }
    // A node that begins asks who is there, and is told.
    let late = node().await;
    presence::audience(&late.ctx).serve(room);
    until(&[&one], async || is(&late.ctx, Status::Away).await).await;
    // From here on the first node is as good as killed.
    drop(one);
    let mut bus = other.listen();
    let gone = async || {
        other.ctx.clock().advance_ms(LEASE_MS / 2);
        presence::status(&other.ctx, id) == Status::Offline
    };
    until(&[&other], gone).await;
    presence::tick(&other.ctx).await;
    let told = soon(&mut bus).await;
    assert!(told.contains(&Change::Present { account: id }), "{told:?}");
    assert!(told.contains(&Change::Counted { room }), "{told:?}");
    assert_eq!(presence::count(&other.ctx, room, []), 0);
}

#[tokio::test]
async fn who_leaves_a_room_is_counted_there_no_more_and_who_is_on_two_nodes_counts_once() {
    let shared = Shared::start();
    let (one, other) = (House::on(&shared).await, House::on(&shared).await);
    let (alice, room, lease) = heard_on_both(&one, &other).await;
    let id = alice.user.id;
    let count = |house: &House| presence::count(&house.ctx, room, []);
    until(&[&one], async || count(&other) == 1).await;
    let there = come(&other.ctx, &alice.viewer, false);
    presence::audience(&other.ctx).enter(room, id);
    until(&[&other], async || count(&one) == 1).await;
    assert_eq!(presence::count(&other.ctx, room, [id]), 1);
    // She closes one of her pages: on the other node she still is.
    drop(lease);
    one.ctx.clock().advance_ms(GRACE_MS);
    until(&[&one, &other], async || count(&other) == 0).await;
    assert_eq!(presence::count(&other.ctx, room, [id]), 1);
    assert_eq!((count(&one), presence::status(&one.ctx, id)), (1, Status::Online));
    presence::audience(&other.ctx).part(room, id);
    until(&[&other], async || count(&one) == 0).await;
    drop(there);
}

#[tokio::test]
async fn how_many_are_in_a_room_that_nobody_here_hears_is_read() {
    let shared = Shared::start();
    let node = || House::on(&shared);
    let (one, other, outside) = (node().await, node().await, node().await);
    let (alice, room, lease) = heard_on_both(&one, &other).await;
    let carol = one.person("carol").await;
    let there = come(&other.ctx, &carol.viewer, false);
    presence::audience(&other.ctx).enter(room, carol.user.id);
    let tell = |house: &House, who: &Person| {
        let count = presence::count(&house.ctx, room, [who.user.id]);
        presence::tally(&house.ctx, room, Some(count));
        count
    };
    let both = [&one, &other];
    until(&both, async || (tell(&one, &alice), tell(&other, &carol)) == (2, 2)).await;
    let read = async || presence::tallies(&outside.ctx, &[room]).await[0];
    until(&both, async || read().await == 2).await;
    // Where somebody hears it, it is known once the others have had time to say so.
    assert!(!presence::is_settled(&other.ctx, room));
    other.ctx.clock().advance_ms(GRACE_MS);
    assert!(presence::is_settled(&other.ctx, room));
    // Of two who are there one goes, and then the other.
    drop(lease);
    one.ctx.clock().advance_ms(GRACE_MS);
    until(&both, async || tell(&other, &carol) == 1 && read().await == 1).await;
    drop(there);
    other.ctx.clock().advance_ms(GRACE_MS);
    until(&both, async || read().await == 0).await;
}

#[tokio::test]
async fn who_hides_on_two_nodes_is_told_of_once() {
    let shared = Shared::start();
    let (one, other) = (House::on(&shared).await, House::on(&shared).await);
    let (alice, room, _here) = heard_on_both(&one, &other).await;
    let _there = come(&other.ctx, &alice.viewer, false);
    presence::audience(&other.ctx).enter(room, alice.user.id);
    let count = |house: &House| presence::count(&house.ctx, room, []);
    until(&[&one, &other], async || (count(&one), count(&other)) == (1, 1)).await;
    let hide = ProfileChange { invisible: Some(true), ..ProfileChange::default() };
    profile::change(&one.ctx, &alice.viewer, hide).await.unwrap();
    for node in [&one, &other] {
        presence::look(&node.ctx, alice.user.id).await.unwrap();
    }
    until(&[&one, &other], async || (count(&one), count(&other)) == (0, 0)).await;
    // Then there is nothing to say: whoever hears the other says nothing back.
    let (mut here, mut there) = (one.listen(), other.listen());
    let counted = Change::Counted { room };
    let mut said = 0;
    for _ in 0..200 {
        presence::tick(&one.ctx).await;
        presence::tick(&other.ctx).await;
        let told = [soon(&mut here).await, soon(&mut there).await].concat();
        said += told.iter().filter(|change| **change == counted).count();
    }
    assert!(said <= 4, "{said} times");
}

#[tokio::test]
async fn of_whom_no_room_tells_it_is_looked_up_whether_they_are_here() {
    let shared = Shared::start();
    let (one, other) = (House::on(&shared).await, House::on(&shared).await);
    let (alice, bob) = (one.person("alice").await, one.person("bob").await);
    let lease = come(&one.ctx, &alice.viewer, false);
    let seen = async || {
        let profile = presence::profile(&other.ctx, Some(&bob.viewer), "alice").await.unwrap();
        other.ctx.clock().advance_ms(5_000);
        profile.user.status.unwrap()
    };
    until(&[&one, &other], async || seen().await == Status::Online).await;
    lease.set_away(true);
    until(&[&one, &other], async || seen().await == Status::Away).await;
    let hide = ProfileChange { invisible: Some(true), ..ProfileChange::default() };
    profile::change(&one.ctx, &alice.viewer, hide).await.unwrap();
    presence::look(&one.ctx, alice.user.id).await.unwrap();
    until(&[&one, &other], async || seen().await == Status::Offline).await;
}

#[tokio::test]
async fn friends_who_share_no_room_see_each_other_from_another_node() {
    let shared = Shared::start();
    let (one, other) = (House::on(&shared).await, House::on(&shared).await);
    let (alice, bob) = (one.person("alice").await, one.person("bob").await);
    one.befriend(&alice, &bob).await;
    let _bob = come(&other.ctx, &bob.viewer, false);
    let ready = snapshot::ready(&other.ctx, &bob.viewer).await.unwrap();
    assert_eq!(ready.friends[0].status, Some(Status::Offline));
    let mut bus = other.listen();
    let seen = || presence::status(&other.ctx, alice.user.id);
    let lease = come(&one.ctx, &alice.viewer, false);
    until(&[&one, &other], async || seen() == Status::Online).await;
    let moved = Change::Present { account: alice.user.id };
    assert!(soon(&mut bus).await.contains(&moved));
    // For as long as she is there.
    for _ in 0..120 {
        other.ctx.clock().advance_ms(1_000);
        presence::tick(&other.ctx).await;
        assert_eq!(seen(), Status::Online);
    }
    drop(lease);
    one.ctx.clock().advance_ms(GRACE_MS);
    until(&[&one, &other], async || seen() == Status::Offline).await;
    assert!(soon(&mut bus).await.contains(&moved));
}

#[tokio::test]
async fn who_goes_here_and_is_away_on_another_node_is_seen_so() {
    let shared = Shared::start();
    let (one, other) = (House::on(&shared).await, House::on(&shared).await);
    let (alice, room, lease) = heard_on_both(&one, &other).await;
    let there = come(&other.ctx, &alice.viewer, false);
    there.set_away(true);
    presence::audience(&other.ctx).enter(room, alice.user.id);
    // Others than her are told of how she is there.
    until(&[&other], async || presence::count(&one.ctx, room, []) == 1).await;
    assert_eq!(presence::status(&one.ctx, alice.user.id), Status::Online);
    let mut bus = one.listen();
    drop(lease);
    one.ctx.clock().advance_ms(GRACE_MS);
    presence::tick(&one.ctx).await;
    assert_eq!(presence::status(&one.ctx, alice.user.id), Status::Away);
    assert!(soon(&mut bus).await.contains(&Change::Present { account: alice.user.id }));
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
