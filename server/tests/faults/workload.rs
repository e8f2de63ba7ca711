//! What goes on while things go wrong: fifty clients in ten rooms, a hundred messages a second; and
//! what must hold afterwards.

use std::{collections::HashMap, time::Duration};

use protocol::{MessageId, RoomId};

use super::{
    client::{Client, Habits},
    house::{House, Person, until},
};

const ROOMS: usize = 10;
pub const CLIENTS: usize = 50;

/// Whether there is time for more, as `bin/test --faults` has it.
pub fn is_long() -> bool {
    std::env::var("KITH_FAULTS").is_ok_and(|faults| faults == "long")
}

/// How often something is killed.
pub fn kills() -> usize {
    if is_long() { 100 } else { 10 }
}

/// Each client is in two rooms, each room has ten members.
pub async fn gather(house: &House) -> (Vec<Person>, Vec<RoomId>) {
    let mut people = Vec::new();
    for n in 0..CLIENTS {
        people.push(house.rest.person(&format!("person-{n}")).await);
    }
    let mut rooms = Vec::new();
    for room in 0..ROOMS {
        let members: Vec<Person> =
            (0..CLIENTS).filter(|n| in_room(*n, room)).map(|n| people[n].clone()).collect();
        rooms.push(house.rest.room(&members).await);
    }
    (people, rooms)
}

fn in_room(client: usize, room: usize) -> bool {
    client % ROOMS == room || (client + 1) % ROOMS == room
}

/// How often anybody has come in.
pub fn connections(clients: &[Client]) -> u64 {
    clients.iter().map(|client| client.log.lock().unwrap().connections).sum()
}

/// Until everyone has come in this often.
pub async fn until_everyone_came(clients: &[Client], times: usize) {
    until("everyone is there", || connections(clients) >= (times * CLIENTS) as u64).await;
}

/// Everyone comes in, and says two things a second: a hundred in all. A `gap` is a fault.
pub fn come_in(house: &House, people: &[Person], rooms: &[RoomId]) -> Vec<Client> {
    come_in_as(house, people, rooms, |habits| habits)
}

/// [`come_in`], with other habits.
pub fn come_in_as(
    house: &House,
    people: &[Person],
    rooms: &[RoomId],
    change: impl Fn(Habits) -> Habits,
) -> Vec<Client> {
    let client = |(n, person): (usize, &Person)| {
        let own = (0..ROOMS).filter(|room| in_room(n, *room)).map(|room| rooms[room]);
        let every = Duration::from_millis(500);
        let habits = Habits { rooms: own.collect(), every, breaks_after: None, takes_gaps: false };
        Client::start(house.address(), person.clone(), change(habits))
    };
    people.iter().enumerate().map(client).collect()
}

/// Until everyone is connected, and somebody has come back since they had come in so often in all.
pub async fn until_everyone_is_back(clients: &[Client], before: u64) {
    until("everyone is back", || {
        let is_in = |client: &Client| client.log.lock().unwrap().is_connected;
        clients.iter().all(is_in) && connections(clients) > before
    })
    .await;
}

/// The invariant: what was acknowledged is stored once, and everyone has seen every number of their
/// rooms once, in its latest form. How many messages there were.
pub async fn holds(house: &House, clients: Vec<Client>, rooms: &[RoomId]) -> usize {
    clients.iter().for_each(Client::fall_silent);
    until("everything said is answered", || {
        clients.iter().all(|client| client.log.lock().unwrap().unanswered.is_empty())
    })
    .await;
    let mut stored: HashMap<RoomId, Vec<protocol::Message>> = HashMap::new();
    for room in rooms {
        let member =
            clients.iter().find(|client| client.log.lock().unwrap().revisions.contains_key(room));
        let messages = house.rest.messages(&member.unwrap().person, *room).await;
        let seqs: Vec<i64> = messages.iter().map(|message| message.seq).collect();
        assert_eq!(seqs, (1..=messages.len() as i64).collect::<Vec<_>>(), "no holes in {room}");
        stored.insert(*room, messages);
    }
    let mut places: HashMap<MessageId, Vec<(RoomId, i64)>> = HashMap::new();
    let by_clients = |message: &&protocol::Message| message.body.starts_with("said ");
    for message in stored.values().flatten().filter(by_clients) {
        places.entry(message.id).or_default().push((message.room, message.seq));
    }
    let mut acked = 0;
    for client in &clients {
        let name = &client.person.name;
        let latest = || {
            let log = client.log.lock().unwrap();
            log.revisions
                .iter()
                .all(|(room, at)| stored[room].last().is_none_or(|last| last.revision <= *at))
        };
        until("everyone has caught up", latest).await;
        let log = client.log.lock().unwrap();
        assert!(log.wrong.is_empty(), "{name}: {:?}", log.wrong);
        for (id, place) in &log.acked {
            assert_eq!(places.get(id), Some(&vec![*place]), "{name}: {id} is stored once");
        }
        for room in log.revisions.keys() {
            let seen: Vec<_> =
                log.seen.get(room).into_iter().flat_map(|seen| seen.values()).collect();
            let missing: Vec<i64> = stored[room]
                .iter()
                .filter(|message| !seen.contains(message))
                .map(|message| message.seq)
                .collect();
            assert!(missing.is_empty(), "{name} has not seen {missing:?} of {room}");
            assert_eq!(seen.len(), stored[room].len(), "{name} has seen all of {room}, once");
        }
        acked += log.acked.len();
    }
    assert_eq!(acked, places.len(), "nothing is stored that nobody was told of");
    clients.into_iter().for_each(Client::leave);
    acked
}
