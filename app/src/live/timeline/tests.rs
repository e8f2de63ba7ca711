use protocol::{RoomId, Timestamp, User, messages::Kind};

use super::*;

fn message(seq: i64, revision: i64, body: &str) -> Message {
    let author = User {
        id: AccountId::new(0, [1; 16]),
        username: "mara".to_owned(),
        display_name: "Mara".to_owned(),
        avatar_url: None,
        status: None,
        last_seen: None,
    };
    Message {
        id: MessageId::new(seq, [0; 16]),
        room: RoomId::new(0, [0; 16]),
        seq,
        revision,
        author,
        kind: Kind::Message,
        body: body.to_owned(),
        mentions: Vec::new(),
        reply_to: None,
        attachments: Vec::new(),
        reactions: Vec::new(),
        created_at: Timestamp(seq),
        edited_at: None,
        deleted_at: None,
    }
}

#[test]
fn what_changes_while_its_page_is_on_its_way_is_asked_for() {
    let page = |items, has_older| History { items, revision: 9, has_older, has_newer: false };
    let mut timeline = Timeline::default();
    timeline.load(page(vec![message(9, 9, "new")], true), Window::Newest);
    let edited = message(8, 10, "better");
    timeline.take(&edited, None);
    assert_eq!(timeline.revision(), 10);
    timeline.load(page(vec![message(8, 8, "old")], false), Window::Before(9));
    assert_eq!(timeline.revision(), 9, "it is resumed from here");
    timeline.take(&edited, None);
    assert_eq!((timeline.revision(), timeline.at(8)), (10, Some(&edited)));
}
