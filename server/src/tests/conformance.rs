//! The Autobahn cases against an echo with the socket, the sizes and the farewell of the real one.

use axum::{Router, extract::Request, response::Response, routing::get};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
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
    let reports = TempDir::new().unwrap();
    // Not those of messages far beyond our limit, nor of compression, which is not offered.
    let ran = Command::new("kosoku")
        .args(["-x", "9.*", "-x", "12.*", "-x", "13.*", "-p", "4", "-o"])
        .arg(reports.path())
        .arg(address.to_string())
        .kill_on_drop(true)
        .output();
    let ran = ran.await.expect("kosoku is installed: bin/setup does it");
    let index = reports.path().join("index.json");
    let index = std::fs::read_to_string(index).unwrap_or_else(|_| panic!("no report: {ran:?}"));
    let index: Value = serde_json::from_str(&index).unwrap();
    let cases = index.as_object().unwrap().values().next().unwrap().as_object().unwrap();
    assert!(cases.len() > 200, "only {} cases", cases.len());
    let holds =
        |value: &Value| matches!(value.as_str(), Some("OK" | "NON-STRICT" | "INFORMATIONAL"));
    let failed: Vec<_> = cases
        .iter()
        .filter(|(_, case)| !holds(&case["behavior"]) || !holds(&case["behaviorClose"]))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
