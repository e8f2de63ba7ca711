//! Connections that say nothing: what each keeps, what it costs to come in, and to come back.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt, TryStreamExt, stream};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    Outcome,
    dialect::Target,
    house::{House, Usage},
    socket::{Socket, connect, next},
};

/// As many connect at once.
const AT_ONCE: usize = 32;

#[derive(Clone, Copy, Debug)]
pub struct Idle {
    pub connections: usize,
    pub kilobytes_each: f64,
    /// CPU-seconds for a thousand to connect and be greeted.
    pub cpu_a_thousand: f64,
}

/// Opens connections up to each of these numbers, and looks.
pub async fn run(
    target: Target,
    tokens: &[String],
    steps: &[usize],
    usage: impl Fn() -> Outcome<Usage>,
) -> Outcome<(Vec<Idle>, Vec<Socket>)> {
    let empty = usage()?;
    let mut sockets: Vec<Socket> = Vec::new();
    let mut found = Vec::new();
    for step in steps {
        let (before, new) = (usage()?, step - sockets.len());
        let first = sockets.len();
        let more: Vec<Socket> = stream::iter(first..*step)
            .map(|n| target.enter(&tokens[n % tokens.len()], ""))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        sockets.extend(more);
        let after = usage()?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let settled = usage()?;
        found.push(Idle {
            connections: *step,
            kilobytes_each: settled.resident.saturating_sub(empty.resident) as f64
                / *step as f64
                / 1024.0,
            cpu_a_thousand: (after.cpu - before.cpu) / new as f64 * 1e3,
        });
    }
    Ok((found, sockets))
}

/// What a restart costs those who were there.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// From the open port until the last has caught up, in seconds.
    pub seconds: f64,
    pub failures: usize,
}

/// Kills and restarts the server under its connections; all come back within two seconds, and catch
/// up.
pub async fn storm(house: &mut House, tokens: &[String], count: usize) -> Outcome<Storm> {
    house.restart().await?;
    let (address, began) = (house.address, Instant::now());
    let results: Vec<usize> = stream::iter(0..count)
        .map(|n| async move {
            let due = began + Duration::from_secs(2).mul_f64(n as f64 / count as f64);
            tokio::time::sleep_until(due).await;
            let mut failures = 0;
            // One that fails tries again, as a client does.
            while failures < 20 {
                if come_back(address, &tokens[n % tokens.len()]).await.is_ok() {
                    break;
                }
                failures += 1;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            failures
        })
        .buffer_unordered(count)
        .collect()
        .await;
    Ok(Storm { seconds: began.elapsed().as_secs_f64(), failures: results.iter().sum() })
}

async fn come_back(address: SocketAddr, token: &str) -> Outcome<()> {
    let (mut socket, ready) = connect(address, token, "?resume=1").await?;
    // The revision before the room's: one message is missing in the first of its rooms.
    let ready: serde_json::Value = serde_json::from_str(&ready)?;
    let room = &ready["rooms"][0];
    let revision = room["revision"].as_i64().unwrap_or(0);
    let (id, has) = (room["id"].as_str().unwrap_or_default(), (revision - 1).max(0));
    let resume = format!(r#"{{"type":"resume","rooms":{{"{id}":{has}}}}}"#);
    socket.send(Message::Text(resume.into())).await?;
    while !next(&mut socket).await?.starts_with(r#"{"type":"resumed""#) {}
    // Stays for as long as the others come.
    tokio::spawn(async move {
        let _ = tokio::time::timeout(Duration::from_secs(20), async {
            while next(&mut socket).await.is_ok() {}
        })
        .await;
    });
    Ok(())
}
