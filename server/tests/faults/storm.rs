//! Everyone is there, and comes back at once after a kill.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{SinkExt, StreamExt};
use protocol::{Command, Event, RoomId, socket::close};
use reqwest::Method;
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_tungstenite::tungstenite::{Error, Message as Frame};

use super::{
    client::{Socket, connect},
    house::{House, PATIENCE, Person, resident, until},
    workload::is_long,
};

/// What a connection may keep, and what a server that serves nobody may, in bytes.
const EACH: usize = 12 * 1024;
const ITSELF: usize = 96 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_come_back_at_once_and_are_let_in() {
    let count = if is_long() { 10_000 } else { 1_000 };
    let mut house = House::open().await;
    let mut people = Vec::new();
    for n in 0..50 {
        people.push(house.rest.person(&format!("person-{n}")).await);
    }
    let room = house.rest.room(&people).await;
    let mut sockets = Vec::new();
    for n in 0..count {
        let mut socket = connect(house.address(), &people[n % people.len()], "").await.unwrap();
        assert!(matches!(socket.next().await, Some(Ok(Frame::Text(_)))), "ready");
        sockets.push(socket);
    }
    let path = format!("/rooms/{room}/messages");
    let said = Some(json!({"body": "while they are there"}));
    assert_eq!(house.rest.ask(Method::POST, &path, Some(&people[0]), said).await.0, 201);
    house.nodes[0].crash().await;
    drop(sockets);
    let address = house.address();
    let mut back = JoinSet::new();
    for n in 0..count {
        let person = people[n % people.len()].clone();
        back.spawn(async move {
            loop {
                match connect(address, &person, "?resume=1").await {
                    Ok(socket) => match catch_up(socket, &person, room).await {
                        Some(socket) => return socket,
                        None => continue,
                    },
                    Err(Error::Http(answer)) if answer.status() != 503 => {
                        panic!("{}", answer.status());
                    }
                    // The line is full, the system's own or that at the door: once more, as a client does.
                    Err(_) => sleep(Duration::from_millis(500)).await,
                }
            }
        });
    }
    let sockets = timeout(PATIENCE, back.join_all()).await.expect("all are back in time");
    // A thousand are less than what an allocator keeps for the next.
    if is_long() {
        let within = || resident(&house.nodes[0]) < ITSELF + count * EACH;
        until("what the storm took is given back", within).await;
    }
    drop(sockets);
}

/// Whether a client comes back after this: it was too slow, or the database was.
fn passes(code: u16) -> bool {
    matches!(code, close::TOO_SLOW | close::RESTART)
}

/// Resumes without what was said, and hears it; `None` for who is to come once more.
async fn catch_up(mut socket: Socket, person: &Person, room: RoomId) -> Option<Socket> {
    let mut heard = 0;
    loop {
        let text = match socket.next().await {
            Some(Ok(Frame::Text(text))) => text,
            Some(Ok(Frame::Ping(_))) => continue,
            Some(Ok(Frame::Close(Some(frame)))) if passes(u16::from(frame.code)) => {
                return None;
            }
            end => panic!("{} is cut off: {end:?}", person.name),
        };
        match Event::read(&text).unwrap() {
            Event::Ready(ready) => {
                assert_eq!(ready.rooms[0].revision, 1);
                let rooms = BTreeMap::from([(room, 0)]);
                let resume = Command::Resume { epoch: None, rooms, notifications: 0 };
                let text = serde_json::to_string(&resume).unwrap();
                socket.send(Frame::text(text)).await.unwrap();
            }
            Event::Message { .. } => heard += 1,
            Event::Resumed { .. } => {
                assert_eq!(heard, 1, "{}", person.name);
                return Some(socket);
            }
            _ => {}
        }
    }
}
