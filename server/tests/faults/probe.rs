//! How far one node is behind another.

use std::time::Duration;

use protocol::{Event, MessageId, RoomId};
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use super::{
    client::{Socket, connect, next},
    house::{House, Person},
};

/// How far a node may be behind the other, whatever Redis does.
pub const BEHIND: Duration = Duration::from_secs(1);

/// Somebody who says something on one node and listens on the other, in a room where nobody else
/// speaks: what others say there would make the node look.
pub struct Probe {
    pub person: Person,
    pub room: RoomId,
    socket: Socket,
}

impl Probe {
    pub async fn new(house: &House) -> Self {
        let person = house.rest.person("probe").await;
        let room = house.rest.room(std::slice::from_ref(&person)).await;
        let mut socket = connect(house.nodes[1].address, &person, "").await.unwrap();
        // What is said before `ready` stands in it, and is told no more.
        while !matches!(next(&mut socket).await, Event::Ready(_)) {}
        Self { person, room, socket }
    }

    /// As often at least, of three times as many tries: a machine may stand still for a moment.
    pub async fn is_heard_in_time(&mut self, house: &House, times: usize) {
        let mut late = Vec::new();
        for _ in 0..times {
            loop {
                let after = self.heard_after(house).await;
                if after < BEHIND {
                    break;
                }
                late.push(after);
                assert!(late.len() <= 2 * times, "{late:?}");
            }
        }
    }

    /// How long after it was stored on one node a message is heard on the other.
    pub async fn heard_after(&mut self, house: &House) -> Duration {
        let path = format!("/rooms/{}/messages", self.room);
        let said = Some(json!({"body": "do you hear me"}));
        let there = house.rest.at(house.nodes[0].address);
        let (status, stored) = there.ask(Method::POST, &path, Some(&self.person), said).await;
        assert_eq!(status, 201, "{stored}");
        let stored_at = Instant::now();
        let id: MessageId = stored["id"].as_str().unwrap().parse().unwrap();
        loop {
            match next(&mut self.socket).await {
                Event::Message { message } if message.id == id => return stored_at.elapsed(),
                // As a page does, it loads what it is told that it has missed.
                Event::Gap { .. } => {
                    let node = house.rest.at(house.nodes[1].address);
                    let path = format!("{path}/{id}");
                    if node.ask(Method::GET, &path, Some(&self.person), None).await.0 == 200 {
                        return stored_at.elapsed();
                    }
                }
                _ => {}
            }
        }
    }
}
