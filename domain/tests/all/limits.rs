//! Limits that nodes count together, in a real Redis.

use std::time::Duration;

use domain::{
    Config, Error, accounts::sessions, accounts::sessions::Device, limits::Rule, rooms,
    rooms::invites,
};
use engines::{Redis, Shared};
use protocol::{
    Login, Password, RoomName,
    accounts::SignIn,
    rooms::{Kind, NewRoom, Notify, Retention},
};
use tokio::time::timeout;

use super::house::House;

const ADDRESS: &str = "192.0.2.7";

async fn two(shared: &Shared) -> [House; 2] {
    let limited =
        |config| Config { quotas: Some("sign-in=5/m,sign-up=3/h".parse().unwrap()), ..config };
    [House::on_with(shared, limited).await, House::on_with(shared, limited).await]
}

async fn sign_up(house: &House) -> Result<(), Error> {
    house.ctx.limits().take_from(Rule::SignUp, Some(ADDRESS.parse().unwrap())).await
}

#[tokio::test]
async fn what_is_done_on_one_node_counts_on_the_other() {
    let shared = Shared::start();
    let nodes = two(&shared).await;
    for n in 0..3 {
        sign_up(&nodes[n % 2]).await.unwrap();
    }
    for node in &nodes {
        match sign_up(node).await {
            Err(Error::RateLimited { retry_after_ms }) => {
                assert!((1..=1_200_000).contains(&retry_after_ms), "{retry_after_ms}");
            }
            other => panic!("{other:?}"),
        }
        node.ctx.limits().take_from(Rule::SignUp, "192.0.2.8".parse().ok()).await.unwrap();
    }
    // Twenty minutes for each of three an hour.
    for node in &nodes {
        node.ctx.clock().advance_ms(20 * 60 * 1_000);
    }
    sign_up(&nodes[0]).await.unwrap();
    assert!(sign_up(&nodes[1]).await.is_err());
}

#[tokio::test]
async fn what_nobody_waits_for_counts_on_the_other_node_a_moment_later() {
    let shared = Shared::start();
    let [one, other] = two(&shared).await;
    let alice = one.person("alice").await.user.id;
    let (here, there) = (one.ctx.limits(), other.ctx.limits());
    // As many at once as an account may say, with clocks that stand still: until all of them are counted.
    let counted = async {
        loop {
            for _ in 0..20 {
                here.take_along(Rule::Message, alice).unwrap();
            }
            let mut left = 0;
            while there.take_for(Rule::Message, alice).await.is_ok() {
                left += 1;
            }
            if left < 20 {
                break;
            }
            // Only the other's own bounds were kept: it was faster than what it should have been told.
            for node in [&one, &other] {
                node.ctx.clock().advance_ms(60_000);
            }
        }
    };
    timeout(Duration::from_secs(20), counted).await.unwrap();
    // And back: what was counted there is known here without asking.
    other.ctx.clock().advance_ms(1_000);
    one.ctx.clock().advance_ms(1_000);
    while there.take_for(Rule::Message, alice).await.is_ok() {}
    let refused = async {
        while here.take_along(Rule::Message, alice).is_ok() {
            // Time goes on, or its own bounds would be enough.
            one.ctx.clock().advance_ms(100);
            there.take_for(Rule::Message, alice).await.ok();
            other.ctx.clock().advance_ms(100);
        }
    };
    timeout(Duration::from_secs(20), refused).await.unwrap();
}

#[tokio::test]
async fn a_right_password_counts_nowhere_and_a_wrong_one_everywhere() {
    let shared = Shared::start();
    let nodes = two(&shared).await;
    nodes[0].person("alice").await;
    let device = Device { user_agent: None, address: ADDRESS.parse().ok() };
    let sign_in = async |house: &House, password: &str| {
        let password = Password::parse(password).unwrap();
        let form = SignIn { login: Login::parse("alice").unwrap(), password };
        sessions::sign_in(&house.ctx, form, device).await
    };
    for n in 0..8 {
        sign_in(&nodes[n % 2], "correct horse battery").await.unwrap();
    }
    for n in 0..5 {
        let wrong = sign_in(&nodes[n % 2], "wrong horse battery").await;
        assert!(matches!(wrong, Err(Error::Unauthenticated(_))), "{n}");
    }
    for node in &nodes {
        let late = sign_in(node, "correct horse battery").await;
        assert!(matches!(late, Err(Error::RateLimited { .. })));
    }
}

#[tokio::test]
async fn without_redis_each_node_counts_for_itself() {
    let (mut shared, mut redis) = (Shared::start(), Redis::start());
    shared.redis_url = redis.url();
    let nodes = two(&shared).await;
    redis.stop();
    for node in &nodes {
        for _ in 0..3 {
            sign_up(node).await.unwrap();
        }
        assert!(sign_up(node).await.is_err());
    }
}

#[tokio::test]
async fn coming_and_going_counts_by_whichever_way() {
    let quotas = "membership=5/h".parse().unwrap();
    let house = House::with(|config| Config { quotas: Some(quotas), ..config }).await;
    let (alice, bob, _) = house.alice_and_bob().await;
    let ctx = &house.ctx;
    let form = NewRoom {
        kind: Kind::Public,
        name: RoomName::parse("Square").unwrap(),
        topic: None,
        retention: Retention::Forever,
        members: Vec::new(),
    };
    let room = rooms::create(ctx, &alice.viewer, form).await.unwrap().id;
    let owner = rooms::member(ctx, &alice.viewer, room).await.unwrap();
    let code = invites::invite(ctx, &owner, None, None).await.unwrap().code;
    let bob = &bob.viewer;
    for _ in 0..2 {
        invites::accept(ctx, bob, &code).await.unwrap();
        rooms::leave(ctx, &rooms::member(ctx, bob, room).await.unwrap()).await.unwrap();
    }
    rooms::join(ctx, bob, room).await.unwrap();
    let member = rooms::member(ctx, bob, room).await.unwrap();
    let is_limited = |done: Result<(), Error>| matches!(done, Err(Error::RateLimited { .. }));
    assert!(is_limited(rooms::leave(ctx, &member).await));
    assert!(is_limited(invites::accept(ctx, bob, &code).await.map(drop)));
    assert!(is_limited(invites::end(ctx, &member, &code).await));
    let quiet = rooms::settings::set_notify(ctx, &member, Notify::None).await;
    assert!(is_limited(quiet.map(drop)));
    assert!(is_limited(rooms::add(ctx, &member, "alice").await));
    // For each account by itself.
    assert!(rooms::add(ctx, &owner, "bob").await.is_ok());
}
