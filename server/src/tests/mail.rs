use std::time::Duration;

use domain::Config;
use engines::MailServer;
use serde_json::json;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::house::{House, PASSWORD};
use crate::mail::{Mailer, deliver};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_password_comes_back_by_mail_whenever_the_mail_server_does() {
    let house = House::with(|config| Config { sends_mail: true, ..config }).await;
    let mut server = MailServer::absent();
    let mailer = Mailer::new(Some(&server.url()), "Kith <kith@example.org>").unwrap();
    let stop = CancellationToken::new();
    let delivering = tokio::spawn(deliver(house.ctx.clone(), mailer, stop.clone()));
    let anyone = house.anyone();
    let form = json!({"username": "alice", "password": PASSWORD, "email": "alice@example.org"});
    assert_eq!(anyone.post("/accounts", form).await.status, 201);
    // Nobody answers there yet; the first try fails, a later one does not.
    server.start();
    let letter = async |count: usize| {
        let come = async {
            while server.letters().len() < count {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(Duration::from_secs(180), come).await.unwrap();
        server.letters()
    };
    let asked = letter(1).await.remove(0);
    assert!(asked.contains("From: Kith <kith@example.org>"), "{asked}");
    assert!(asked.contains("To: alice@example.org"), "{asked}");
    let confirm = path_in(&asked, "/confirm/");
    assert!(anyone.http.get(house.url(&confirm)).send().await.unwrap().status().is_success());
    for email in ["ALICE@example.org", "nobody@example.org"] {
        let answer = anyone.post("/password-resets", json!({"email": email})).await;
        assert_eq!((answer.status, answer.body), (202, json!("")));
    }
    let reset = letter(2).await.into_iter().find(|text| text.contains("/reset/")).unwrap();
    let token = path_in(&reset, "/reset/").split_off("/reset/".len());
    let new = json!({"password": "another fine horse"});
    let path = format!("/password-resets/{token}");
    assert_eq!(anyone.post(&path, new.clone()).await.status, 204);
    assert_eq!(anyone.post(&path, new).await.status, 404, "once");
    let form = json!({"login": "alice@example.org", "password": "another fine horse"});
    assert_eq!(anyone.post("/sessions", form).await.status, 201);
    stop.cancel();
    delivering.await.unwrap();
    assert_eq!(server.letters().len(), 2, "each letter once");
}

/// The path of a letter's link that has this in it.
fn path_in(letter: &str, part: &str) -> String {
    let letter = letter.replace("=\r\n", "").replace("=\n", "");
    let from = letter.find(part).unwrap();
    letter[from..].split_whitespace().next().unwrap().to_owned()
}
