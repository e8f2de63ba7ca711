use protocol::accounts::Status;

use super::*;

fn room(n: u8) -> RoomId {
    RoomId::new(0, [n; 16])
}

fn numbered(n: u8, revision: i64) -> Frame {
    Frame { text: "{}".into(), about: About::Event(room(n), revision) }
}

fn texts(queue: &Queue) -> Vec<String> {
    queue.take().into_iter().map(|frame| frame.text.to_string()).collect()
}

#[test]
fn a_full_queue_gives_one_gap_a_room_and_keeps_the_rest() {
    let queue = Queue::default();
    queue.push(Frame::of(&Event::Pong { n: 1 }));
    for revision in 0..1_000 {
        queue.push(numbered(1, revision));
    }
    queue.push(numbered(2, 1));
    let gap = format!(r#"{{"type":"gap","room":"{}"}}"#, room(1));
    assert_eq!(texts(&queue), [r#"{"type":"pong","n":1}"#, "{}", &gap]);
    queue.push(numbered(1, 1_001));
    assert_eq!(texts(&queue), ["{}"], "after the gap was told, events flow again");
}

#[test]
fn who_is_here_gives_way_first() {
    let queue = Queue::default();
    let typing = Event::Typing { room: room(1), user: protocol::AccountId::new(0, [0; 16]) };
    for revision in 0..MAX_FRAMES as i64 {
        queue.push(numbered(1, revision));
    }
    queue.push(Frame::passing(&typing));
    assert_eq!(queue.take().len(), MAX_FRAMES);
}

#[test]
fn who_is_here_at_last_is_told_to_who_has_too_much_to_read() {
    let queue = Queue::default();
    let user = protocol::AccountId::new(0, [0; 16]);
    let is = |status| Frame::passing(&Event::Presence { user, status, last_seen: None });
    let (here, gone) = (is(Status::Online), is(Status::Offline));
    for _ in 0..MAX_FRAMES {
        queue.push(here.clone());
    }
    queue.push(gone.clone());
    queue.push(Frame::of(&Event::Pong { n: 1 }));
    assert_eq!(texts(&queue), [gone.text.as_str(), r#"{"type":"pong","n":1}"#]);
}

#[test]
fn what_has_no_room_overflows_to_one_gap_for_all() {
    let queue = Queue::default();
    for n in 0..1_000 {
        queue.push(Frame::of(&Event::Pong { n }));
    }
    let left = texts(&queue);
    assert!(left.len() <= MAX_FRAMES + 1);
    assert_eq!(left.last().unwrap(), r#"{"type":"gap"}"#);
}

#[test]
fn a_large_queue_overflows_by_bytes() {
    let queue = Queue::default();
    let text: Utf8Bytes = "x".repeat(MAX_BYTES / 4).into();
    for revision in 0..5 {
        queue.push(Frame { text: text.clone(), ..numbered(1, revision) });
    }
    assert_eq!(texts(&queue).len(), 1);
}

#[test]
fn a_room_that_was_left_waits_no_more() {
    let queue = Queue::default();
    queue.push(numbered(1, 1));
    queue.push(numbered(2, 1));
    queue.drop_room(room(1));
    assert_eq!(texts(&queue).len(), 1);
}
