//! The Autobahn cases against an echo with the socket, the sizes and the farewell of the real one.

use std::net::SocketAddr;

use axum::{Router, extract::Request, response::Response, routing::get};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::{net::TcpListener, process::Command};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use crate::{
    accept,
    gateway::{
        end::{farewell, protocol_error},
        upgrade::agree,
    },
};

async fn echo(request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let Ok(agreed) = agree(&mut parts) else { panic!("no handshake") };
    let (response, opened) = agreed.open();
    tokio::spawn(async move {
        let Some(opened) = opened.await else { return };
        let mut socket = opened.socket().await;
        while let Some(frame) = socket.next().await {
            let answer = match frame {
                Ok(frame @ (Message::Text(_) | Message::Binary(_))) => frame,
                // Pings are answered with what is flushed next.
                Ok(_) => {
                    let _ = socket.flush().await;
                    continue;
                }
                Err(error) => return farewell(socket, protocol_error(&error)).await,
            };
            if socket.send(answer).await.is_err() {
                return;
            }
        }
    });
    response
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_socket_conforms_to_rfc_6455() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/", get(echo));
    tokio::spawn(accept::connections(listener, app, CancellationToken::new()));
    // Not those of messages far beyond our limit, nor of compression, which is not offered.
    let cases = run(address, &["-x", "9.*", "-x", "12.*", "-x", "13.*", "-p", "4"]).await;
    assert!(cases.len() > 200, "only {} cases", cases.len());
    let mut failed = failed_of(cases);
    // They give an answer a second: what a slow machine missed it meets when it is asked again.
    for _ in 0..3 {
        let again: Vec<&str> = failed.keys().flat_map(|case| ["-i", case]).collect();
        if again.is_empty() {
            break;
        }
        failed = failed_of(run(address, &again).await);
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// Cases by their numbers, with what came of them.
async fn run(address: SocketAddr, options: &[&str]) -> Map<String, Value> {
    let reports = TempDir::new().unwrap();
    let ran = Command::new("kosoku")
        .args(options)
        .arg("-o")
        .arg(reports.path())
        .arg(address.to_string())
        .kill_on_drop(true)
        .output();
    let ran = ran.await.expect("kosoku is installed: bin/setup does it");
    let index = reports.path().join("index.json");
    let index = std::fs::read_to_string(index).unwrap_or_else(|_| panic!("no report: {ran:?}"));
    let index: Value = serde_json::from_str(&index).unwrap();
    index.as_object().unwrap().values().next().unwrap().as_object().unwrap().clone()
}

fn failed_of(cases: Map<String, Value>) -> Map<String, Value> {
    let holds =
        |value: &Value| matches!(value.as_str(), Some("OK" | "NON-STRICT" | "INFORMATIONAL"));
    let is_failed = |case: &Value| !holds(&case["behavior"]) || !holds(&case["behaviorClose"]);
    cases.into_iter().filter(|(_, case)| is_failed(case)).collect()
}
