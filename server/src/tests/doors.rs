//! Every door by every kind of caller, and what the browser is told to keep out.

use reqwest::Method;
use serde_json::json;

use super::house::{House, PASSWORD, answer, id};

#[tokio::test]
async fn signed_out_is_401_at_every_private_door() {
    let house = House::open().await;
    let nobody = house.anyone();
    let mut expired = house.anyone();
    expired.token = Some("0".repeat(64));
    let nil = "00000000-0000-7000-8000-000000000000";
    let doors = [
        (Method::GET, "/sessions".to_owned()),
        (Method::DELETE, "/sessions/current".to_owned()),
        (Method::GET, "/me".to_owned()),
        (Method::GET, "/users?query=al".to_owned()),
        (Method::GET, "/users/alice/friends".to_owned()),
        (Method::GET, "/friends".to_owned()),
        (Method::DELETE, "/friends/alice".to_owned()),
        (Method::GET, "/friend-requests".to_owned()),
        (Method::POST, "/friend-requests".to_owned()),
        (Method::DELETE, format!("/friend-requests/{nil}")),
        (Method::POST, format!("/friend-requests/{nil}/accept")),
        (Method::POST, format!("/friend-requests/{nil}/decline")),
        (Method::PUT, "/direct/alice".to_owned()),
        (Method::GET, "/rooms".to_owned()),
        (Method::POST, "/rooms".to_owned()),
        (Method::GET, format!("/rooms/{nil}")),
        (Method::PUT, format!("/rooms/{nil}/read")),
        (Method::GET, format!("/rooms/{nil}/members")),
        (Method::PUT, format!("/rooms/{nil}/members/me")),
        (Method::DELETE, format!("/rooms/{nil}/members/me")),
        (Method::PUT, format!("/rooms/{nil}/members/alice")),
        (Method::DELETE, format!("/rooms/{nil}/members/alice")),
        (Method::GET, format!("/rooms/{nil}/messages")),
        (Method::POST, format!("/rooms/{nil}/messages")),
        (Method::GET, format!("/rooms/{nil}/messages/{nil}")),
        (Method::PUT, format!("/rooms/{nil}/messages/{nil}")),
        (Method::PATCH, format!("/rooms/{nil}/messages/{nil}")),
        (Method::DELETE, format!("/rooms/{nil}/messages/{nil}")),
        (Method::GET, "/socket".to_owned()),
    ];
    for (method, path) in doors {
        for caller in [&nobody, &expired] {
            let refused = caller.send(method.clone(), &path, None).await;
            assert_eq!(refused.code(), (401, "unauthenticated"), "{method} {path}");
            assert_eq!(refused.headers["content-type"], "application/problem+json");
        }
    }
}

#[tokio::test]
async fn a_stranger_is_told_that_there_is_nothing() {
    let house = House::open().await;
    let (alice, _, room) = house.friends("alice", "bob").await;
    let mallory = house.person("mallory").await;
    let posted = alice.post(&format!("/rooms/{room}/messages"), json!({"body": "private"})).await;
    let message = posted.body["id"].as_str().unwrap().to_owned();
    let none = house.ctx.new_id(protocol::RoomId::new).to_string();
    let body = Some(json!({"body": "let me in"}));
    for (method, path, body) in [
        (Method::GET, "/rooms/ROOM".to_owned(), None),
        (Method::GET, "/rooms/ROOM/members".to_owned(), None),
        (Method::PUT, "/rooms/ROOM/members/me".to_owned(), None),
        (Method::DELETE, "/rooms/ROOM/members/me".to_owned(), None),
        (Method::PUT, "/rooms/ROOM/members/mallory".to_owned(), None),
        (Method::DELETE, "/rooms/ROOM/members/bob".to_owned(), None),
        (Method::PUT, "/rooms/ROOM/read".to_owned(), Some(json!({"seq": 1}))),
        (Method::GET, "/rooms/ROOM/messages".to_owned(), None),
        (Method::POST, "/rooms/ROOM/messages".to_owned(), body.clone()),
        (Method::GET, format!("/rooms/ROOM/messages/{message}"), None),
        (Method::PUT, format!("/rooms/ROOM/messages/{message}"), body.clone()),
        (Method::PATCH, format!("/rooms/ROOM/messages/{message}"), body.clone()),
        (Method::DELETE, format!("/rooms/ROOM/messages/{message}"), None),
        (Method::PUT, format!("/rooms/ROOM/messages/{}", id(&house)), body),
    ] {
        let theirs = mallory
            .send(method.clone(), &path.replace("ROOM", &room.to_string()), body.clone())
            .await;
        let nowhere = mallory.send(method.clone(), &path.replace("ROOM", &none), body).await;
        assert_eq!(theirs.code(), (404, "not_found"), "{method} {path}");
        assert_eq!(theirs.body, nowhere.body, "{method} {path}");
    }
    let direct = mallory.put("/direct/alice", None).await;
    assert_eq!(
        (direct.status, direct.body["detail"].as_str()),
        (403, Some("You must be friends to chat."))
    );
}

#[tokio::test]
async fn another_site_changes_nothing_with_a_persons_cookie() {
    let house = House::open().await;
    let browser = house.anyone();
    let form = json!({"username": "alice", "password": PASSWORD});
    let own = house.url("");
    let request =
        browser.request(Method::POST, "/api/v1/accounts").header("origin", &own).json(&form);
    let signed_up = answer(request).await;
    assert_eq!(signed_up.status, 201);
    assert!(signed_up.body["token"].is_null(), "a script never sees the token");
    let cookie = signed_up.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let ask = |headers: &[(&str, &str)]| {
        let mut request =
            browser.request(Method::POST, "/api/v1/friend-requests").header("cookie", cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.json(&json!({"username": "nobody"})))
    };
    for foreign in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", &own)],
        &[],
    ] {
        assert_eq!(ask(foreign).await.code(), (403, "forbidden"), "{foreign:?}");
    }
    for ours in [&[("origin", own.as_str())][..], &[("sec-fetch-site", "same-origin")]] {
        assert_eq!(ask(ours).await.code(), (404, "not_found"), "{ours:?}");
    }
    let function = browser
        .request(Method::POST, "/fn/accounts/sign_out")
        .header("cookie", cookie)
        .header("origin", "https://evil.example");
    assert_eq!(answer(function).await.code(), (403, "forbidden"), "server functions, too");
}

#[tokio::test]
async fn every_answer_says_what_the_browser_may_do_with_it() {
    let house = House::open().await;
    let nobody = house.anyone();
    for path in
        ["/", "/sign-in", "/sign-up", "/nowhere", "/api/v1/me", "/api/nowhere", "/health/live"]
    {
        let got = answer(nobody.request(Method::GET, path).header("accept", "text/html")).await;
        let header = |name: &str| got.headers[name].to_str().unwrap().to_owned();
        assert!(header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert!(!header("content-security-policy").contains("unsafe-inline"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn bad_bodies_and_addresses_get_a_problem() {
    let house = House::open().await;
    let nobody = house.anyone();
    for (body, status, field) in [
        ("", 400, None),
        ("{", 400, None),
        ("[]", 422, None),
        (r#"{"username":"alice"}"#, 422, Some("password")),
        (r#"{"username":"a","password":"long enough"}"#, 422, None),
        (r#"{"username":"alice","password":"long enough","shoe_size":7}"#, 422, Some("shoe_size")),
    ] {
        let request = nobody
            .request(Method::POST, "/api/v1/accounts")
            .header("content-type", "application/json")
            .body(body);
        let refused = answer(request).await;
        assert_eq!(refused.code(), (status, "invalid"), "{body}");
        if let Some(field) = field {
            assert!(refused.body["fields"][field].is_string(), "{body}: {:?}", refused.body);
        }
    }
    let alice = house.person("alice").await;
    assert_eq!(alice.get("/rooms/not-an-id").await.code(), (404, "not_found"));
    assert_eq!(alice.get("/nowhere").await.code(), (404, "not_found"));
    assert_eq!(alice.send(Method::PATCH, "/friends", None).await.status, 405);
    assert_eq!(alice.get("/users?query=a").await.code(), (422, "invalid"));
}

#[tokio::test]
async fn devices_are_listed_and_ended() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let form = json!({"login": "alice", "password": PASSWORD});
    assert_eq!(alice.post("/sessions", form).await.status, 201);
    let devices = alice.get("/sessions").await.body;
    let devices = devices["items"].as_array().unwrap();
    assert_eq!(devices.len(), 2);
    let other = devices.iter().find(|device| device["current"] == false).unwrap();
    let path = format!("/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(alice.delete(&path).await.status, 204);
    assert_eq!(alice.delete(&path).await.status, 404);
    assert_eq!(alice.get("/me").await.status, 200);
    let wrong = json!({"login": "alice", "password": "wrong horse"});
    assert_eq!(alice.post("/sessions", wrong).await.code(), (401, "unauthenticated"));
}

#[tokio::test]
async fn a_reset_answers_the_same_to_everyone() {
    let house = House::open().await;
    let nobody = house.anyone();
    let form = json!({"username": "alice", "password": PASSWORD, "email": "a@example.org"});
    assert_eq!(nobody.post("/accounts", form).await.status, 201);
    for email in ["a@example.org", "nobody@example.org"] {
        let asked = nobody.post("/password-resets", json!({"email": email})).await;
        assert_eq!((asked.status, asked.body), (202, serde_json::Value::String(String::new())));
    }
    let refused = nobody.post("/password-resets", json!({"email": "a"})).await;
    assert_eq!(refused.code(), (422, "invalid"));
    let guess = format!("/password-resets/{}", "0".repeat(64));
    let guessed = nobody.post(&guess, json!({"password": "a new horse"})).await;
    assert_eq!(guessed.code(), (404, "not_found"));
    let short = nobody.post(&guess, json!({"password": "short"})).await;
    assert_eq!(short.code(), (422, "invalid"));
}

#[tokio::test]
async fn the_house_says_how_it_is() {
    let house = House::open().await;
    let nobody = house.anyone();
    assert_eq!(answer(nobody.request(Method::GET, "/health/live")).await.status, 200);
    let ready = answer(nobody.request(Method::GET, "/health/ready")).await;
    assert_eq!((ready.status, ready.body["database"].as_str()), (200, Some("up")));
}
