//! The places, moved by hand into every order that commits and readings may come in.

use protocol::Event;

use super::{
    super::{queue::Frame, recent::Marks},
    *,
};

fn room() -> RoomId {
    RoomId::new(0, [1; 16])
}

fn at(revision: i64, access: i64) -> Position {
    Position { room: room(), revision, access }
}

fn enter(seats: &Seats, n: u8) -> Arc<Seat> {
    seats.take(AccountId::new(0, [n; 16]), SessionId::new(0, [n; 16]))
}

fn heard(revision: i64, access: i64) -> Heard {
    let frame = Frame::skip(room(), revision);
    Heard { frame, seq: revision, revision, access, marks: Marks::None }
}

fn told(seat: &Seat) -> Vec<i64> {
    seat.queue.take().iter().filter_map(|frame| Some(frame.number()?.1)).collect()
}

#[test]
fn what_happened_on_the_way_in_is_read() {
    let seats = Seats::default();
    let seat = enter(&seats, 1);
    // It has read the room at 10, which nobody else here hears.
    assert!(!seats.hear_of(room(), 11, 1));
    let open = seats.listen_to(&seat, [at(10, 1)]);
    assert_eq!(open.rooms, [room()]);
    // Or somebody heard it, and has left.
    seats.update(room(), |room| room.fill(10, 11, 1, vec![heard(11, 1)]));
    let late = enter(&seats, 2);
    seats.hear(room(), heard(12, 1));
    seats.leave(&seat);
    assert_eq!(seats.listen_to(&late, [at(11, 1)]).rooms, [room()]);
}

#[test]
fn who_was_turned_out_on_the_way_in_is_looked_at_first() {
    let seats = Seats::default();
    let seat = enter(&seats, 1);
    assert!(!seats.hear_of(room(), 11, 2));
    let open = seats.listen_to(&seat, [at(10, 1)]);
    assert_eq!((open.rooms, open.standings), (vec![], vec![room()]));
    assert!(!seat.is_in(room()));
}

#[test]
fn who_was_told_less_than_is_remembered_hears_what_came_since_in_its_turn() {
    let seats = Seats::default();
    let (first, late) = (enter(&seats, 1), enter(&seats, 2));
    seats.listen_to(&first, [at(11, 1)]);
    // It read the room before the other did, and comes after it.
    assert_eq!(seats.listen_to(&late, [at(10, 1)]).standings, [room()]);
    assert_eq!(seats.told(late.account(), room()), Some(10));
    let state = Frame::of(&Event::RoomLeft { room: room() });
    let unread = seats.tell_room(late.account(), &state, at(12, 1), None);
    assert_eq!(unread.standings, [room()], "what came since is to be read first");
    let frame = |revision| Frame::skip(room(), revision);
    let missed = Missed { since: 9, now: 12, frames: Some(vec![frame(10), frame(11), frame(12)]) };
    seats.hear(room(), heard(12, 1));
    seats.hear(room(), heard(13, 1));
    let open = seats.tell_room(late.account(), &state, at(13, 1), Some(&missed));
    assert!(open.standings.is_empty() && open.rooms.is_empty());
    seats.hear(room(), heard(14, 1));
    assert_eq!(told(&late), [11, 12, 13, 14]);
    assert_eq!(seats.told(late.account(), room()), None);
}

#[test]
fn what_a_room_became_on_the_way_in_is_not_missed() {
    let seats = Seats::default();
    let before = Instant::now();
    assert!(!seats.changed_since(room(), before));
    seats.note_changed(room());
    assert!(seats.changed_since(room(), before));
    assert!(!seats.changed_since(room(), Instant::now() + KEPT));
    seats.forget_old(Instant::now() + 2 * KEPT);
    assert!(!seats.changed_since(room(), before));
}

#[test]
fn who_waits_for_a_rooms_state_is_told_what_it_becomes_meanwhile() {
    let seats = Seats::default();
    let seat = enter(&seats, 1);
    assert!(!seats.is_served(room()));
    seats.join(room(), seat.account(), 1);
    assert!(seats.is_served(room()) && !seats.is_heard(room()));
    seats.part(room(), seat.account(), 2);
    assert!(!seats.is_served(room()));
}

#[test]
fn an_older_reading_turns_nobody_out() {
    let seats = Seats::default();
    let seat = enter(&seats, 1);
    seats.listen_to(&seat, [at(10, 4)]);
    // Out by another node, which is not known yet, and in again by this one.
    assert_eq!(seats.join(room(), seat.account(), 6), Step::Ahead, "5 is to be read");
    assert!(seats.settle(room(), 5, &[(seat.account(), false)]).is_none());
    assert!(seat.is_in(room()));
    // Told in the wrong order by two who committed at once.
    assert_eq!(seats.part(room(), seat.account(), 5), Step::Late, "6 is known");
    assert!(seat.is_in(room()));
}

#[test]
fn an_older_reading_brings_nobody_back_into_a_room_that_is_heard_no_more() {
    let seats = Seats::default();
    let seat = enter(&seats, 1);
    seats.listen_to(&seat, [at(10, 4)]);
    assert_eq!(seats.part(room(), seat.account(), 5), Step::Next);
    assert!(seats.settle(room(), 4, &[(seat.account(), true)]).is_none());
    assert!(!seat.may_hear(room()));
    assert_eq!(seats.join(room(), seat.account(), 6), Step::Next);
    assert!(seats.settle(room(), 5, &[(seat.account(), false)]).is_none());
    assert!(seat.may_hear(room()));
}

#[test]
fn nobody_is_taken_for_a_member_who_was_not_looked_at() {
    let seats = Seats::default();
    let (seat, other) = (enter(&seats, 1), enter(&seats, 2));
    seats.listen_to(&seat, [at(10, 4)]);
    // While it is read who is in the room, somebody comes who was in it before.
    seats.listen_to(&other, [at(10, 4)]);
    assert!(seats.hear(room(), heard(11, 5)));
    seats.settle(room(), 5, &[(seat.account(), true)]).unwrap();
    assert_eq!((told(&seat), told(&other)), (vec![], vec![]));
    seats.settle(room(), 5, &[(seat.account(), true), (other.account(), false)]).unwrap();
    assert_eq!((told(&seat), told(&other)), (vec![11], vec![]));
}

#[test]
fn who_cannot_be_turned_out_for_something_newer_hears_nothing_until_they_are_read_again() {
    let seats = Seats::default();
    let (seat, other) = (enter(&seats, 1), enter(&seats, 2));
    seats.listen_to(&seat, [at(10, 4)]);
    seats.listen_to(&other, [at(10, 4)]);
    assert!(seats.hear(room(), heard(11, 5)));
    // It is read at 5 that one of them is out, while it is heard that somebody came: 6.
    let standings = [(other.account(), true), (seat.account(), false)];
    seats.hear_of(room(), 0, 6);
    assert!(seats.seat_as_read(room(), 5, &standings).is_stale);
    assert_eq!((told(&seat), told(&other)), (vec![], vec![]));
    let moved = seats.settle(room(), 6, &standings).unwrap();
    assert_eq!((moved.left, moved.is_stale), (vec![seat.account()], false));
    assert_eq!((told(&seat), told(&other)), (vec![], vec![11]));
}

#[test]
fn who_joins_is_not_kept_out_by_what_nobody_has_stored() {
    let seats = Seats::default();
    let seat = enter(&seats, 1);
    seats.hear_of(room(), i64::MAX, i64::MAX);
    assert_eq!(seats.join(room(), seat.account(), 5), Step::Late);
    let heard = seats.newest(room());
    assert!(seats.settle(room(), 5, &[(seat.account(), true)]).is_none());
    seats.correct(room(), heard, heard.revision, 5);
    let moved = seats.settle(room(), 5, &[(seat.account(), true)]).unwrap();
    assert_eq!(moved.came, [seat.account()]);
}
