use domain::{Error, bus::Change, friends, rooms};
use protocol::{
    Limit,
    friends::{Direction, Relation},
};

use crate::house::{House, Person, heard};

async fn relation(house: &House, one: &Person, other: &Person) -> Relation {
    let profile = friends::profile(&house.ctx, Some(&one.viewer), other.name()).await.unwrap();
    profile.relation.unwrap()
}

async fn pair(house: &House) -> (Person, Person) {
    (house.person("alice").await, house.person("bob").await)
}

#[tokio::test]
async fn a_request_is_seen_from_both_sides_and_accepted_by_the_one_who_got_it() {
    let house = House::open().await;
    let (alice, bob) = pair(&house).await;
    assert_eq!(relation(&house, &alice, &bob).await, Relation::None);
    let mut bus = house.listen();
    friends::ask(&house.ctx, &alice.viewer, "bob").await.unwrap();
    let told = Change::RelationChanged { one: alice.user.id, other: bob.user.id };
    assert_eq!(heard(&mut bus), std::slice::from_ref(&told));
    assert_eq!(relation(&house, &alice, &bob).await, Relation::Outgoing);
    assert_eq!(relation(&house, &bob, &alice).await, Relation::Incoming);
    let request = house.incoming(&bob).await;
    let own = friends::accept(&house.ctx, &alice.viewer, request).await;
    assert!(matches!(own, Err(Error::NotFound)), "alice cannot answer her own request");
    friends::accept(&house.ctx, &bob.viewer, request).await.unwrap();
    assert_eq!(heard(&mut bus), [told]);
    assert_eq!(relation(&house, &alice, &bob).await, Relation::Friend);
    assert_eq!(relation(&house, &bob, &alice).await, Relation::Friend);
    friends::accept(&house.ctx, &bob.viewer, request).await.unwrap();
    assert_eq!(heard(&mut bus), [], "accepting again changes nothing");
    let declined = friends::decline(&house.ctx, &bob.viewer, request).await;
    assert!(matches!(declined, Err(Error::Conflict(_))));
}

#[tokio::test]
async fn asking_twice_is_a_conflict_and_asking_back_accepts() {
    let house = House::open().await;
    let (alice, bob) = pair(&house).await;
    friends::ask(&house.ctx, &alice.viewer, "bob").await.unwrap();
    let again = friends::ask(&house.ctx, &alice.viewer, "bob").await;
    assert!(matches!(again, Err(Error::Conflict("You already sent them a friend request."))));
    let back = friends::ask(&house.ctx, &bob.viewer, "alice").await.unwrap();
    assert!(matches!(back, friends::Asked::Befriended(state) if state.user == alice.user));
    assert_eq!(relation(&house, &alice, &bob).await, Relation::Friend);
    let friend = friends::ask(&house.ctx, &alice.viewer, "bob").await;
    assert!(matches!(friend, Err(Error::Conflict("You are friends already."))));
}

#[tokio::test]
async fn nobody_befriends_themselves_or_nobody() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let own = friends::ask(&house.ctx, &alice.viewer, "alice").await;
    assert!(matches!(own, Err(Error::Invalid { field: "username", .. })));
    for name in ["nobody", "", "no such name", "\0"] {
        let unknown = friends::ask(&house.ctx, &alice.viewer, name).await;
        assert!(matches!(unknown, Err(Error::NotFound)), "{name:?}");
    }
}

#[tokio::test]
async fn a_declined_or_withdrawn_request_can_be_sent_again() {
    let house = House::open().await;
    let (alice, bob) = pair(&house).await;
    friends::ask(&house.ctx, &alice.viewer, "bob").await.unwrap();
    let request = house.incoming(&bob).await;
    let mallory = house.person("mallory").await;
    for refused in [
        friends::decline(&house.ctx, &mallory.viewer, request).await,
        friends::withdraw(&house.ctx, &mallory.viewer, request).await,
        friends::withdraw(&house.ctx, &bob.viewer, request).await,
    ] {
        assert!(matches!(refused, Err(Error::NotFound)));
    }
    friends::decline(&house.ctx, &bob.viewer, request).await.unwrap();
    assert_eq!(relation(&house, &alice, &bob).await, Relation::None);
    friends::ask(&house.ctx, &alice.viewer, "bob").await.unwrap();
    let request = house.incoming(&bob).await;
    friends::withdraw(&house.ctx, &alice.viewer, request).await.unwrap();
    friends::withdraw(&house.ctx, &alice.viewer, request).await.unwrap();
    assert_eq!(relation(&house, &bob, &alice).await, Relation::None);
    let late = friends::accept(&house.ctx, &bob.viewer, request).await;
    assert!(matches!(late, Err(Error::Conflict("This request is no longer open."))));
}

#[tokio::test]
async fn two_who_ask_each_other_at_once_become_friends_once() {
    let house = House::open().await;
    let (alice, bob) = pair(&house).await;
    let (one, other) = tokio::join!(
        friends::ask(&house.ctx, &alice.viewer, "bob"),
        friends::ask(&house.ctx, &bob.viewer, "alice"),
    );
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(
        friends::list(&house.ctx, &alice.viewer).await.unwrap(),
        std::slice::from_ref(&bob.user)
    );
    assert_eq!(
        friends::list(&house.ctx, &bob.viewer).await.unwrap(),
        std::slice::from_ref(&alice.user)
    );
}

#[tokio::test]
async fn unfriending_is_told_to_both_and_may_be_repeated() {
    let house = House::open().await;
    let (alice, bob, room) = house.alice_and_bob().await;
    let mut bus = house.listen();
    friends::unfriend(&house.ctx, &bob.viewer, "alice").await.unwrap();
    assert_eq!(
        heard(&mut bus),
        [
            Change::RoomChanged { room: room.id },
            Change::RelationChanged { one: bob.user.id, other: alice.user.id }
        ]
    );
    friends::unfriend(&house.ctx, &bob.viewer, "alice").await.unwrap();
    assert_eq!(heard(&mut bus), []);
    assert!(friends::list(&house.ctx, &alice.viewer).await.unwrap().is_empty());
}

#[tokio::test]
async fn people_are_found_by_the_beginning_of_either_name() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    for name in ["albert", "alina", "bob"] {
        house.person(name).await;
    }
    friends::ask(&house.ctx, &alice.viewer, "alina").await.unwrap();
    let find = async |query: &str, cursor: Option<&str>, limit: u64| {
        let limit = Limit::try_from(limit).unwrap();
        friends::search(&house.ctx, &alice.viewer, query, cursor, limit).await
    };
    let found = find(" AL ", None, 2).await.unwrap();
    let names = |items: &[protocol::friends::Profile]| -> Vec<String> {
        items.iter().map(|person| person.user.username.clone()).collect()
    };
    assert_eq!(names(&found.items), ["albert", "alice"]);
    assert_eq!(found.items[1].relation, Some(Relation::Myself));
    let rest = find("al", found.next.as_deref(), 2).await.unwrap();
    assert_eq!(names(&rest.items), ["alina"]);
    assert_eq!((rest.items[0].relation, rest.next), (Some(Relation::Outgoing), None));
    assert!(find("%_", None, 10).await.unwrap().items.is_empty());
    assert!(matches!(find("a", None, 10).await, Err(Error::Invalid { field: "query", .. })));
}

#[tokio::test]
async fn only_friends_see_whose_friend_one_is() {
    let house = House::open().await;
    let (alice, bob, _) = house.alice_and_bob().await;
    let mallory = house.person("mallory").await;
    let seen = friends::friends_of(&house.ctx, &alice.viewer, "bob").await.unwrap();
    let seen: Vec<_> = seen.into_iter().map(|profile| profile.user).collect();
    assert_eq!(seen, std::slice::from_ref(&alice.user));
    let hidden = friends::friends_of(&house.ctx, &mallory.viewer, bob.name()).await;
    assert!(matches!(hidden, Err(Error::NotFound)));
}

#[tokio::test]
async fn a_stranger_gets_no_direct_room() {
    let house = House::open().await;
    let (alice, bob) = pair(&house).await;
    friends::ask(&house.ctx, &alice.viewer, "bob").await.unwrap();
    for (person, name) in [(&alice, "bob"), (&bob, "alice")] {
        let refused = rooms::direct::open(&house.ctx, &person.viewer, name).await;
        assert!(matches!(refused, Err(Error::Forbidden("You must be friends to chat."))));
    }
    let directions = [Some(Direction::Outgoing), Some(Direction::Incoming), None];
    let mut counts = Vec::new();
    for direction in directions {
        let found = friends::requests(&house.ctx, &alice.viewer, direction).await.unwrap();
        counts.push(found.len());
    }
    assert_eq!(counts, [1, 0, 1]);
}
