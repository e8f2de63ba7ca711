//! Kills, and what everyone holds afterwards.

use std::{collections::HashMap, time::Duration};

use protocol::{MessageId, RoomId};
use tokio::time::sleep;

use super::{
    client::{Client, Habits},
    house::{House, Person, until},
};

const ROOMS: usize = 10;
const CLIENTS: usize = 50;

/// Ten by default; `bin/test --faults` asks for a hundred.
fn kills() -> usize {
    std::env::var("KITH_FAULTS_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(10)
}

/// Each client is in two rooms, each room has ten members.
async fn gather(house: &House) -> (Vec<Person>, Vec<RoomId>) {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_nothing_is_lost_doubled_or_out_of_order() {
    let mut house = House::open().await;
    let (people, rooms) = gather(&house).await;
    let clients = come_in(&house, &people, &rooms, None);
    let connections =
        || clients.iter().map(|client| client.log.lock().unwrap().connections).sum::<u64>();
    for kill in 0..kills() {
        let everyone = (kill + 1) * CLIENTS;
        until("everyone is there", || connections() >= everyone as u64).await;
        // In a burst, each time at another moment of it.
        sleep(Duration::from_millis(300 + 137 * (kill as u64 % 7))).await;
        house.crash().await;
    }
    let acked = holds(&house, clients, &rooms).await;
    assert!(acked > kills() * 10, "only {acked} messages: that was no burst");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_connection_breaks_again_and_again_misses_nothing() {
    let house = House::open().await;
    let (people, rooms) = gather(&house).await;
    let clients = come_in(&house, &people, &rooms, Some(25));
    let connections =
        || clients.iter().map(|client| client.log.lock().unwrap().connections).sum::<u64>();
    until("everyone came back four times", || connections() >= 5 * CLIENTS as u64).await;
    let acked = holds(&house, clients, &rooms).await;
    assert!(acked > CLIENTS * 4, "only {acked} messages");
}

/// Everyone comes in, and says two things a second: a hundred in all.
fn come_in(
    house: &House,
    people: &[Person],
    rooms: &[RoomId],
    breaks_after: Option<usize>,
) -> Vec<Client> {
    let client = |(n, person): (usize, &Person)| {
        let own = (0..ROOMS).filter(|room| in_room(n, *room)).map(|room| rooms[room]);
        let every = Duration::from_millis(500);
        let habits = Habits { rooms: own.collect(), every, breaks_after };
        Client::start(house.address, person.clone(), habits)
    };
    people.iter().enumerate().map(client).collect()
}

/// The invariant: what was acknowledged is stored once, and everyone has seen every number of their
/// rooms once, in its latest form. How many messages there were.
async fn holds(house: &House, clients: Vec<Client>, rooms: &[RoomId]) -> usize {
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
    for message in stored.values().flatten() {
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
            assert!(seen.iter().copied().eq(&stored[room]), "{name} has seen all of {room}, once");
        }
        acked += log.acked.len();
    }
    assert_eq!(acked, places.len(), "nothing is stored that nobody was told of");
    clients.into_iter().for_each(Client::leave);
    acked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_message_fifty_times_at_once_is_one() {
    let house = House::open().await;
    let people = [house.rest.person("alice").await, house.rest.person("bob").await];
    let room = house.rest.room(&people).await;
    let id = "01a20000-0000-7000-8000-000000000001";
    let path = format!("/rooms/{room}/messages/{id}");
    let mut sends = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (rest, alice, path) = (house.rest.clone(), people[0].clone(), path.clone());
        sends.spawn(async move {
            let body = Some(serde_json::json!({"body": "once"}));
            rest.ask(reqwest::Method::PUT, &path, Some(&alice), body).await
        });
    }
    let answers = sends.join_all().await;
    let created = answers.iter().filter(|(status, _)| *status == 201).count();
    assert_eq!(created, 1);
    assert!(answers.iter().all(|(status, body)| *status < 202 && *body == answers[0].1));
    assert_eq!(house.rest.messages(&people[1], room).await.len(), 1);
}
