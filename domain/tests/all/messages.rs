use domain::{Error, bus::Change, messages, rooms};
use protocol::{
    Limit, MessageId,
    messages::{History, Window},
};

use crate::house::{House, Person, heard};

async fn history(
    house: &House,
    person: &Person,
    room: protocol::RoomId,
    window: Window,
    limit: u64,
) -> History {
    let member = rooms::member(&house.ctx, &person.viewer, room).await.unwrap();
    messages::history(&house.ctx, &member, window, Limit::try_from(limit).unwrap()).await.unwrap()
}

fn seqs(history: &History) -> Vec<i64> {
    history.items.iter().map(|message| message.seq).collect()
}

#[tokio::test]
async fn messages_are_numbered_without_holes_however_many_speak_at_once() {
    let house = House::open().await;
    let (alice, bob, room) = house.alice_and_bob().await;
    let mut bus = house.listen();
    let house = std::sync::Arc::new(house);
    let mut speakers = tokio::task::JoinSet::new();
    for n in 0..40 {
        let (house, who) = (house.clone(), if n % 2 == 0 { alice.clone() } else { bob.clone() });
        speakers.spawn(async move { house.say(&who, room.id, &format!("{n}")).await.unwrap() });
    }
    let mut numbers: Vec<i64> = Vec::new();
    while let Some(posted) = speakers.join_next().await {
        let message = posted.unwrap().message;
        assert_eq!(message.seq, message.revision);
        numbers.push(message.seq);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    let told: Vec<i64> = heard(&mut bus)
        .iter()
        .map(|change| match change {
            Change::MessagePosted { message, .. } => message.seq,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, (1..=40).collect::<Vec<_>>(), "published in the order of the commits");
}

#[tokio::test]
async fn a_resend_is_answered_with_what_is_stored_and_told_to_nobody() {
    let house = House::open().await;
    let (alice, bob, room) = house.alice_and_bob().await;
    let id = house.ctx.new_id(MessageId::new);
    let first = house.say_as(&alice, room.id, id, "once").await.unwrap();
    let mut bus = house.listen();
    let again = house.say_as(&alice, room.id, id, "twice").await.unwrap();
    assert!(!first.again && again.again);
    assert_eq!(first.message, again.message);
    assert_eq!(heard(&mut bus), []);
    let stolen = house.say_as(&bob, room.id, id, "mine").await;
    assert!(matches!(stolen, Err(Error::Conflict(_))));
    domain::friends::unfriend(&house.ctx, &bob.viewer, "alice").await.unwrap();
    let late = house.say_as(&alice, room.id, id, "once").await.unwrap();
    assert_eq!(
        late.message, first.message,
        "answered as the first time, though the room is closed"
    );
}

#[tokio::test]
async fn a_message_that_fails_takes_no_number_and_is_told_to_nobody() {
    let house = House::open().await;
    let (alice, bob, room) = house.alice_and_bob().await;
    house.say(&alice, room.id, "one").await.unwrap();
    domain::friends::unfriend(&house.ctx, &bob.viewer, "alice").await.unwrap();
    let mut bus = house.listen();
    assert!(house.say(&alice, room.id, "refused").await.is_err());
    assert_eq!(heard(&mut bus), []);
    let seen = rooms::show(&house.ctx, alice.user.id, room.id).await.unwrap();
    assert_eq!((seen.last_seq, seen.revision), (1, 1));
}

#[tokio::test]
async fn own_messages_are_read_and_those_of_others_are_not() {
    let house = House::open().await;
    let (alice, bob, room) = house.alice_and_bob().await;
    house.say(&alice, room.id, "one").await.unwrap();
    house.say(&alice, room.id, "two").await.unwrap();
    let mine = rooms::show(&house.ctx, alice.user.id, room.id).await.unwrap();
    let theirs = rooms::show(&house.ctx, bob.user.id, room.id).await.unwrap();
    assert_eq!((mine.unread(), theirs.unread()), (0, 2));
}

#[tokio::test]
async fn history_is_paged_both_ways_and_says_what_lies_beyond() {
    let house = House::open().await;
    let (alice, _, room) = house.alice_and_bob().await;
    for n in 1..=10 {
        house.say(&alice, room.id, &format!("{n}")).await.unwrap();
    }
    for (window, limit, expected, older, newer) in [
        (Window::Newest, 3, vec![8, 9, 10], true, false),
        (Window::Before(4), 5, vec![1, 2, 3], false, true),
        (Window::Before(8), 2, vec![6, 7], true, true),
        (Window::After(8), 5, vec![9, 10], true, false),
        (Window::After(0), 2, vec![1, 2], false, true),
        (Window::Around(5), 4, vec![3, 4, 5, 6], true, true),
        (Window::After(10), 5, vec![], true, false),
        (Window::Before(1), 5, vec![], false, true),
        (Window::Newest, 100, (1..=10).collect(), false, false),
    ] {
        let page = history(&house, &alice, room.id, window, limit).await;
        let got = (seqs(&page), page.has_older, page.has_newer, page.revision);
        assert_eq!(got, (expected, older, newer, 10), "{window:?}");
    }
}

#[tokio::test]
async fn an_empty_room_has_an_empty_page() {
    let house = House::open().await;
    let (alice, _, room) = house.alice_and_bob().await;
    for window in [
        Window::Newest,
        Window::Before(5),
        Window::After(0),
        Window::Around(3),
        Window::ChangedAfter(0),
    ] {
        let page = history(&house, &alice, room.id, window, 10).await;
        assert_eq!(
            (seqs(&page), page.revision, page.has_older, page.has_newer),
            (vec![], 0, false, false),
            "{window:?}"
        );
    }
}

#[tokio::test]
async fn what_changed_since_comes_once_in_rising_revision() {
    let house = House::open().await;
    let (alice, _, room) = house.alice_and_bob().await;
    for n in 1..=10 {
        house.say(&alice, room.id, &format!("{n}")).await.unwrap();
    }
    let page = history(&house, &alice, room.id, Window::ChangedAfter(4), 3).await;
    assert_eq!((seqs(&page), page.revision, page.has_newer), (vec![5, 6, 7], 7, true));
    let rest = history(&house, &alice, room.id, Window::ChangedAfter(7), 3).await;
    assert_eq!((seqs(&rest), rest.revision, rest.has_newer), (vec![8, 9, 10], 10, false));
    let none = history(&house, &alice, room.id, Window::ChangedAfter(10), 3).await;
    assert_eq!((seqs(&none), none.revision, none.has_newer), (vec![], 10, false));
    for far in [i64::MIN, -1, i64::MAX] {
        history(&house, &alice, room.id, Window::ChangedAfter(far), 3).await;
    }
}

#[tokio::test]
async fn a_message_is_kept_letter_for_letter() {
    let house = House::open().await;
    let (alice, bob, room) = house.alice_and_bob().await;
    let body = "👩‍👩‍👧‍👦 \u{202E}evil\u{202C} <script>alert(1)</script> \\0 ' \" -- ; %s {}";
    let posted = house.say(&alice, room.id, body).await.unwrap();
    let member = rooms::member(&house.ctx, &bob.viewer, room.id).await.unwrap();
    let read = messages::one(&house.ctx, &member, posted.message.id).await.unwrap();
    assert_eq!(read.body, body);
    let missing = messages::one(&house.ctx, &member, house.ctx.new_id(MessageId::new)).await;
    assert!(matches!(missing, Err(Error::NotFound)));
}

#[tokio::test]
async fn a_restart_loses_nothing_and_goes_on_numbering() {
    let house = House::open().await;
    let (alice, _, room) = house.alice_and_bob().await;
    house.say(&alice, room.id, "before").await.unwrap();
    let house = house.reopen().await;
    assert_eq!(house.say(&alice, room.id, "after").await.unwrap().message.seq, 2);
    assert_eq!(seqs(&history(&house, &alice, room.id, Window::Newest, 10).await), [1, 2]);
}
