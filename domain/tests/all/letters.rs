//! What comes by mail, and what its links open.

use domain::{
    Config, Error,
    accounts::{self, sessions::Device},
    bus::Change,
    mail::{self, Letter},
};
use protocol::{
    Email, Password,
    accounts::{ProfileChange, SignUp},
};

use crate::house::{House, credentials, heard, sign_up};

#[tokio::test]
async fn a_reset_link_works_once_and_ends_every_session() {
    let house = House::open().await;
    let mut alice = sign_up("alice");
    alice.email = Some(Email::parse("alice@example.org").unwrap());
    let (_, token) = accounts::sign_up(&house.ctx, alice, Device::default()).await.unwrap();
    let viewer = accounts::sessions::authenticate(&house.ctx, token.as_str()).await.unwrap();
    let ask = async || {
        let email = Email::parse("ALICE@example.org").unwrap();
        accounts::request_reset(&house.ctx, email, None).await.unwrap();
        let letter = house.letter().await;
        assert_eq!(letter.to, "alice@example.org");
        token_in(&letter)
    };
    let earlier = ask().await;
    let latest = ask().await;
    let new = Password::parse("another horse").unwrap();
    let reset = async |token: &str| accounts::reset_password(&house.ctx, token, &new).await;
    for wrong in ["", "x", earlier.as_str()] {
        assert!(matches!(reset(wrong).await, Err(Error::NotFound)));
    }
    let mut bus = house.listen();
    reset(latest.as_str()).await.unwrap();
    assert_eq!(heard(&mut bus), [Change::SessionEnded { session: viewer.session() }]);
    assert!(matches!(reset(latest.as_str()).await, Err(Error::NotFound)), "once");
    let over = accounts::sessions::authenticate(&house.ctx, token.as_str()).await;
    assert!(matches!(over, Err(Error::Unauthenticated(_))));
    let old = credentials("alice", "correct horse battery");
    assert!(accounts::sessions::sign_in(&house.ctx, old, Device::default()).await.is_err());
    accounts::sessions::sign_in(
        &house.ctx,
        credentials("alice", "another horse"),
        Device::default(),
    )
    .await
    .unwrap();
    let late = ask().await;
    house.ctx.clock().advance_ms(31 * 60 * 1_000);
    assert!(matches!(reset(late.as_str()).await, Err(Error::NotFound)), "too old");
    let nobody = Email::parse("nobody@example.org").unwrap();
    accounts::request_reset(&house.ctx, nobody, None).await.unwrap();
    // The next letter is for who has an address.
    ask().await;
}

#[tokio::test]
async fn with_a_mail_server_an_address_counts_once_its_owner_says_so() {
    let house = House::with(|config| Config { sends_mail: true, ..config }).await;
    let with_address = |name: &str| SignUp {
        email: Some(Email::parse("Home@Example.org").unwrap()),
        ..sign_up(name)
    };
    let up =
        async |name| accounts::sign_up(&house.ctx, with_address(name), Device::default()).await;
    up("alice").await.unwrap();
    let token = token_in(&house.letter().await);
    let by_address = || credentials("home@example.org", "correct horse battery");
    let sign_in =
        async || accounts::sessions::sign_in(&house.ctx, by_address(), Device::default()).await;
    assert!(sign_in().await.is_err(), "it does not count yet");
    // Nor does it keep anybody else from it.
    up("bob").await.unwrap();
    let of_bob = token_in(&house.letter().await);
    accounts::confirm(&house.ctx, &token).await.unwrap();
    accounts::confirm(&house.ctx, &token).await.unwrap();
    assert_eq!(sign_in().await.unwrap().0.username, "alice");
    let late = accounts::confirm(&house.ctx, &of_bob).await;
    assert!(matches!(late, Err(Error::Conflict(_))));
    // From here on its owner is told, and nobody else.
    up("carol").await.unwrap();
    let letter = house.letter().await;
    assert_eq!(letter.subject, "Your address is in use already");
    assert!(letter.body.contains("@alice") && !letter.body.contains("/confirm/"));
    assert!(matches!(accounts::confirm(&house.ctx, "x").await, Err(Error::NotFound)));
}

#[tokio::test]
async fn who_knew_the_password_before_it_was_reset_takes_the_account_by_no_other_way() {
    let house = House::with(|config| Config { sends_mail: true, ..config }).await;
    let email = Some(Email::parse("alice@example.org").unwrap());
    let alice = SignUp { email, ..sign_up("alice") };
    let (_, token) = accounts::sign_up(&house.ctx, alice, Device::default()).await.unwrap();
    let asked = token_in(&house.letter().await);
    accounts::confirm(&house.ctx, &asked).await.unwrap();
    // Somebody at her machine asks for another address.
    let viewer = accounts::sessions::authenticate(&house.ctx, token.as_str()).await.unwrap();
    let password = Password::parse("correct horse battery").unwrap();
    let change = |email: &str| ProfileChange {
        email: Some(email.to_owned()),
        current: Some(password.clone()),
        ..ProfileChange::default()
    };
    accounts::profile::change(&house.ctx, &viewer, change("evil@example.org")).await.unwrap();
    let evil = token_in(&house.letter().await);
    // She resets the password by her own.
    let hers = Email::parse("alice@example.org").unwrap();
    accounts::request_reset(&house.ctx, hers.clone(), None).await.unwrap();
    let reset = token_in(&house.letter().await);
    let new = Password::parse("another fine horse").unwrap();
    accounts::reset_password(&house.ctx, &reset, &new).await.unwrap();
    assert!(matches!(accounts::confirm(&house.ctx, &evil).await, Err(Error::NotFound)));

    // An address that was mistyped and taken back is nobody's way in either.
    let login = credentials("alice", "another fine horse");
    let (_, token) =
        accounts::sessions::sign_in(&house.ctx, login, Device::default()).await.unwrap();
    let viewer = accounts::sessions::authenticate(&house.ctx, token.as_str()).await.unwrap();
    for email in ["mistyped@example.org", "alice@example.org"] {
        let change = ProfileChange { current: Some(new.clone()), ..change(email) };
        accounts::profile::change(&house.ctx, &viewer, change).await.unwrap();
    }
    let mistyped = token_in(&house.letter().await);
    assert!(matches!(accounts::confirm(&house.ctx, &mistyped).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn a_letter_is_tried_again_and_given_up_after_a_day() {
    let house = House::with(|config| Config { sends_mail: true, ..config }).await;
    let email = Some(Email::parse("alice@example.org").unwrap());
    let alice = SignUp { email, ..sign_up("alice") };
    accounts::sign_up(&house.ctx, alice, Device::default()).await.unwrap();
    let clock = house.ctx.clock();
    let first = mail::claim(&house.ctx).await.unwrap().unwrap();
    assert!(mail::claim(&house.ctx).await.unwrap().is_none(), "one sends it");
    assert!(mail::failed(&house.ctx, &first, false).await.unwrap());
    assert!(mail::claim(&house.ctx).await.unwrap().is_none(), "not at once");
    clock.advance_ms(60_000);
    let again = mail::claim(&house.ctx).await.unwrap().unwrap();
    assert_eq!((again.id, &again.body), (first.id, &first.body));
    clock.advance_ms(25 * 60 * 60 * 1_000);
    assert!(!mail::failed(&house.ctx, &again, false).await.unwrap());
    assert!(mail::claim(&house.ctx).await.unwrap().is_none());
    // One that is refused for good is not tried again, however young it is.
    let email = Some(Email::parse("bob@example.org").unwrap());
    accounts::sign_up(&house.ctx, SignUp { email, ..sign_up("bob") }, Device::default())
        .await
        .unwrap();
    let refused = mail::claim(&house.ctx).await.unwrap().unwrap();
    assert!(!mail::failed(&house.ctx, &refused, true).await.unwrap());
    clock.advance_ms(60 * 60 * 1_000);
    assert!(mail::claim(&house.ctx).await.unwrap().is_none());
}

/// The token at the end of a letter's link.
fn token_in(letter: &Letter) -> String {
    let mut words = letter.body.split(|c: char| !c.is_ascii_hexdigit());
    words.rfind(|word| word.len() == 64).unwrap().to_owned()
}
