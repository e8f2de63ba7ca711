use domain::{Error, friends, messages, notifications, rooms};
use protocol::{
    Body, Limit, Message, MessageId, RoomId, RoomName,
    messages::{Draft, Kind as MessageKind, Window},
    notifications::Kind as CardKind,
    rooms::{Kind, NewRoom, Retention},
};

use crate::house::{House, Person, draft};

async fn club(house: &House) -> (Person, Person, RoomId) {
    let (alice, bob, _) = house.alice_and_bob().await;
    let name = RoomName::parse("Garden club").unwrap();
    let members = vec!["bob".to_owned()];
    let new =
        NewRoom { kind: Kind::Private, name, topic: None, retention: Retention::Forever, members };
    let room = rooms::create(&house.ctx, &alice.viewer, new).await.unwrap().id;
    (alice, bob, room)
}

async fn latest(house: &House, person: &Person, room: RoomId) -> Message {
    let member = rooms::member(&house.ctx, &person.viewer, room).await.unwrap();
    let history = messages::history(&house.ctx, &member, Window::Newest, Limit::default()).await;
    history.unwrap().items.pop().unwrap()
}

#[tokio::test]
async fn a_message_answers_one_of_its_own_room_and_no_other() {
    let house = House::open().await;
    let (alice, bob, room) = club(&house).await;
    let direct = rooms::direct::open(&house.ctx, &alice.viewer, "bob").await.unwrap().id;
    let first = house.say(&alice, room, "who comes?").await.unwrap().message;
    let elsewhere = house.say(&alice, direct, "psst").await.unwrap().message;
    let member = rooms::member(&house.ctx, &bob.viewer, room).await.unwrap();
    let answer = async |reply_to: MessageId| {
        let draft = Draft { reply_to: Some(reply_to), ..draft("me") };
        messages::post(&house.ctx, &member, house.ctx.new_id(MessageId::new), draft).await
    };
    assert_eq!(answer(first.id).await.unwrap().message.reply_to, Some(first.id));
    assert_eq!(latest(&house, &alice, room).await.reply_to, Some(first.id));
    for wrong in [elsewhere.id, house.ctx.new_id(MessageId::new)] {
        let refused = answer(wrong).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "reply_to", .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn only_who_keeps_the_room_writes_warnings() {
    let house = House::open().await;
    let (alice, bob, room) = club(&house).await;
    let warn = async |who: &Person| {
        let member = rooms::member(&house.ctx, &who.viewer, room).await.unwrap();
        let draft = Draft { kind: MessageKind::Warning, ..draft("mind the step") };
        messages::post(&house.ctx, &member, house.ctx.new_id(MessageId::new), draft).await
    };
    assert_eq!(warn(&alice).await.unwrap().message.kind, MessageKind::Warning);
    assert!(matches!(warn(&bob).await, Err(Error::Forbidden(_))));
    assert_eq!(latest(&house, &bob, room).await.kind, MessageKind::Warning);
}

#[tokio::test]
async fn who_is_mentioned_is_told_unless_there_is_a_block_between_them() {
    let house = House::open().await;
    let (alice, bob, room) = club(&house).await;
    house.person("stranger").await;
    let cards = async |person: &Person| {
        let cards = notifications::list(&house.ctx, &person.viewer, None, Limit::default()).await;
        let mut cards = cards.unwrap().page.items;
        cards.retain(|card| card.kind == CardKind::Mention);
        cards
    };
    let said = house.say(&alice, room, "hey @Bob, @stranger, @alice and @all").await.unwrap();
    assert_eq!(said.message.mentions, [bob.user.id], "members alone, and not oneself");
    let told = cards(&bob).await;
    assert_eq!((told.len(), told[0].message), (1, Some(said.message.id)));
    let seen = rooms::show(&house.ctx, bob.user.id, room).await.unwrap();
    assert_eq!((seen.mentions, seen.unread()), (Some(1), 1));
    let member = rooms::member(&house.ctx, &bob.viewer, room).await.unwrap();
    rooms::mark_read(&house.ctx, &member, 1, false).await.unwrap();
    let seen = rooms::show(&house.ctx, bob.user.id, room).await.unwrap();
    assert_eq!(seen.mentions, Some(0));
    rooms::mark_read(&house.ctx, &member, 0, true).await.unwrap();
    let seen = rooms::show(&house.ctx, bob.user.id, room).await.unwrap();
    assert_eq!((seen.mentions, seen.unread()), (Some(1), 1), "unread again from there");
    friends::block(&house.ctx, &bob.viewer, "alice").await.unwrap();
    let said = house.say(&alice, room, "@bob?").await.unwrap();
    assert!(said.message.mentions.is_empty());
    // What one is told of who is blocked goes with the block.
    assert_eq!(cards(&bob).await.len(), 0);
}

#[tokio::test]
async fn reactions_are_counted_once_a_person_and_kept_within_bounds() {
    let house = House::open().await;
    let (alice, bob, room) = club(&house).await;
    let said = house.say(&alice, room, "cake?").await.unwrap().message;
    let react = async |who: &Person, emoji: &str, on: bool| {
        let member = rooms::member(&house.ctx, &who.viewer, room).await.unwrap();
        messages::react(&house.ctx, &member, said.id, emoji, on).await
    };
    react(&alice, "🍰", true).await.unwrap();
    let again = react(&alice, "🍰", true).await.unwrap();
    assert_eq!(again.revision, 2, "once more, nothing changes");
    let both = react(&bob, "🍰", true).await.unwrap();
    assert_eq!((both.reactions[0].count, both.reactions[0].mine), (2, Some(true)));
    let seen = latest(&house, &alice, room).await;
    assert_eq!((seen.reactions[0].count, seen.reactions[0].mine), (2, Some(true)));
    let off = react(&alice, "🍰", false).await.unwrap();
    assert_eq!((off.reactions[0].count, off.reactions[0].mine), (1, Some(false)));
    for wrong in ["", "a", "<script>", "🍰 🍰"] {
        assert!(matches!(react(&bob, wrong, true).await, Err(Error::Invalid { .. })), "{wrong}");
    }
    for n in 1..20_u32 {
        let emoji = char::from_u32(0x1F600 + n).unwrap().to_string();
        react(&bob, &emoji, true).await.unwrap();
    }
    assert!(matches!(react(&bob, "🦆", true).await, Err(Error::Conflict(_))));
    let member = rooms::member(&house.ctx, &alice.viewer, room).await.unwrap();
    messages::delete(&house.ctx, &member, said.id).await.unwrap();
    assert!(matches!(react(&bob, "🍰", false).await, Err(Error::NotFound)));
}

/// What was put on a message changes it as much as an edit: who catches up page by page misses nothing
/// between.
#[tokio::test]
async fn changes_are_whole_however_many_were_reacted_to() {
    let house = House::open().await;
    let (alice, _, room) = club(&house).await;
    let mut ids = Vec::new();
    for n in 0..30 {
        ids.push(house.say(&alice, room, &format!("{n}")).await.unwrap().message.id);
    }
    let member = rooms::member(&house.ctx, &alice.viewer, room).await.unwrap();
    for id in &ids[..20] {
        messages::react(&house.ctx, &member, *id, "👍", true).await.unwrap();
    }
    let member = rooms::member(&house.ctx, &alice.viewer, room).await.unwrap();
    let limit = Limit::try_from(7).unwrap();
    let (mut seen, mut after) = (Vec::new(), 0);
    loop {
        let window = Window::ChangedAfter(after);
        let page = messages::history(&house.ctx, &member, window, limit).await.unwrap();
        seen.extend(page.items.iter().map(|message| (message.revision, message.seq)));
        after = page.revision;
        if !page.has_newer {
            break;
        }
    }
    let mut expected: Vec<(i64, i64)> = (21..=30).map(|seq| (seq, seq)).collect();
    expected.extend((1..=20).map(|seq| (30 + seq, seq)));
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_deletion_can_be_undone_for_ten_seconds_and_then_leaves_nothing() {
    let house = House::open().await;
    let (alice, bob, room) = club(&house).await;
    let said = house.say(&bob, room, "first").await.unwrap().message;
    let theirs = rooms::member(&house.ctx, &bob.viewer, room).await.unwrap();
    let owner = rooms::member(&house.ctx, &alice.viewer, room).await.unwrap();
    let body = Body::parse("second").unwrap();
    messages::edit(&house.ctx, &theirs, said.id, body).await.unwrap();
    let before = messages::edits(&house.ctx, &owner, said.id).await.unwrap();
    assert_eq!(before.len(), 1);
    assert_eq!(before[0].body, "first");
    messages::delete(&house.ctx, &theirs, said.id).await.unwrap();
    assert!(matches!(messages::edits(&house.ctx, &owner, said.id).await, Err(Error::NotFound)));
    let others = messages::restore(&house.ctx, &owner, said.id).await;
    assert!(matches!(others, Err(Error::Conflict(_))), "who deleted it undoes it");
    house.ctx.clock().advance_ms(10_000);
    let back = messages::restore(&house.ctx, &theirs, said.id).await.unwrap();
    assert_eq!((back.body.as_str(), back.deleted_at), ("second", None));
    messages::delete(&house.ctx, &owner, said.id).await.unwrap();
    house.ctx.clock().advance_ms(10_001);
    let late = messages::restore(&house.ctx, &owner, said.id).await;
    assert!(matches!(late, Err(Error::Conflict(_))));
    assert_eq!(latest(&house, &bob, room).await.body, "");
}
