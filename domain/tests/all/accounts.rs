use std::time::Duration;

use domain::{
    Config, Error,
    accounts::{self, sessions::Device},
    friends,
    limits::Quotas,
    messages, rooms, snapshot,
};
use protocol::{
    Email, Limit, Password, RoomName,
    accounts::{Challenge, Said, SignUp},
    messages::Window,
    rooms::{Kind, NewRoom, Retention},
};
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use crate::house::{House, credentials, sign_up};

#[tokio::test]
async fn who_signed_up_signs_in_by_name_or_address() {
    let house = House::open().await;
    let mut alice = sign_up("alice");
    alice.email = Some(Email::parse("Alice@Example.org").unwrap());
    accounts::sign_up(&house.ctx, alice, Device::default()).await.unwrap();
    for login in ["alice", "ALICE", "alice@example.org", "Alice@Example.ORG"] {
        let form = credentials(login, "correct horse battery");
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
    for form in [
        credentials("alice", "wrong horse"),
        credentials("nobody", "wrong horse"),
        credentials("n@b.c", "wrong horse"),
    ] {
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
async fn a_password_is_changed_by_who_knows_it_and_ends_the_other_sessions() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let sign_in = credentials("alice", "correct horse battery");
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
    let new = credentials("alice", "another fine horse");
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
        accounts::sessions::sign_in(&house.ctx, credentials(login, password), device)
            .await
            .map(drop)
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
