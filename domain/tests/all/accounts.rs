use std::time::Duration;

use domain::{
    Config, Error,
    accounts::{self, sessions::Device},
    bus::Change,
    friends,
    limits::Quotas,
    mail::{self, Letter},
    messages, rooms, snapshot,
};
use protocol::{
    Email, Limit, Login, Password, RoomName,
    accounts::{Challenge, ProfileChange, Said, SignIn, SignUp},
    messages::Window,
    rooms::{Kind, NewRoom, Retention},
};
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use crate::house::{House, heard, sign_up};

fn form(login: &str, password: &str) -> SignIn {
    SignIn { login: Login::parse(login).unwrap(), password: Password::parse(password).unwrap() }
}

#[tokio::test]
async fn who_signed_up_signs_in_by_name_or_address() {
    let house = House::open().await;
    let mut alice = sign_up("alice");
    alice.email = Some(Email::parse("Alice@Example.org").unwrap());
    accounts::sign_up(&house.ctx, alice, Device::default()).await.unwrap();
    for login in ["alice", "ALICE", "alice@example.org", "Alice@Example.ORG"] {
        let form = form(login, "correct horse battery");
        let (user, token) = accounts::sessions::sign_in(
            &house.ctx,
            form,
            Device { user_agent: Some("a browser"), address: None },
        )
        .await
        .unwrap();
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
        let error =
            accounts::sessions::sign_in(&house.ctx, form, Device::default()).await.err().unwrap();
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
    accounts::sign_up(&house.ctx, alice, Device::default()).await.unwrap();
    let again = accounts::sign_up(&house.ctx, sign_up("Alice"), Device::default()).await;
    assert!(matches!(again, Err(Error::Conflict("This username is taken."))));
    let mut bob = sign_up("bob");
    bob.email = Some(Email::parse("A@example.org").unwrap());
    let again = accounts::sign_up(&house.ctx, bob, Device::default()).await;
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
async fn a_restart_keeps_the_house_and_who_is_signed_in() {
    let house = House::open().await;
    let (_, token) =
        accounts::sign_up(&house.ctx, sign_up("alice"), Device::default()).await.unwrap();
    let epoch = house.ctx.epoch().to_owned();
    let house = house.reopen().await;
    assert_eq!(house.ctx.epoch(), epoch);
    let viewer = accounts::sessions::authenticate(&house.ctx, token.as_str()).await.unwrap();
    assert_eq!(snapshot::ready(&house.ctx, &viewer).await.unwrap().me.unwrap().username, "alice");
}

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
    let old = form("alice", "correct horse battery");
    assert!(accounts::sessions::sign_in(&house.ctx, old, Device::default()).await.is_err());
    accounts::sessions::sign_in(&house.ctx, form("alice", "another horse"), Device::default())
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
async fn a_password_is_changed_by_who_knows_it_and_ends_the_other_sessions() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let sign_in = form("alice", "correct horse battery");
    let (_, elsewhere) =
        accounts::sessions::sign_in(&house.ctx, sign_in, Device::default()).await.unwrap();
    let change = async |current: &str, new: &str| {
        let (current, new) = (Password::parse(current).unwrap(), Password::parse(new).unwrap());
        accounts::change_password(&house.ctx, &alice.viewer, Some(&current), &new).await
    };
    let wrong = change("wrong horse battery", "another fine horse").await;
    assert!(matches!(wrong, Err(Error::Invalid { field: "current", .. })), "{wrong:?}");
    let weak = change("correct horse battery", "alice123").await;
    assert!(matches!(weak, Err(Error::Invalid { field: "password", .. })), "{weak:?}");
    change("correct horse battery", "another fine horse").await.unwrap();
    let over = accounts::sessions::authenticate(&house.ctx, elsewhere.as_str()).await;
    assert!(matches!(over, Err(Error::Unauthenticated(_))));
    assert!(accounts::sessions::still(&house.ctx, &alice.viewer).await.unwrap());
    let new = form("alice", "another fine horse");
    accounts::sessions::sign_in(&house.ctx, new, Device::default()).await.unwrap();
}

#[tokio::test]
async fn names_that_look_alike_are_one_name() {
    let house = House::open().await;
    for name in ["paypal", "mara"] {
        house.person(name).await;
    }
    for twin in ["paypa1", "rnara"] {
        let taken = accounts::sign_up(&house.ctx, sign_up(twin), Device::default()).await;
        let Err(Error::Conflict(said)) = taken else { panic!("{twin}") };
        assert_eq!(said, "This username looks like one that is taken.");
    }
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
    let by_address = || form("home@example.org", "correct horse battery");
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
    let login = form("alice", "another fine horse");
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
async fn an_account_has_a_hundred_devices_and_none_that_is_over() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let sign_in = async || {
        house.ctx.clock().advance_ms(1_000);
        let form = form("alice", "correct horse battery");
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

#[tokio::test]
async fn a_challenge_is_met_by_work_or_by_patience_and_once() {
    let house = House::with(|config| Config { challenges_bots: true, ..config }).await;
    let device = Device { user_agent: None, address: Some("192.0.2.1".parse().unwrap()) };
    let up = async |name: &str, challenge: Option<(&str, Option<String>)>| {
        let challenge =
            challenge.map(|(token, answer)| Challenge { token: token.to_owned(), answer });
        let form = SignUp { challenge, ..sign_up(name) };
        accounts::sign_up(&house.ctx, form, device).await.map(drop)
    };
    let refused = |outcome: domain::Result<()>| {
        assert!(matches!(outcome, Err(Error::Invalid { field: "challenge", .. })), "{outcome:?}");
    };
    refused(up("alice", None).await);
    let token = accounts::challenge::give(&house.ctx);
    refused(up("alice", Some((&token, None))).await);
    refused(up("alice", Some((&token, Some("0".into())))).await);
    refused(up("alice", Some(("1.2.3", Some("0".into())))).await);
    let works = |token: &str| {
        (0_u32..).map(|n| n.to_string()).find(|n| {
            let hash = Sha256::digest(format!("{token}:{n}"));
            hash[0] == 0 && hash[1] == 0
        })
    };
    up("alice", Some((&token, works(&token)))).await.unwrap();
    refused(up("bob", Some((&token, works(&token)))).await);
    let patient = accounts::challenge::give(&house.ctx);
    house.ctx.clock().advance_ms(5_000);
    up("bob", Some((&patient, None))).await.unwrap();
    let stale = accounts::challenge::give(&house.ctx);
    house.ctx.clock().advance_ms(2 * 60 * 60 * 1_000);
    refused(up("carol", Some((&stale, works(&stale)))).await);
}

#[tokio::test]
async fn guessing_is_slowed_down_by_account_and_by_address() {
    let house = House::with(|config| Config { quotas: Some(Quotas::default()), ..config }).await;
    house.person("alice").await;
    let sign_in = async |login: &str, password: &str, address: &str| {
        let device = Device { user_agent: None, address: Some(address.parse().unwrap()) };
        accounts::sessions::sign_in(&house.ctx, form(login, password), device).await.map(drop)
    };
    let right = "correct horse battery";
    for _ in 0..10 {
        sign_in("alice", right, "192.0.2.1").await.unwrap();
    }
    for _ in 0..5 {
        let wrong = sign_in("alice", "wrong horse battery", "192.0.2.1").await;
        assert!(matches!(wrong, Err(Error::Unauthenticated(_))), "{wrong:?}");
    }
    let limited = sign_in("alice", right, "192.0.2.1").await;
    assert!(matches!(limited, Err(Error::RateLimited { retry_after_ms: 12_000 })), "{limited:?}");
    sign_in("alice", right, "192.0.2.2").await.unwrap();
    house.ctx.clock().advance_ms(12_000);
    sign_in("alice", right, "192.0.2.1").await.unwrap();
    // Nobody is told apart from somebody.
    for n in 0..20 {
        let _ = sign_in(&format!("nobody{n}"), "wrong horse battery", "192.0.2.3").await;
    }
    let limited = sign_in("nobody99", "wrong horse battery", "192.0.2.3").await;
    assert!(matches!(limited, Err(Error::RateLimited { .. })), "{limited:?}");
}

#[tokio::test]
async fn a_deleted_account_leaves_no_name_and_nobody_takes_it() {
    let house = House::open().await;
    let (alice, bob, direct) = house.alice_and_bob().await;
    let new = NewRoom {
        kind: Kind::Public,
        name: RoomName::parse("Garden").unwrap(),
        topic: None,
        retention: Retention::Forever,
        members: Vec::new(),
    };
    let garden = rooms::create(&house.ctx, &alice.viewer, new).await.unwrap();
    rooms::join(&house.ctx, &bob.viewer, garden.id).await.unwrap();
    for room in [direct.id, garden.id] {
        house.say(&alice, room, "hello").await.unwrap();
    }
    let delete = async |password: &str, said: Said| {
        let password = Password::parse(password).unwrap();
        accounts::delete(&house.ctx, &alice.viewer, Some(&password), said).await
    };
    assert!(matches!(delete("wrong horse battery", Said::Goes).await, Err(Error::Invalid { .. })));
    delete("correct horse battery", Said::Goes).await.unwrap();
    assert!(!accounts::sessions::still(&house.ctx, &alice.viewer).await.unwrap());
    assert!(accounts::by_username(&house.ctx, "alice").await.is_err());
    let again = accounts::sign_up(&house.ctx, sign_up("alice"), Device::default()).await;
    assert!(matches!(again, Err(Error::Conflict(_))), "the name stays theirs");
    assert_eq!(friends::list(&house.ctx, &bob.viewer).await.unwrap(), []);
    let room = rooms::show(&house.ctx, bob.user.id, direct.id).await.unwrap();
    assert!(room.closed && room.direct_with.unwrap().display_name == "Deleted account");
    let heir = rooms::member(&house.ctx, &bob.viewer, garden.id).await.unwrap();
    assert!(heir.can_moderate(), "a room is not left without an owner");
    // What she said goes a little later.
    let gone = async |room| {
        let member = rooms::member(&house.ctx, &bob.viewer, room).await.unwrap();
        let history = messages::history(&house.ctx, &member, Window::Newest, Limit::default());
        let items = history.await.unwrap().items;
        items.len() == 1 && items[0].deleted_at.is_some() && items[0].body.is_empty()
    };
    let wait = async {
        while !(gone(direct.id).await && gone(garden.id).await) {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.unwrap();
}

#[tokio::test]
async fn everything_of_a_person_is_in_their_archive() {
    let house = House::open().await;
    let (alice, _, direct) = house.alice_and_bob().await;
    house.say(&alice, direct.id, "hello bob").await.unwrap();
    let archive = domain::export::archive(&house.ctx, &alice.viewer).await.unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive)).unwrap();
    let mut read = |name: &str| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name(name).unwrap(), &mut text).unwrap();
        text
    };
    for (file, says) in [
        ("account.json", "\"alice\""),
        ("friends.json", "\"bob\""),
        ("messages.json", "hello bob"),
        ("rooms.json", "\"direct\""),
        ("notifications.json", "You are now friends with bob."),
        ("devices.json", "\"current\": true"),
        ("requests.json", "[]"),
        ("blocked.json", "[]"),
    ] {
        assert!(read(file).contains(says), "{file}: {}", read(file));
    }
}

/// The token at the end of a letter's link.
fn token_in(letter: &Letter) -> String {
    let mut words = letter.body.split(|c: char| !c.is_ascii_hexdigit());
    words.rfind(|word| word.len() == 64).unwrap().to_owned()
}
