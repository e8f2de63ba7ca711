//! Who is signed in, on which devices, and for how long.

use domain::{
    Error,
    accounts::{self, sessions::Device},
    bus::Change,
};

use crate::house::{House, credentials, heard, sign_up};

#[tokio::test]
async fn a_session_ends_when_its_owner_says_so_and_nobody_else() {
    let house = House::open().await;
    let (alice, mallory) = (house.person("alice").await, house.person("mallory").await);
    let session = alice.viewer.session();
    let refused = accounts::sessions::end(&house.ctx, &mallory.viewer, session).await;
    assert!(matches!(refused, Err(Error::NotFound)));
    let mut bus = house.listen();
    accounts::sessions::end(&house.ctx, &alice.viewer, session).await.unwrap();
    assert_eq!(heard(&mut bus), [Change::SessionEnded { session }]);
}

#[tokio::test]
async fn an_unused_session_ends_by_itself_and_a_used_one_goes_on() {
    let house = House::open().await;
    let (_, token) =
        accounts::sign_up(&house.ctx, sign_up("alice"), Device::default()).await.unwrap();
    let day = 24 * 60 * 60 * 1_000;
    for _ in 0..3 {
        house.ctx.clock().advance_ms(20 * day);
        accounts::sessions::authenticate(&house.ctx, token.as_str()).await.unwrap();
    }
    house.ctx.clock().advance_ms(31 * day);
    let over = accounts::sessions::authenticate(&house.ctx, token.as_str()).await;
    assert!(matches!(over, Err(Error::Unauthenticated(_))));
}

#[tokio::test]
async fn a_token_that_nobody_was_given_opens_nothing() {
    let house = House::open().await;
    house.person("alice").await;
    for token in ["", "x", &"0".repeat(64), &"0".repeat(100_000)] {
        let refused = accounts::sessions::authenticate(&house.ctx, token).await;
        assert!(matches!(refused, Err(Error::Unauthenticated(_))));
    }
}

#[tokio::test]
async fn an_account_has_a_hundred_devices_and_none_that_is_over() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let sign_in = async || {
        house.ctx.clock().advance_ms(1_000);
        let form = credentials("alice", "correct horse battery");
        accounts::sessions::sign_in(&house.ctx, form, Device::default()).await.unwrap().1
    };
    let second = sign_in().await;
    for _ in 0..99 {
        sign_in().await;
    }
    // The first, which was here longest ago, has made room.
    let first = accounts::sessions::still(&house.ctx, &alice.viewer).await.unwrap();
    let viewer = accounts::sessions::authenticate(&house.ctx, second.as_str()).await.unwrap();
    let devices = accounts::sessions::list(&house.ctx, &viewer).await.unwrap();
    assert_eq!((devices.len(), first), (100, false));
}
