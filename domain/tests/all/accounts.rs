use domain::{Error, accounts, bus::Change, snapshot};
use protocol::{Email, Login, Password, accounts::SignIn};

use crate::house::{House, heard, sign_up};

fn form(login: &str, password: &str) -> SignIn {
    SignIn { login: Login::parse(login).unwrap(), password: Password::parse(password).unwrap() }
}

#[tokio::test]
async fn who_signed_up_signs_in_by_name_or_address() {
    let house = House::open().await;
    let mut alice = sign_up("alice");
    alice.email = Some(Email::parse("Alice@Example.org").unwrap());
    accounts::sign_up(&house.ctx, alice, None).await.unwrap();
    for login in ["alice", "ALICE", "alice@example.org", "Alice@Example.ORG"] {
        let form = form(login, "correct horse battery");
        let (user, token) =
            accounts::sessions::sign_in(&house.ctx, form, Some("a browser")).await.unwrap();
        let viewer = accounts::sessions::authenticate(&house.ctx, token.as_str()).await.unwrap();
        assert_eq!(viewer.account(), user.id);
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_told_apart_nowhere() {
    let house = House::open().await;
    house.person("alice").await;
    let mut told = Vec::new();
    for form in
        [form("alice", "wrong horse"), form("nobody", "wrong horse"), form("n@b.c", "wrong horse")]
    {
        let error = accounts::sessions::sign_in(&house.ctx, form, None).await.err().unwrap();
        told.push(error.problem());
    }
    assert!(told.iter().all(|problem| *problem == told[0]), "{told:?}");
    assert_eq!(told[0].status, 401);
}

#[tokio::test]
async fn a_name_and_an_address_are_taken_once() {
    let house = House::open().await;
    let mut alice = sign_up("alice");
    alice.email = Some(Email::parse("a@example.org").unwrap());
    accounts::sign_up(&house.ctx, alice, None).await.unwrap();
    let again = accounts::sign_up(&house.ctx, sign_up("Alice"), None).await;
    assert!(matches!(again, Err(Error::Conflict("This username is taken."))));
    let mut bob = sign_up("bob");
    bob.email = Some(Email::parse("A@example.org").unwrap());
    let again = accounts::sign_up(&house.ctx, bob, None).await;
    assert!(matches!(again, Err(Error::Conflict("This e-mail address is in use."))));
}

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
    let (_, token) = accounts::sign_up(&house.ctx, sign_up("alice"), None).await.unwrap();
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
async fn a_restart_keeps_the_house_and_who_is_signed_in() {
    let house = House::open().await;
    let (_, token) = accounts::sign_up(&house.ctx, sign_up("alice"), None).await.unwrap();
    let epoch = house.ctx.epoch().to_owned();
    let house = house.reopen().await;
    assert_eq!(house.ctx.epoch(), epoch);
    let viewer = accounts::sessions::authenticate(&house.ctx, token.as_str()).await.unwrap();
    assert_eq!(snapshot::ready(&house.ctx, &viewer).await.unwrap().me.username, "alice");
}

#[tokio::test]
async fn a_reset_link_works_once_and_ends_every_session() {
    let house = House::open().await;
    let mut alice = sign_up("alice");
    alice.email = Some(Email::parse("alice@example.org").unwrap());
    let (_, token) = accounts::sign_up(&house.ctx, alice, None).await.unwrap();
    let viewer = accounts::sessions::authenticate(&house.ctx, token.as_str()).await.unwrap();
    let ask = async || {
        let email = Email::parse("ALICE@example.org").unwrap();
        accounts::request_reset(&house.ctx, &email).await.unwrap().unwrap()
    };
    let earlier = ask().await;
    let letter = ask().await;
    assert_eq!(letter.to, "alice@example.org");
    let new = Password::parse("another horse").unwrap();
    let reset = async |token: &str| accounts::reset_password(&house.ctx, token, &new).await;
    for wrong in ["", "x", earlier.token.as_str()] {
        assert!(matches!(reset(wrong).await, Err(Error::NotFound)));
    }
    let mut bus = house.listen();
    reset(letter.token.as_str()).await.unwrap();
    assert_eq!(heard(&mut bus), [Change::SessionEnded { session: viewer.session() }]);
    assert!(matches!(reset(letter.token.as_str()).await, Err(Error::NotFound)), "once");
    let over = accounts::sessions::authenticate(&house.ctx, token.as_str()).await;
    assert!(matches!(over, Err(Error::Unauthenticated(_))));
    let old = form("alice", "correct horse battery");
    assert!(accounts::sessions::sign_in(&house.ctx, old, None).await.is_err());
    accounts::sessions::sign_in(&house.ctx, form("alice", "another horse"), None).await.unwrap();
    let late = ask().await;
    house.ctx.clock().advance_ms(31 * 60 * 1_000);
    assert!(matches!(reset(late.token.as_str()).await, Err(Error::NotFound)), "too old");
    let nobody = Email::parse("nobody@example.org").unwrap();
    assert!(accounts::request_reset(&house.ctx, &nobody).await.unwrap().is_none());
}
