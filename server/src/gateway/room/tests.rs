//! Events of a room in their turn.

use protocol::SessionId;

use super::*;

fn id() -> RoomId {
    RoomId::new(0, [1; 16])
}

fn new() -> Room {
    Room::new(id(), Newest { access: 1, ..Newest::default() })
}

fn seat(id: SeatId) -> Arc<Seat> {
    let (account, session) = (AccountId::new(0, [1; 16]), SessionId::new(0, [1; 16]));
    Arc::new(Seat::new(id, account, session))
}

fn heard(revision: i64, access: i64) -> Heard {
    let frame = Frame::skip(id(), revision);
    Heard { frame, seq: revision, revision, access, marks: Marks::None }
}

/// A room that somebody hears from its beginning.
fn room() -> (Room, Arc<Seat>) {
    let (mut room, seat) = (new(), seat(1));
    room.seat(&seat, 0, 1);
    (room, seat)
}

fn told(seat: &Seat) -> Vec<i64> {
    seat.queue.take().iter().filter_map(|frame| Some(frame.number()?.1)).collect()
}

#[test]
fn what_comes_early_waits_for_its_turn_and_what_came_before_is_dropped() {
    let (mut room, seat) = room();
    for revision in [2, 4, 1, 2] {
        room.hear(heard(revision, 1));
    }
    assert_eq!(told(&seat), [1, 2]);
    assert!(room.is_behind(), "3 is missing");
    room.fill(2, 3, 1, vec![heard(3, 1)]);
    assert_eq!(told(&seat), [3, 4]);
    assert!(!room.is_behind());
}

#[test]
fn a_revision_that_stands_for_nothing_any_more_is_said_to_be_over() {
    let (mut room, seat) = room();
    // 1 was edited, which took 3; 4 and 5 are changes of a message that changes again.
    room.fill(0, 5, 1, vec![heard(2, 1), heard(3, 1)]);
    assert_eq!(told(&seat), [1, 2, 3, 5]);
    room.hear(heard(6, 1));
    assert_eq!(told(&seat), [6]);
}

#[test]
fn nothing_goes_out_before_it_is_known_who_is_there() {
    let (mut room, seat) = room();
    room.hear(heard(1, 2));
    room.fill(0, 1, 2, vec![heard(1, 2)]);
    assert_eq!(told(&seat), [0; 0]);
    assert!(room.is_behind());
    room.settle(2, &[]);
    assert_eq!(told(&seat), [0; 0], "the one who hears it was not looked at");
    room.settle(2, &[(seat.account(), true)]);
    assert_eq!(told(&seat), [1]);
    // This node's own change of who is there, after one of another's that is not known yet.
    room.step(4);
    room.hear(heard(2, 4));
    assert!(room.is_behind());
    assert_eq!(told(&seat), [0; 0]);
}

#[test]
fn what_was_read_for_somebody_who_is_gone_fills_nothing() {
    let (mut room, seat) = room();
    room.fill(3, 5, 1, vec![heard(4, 1), heard(5, 1)]);
    assert_eq!(told(&seat), [0; 0], "1 to 3 are missing, and were not read");
    assert_eq!(room.at(), Some(0));
}

#[test]
fn who_comes_in_hears_what_came_since_the_room_was_read() {
    let (mut room, _) = room();
    for revision in 1..=3 {
        room.hear(heard(revision, 1));
    }
    // The message of 1 takes 4, which leaves nothing for 1 to stand for.
    room.hear(Heard { seq: 2, ..heard(4, 1) });
    let late = seat(2);
    room.seat(&late, 0, 1);
    room.hear(heard(5, 1));
    assert_eq!(told(&late), [1, 2, 3, 4, 5]);
}

#[test]
fn what_comes_before_the_first_is_told_the_rooms_state_follows_it() {
    let (mut room, seat) = (new(), seat(1));
    room.join(&seat);
    room.hear(heard(7, 1));
    room.hear(heard(8, 1));
    assert!(!room.is_behind(), "the state is on its way");
    room.seat(&seat, 7, 1);
    assert_eq!(told(&seat), [8]);
    assert!(!room.is_behind());
}

#[test]
fn what_was_only_heard_of_before_the_first_sits_down_is_not_forgotten() {
    let (mut room, seat) = (new(), seat(1));
    room.join(&seat);
    room.hear_of(11, 1);
    room.seat(&seat, 10, 1);
    assert!(room.is_behind(), "another node's 11 is to be read");
}

#[test]
fn what_nobody_has_stored_is_waited_for_until_it_is_looked_for() {
    let (mut room, seat) = room();
    room.hear_of(i64::MAX, i64::MAX);
    assert!(room.is_behind());
    let before = room.newest();
    // Meanwhile something is stored: the reading may be older than that.
    room.hear(heard(1, 1));
    room.correct(before, 0, 1);
    assert!(room.is_behind(), "to be read once more");
    room.correct(room.newest(), 1, 1);
    assert!(!room.is_behind());
    room.hear(heard(2, 1));
    assert_eq!(told(&seat), [1, 2]);
}

#[test]
fn what_has_no_number_is_told_in_its_order_to_who_is_there_by_then() {
    let (mut room, stays) = room();
    let goes = seat(2);
    room.seat(&goes, 0, 1);
    let state = Frame::of(&Event::RoomLeft { room: id() });
    let count = Frame::passing(&Event::RoomPresence { room: id(), online_count: 1 });
    // Read when one of them had gone, of which nobody has heard here yet.
    room.pass(state.clone(), 2);
    room.tell_in_turn(&count);
    assert!(room.is_behind() && stays.queue.take().is_empty());
    room.unseat(&goes);
    room.settle(2, &[(stays.account(), true)]);
    let told: Vec<_> = stays.queue.take().into_iter().map(|frame| frame.text).collect();
    assert_eq!(told, [state.text, count.text.clone()]);
    assert!(goes.queue.take().is_empty());
    room.tell_in_turn(&count);
    assert_eq!(stays.queue.take().len(), 1);
}
