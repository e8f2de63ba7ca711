//! Clients that cannot be reached: everything that stands between is lost, or comes one byte a second.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message as Frame;

use super::{
    client::{Socket, connect},
    house::{House, Node, PATIENCE, Person, resident},
    link::Link,
};

/// What a connection to SQLite may keep that has not been busy before, in bytes.
const CACHE: usize = 4 * 1024 * 1024;

/// How many sockets a server's process holds.
fn sockets(node: &Node) -> usize {
    let files = std::fs::read_dir(format!("/proc/{}/fd", node.process.id().unwrap())).unwrap();
    let is_socket = |file: std::io::Result<std::fs::DirEntry>| {
        let link = std::fs::read_link(file.ok()?.path()).ok()?;
        link.to_str()?.starts_with("socket:").then_some(())
    };
    files.filter_map(is_socket).count()
}

async fn come_in(link: &Link, person: &Person) -> Socket {
    let mut socket = connect(link.address, person, "").await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Frame::Text(_)))), "ready");
    socket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_be_reached_is_let_go_and_harms_nobody() {
    let house = House::open().await;
    let mut people = Vec::new();
    for name in ["alice", "bob", "carol", "dave"] {
        people.push(house.rest.person(name).await);
    }
    let room = house.rest.room(&people).await;
    let mut laptop = connect(house.address(), &people[3], "").await.unwrap();
    assert!(matches!(laptop.next().await, Some(Ok(Frame::Text(_)))), "ready");
    let say = async |n: i64, laptop: &mut Socket| {
        let body = Some(json!({"body": "x".repeat(4_000)}));
        let path = format!("/rooms/{room}/messages");
        let (status, answer) = house.rest.ask(Method::POST, &path, Some(&people[0]), body).await;
        assert_eq!(status, 201, "{answer}");
        let heard = timeout(PATIENCE, async {
            loop {
                if let Some(Ok(Frame::Text(text))) = laptop.next().await
                    && text.contains(&format!(r#""seq":{n},"#))
                {
                    break;
                }
            }
        });
        heard.await.expect("who can be reached hears everything");
    };
    let mut said = 0;
    while said < 600 {
        said += 1;
        say(said, &mut laptop).await;
    }
    let node = &house.nodes[0];
    let (before, open) = (resident(node), sockets(node));
    let links = [Link::to(house.address()).await, Link::to(house.address()).await];
    let _lost = come_in(&links[0], &people[1]).await;
    let _slow = come_in(&links[1], &people[2]).await;
    assert_eq!(sockets(node), open + 2);
    links[0].loses_everyone();
    links[1].slows_everyone();
    let failed_at = Instant::now();
    let mut most = 0;
    while sockets(node) > open {
        said += 1;
        say(said, &mut laptop).await;
        most = most.max(resident(node));
        assert!(failed_at.elapsed() < Duration::from_secs(60), "{} are open", sockets(node));
        sleep(Duration::from_millis(20)).await;
    }
    assert!(most < before + before / 10 + CACHE, "{before} bytes became {most}");
}
