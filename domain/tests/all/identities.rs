use domain::{
    Error,
    accounts::{
        self,
        identities::{self, Arrived, Identity},
        profile,
        sessions::{self, Device},
    },
};
use protocol::{
    Login, Password, Username,
    accounts::{ProfileChange, Said, SignIn},
};

use crate::house::{House, Person, credentials, sign_up};

const ISSUER: &str = "https://id.example.org";
const PASSWORD: &str = "correct horse battery";

fn identity(subject: &str) -> Identity {
    Identity {
        issuer: ISSUER.into(),
        subject: subject.into(),
        username: Some("mara".into()),
        display_name: Some("Mara Lindt".into()),
        email: Some("mara@example.org".into()),
        authenticated_at: None,
    }
}

async fn comes(house: &House, subject: &str, name: &str) -> Result<Person, Error> {
    let name = Username::parse(name).unwrap();
    let (user, token) =
        identities::sign_up(&house.ctx, &identity(subject), &name, Device::default()).await?;
    let viewer = sessions::authenticate(&house.ctx, token.as_str()).await?;
    Ok(Person { user, viewer })
}

async fn by_password(house: &House, login: &str) -> Result<(), Error> {
    let form = SignIn {
        login: Login::parse(login).unwrap(),
        password: Password::parse(PASSWORD).unwrap(),
    };
    sessions::sign_in(&house.ctx, form, Device::default()).await.map(drop)
}

#[tokio::test]
async fn who_the_provider_names_has_one_account_and_no_password() {
    let house = House::open().await;
    let signs_in = async |subject: &str| {
        let known = identities::sign_in(&house.ctx, &identity(subject), Device::default()).await;
        known.unwrap().map(|(user, _)| user.id)
    };
    assert_eq!(signs_in("1").await, None);
    let mara = comes(&house, "1", "mara").await.unwrap();
    assert_eq!((mara.name(), mara.user.display_name.as_str()), ("mara", "Mara Lindt"));
    let own = profile::own(&house.ctx, &mara.viewer).await.unwrap();
    assert!(own.email_confirmed && !own.has_password);
    assert_eq!(signs_in("1").await, Some(mara.user.id));
    assert_eq!(signs_in("2").await, None);
    assert!(matches!(comes(&house, "1", "other").await, Err(Error::Conflict(_))));
    for login in ["mara", "mara@example.org"] {
        assert!(matches!(by_password(&house, login).await, Err(Error::Unauthenticated(_))));
    }
}

#[tokio::test]
async fn neither_a_name_nor_an_address_leads_to_somebody_elses_account() {
    let house = House::open().await;
    let form = protocol::accounts::SignUp {
        email: Some(protocol::Email::parse("mara@example.org").unwrap()),
        ..sign_up("mara")
    };
    let (first, _) = accounts::sign_up(&house.ctx, form, Device::default()).await.unwrap();
    assert!(matches!(comes(&house, "1", "mara").await, Err(Error::Conflict(_))));
    let other = comes(&house, "1", "mara2").await.unwrap();
    assert_ne!(other.user.id, first.id);
    let own = profile::own(&house.ctx, &other.viewer).await.unwrap();
    assert_eq!(own.email, None, "it is somebody else's");
}

#[tokio::test]
async fn an_account_is_linked_by_who_is_signed_in_to_it_and_by_nobody_else() {
    let house = House::open().await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    let ctx = &house.ctx;
    identities::link(ctx, &alice.viewer, &identity("1")).await.unwrap();
    identities::link(ctx, &alice.viewer, &identity("1")).await.unwrap();
    let twice = identities::link(ctx, &bob.viewer, &identity("1")).await;
    assert!(matches!(twice, Err(Error::Conflict(_))), "it is alice's");
    let second = identities::link(ctx, &alice.viewer, &identity("2")).await;
    assert!(matches!(second, Err(Error::Conflict(_))), "one of each provider");
    let known = identities::sign_in(ctx, &identity("1"), Device::default()).await.unwrap();
    assert_eq!(known.unwrap().0.id, alice.user.id);
    // Who finds her page open, later, changes nothing of how she signs in.
    ctx.clock().advance_ms(11 * 60 * 1_000);
    let unlinked = identities::unlink(ctx, &alice.viewer, ISSUER).await;
    assert!(matches!(unlinked, Err(Error::Forbidden(_))));
    let linked = identities::link(ctx, &bob.viewer, &identity("3")).await;
    assert!(matches!(linked, Err(Error::Forbidden(_))));
    let again = identities::sign_in(ctx, &identity("1"), Device::default()).await.unwrap();
    let viewer = sessions::authenticate(ctx, again.unwrap().1.as_str()).await.unwrap();
    identities::unlink(ctx, &viewer, ISSUER).await.unwrap();
    assert!(!identities::is_linked(ctx, &alice.viewer, ISSUER).await.unwrap());
    let carol = house.person("carol").await;
    identities::link(ctx, &carol.viewer, &identity("1")).await.unwrap();
}

#[tokio::test]
async fn who_has_no_password_sets_one_or_leaves_right_after_signing_in_and_not_later() {
    let house = House::open().await;
    let mara = comes(&house, "1", "mara").await.unwrap();
    let ctx = &house.ctx;
    let unlinked = identities::unlink(ctx, &mara.viewer, ISSUER).await;
    assert!(matches!(unlinked, Err(Error::Conflict(_))), "there would be no way in");
    let new = Password::parse(PASSWORD).unwrap();
    ctx.clock().advance_ms(11 * 60 * 1_000);
    let late = accounts::change_password(ctx, &mara.viewer, None, &new).await;
    assert!(matches!(late, Err(Error::Invalid { .. })));
    let email = ProfileChange { email: Some("x@example.org".into()), ..ProfileChange::default() };
    assert!(matches!(profile::change(ctx, &mara.viewer, email).await, Err(Error::Invalid { .. })));
    let left = accounts::delete(ctx, &mara.viewer, None, Said::Stays).await;
    assert!(matches!(left, Err(Error::Invalid { .. })));
    let back = async |minutes: i64| {
        let authenticated_at = Some(ctx.clock().now().plus_ms(-minutes * 60 * 1_000));
        let identity = Identity { authenticated_at, ..identity("1") };
        let known = identities::sign_in(ctx, &identity, Device::default()).await.unwrap();
        sessions::authenticate(ctx, known.unwrap().1.as_str()).await.unwrap()
    };
    // Whom the provider lets in without a word has shown nobody anything.
    let silently = back(11).await;
    let refused = accounts::change_password(ctx, &silently, None, &new).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })));
    let viewer = back(1).await;
    accounts::change_password(ctx, &viewer, None, &new).await.unwrap();
    by_password(&house, "mara").await.unwrap();
    let wrong = accounts::delete(ctx, &viewer, None, Said::Stays).await;
    assert!(matches!(wrong, Err(Error::Invalid { .. })), "from now on it is asked for");
    accounts::delete(ctx, &viewer, Some(&new), Said::Stays).await.unwrap();
    let known = identities::sign_in(ctx, &identity("1"), Device::default()).await.unwrap();
    assert!(known.is_none(), "the account is gone, and so is its name there");
}

#[tokio::test]
async fn where_passwords_are_not_taken_none_is() {
    let house = House::with(|config| domain::Config { takes_passwords: false, ..config }).await;
    let ctx = &house.ctx;
    let made = accounts::sign_up(ctx, sign_up("alice"), Device::default()).await;
    assert!(matches!(made, Err(Error::Forbidden(_))));
    assert!(matches!(by_password(&house, "alice").await, Err(Error::Forbidden(_))));
    let email = protocol::Email::parse("a@example.org").unwrap();
    let asked = accounts::request_reset(ctx, email, None).await;
    assert!(matches!(asked, Err(Error::Forbidden(_))));
    let mara = comes(&house, "1", "mara").await.unwrap();
    let new = Password::parse(PASSWORD).unwrap();
    let set = accounts::change_password(ctx, &mara.viewer, None, &new).await;
    assert!(matches!(set, Err(Error::Forbidden(_))));
    accounts::delete(ctx, &mara.viewer, None, Said::Stays).await.unwrap();
}

#[tokio::test]
async fn who_arrives_is_not_counted_and_who_only_asks_is() {
    let limited =
        |config| domain::Config { quotas: Some("provider=2/m".parse().unwrap()), ..config };
    let house = House::with(limited).await;
    let ctx = &house.ctx;
    let device = Device { user_agent: None, address: "192.0.2.7".parse().ok() };
    for _ in 0..3 {
        identities::expect(ctx, device).await.unwrap();
        identities::expect(ctx, device).await.unwrap();
        let arrived = identities::arrive(ctx, &identity("1"), device).await.unwrap();
        let Arrived::New(sealed) = arrived else { panic!("nobody is called so yet") };
        assert_eq!(identities::unseal(ctx, &sealed).unwrap(), identity("1"));
    }
    identities::expect(ctx, device).await.unwrap();
    identities::expect(ctx, device).await.unwrap();
    let late = identities::expect(ctx, device).await;
    assert!(matches!(late, Err(Error::RateLimited { .. })));
}

#[tokio::test]
async fn who_arrives_has_no_more_tries_at_passwords() {
    let limited =
        |config| domain::Config { quotas: Some("sign-in-address=2/m".parse().unwrap()), ..config };
    let house = House::with(limited).await;
    let device = Device { user_agent: None, address: "192.0.2.7".parse().ok() };
    let is_limited = async |name: &str| {
        let form = credentials(name, PASSWORD);
        let refused = sessions::sign_in(&house.ctx, form, device).await;
        matches!(refused, Err(Error::RateLimited { .. }))
    };
    for (name, too_many) in [("nobody1", false), ("nobody2", false), ("nobody3", true)] {
        assert_eq!(is_limited(name).await, too_many, "{name}");
    }
    // Come without ever having been on the way.
    identities::arrive(&house.ctx, &identity("1"), device).await.unwrap();
    assert!(is_limited("nobody4").await);
}

#[tokio::test]
async fn what_a_browser_keeps_of_an_identity_it_cannot_change() {
    let house = House::open().await;
    let ctx = &house.ctx;
    let sealed = identities::seal(ctx, &identity("1")).unwrap();
    assert_eq!(identities::unseal(ctx, &sealed).unwrap(), identity("1"));
    let (said, seal) = sealed.split_once('.').unwrap();
    for forged in [
        format!("{}00.{seal}", &said[..said.len() - 2]),
        format!("{said}.{}", "0".repeat(seal.len())),
        said.to_owned(),
        String::new(),
        "é.é".to_owned(),
    ] {
        assert!(identities::unseal(ctx, &forged).is_none(), "{forged}");
    }
    ctx.clock().advance_ms(16 * 60 * 1_000);
    assert!(identities::unseal(ctx, &sealed).is_none(), "that was long ago");
}
