use domain::{
    Error,
    bus::Change,
    messages,
    rooms::{self, Member, invites, moderation, settings},
};
use protocol::{
    Body, Limit, RoomId, RoomName, Timestamp, Topic,
    rooms::{Action, Kind, NewRoom, Notify, Retention, Role, RoomChange},
};

use crate::house::{House, NOON, Person, heard};

fn new(kind: Kind, name: &str) -> NewRoom {
    NewRoom {
        kind,
        name: RoomName::parse(name).unwrap(),
        topic: None,
        retention: Retention::Forever,
        members: Vec::new(),
    }
}

/// A room of alice's, with bob and carol in it.
struct Club {
    house: House,
    alice: Person,
    bob: Person,
    carol: Person,
    room: RoomId,
}

impl Club {
    async fn open(kind: Kind) -> Self {
        let house = House::open().await;
        let (alice, bob, _) = house.alice_and_bob().await;
        let carol = house.person("carol").await;
        house.befriend(&alice, &carol).await;
        let members = vec!["bob".to_owned(), "carol".to_owned()];
        let form = NewRoom { members, ..new(kind, "Garden club") };
        let room = rooms::create(&house.ctx, &alice.viewer, form).await.unwrap().id;
        Self { house, alice, bob, carol, room }
    }

    async fn member(&self, person: &Person) -> Member {
        rooms::member(&self.house.ctx, &person.viewer, self.room).await.unwrap()
    }

    async fn make_moderator(&self, person: &Person) {
        let owner = self.member(&self.alice).await;
        moderation::set_role(&self.house.ctx, &owner, person.name(), Role::Moderator)
            .await
            .unwrap();
    }
}

/// Who may do what to whom: the actor's role, the subject's, and whether it is allowed.
#[tokio::test]
async fn roles_decide_who_removes_bans_and_mutes_whom() {
    let club = Club::open(Kind::Private).await;
    let ctx = &club.house.ctx;
    let dora = club.house.person("dora").await;
    club.house.befriend(&club.alice, &dora).await;
    let owner = club.member(&club.alice).await;
    rooms::add(ctx, &owner, "dora").await.unwrap();
    club.make_moderator(&club.bob).await;
    club.make_moderator(&dora).await;
    let until = Some(Timestamp(NOON.0 + 60_000));
    for (actor, subject, allowed) in [
        (&club.carol, "bob", false),
        (&club.carol, "alice", false),
        (&club.bob, "alice", false),
        (&club.bob, "dora", false),
        (&club.bob, "carol", true),
        (&club.alice, "bob", true),
    ] {
        let actor = club.member(actor).await;
        let muted = moderation::mute(ctx, &actor, subject, until).await;
        assert_eq!(muted.is_ok(), allowed, "{subject} muted: {muted:?}");
        let unmuted = moderation::mute(ctx, &actor, subject, None).await;
        assert_eq!(unmuted.is_ok(), allowed, "{subject} unmuted");
        if !allowed {
            assert!(matches!(rooms::remove(ctx, &actor, subject).await, Err(Error::Forbidden(_))));
            let banned = moderation::ban(ctx, &actor, subject, "why").await;
            assert!(matches!(banned, Err(Error::Forbidden(_))), "{subject}: {banned:?}");
        }
        let promoted = moderation::set_role(ctx, &actor, subject, Role::Moderator).await;
        assert_eq!(promoted.is_ok(), actor.account() == club.alice.user.id, "{subject}");
    }
    // The last owner stays until there is another one.
    let alone = moderation::set_role(ctx, &owner, "alice", Role::Member).await;
    assert!(matches!(alone, Err(Error::Conflict(_))));
    let mut bus = club.house.listen();
    moderation::set_role(ctx, &owner, "bob", Role::Owner).await.unwrap();
    let told = Change::RoleChanged { room: club.room, account: club.bob.user.id };
    assert_eq!(heard(&mut bus), [told]);
    moderation::set_role(ctx, &owner, "alice", Role::Member).await.unwrap();
    let late = moderation::set_role(ctx, &owner, "carol", Role::Owner).await;
    assert!(matches!(late, Err(Error::Forbidden(_))), "a proof from before gives no roles");
}

#[tokio::test]
async fn who_is_banned_comes_back_by_no_way_until_the_ban_is_lifted() {
    let club = Club::open(Kind::Public).await;
    let ctx = &club.house.ctx;
    let owner = club.member(&club.alice).await;
    let code = invites::invite(ctx, &owner, None, None).await.unwrap().code;
    let mut bus = club.house.listen();
    moderation::ban(ctx, &owner, "bob", "spam").await.unwrap();
    moderation::ban(ctx, &owner, "bob", "spam").await.unwrap();
    let left = heard(&mut bus);
    assert!(matches!(left[..], [Change::Left { .. }]), "{left:?}");
    let bob = &club.bob.viewer;
    assert!(matches!(rooms::join(ctx, bob, club.room).await, Err(Error::NotFound)));
    assert!(matches!(invites::accept(ctx, bob, &code).await, Err(Error::NotFound)));
    assert!(matches!(rooms::add(ctx, &owner, "bob").await, Err(Error::Forbidden(_))));
    ctx.clock().advance_ms(1_000);
    moderation::unban(ctx, &owner, "bob").await.unwrap();
    moderation::unban(ctx, &owner, "bob").await.unwrap();
    rooms::join(ctx, bob, club.room).await.unwrap();
    let log = moderation::log(ctx, &owner, None, Limit::default()).await.unwrap().items;
    let done: Vec<Action> = log.iter().map(|line| line.action).collect();
    assert_eq!(done, [Action::Unbanned, Action::Banned]);
    assert_eq!(log[1].detail, "spam");
    let member = club.member(&club.carol).await;
    let hidden = moderation::log(ctx, &member, None, Limit::default()).await;
    assert!(matches!(hidden, Err(Error::Forbidden(_))));
}

#[tokio::test]
async fn who_is_muted_reads_and_does_not_write_and_a_slow_room_makes_everyone_wait() {
    let club = Club::open(Kind::Private).await;
    let ctx = &club.house.ctx;
    let owner = club.member(&club.alice).await;
    for wrong in [NOON.0, NOON.0 - 1, NOON.0 + 366 * 24 * 60 * 60 * 1_000] {
        let muted = moderation::mute(ctx, &owner, "bob", Some(Timestamp(wrong))).await;
        assert!(matches!(muted, Err(Error::Invalid { .. })), "{muted:?}");
    }
    moderation::mute(ctx, &owner, "bob", Some(Timestamp(NOON.0 + 60_000))).await.unwrap();
    let said = club.house.say(&club.bob, club.room, "hm").await;
    assert!(matches!(said, Err(Error::Forbidden(_))), "{said:?}");
    let seen = rooms::show(ctx, club.bob.user.id, club.room).await.unwrap();
    assert_eq!(seen.muted_until, Some(Timestamp(NOON.0 + 60_000)));
    ctx.clock().advance_ms(60_001);
    club.house.say(&club.bob, club.room, "at last").await.unwrap();
    let slow = RoomChange { slow_mode: Some(30), ..RoomChange::default() };
    assert_eq!(settings::change(ctx, &owner, slow).await.unwrap().slow_mode, 30);
    club.house.say(&club.carol, club.room, "one").await.unwrap();
    ctx.clock().advance_ms(10_000);
    let again = club.house.say(&club.carol, club.room, "two").await;
    assert!(matches!(again, Err(Error::RateLimited { retry_after_ms: 20_000 })), "{again:?}");
    club.house.say(&club.alice, club.room, "the owner does not wait").await.unwrap();
    club.house.say(&club.alice, club.room, "nor again").await.unwrap();
    ctx.clock().advance_ms(20_000);
    club.house.say(&club.carol, club.room, "two").await.unwrap();
    let faster = RoomChange { slow_mode: Some(3_601), ..RoomChange::default() };
    assert!(matches!(settings::change(ctx, &owner, faster).await, Err(Error::Invalid { .. })));
}

#[tokio::test]
async fn an_invite_lets_in_so_many_for_so_long() {
    let club = Club::open(Kind::Private).await;
    let ctx = &club.house.ctx;
    let (dora, emil) = (club.house.person("dora").await, club.house.person("emil").await);
    let owner = club.member(&club.alice).await;
    let member = club.member(&club.bob).await;
    let asked = invites::invite(ctx, &member, None, None).await;
    assert!(matches!(asked, Err(Error::Forbidden(_))));
    let made = invites::invite(ctx, &owner, Some(3_600), Some(1)).await.unwrap();
    let shown = invites::preview(ctx, &made.code).await.unwrap();
    assert_eq!((shown.name.as_str(), shown.by.username.as_str()), ("Garden club", "alice"));
    // Who is there already takes no place.
    invites::accept(ctx, &club.bob.viewer, &made.code).await.unwrap();
    let room = invites::accept(ctx, &dora.viewer, &made.code).await.unwrap();
    assert_eq!((room.id, room.role), (club.room, Some(Role::Member)));
    let late = invites::accept(ctx, &emil.viewer, &made.code).await;
    assert!(matches!(late, Err(Error::NotFound)));
    let made = invites::invite(ctx, &owner, Some(3_600), None).await.unwrap();
    let open = invites::invites(ctx, &owner).await.unwrap();
    assert_eq!(open.len(), 1);
    assert!(!made.code.contains(&open[0].name), "what names it lets nobody in");
    ctx.clock().advance_ms(3_600_000);
    let late = invites::accept(ctx, &emil.viewer, &made.code).await;
    assert!(matches!(late, Err(Error::NotFound)));
    let made = invites::invite(ctx, &owner, None, None).await.unwrap();
    invites::end(ctx, &owner, &made.code).await.unwrap();
    invites::end(ctx, &owner, &made.code).await.unwrap();
    let ended = invites::accept(ctx, &emil.viewer, &made.code).await;
    assert!(matches!(ended, Err(Error::NotFound)));
    for wrong in [(Some(59), None), (Some(400 * 86_400), None), (None, Some(0))] {
        let made = invites::invite(ctx, &owner, wrong.0, wrong.1).await;
        assert!(matches!(made, Err(Error::Invalid { .. })), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_room_is_renamed_by_who_keeps_it_and_never_becomes_public() {
    let club = Club::open(Kind::Private).await;
    let ctx = &club.house.ctx;
    let owner = club.member(&club.alice).await;
    let member = club.member(&club.bob).await;
    let name = |name: &str| RoomChange {
        name: Some(RoomName::parse(name).unwrap()),
        topic: Some(Topic::parse("What grows").unwrap()),
        ..RoomChange::default()
    };
    let refused = settings::change(ctx, &member, name("Mine")).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    let mut bus = club.house.listen();
    let changed = settings::change(ctx, &owner, name("Greenhouse")).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.topic.as_str()), ("Greenhouse", "What grows"));
    assert_eq!(heard(&mut bus), [Change::RoomChanged { room: club.room }]);
    settings::change(ctx, &owner, name("Greenhouse")).await.unwrap();
    assert_eq!(heard(&mut bus), [], "once more, nothing changes");
    let public = RoomChange { kind: Some(Kind::Public), ..RoomChange::default() };
    assert!(matches!(settings::change(ctx, &owner, public).await, Err(Error::Invalid { .. })));
    let staff = RoomChange { staff_only: Some(true), ..RoomChange::default() };
    assert!(matches!(settings::change(ctx, &owner, staff).await, Err(Error::Forbidden(_))));
    let quiet = settings::set_notify(ctx, &member, Notify::None).await.unwrap();
    assert_eq!(quiet.notify, Some(Notify::None));
}

#[tokio::test]
async fn who_comes_and_goes_is_told_where_the_room_shows_it() {
    let club = Club::open(Kind::Public).await;
    let ctx = &club.house.ctx;
    let owner = club.member(&club.alice).await;
    let member = club.member(&club.bob).await;
    let notices = |changes: Vec<Change>| {
        let notices = changes.into_iter().filter_map(|change| match change {
            Change::Noticed { account, enters, .. } => Some((account, enters)),
            _ => None,
        });
        notices.collect::<Vec<_>>()
    };
    let mut bus = club.house.listen();
    rooms::leave(ctx, &member).await.unwrap();
    assert_eq!(notices(heard(&mut bus)), []);
    let shown = RoomChange { notices: Some(true), ..RoomChange::default() };
    settings::change(ctx, &owner, shown).await.unwrap();
    rooms::join(ctx, &club.bob.viewer, club.room).await.unwrap();
    let member = club.member(&club.bob).await;
    rooms::leave(ctx, &member).await.unwrap();
    let bob = club.bob.user.id;
    assert_eq!(notices(heard(&mut bus)), [(bob, true), (bob, false)]);
}

#[tokio::test]
async fn a_deleted_room_is_gone_for_everyone_with_all_that_was_said() {
    let club = Club::open(Kind::Public).await;
    let ctx = &club.house.ctx;
    let owner = club.member(&club.alice).await;
    let member = club.member(&club.bob).await;
    club.house.say(&club.bob, club.room, "remember this").await.unwrap();
    assert!(matches!(settings::delete(ctx, &member).await, Err(Error::Forbidden(_))));
    settings::delete(ctx, &owner).await.unwrap();
    for person in [&club.alice, &club.bob, &club.carol] {
        let gone = rooms::member(ctx, &person.viewer, club.room).await;
        assert!(matches!(gone, Err(Error::NotFound)));
        assert!(matches!(rooms::join(ctx, &person.viewer, club.room).await, Err(Error::NotFound)));
    }
    let found = rooms::directory(ctx, "", None, Limit::default()).await.unwrap().items;
    assert_eq!(found, []);
}

#[tokio::test]
async fn public_rooms_are_found_by_name_and_topic_page_by_page() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let mut make = Vec::new();
    for (kind, name) in [
        (Kind::Public, "Books"),
        (Kind::Public, "Chess"),
        (Kind::Private, "Books, secretly"),
        (Kind::Public, "Running"),
    ] {
        make.push(rooms::create(&house.ctx, &alice.viewer, new(kind, name)).await.unwrap());
    }
    let find = async |query: &str, cursor: Option<&str>, limit: u64| {
        let limit = Limit::try_from(limit).unwrap();
        rooms::directory(&house.ctx, query, cursor, limit).await.unwrap()
    };
    let names = |page: &protocol::Items<protocol::Room>| {
        page.items.iter().map(|room| room.name.clone()).collect::<Vec<_>>()
    };
    let first = find("", None, 2).await;
    assert_eq!(names(&first), ["Books", "Chess"]);
    let second = find("", first.next.as_deref(), 2).await;
    assert_eq!((names(&second), second.next), (vec!["Running".to_owned()], None));
    assert_eq!(names(&find("bOO", None, 9).await), ["Books"]);
    assert_eq!(names(&find("%", None, 9).await), [""; 0]);
    let wrong = rooms::directory(&house.ctx, "", Some("x"), Limit::default()).await;
    assert!(matches!(wrong, Err(Error::Invalid { .. })));
}

#[tokio::test]
async fn a_mute_is_not_got_rid_of_by_editing_or_by_leaving() {
    let club = Club::open(Kind::Public).await;
    let ctx = &club.house.ctx;
    let owner = club.member(&club.alice).await;
    let said = club.house.say(&club.bob, club.room, "before").await.unwrap().message;
    moderation::mute(ctx, &owner, "bob", Some(Timestamp(NOON.0 + 60_000))).await.unwrap();
    let member = club.member(&club.bob).await;
    let body = Body::parse("after all").unwrap();
    let edited = messages::edit(ctx, &member, said.id, body).await;
    assert!(matches!(edited, Err(Error::Forbidden(_))), "{edited:?}");
    rooms::leave(ctx, &member).await.unwrap();
    let back = rooms::join(ctx, &club.bob.viewer, club.room).await;
    assert!(matches!(back, Err(Error::NotFound)));
    rooms::add(ctx, &owner, "bob").await.unwrap();
    // Where one waits between two messages, coming back is no way around it.
    let slow = RoomChange { slow_mode: Some(30), ..RoomChange::default() };
    settings::change(ctx, &owner, slow).await.unwrap();
    club.house.say(&club.carol, club.room, "one").await.unwrap();
    let member = club.member(&club.carol).await;
    rooms::leave(ctx, &member).await.unwrap();
    rooms::join(ctx, &club.carol.viewer, club.room).await.unwrap();
    let again = club.house.say(&club.carol, club.room, "two").await;
    assert!(matches!(again, Err(Error::RateLimited { .. })), "{again:?}");
}

#[tokio::test]
async fn an_invite_ends_with_its_makers_right_to_invite() {
    let club = Club::open(Kind::Public).await;
    let ctx = &club.house.ctx;
    let dora = club.house.person("dora").await;
    let owner = club.member(&club.alice).await;
    let member = club.member(&club.bob).await;
    let code = invites::invite(ctx, &member, None, None).await.unwrap().code;
    invites::preview(ctx, &code).await.unwrap();
    let private = RoomChange { kind: Some(Kind::Private), ..RoomChange::default() };
    settings::change(ctx, &owner, private).await.unwrap();
    assert!(matches!(invites::preview(ctx, &code).await, Err(Error::NotFound)));
    let accepted = invites::accept(ctx, &dora.viewer, &code).await;
    assert!(matches!(accepted, Err(Error::NotFound)));
}

#[tokio::test]
async fn who_goes_twice_is_counted_once() {
    let club = Club::open(Kind::Private).await;
    let ctx = &club.house.ctx;
    let owner = club.member(&club.alice).await;
    let member = club.member(&club.bob).await;
    let (deleted, _) = tokio::join!(settings::delete(ctx, &owner), rooms::leave(ctx, &member));
    deleted.unwrap();
    // Once nobody is in it, nothing of it is left.
    let gone = async {
        while rooms::show_everyone(ctx, club.room).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), gone).await.unwrap();
}
