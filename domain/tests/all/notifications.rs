use domain::{Error, friends, notifications};
use protocol::{
    Limit,
    friends::{Relation, Step},
    notifications::Notification,
};

use crate::house::{House, Person};

async fn cards(house: &House, person: &Person) -> Vec<Notification> {
    let inbox = notifications::list(&house.ctx, &person.viewer, None, Limit::default()).await;
    inbox.unwrap().page.items
}

async fn relation(house: &House, one: &Person, other: &Person) -> Relation {
    friends::state(&house.ctx, one.user.id, other.user.id).await.unwrap().relation
}

/// How the two stand before the first of them does something.
#[derive(Clone, Copy, Debug)]
enum Before {
    Strangers,
    SheAsked,
    HeAsked,
    Friends,
    SheBlocks,
    HeBlocks,
}

async fn begin(house: &House, before: Before, alice: &Person, bob: &Person) {
    let step = async |who: &Person, whom: &Person, step| {
        friends::step(&house.ctx, &who.viewer, whom.name(), step).await.unwrap();
    };
    match before {
        Before::Strangers => {}
        Before::SheAsked => step(alice, bob, Step::Ask).await,
        Before::HeAsked => step(bob, alice, Step::Ask).await,
        Before::Friends => house.befriend(alice, bob).await,
        Before::SheBlocks => step(alice, bob, Step::Block).await,
        Before::HeBlocks => step(bob, alice, Step::Block).await,
    }
}

/// What alice does, whether it is done, how the two stand then (as she sees it, as he does), and what
/// each is told: `*` before what is unread.
type Row =
    (Before, Step, bool, Relation, Relation, &'static [&'static str], &'static [&'static str]);

#[rustfmt::skip]
fn table() -> Vec<Row> {
    use Before::*;
    use Relation::{Blocked, Friend, Incoming, None, Outgoing};
    let befriended: &[&str] = &["You are now friends with bob.", "You accepted bob’s friend request."];
    let was_befriended: &[&str] = &["*You are now friends with alice.", "*alice accepted your friend request."];
    vec![
        (Strangers, Step::Ask, true, Outgoing, Incoming, &[], &["*alice sent you a friend request."]),
        (Strangers, Step::Accept, false, None, None, &[], &[]),
        (Strangers, Step::Decline, false, None, None, &[], &[]),
        (Strangers, Step::Withdraw, false, None, None, &[], &[]),
        (Strangers, Step::Unfriend, true, None, None, &[], &[]),
        (Strangers, Step::Block, true, Blocked, None, &[], &[]),
        (Strangers, Step::Unblock, true, None, None, &[], &[]),
        (SheAsked, Step::Ask, false, Outgoing, Incoming, &[], &[]),
        (SheAsked, Step::Accept, false, Outgoing, Incoming, &[], &[]),
        (SheAsked, Step::Decline, false, Outgoing, Incoming, &[], &[]),
        (SheAsked, Step::Withdraw, true, None, None, &["You cancelled the friend request to bob."], &["*alice cancelled the friend request sent to you."]),
        (SheAsked, Step::Unfriend, true, Outgoing, Incoming, &[], &[]),
        (SheAsked, Step::Block, true, Blocked, None, &[], &[]),
        (HeAsked, Step::Ask, true, Friend, Friend, befriended, was_befriended),
        (HeAsked, Step::Accept, true, Friend, Friend, befriended, was_befriended),
        (HeAsked, Step::Decline, true, None, None, &["You declined bob’s friend request."], &["*alice declined your friend request."]),
        (HeAsked, Step::Withdraw, false, Incoming, Outgoing, &[], &[]),
        (HeAsked, Step::Unfriend, true, Incoming, Outgoing, &[], &[]),
        (HeAsked, Step::Block, true, Blocked, Outgoing, &[], &[]),
        (Friends, Step::Ask, false, Friend, Friend, &[], &[]),
        (Friends, Step::Accept, false, Friend, Friend, &[], &[]),
        (Friends, Step::Decline, false, Friend, Friend, &[], &[]),
        (Friends, Step::Withdraw, false, Friend, Friend, &[], &[]),
        (Friends, Step::Unfriend, true, None, None, &["You are no longer friends with bob."], &["*You are no longer friends with alice."]),
        (Friends, Step::Block, true, Blocked, None, &[], &[]),
        (Friends, Step::Unblock, true, Friend, Friend, &[], &[]),
        (SheBlocks, Step::Ask, false, Blocked, None, &[], &[]),
        (SheBlocks, Step::Accept, false, Blocked, None, &[], &[]),
        (SheBlocks, Step::Block, true, Blocked, None, &[], &[]),
        (SheBlocks, Step::Unblock, true, None, None, &[], &[]),
        (HeBlocks, Step::Ask, true, Outgoing, Blocked, &[], &[]),
        (HeBlocks, Step::Unfriend, true, None, Blocked, &[], &[]),
        (HeBlocks, Step::Block, true, Blocked, Blocked, &[], &[]),
        (HeBlocks, Step::Unblock, true, None, Blocked, &[], &[]),
    ]
}

#[tokio::test]
async fn whatever_one_does_each_is_told_what_they_should_be() {
    let house = House::open().await;
    for (n, (before, step, is_done, hers, his, told_her, told_him)) in
        table().into_iter().enumerate()
    {
        let (alice, bob) = (
            house.named(&format!("a{n}x"), "alice").await,
            house.named(&format!("b{n}x"), "bob").await,
        );
        begin(&house, before, &alice, &bob).await;
        let known: Vec<_> = [cards(&house, &alice).await, cards(&house, &bob).await].concat();
        let outcome = friends::step(&house.ctx, &alice.viewer, bob.name(), step).await;
        let row = format!("{before:?}, {step:?}");
        match outcome {
            Ok(state) => assert!(is_done && state.relation == hers, "{row}: {state:?}"),
            Err(error) => {
                let fits = matches!(error, Error::Conflict(_) | Error::NotFound);
                assert!(!is_done && fits, "{row}: {error}");
            }
        }
        let stand = (relation(&house, &alice, &bob).await, relation(&house, &bob, &alice).await);
        assert_eq!(stand, (hers, his), "{row}");
        for (person, told) in [(&alice, told_her), (&bob, told_him)] {
            let fresh: Vec<String> = cards(&house, person)
                .await
                .iter()
                .filter(|card| !known.contains(card))
                .map(|card| {
                    format!("{}{}", if card.read_at.is_none() { "*" } else { "" }, card.text)
                })
                .collect();
            assert_eq!(fresh, told, "{row}: {}", person.user.display_name);
        }
    }
}

#[tokio::test]
async fn a_card_changes_in_place() {
    let house = House::open().await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    friends::ask(&house.ctx, &alice.viewer, "bob").await.unwrap();
    let asked = cards(&house, &bob).await.remove(0);
    assert_eq!(notifications::mark_read(&house.ctx, &bob.viewer, asked.seq).await.unwrap(), 0);
    friends::withdraw(&house.ctx, &alice.viewer, asked.request.unwrap()).await.unwrap();
    let cards = cards(&house, &bob).await;
    assert_eq!((cards.len(), cards[0].id), (1, asked.id), "the same card");
    assert!(cards[0].seq > asked.seq && cards[0].read_at.is_none(), "unread again");
    let unread = notifications::unread_of(&house.ctx, bob.user.id).await.unwrap();
    assert_eq!(unread, 1);
}

#[tokio::test]
async fn cards_come_in_pages_and_since_a_number() {
    let house = House::open().await;
    let bob = house.person("bob").await;
    for n in 0..7 {
        let other = house.person(&format!("other{n}x")).await;
        friends::ask(&house.ctx, &other.viewer, "bob").await.unwrap();
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let limit = Limit::try_from(3).unwrap();
        let inbox =
            notifications::list(&house.ctx, &bob.viewer, cursor.as_deref(), limit).await.unwrap();
        assert_eq!(inbox.unread, 7);
        seen.extend(inbox.page.items.iter().map(|card| card.seq));
        cursor = inbox.page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    let (since, unread) = notifications::since(&house.ctx, &bob.viewer, 5).await.unwrap().unwrap();
    let since: Vec<i64> = since.iter().map(|card| card.seq).collect();
    assert_eq!((since, unread), (vec![6, 7], 7));
    let odd = notifications::list(&house.ctx, &bob.viewer, Some("x"), Limit::default()).await;
    assert!(matches!(odd, Err(Error::Invalid { field: "cursor", .. })));
}
