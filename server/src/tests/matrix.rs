//! Every door by every kind of caller. The doors are read from the router, the server functions and
//! the frames themselves: one without a row here fails.

use std::collections::BTreeSet;

use domain::{
    Clock, Config, Ctx,
    accounts::{self, sessions::LIFETIME_MS},
};
use protocol::{Password, RoomId, Timestamp, Username, accounts::SignUp};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::house::{House, PASSWORD, Person, answer};

/// Who calls, in the order of the columns. What is acted on is alice's: her room, her message, her
/// profile.
const CALLERS: [&str; 12] = [
    "nobody",
    "stranger",
    "friend",
    "blocked",
    "former",
    "member",
    "owner",
    "admin",
    "expired",
    "revoked",
    "banned",
    "moderator",
];

/// A door, what is sent, and the status that each caller gets.
type Row = (&'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const REST: &[Row] = &[
    // nobody stranger friend blocked former member owner admin expired revoked banned moderator
    ("POST", "/accounts", r##"{"username":"fresh","password":"correct horse battery"}"##, "201 201 201 201 201 201 201 201 201 201 201 201"),
    ("GET", "/sessions", r##""##, "401 200 200 200 200 200 200 200 401 401 200 200"),
    ("POST", "/sessions", r##"{"login":"alice","password":"wrong horse battery"}"##, "401 401 401 401 401 401 401 401 401 401 401 401"),
    ("DELETE", "/sessions/{session}", r##""##, "401 404 404 404 404 404 204 404 401 401 404 404"),
    ("POST", "/password-resets", r##"{"email":"alice@example.org"}"##, "202 202 202 202 202 202 202 202 202 202 202 202"),
    ("POST", "/password-resets/token", r##"{"password":"correct horse battery"}"##, "404 404 404 404 404 404 404 404 404 404 404 404"),
    ("POST", "/password-strength", r##"{"password":"correct horse battery"}"##, "200 200 200 200 200 200 200 200 200 200 200 200"),
    ("GET", "/challenge", r##""##, "200 200 200 200 200 200 200 200 200 200 200 200"),
    ("GET", "/me", r##""##, "401 200 200 200 200 200 200 200 401 401 200 200"),
    ("PATCH", "/me", r##"{"display_name":"Other"}"##, "401 200 200 200 200 200 200 200 401 401 200 200"),
    ("DELETE", "/me", r##"{"password":"wrong horse battery"}"##, "401 422 422 422 422 422 422 422 401 401 422 422"),
    ("PUT", "/me/avatar", r##""##, "401 422 422 422 422 422 422 422 401 401 422 422"),
    ("DELETE", "/me/avatar", r##""##, "401 200 200 200 200 200 200 200 401 401 200 200"),
    ("POST", "/me/password", r##"{"current":"wrong horse battery","new":"another fine horse"}"##, "401 422 422 422 422 422 422 422 401 401 422 422"),
    ("GET", "/me/export", r##""##, "401 200 200 200 200 200 200 200 401 401 200 200"),
    ("GET", "/users?query=al", r##""##, "401 200 200 200 200 200 200 200 401 401 200 200"),
    ("GET", "/users/alice", r##""##, "200 200 200 200 200 200 200 200 200 200 200 200"),
    ("GET", "/users/alice/friends", r##""##, "401 404 200 404 200 200 200 404 401 401 200 200"),
    ("GET", "/friends", r##""##, "401 200 200 200 200 200 200 200 401 401 200 200"),
    ("DELETE", "/friends/alice", r##""##, "401 204 204 204 204 204 204 204 401 401 204 204"),
    ("GET", "/friend-requests", r##""##, "401 200 200 200 200 200 200 200 401 401 200 200"),
    ("POST", "/friend-requests", r##"{"username":"alice"}"##, "401 201 409 201 409 409 422 201 401 401 409 409"),
    ("DELETE", "/friend-requests/{request}", r##""##, "401 404 404 404 404 404 404 404 401 401 404 404"),
    ("POST", "/friend-requests/{request}/accept", r##""##, "401 404 404 404 404 404 204 404 401 401 404 404"),
    ("POST", "/friend-requests/{request}/decline", r##""##, "401 404 404 404 404 404 204 404 401 401 404 404"),
    ("GET", "/blocks", r##""##, "401 200 200 200 200 200 200 200 401 401 200 200"),
    ("PUT", "/blocks/alice", r##""##, "401 204 204 204 204 204 422 204 401 401 204 204"),
    ("DELETE", "/blocks/alice", r##""##, "401 204 204 204 204 204 204 204 401 401 204 204"),
    ("GET", "/notifications", r##""##, "401 200 200 200 200 200 200 200 401 401 200 200"),
    ("PUT", "/notifications/read", r##"{"up_to":9}"##, "401 200 200 200 200 200 200 200 401 401 200 200"),
    ("PUT", "/direct/alice", r##""##, "401 403 200 403 200 200 422 403 401 401 200 200"),
    ("GET", "/rooms", r##""##, "401 200 200 200 200 200 200 200 401 401 200 200"),
    ("POST", "/rooms", r##"{"name":"Mine","kind":"private"}"##, "401 201 201 201 201 201 201 201 401 401 201 201"),
    ("GET", "/rooms/{room}", r##""##, "401 404 404 404 404 200 200 404 401 401 404 200"),
    ("PUT", "/rooms/{room}/read", r##"{"seq":1}"##, "401 404 404 404 404 204 204 404 401 401 404 204"),
    ("GET", "/rooms/{room}/members", r##""##, "401 404 404 404 404 200 200 404 401 401 404 200"),
    ("PUT", "/rooms/{room}/members/me", r##""##, "401 404 404 404 404 200 200 404 401 401 404 200"),
    ("PUT", "/rooms/{public}/members/me", r##""##, "401 200 200 200 200 200 200 200 401 401 404 200"),
    ("DELETE", "/rooms/{room}/members/me", r##""##, "401 404 404 404 404 204 409 404 401 401 404 204"),
    ("PUT", "/rooms/{room}/members/alice", r##""##, "401 404 404 404 404 204 204 404 401 401 404 204"),
    ("DELETE", "/rooms/{room}/members/member", r##""##, "401 404 404 404 404 403 204 404 401 401 404 204"),
    ("GET", "/rooms/{room}/messages", r##""##, "401 404 404 404 404 200 200 404 401 401 404 200"),
    ("POST", "/rooms/{room}/messages", r##"{"body":"hi"}"##, "401 404 404 404 404 201 201 404 401 401 404 201"),
    ("GET", "/rooms/{room}/messages/{message}", r##""##, "401 404 404 404 404 200 200 404 401 401 404 200"),
    ("PUT", "/rooms/{room}/messages/{message}", r##"{"body":"hi"}"##, "401 404 404 404 404 409 200 404 401 401 404 409"),
    ("PATCH", "/rooms/{room}/messages/{message}", r##"{"body":"changed"}"##, "401 404 404 404 404 403 200 404 401 401 404 403"),
    ("DELETE", "/rooms/{room}/messages/{message}", r##""##, "401 404 404 404 404 403 200 404 401 401 404 200"),
    ("GET", "/rooms/public", r##""##, "200 200 200 200 200 200 200 200 200 200 200 200"),
    ("PATCH", "/rooms/{room}", r##"{"topic":"What grows"}"##, "401 404 404 404 404 403 200 404 401 401 404 200"),
    ("DELETE", "/rooms/{room}", r##""##, "401 404 404 404 404 403 204 404 401 401 404 403"),
    ("PATCH", "/rooms/{room}/members/me", r##"{"notify":"none"}"##, "401 404 404 404 404 200 200 404 401 401 404 200"),
    ("GET", "/rooms/{public}", r##""##, "200 200 200 200 200 200 200 200 200 200 404 200"),
    ("GET", "/rooms/{public}/messages", r##""##, "200 200 200 200 200 200 200 200 200 200 404 200"),
    ("GET", "/rooms/{room}/receipt", r##""##, "401 404 404 404 404 200 200 404 401 401 404 200"),
    ("GET", "/rooms/{room}/log", r##""##, "401 404 404 404 404 403 200 404 401 401 404 200"),
    ("PUT", "/rooms/{room}/bans/member", r##"{"reason":"x"}"##, "401 404 404 404 404 403 204 404 401 401 404 204"),
    ("DELETE", "/rooms/{room}/bans/member", r##""##, "401 404 404 404 404 403 204 404 401 401 404 204"),
    ("PUT", "/rooms/{room}/mutes/member", r##"{"until":"{until}"}"##, "401 404 404 404 404 403 204 404 401 401 404 204"),
    ("DELETE", "/rooms/{room}/mutes/member", r##""##, "401 404 404 404 404 403 204 404 401 401 404 204"),
    ("GET", "/rooms/{room}/invites", r##""##, "401 404 404 404 404 403 200 404 401 401 404 200"),
    ("POST", "/rooms/{room}/invites", r##""##, "401 404 404 404 404 403 201 404 401 401 404 201"),
    ("DELETE", "/rooms/{room}/invites/{code}", r##""##, "401 404 404 404 404 403 204 404 401 401 404 204"),
    ("GET", "/invites/{code}", r##""##, "200 200 200 200 200 200 200 200 200 200 200 200"),
    ("POST", "/invites/{code}", r##""##, "401 200 200 200 404 200 200 200 401 401 404 200"),
    ("POST", "/rooms/{room}/messages/{message}/restore", r##""##, "401 404 404 404 404 200 200 404 401 401 404 200"),
    ("GET", "/rooms/{room}/messages/{message}/history", r##""##, "401 404 404 404 404 200 200 404 401 401 404 200"),
    ("PUT", "/rooms/{room}/messages/{message}/reactions/👍", r##""##, "401 404 404 404 404 200 200 404 401 401 404 200"),
    ("DELETE", "/rooms/{room}/messages/{message}/reactions/👍", r##""##, "401 404 404 404 404 200 200 404 401 401 404 200"),
    ("GET", "/socket", r##""##, "401 400 400 400 400 400 400 400 401 401 400 400"),
];

#[rustfmt::skip]
const PAGES: &[Row] = &[
    ("GET", "/", r##""##, "200 200 200 200 200 200 200 200 200 200 200 200"),
    ("GET", "/sign-in", r##""##, "200 303 303 303 303 303 303 303 200 200 303 303"),
    ("GET", "/sign-in/provider", r##""##, "303 303 303 303 303 303 303 303 303 303 303 303"),
    ("GET", "/sign-in/provider/callback", r##""##, "303 303 303 303 303 303 303 303 303 303 303 303"),
    ("GET", "/sign-in/provider/name", r##""##, "303 303 303 303 303 303 303 303 303 303 303 303"),
    ("POST", "/sign-in/provider/name", r##""##, "303 303 303 303 303 303 303 303 303 303 303 303"),
    ("GET", "/sign-up", r##""##, "200 303 303 303 303 303 303 303 200 200 303 303"),
    ("GET", "/forgotten", r##""##, "200 200 200 200 200 200 200 200 200 200 200 200"),
    ("GET", "/reset/token", r##""##, "200 200 200 200 200 200 200 200 200 200 200 200"),
    ("GET", "/confirm/token", r##""##, "200 200 200 200 200 200 200 200 200 200 200 200"),
    ("GET", "/rooms/{room}", r##""##, "303 404 404 404 404 200 200 404 303 303 404 200"),
    ("GET", "/rooms/{public}", r##""##, "200 200 200 200 200 200 200 200 200 200 404 200"),
    ("GET", "/rooms", r##""##, "303 200 200 200 200 200 200 200 303 303 200 200"),
    ("GET", "/rooms/new", r##""##, "303 200 200 200 200 200 200 200 303 303 200 200"),
    ("GET", "/rooms/{room}/settings", r##""##, "303 404 404 404 404 200 200 404 303 303 404 200"),
    ("GET", "/invite/{code}", r##""##, "200 200 200 200 200 200 200 200 200 200 200 200"),
    ("GET", "/friends", r##""##, "303 200 200 200 200 200 200 200 303 303 200 200"),
    ("GET", "/friends/requests", r##""##, "303 200 200 200 200 200 200 200 303 303 200 200"),
    ("GET", "/activity", r##""##, "303 200 200 200 200 200 200 200 303 303 200 200"),
    ("GET", "/settings", r##""##, "303 200 200 200 200 200 200 200 303 303 200 200"),
    ("GET", "/settings/account", r##""##, "303 200 200 200 200 200 200 200 303 303 200 200"),
    ("POST", "/settings/picture", r##""##, "303 303 303 303 303 303 303 303 303 303 303 303"),
    ("POST", "/settings/picture/remove", r##""##, "303 303 303 303 303 303 303 303 303 303 303 303"),
    ("POST", "/settings/provider/unlink", r##""##, "303 303 303 303 303 303 303 303 303 303 303 303"),
    ("GET", "/people", r##""##, "303 200 200 200 200 200 200 200 303 303 200 200"),
    ("GET", "/people/alice", r##""##, "200 200 200 200 200 200 200 200 200 200 200 200"),
    ("GET", "/pictures/{room}/96.jpg", r##""##, "404 404 404 404 404 404 404 404 404 404 404 404"),
];

#[rustfmt::skip]
const FUNCTIONS: &[Row] = &[
    ("POST", "/accounts/sign_up", r##"username=fresh&password=correct+horse+battery"##, "200 200 200 200 200 200 200 200 200 200 200 200"),
    ("POST", "/accounts/sign_in", r##"login=alice&password=wrong+horse+battery"##, "401 401 401 401 401 401 401 401 401 401 401 401"),
    ("POST", "/accounts/request_reset", r##"email=alice%40example.org"##, "200 200 200 200 200 200 200 200 200 200 200 200"),
    ("POST", "/accounts/reset_password", r##"token=x&password=correct+horse+battery"##, "404 404 404 404 404 404 404 404 404 404 404 404"),
    ("POST", "/accounts/sign_out", r##""##, "200 200 200 200 200 200 200 200 200 200 200 200"),
    ("POST", "/accounts/change_profile", r##"display_name=Other"##, "401 200 200 200 200 200 200 200 401 401 200 200"),
    ("POST", "/accounts/change_password", r##"current=wrong+horse+battery&password=another+fine+horse"##, "401 422 422 422 422 422 422 422 401 401 422 422"),
    ("POST", "/accounts/end_session", r##"session={session}"##, "401 404 404 404 404 404 200 404 401 401 404 404"),
    ("POST", "/accounts/delete", r##"password=wrong+horse+battery"##, "401 422 422 422 422 422 422 422 401 401 422 422"),
    ("POST", "/accounts/set_theme", r##"theme=dark"##, "200 200 200 200 200 200 200 200 200 200 200 200"),
    ("POST", "/friends/step", r##"username=alice&step=ask"##, "401 200 409 200 409 409 422 200 401 401 409 409"),
    ("POST", "/messages/post", r##"room={room}&id={message}&body=hi"##, "401 404 404 404 404 409 200 404 401 401 404 409"),
    ("POST", "/rooms/create", r##"name=Mine&kind=private"##, "401 200 200 200 200 200 200 200 401 401 200 200"),
    ("POST", "/rooms/join", r##"room={public}"##, "401 200 200 200 200 200 200 200 401 401 404 200"),
    ("POST", "/rooms/leave", r##"room={room}"##, "401 404 404 404 404 200 409 404 401 401 404 200"),
    ("POST", "/rooms/change", r##"room={room}&name=Other"##, "401 404 404 404 404 403 200 404 401 401 404 200"),
    ("POST", "/rooms/member_step", r##"room={room}&username=member&step=mute"##, "401 404 404 404 404 403 200 404 401 401 404 200"),
    ("POST", "/rooms/invite", r##"room={room}"##, "401 404 404 404 404 403 200 404 401 401 404 200"),
    ("POST", "/rooms/end_invite", r##"room={room}&name=x"##, "401 404 404 404 404 200 200 404 401 401 404 200"),
    ("POST", "/rooms/accept_invite", r##"code={code}"##, "401 200 200 200 404 200 200 200 401 401 404 200"),
    ("POST", "/rooms/notify", r##"room={room}&notify=none"##, "401 404 404 404 404 200 200 404 401 401 404 200"),
    ("POST", "/rooms/delete", r##"room={room}"##, "401 404 404 404 404 403 200 404 401 401 404 403"),
    ("POST", "/rooms/open_direct", r##"username=alice"##, "401 403 200 403 200 200 422 403 401 401 200 200"),
];

/// What each caller hears to a frame about alice's room: `ack`, nothing, or a code.
#[rustfmt::skip]
const FRAMES: &[(&str, &str, &str)] = &[
    ("Resume", r##"{"type":"resume","rooms":{"{room}":1}}"##, "401 room_left room_left room_left room_left resumed resumed room_left 401 401 room_left resumed"),
    ("Send", r##"{"type":"send","room":"{room}","id":"{id}","body":"hi"}"##, "401 not_found not_found not_found not_found ack ack not_found 401 401 not_found ack"),
    ("Read", r##"{"type":"read","room":"{room}","seq":1}"##, "401 not_found not_found not_found not_found - - not_found 401 401 not_found -"),
    ("Typing", r##"{"type":"typing","room":"{room}"}"##, "401 - - - - - - - 401 401 - -"),
    ("Status", r##"{"type":"status","status":"away"}"##, "401 - - - - - - - 401 401 - -"),
    ("Ping", r##"{"type":"ping","n":1}"##, "401 - - - - - - - 401 401 - -"),
];

/// A house with everybody in it, kept to be copied: what one door changes, the next does not find.
struct Template {
    folder: TempDir,
    callers: Vec<Person>,
    room: RoomId,
    public: RoomId,
    message: String,
    request: String,
    session: String,
    code: String,
}

/// A copy of it, open.
struct World {
    house: House,
    callers: Vec<Person>,
    _folder: TempDir,
}

impl Template {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        // Who signed in longer ago than a session lasts.
        let now = Clock::System.now();
        let long_ago = Clock::fixed(now.plus_ms(-2 * LIFETIME_MS));
        let before = House::on(Config { clock: long_ago, ..config(&folder) }).await;
        let (alice, expired) = (before.person("alice").await, before.person("expired").await);
        alice.befriend(&expired).await;
        before.stop().await;
        let house = open(&folder).await;
        let alice = house.sign_in("alice").await;
        let mut callers = Vec::new();
        for name in CALLERS {
            callers.push(match name {
                "nobody" => house.anyone(),
                "owner" => alice.clone(),
                "admin" => admin(&house, &house.ctx).await,
                "expired" => expired.at(&house),
                name => house.person(name).await,
            });
        }
        let by = |name: &str| &callers[CALLERS.iter().position(|one| *one == name).unwrap()];
        for name in ["friend", "former", "member", "revoked", "banned", "moderator"] {
            alice.befriend(by(name)).await;
        }
        let make = async |kind: &str| -> RoomId {
            let room = alice.post("/rooms", json!({"name": "Garden", "kind": kind})).await;
            room.body["id"].as_str().unwrap().parse().unwrap()
        };
        let (room, public) = (make("private").await, make("public").await);
        for name in ["former", "member", "expired", "revoked", "banned", "moderator"] {
            alice.put(&format!("/rooms/{room}/members/{name}"), None).await;
        }
        alice.delete(&format!("/rooms/{room}/members/former")).await;
        let role = json!({"role": "moderator"});
        alice.put(&format!("/rooms/{room}/members/moderator"), Some(role)).await;
        alice.put(&format!("/rooms/{room}/bans/banned"), Some(json!({}))).await;
        alice.put(&format!("/rooms/{public}/bans/banned"), Some(json!({}))).await;
        let message = alice.say(room, "hello").await.id.to_string();
        alice.put("/blocks/blocked", None).await;
        // Somebody who waits for alice's answer.
        let asker = house.person("asker").await;
        let asked = asker.post("/friend-requests", json!({"username": "alice"})).await;
        let request = asked.body["id"].as_str().unwrap().to_owned();
        let sessions = alice.get("/sessions").await.body;
        let session = sessions["items"][0]["id"].as_str().unwrap().to_owned();
        let invite = alice.post(&format!("/rooms/{room}/invites"), json!({})).await;
        let code = invite.body["code"].as_str().unwrap().to_owned();
        by("revoked").delete("/sessions/current").await;
        house.stop().await;
        Self { folder, callers, room, public, message, request, session, code }
    }

    async fn world(&self) -> World {
        let folder = TempDir::new().unwrap();
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
        let house = open(&folder).await;
        let callers = self.callers.iter().map(|caller| caller.at(&house)).collect();
        World { house, callers, _folder: folder }
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{room}", &self.room.to_string())
            .replace("{public}", &self.public.to_string())
            .replace("{message}", &self.message)
            .replace("{request}", &self.request)
            .replace("{session}", &self.session)
            .replace("{code}", &self.code)
            .replace("{until}", &in_an_hour())
    }
}

fn in_an_hour() -> String {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    Timestamp(now.as_millis() as i64 + 3_600_000).to_string()
}

fn config(folder: &TempDir) -> Config {
    Config::new(format!("sqlite:{}", folder.path().join("kith.db").display()))
}

async fn open(folder: &TempDir) -> House {
    House::on(config(folder)).await
}

async fn admin(house: &House, ctx: &Ctx) -> Person {
    let form = SignUp {
        username: Username::parse("admin").unwrap(),
        password: Password::parse(PASSWORD).unwrap(),
        email: None,
        display_name: None,
        challenge: None,
    };
    accounts::create_admin(ctx, form).await.unwrap();
    house.sign_in("admin").await
}

/// The rows' doors, tried by everyone; those who disagree with their row.
async fn try_all(rows: &[Row], prefix: &str, is_form: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let template = Template::new().await;
    for (method, path, body, expected) in rows {
        let mut told = Vec::new();
        let mut world = template.world().await;
        for at in 0..CALLERS.len() {
            if at > 0 && *method != "GET" {
                world = template.world().await;
            }
            let caller = &world.callers[at];
            let url = format!("{prefix}{}", template.fill(path));
            let request = caller.request(Method::from_bytes(method.as_bytes()).unwrap(), &url);
            let body = template.fill(body);
            let request = match (body.as_str(), is_form) {
                ("", _) => request,
                (form, true) => request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(form.to_owned()),
                (json, false) => request.json(&serde_json::from_str::<Value>(json).unwrap()),
            };
            told.push(answer(request).await.status.to_string());
        }
        let told = told.join(" ");
        if told != *expected {
            wrong.push(format!("    ({method:?}, {path:?}, r##\"{body}\"##, {told:?}),"));
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_resource_answers_every_caller_as_it_should() {
    let wrong = try_all(REST, "/api/v1", false).await;
    assert!(wrong.is_empty(), "told otherwise:\n{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_answers_every_caller_as_it_should() {
    let wrong = try_all(PAGES, "", false).await;
    assert!(wrong.is_empty(), "told otherwise:\n{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_server_function_answers_every_caller_as_it_should() {
    let wrong = try_all(FUNCTIONS, "/fn", true).await;
    assert!(wrong.is_empty(), "told otherwise:\n{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_frame_is_answered_as_it_should_be() {
    let mut wrong = Vec::new();
    let template = Template::new().await;
    for (name, frame, expected) in FRAMES {
        let world = template.world().await;
        let mut told = Vec::new();
        for caller in &world.callers {
            let Ok(mut socket) = caller.open_socket("").await else {
                told.push("401".to_owned());
                continue;
            };
            socket.next().await;
            let frame =
                template.fill(frame).replace("{id}", &super::house::id(&world.house).to_string());
            socket.say(&frame).await;
            let heard = socket.quiet().await;
            let refused = heard.iter().find_map(|event| match event {
                protocol::Event::Refused { code, .. } => {
                    Some(serde_json::to_value(code).unwrap().as_str().unwrap().to_owned())
                }
                _ => None,
            });
            let answered = heard.iter().find_map(|event| {
                let json = serde_json::to_value(event).unwrap();
                let name = json["type"].as_str().unwrap().to_owned();
                ["ack", "resumed", "gap", "room_left"].contains(&name.as_str()).then_some(name)
            });
            told.push(refused.or(answered).unwrap_or("-".to_owned()));
        }
        let told = told.join(" ");
        if told != *expected {
            wrong.push(format!("    ({name:?}, r##\"{frame}\"##, {told:?}),"));
        }
    }
    assert!(wrong.is_empty(), "told otherwise:\n{}", wrong.join("\n"));
}

#[test]
fn every_door_has_a_row() {
    // What a test is not about: files that are the same for everyone.
    let files = [
        "/pkg/",
        "/fonts/",
        "/icon",
        "/favicon",
        "/entry.js",
        "/settings.js",
        "/code.js",
        "/manifest",
        "/robots",
        "/health/",
    ];
    let mut doors: BTreeSet<String> = BTreeSet::new();
    let source = include_str!("../router.rs").split_whitespace().collect::<String>();
    for part in source.split(".route(\"").skip(1) {
        let (path, rest) = part.split_once('"').unwrap();
        if files.iter().any(|file| path.starts_with(file)) || path == "/fn/{*name}" {
            continue;
        }
        let handlers = rest.split(".route(").next().unwrap();
        for method in ["get", "put", "post", "patch", "delete"] {
            let names = [format!(",{method}("), format!(".{method}("), format!("({method}(")];
            if names.iter().any(|name| handlers.contains(name.as_str())) {
                doors.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    for (path, method) in leptos::server_fn::axum::server_fn_paths() {
        doors.insert(format!("{method} {path}"));
    }
    let socket = include_str!("../../../protocol/src/socket.rs");
    let commands =
        socket.split_once("pub enum Command {").unwrap().1.split_once("\n}\n").unwrap().0;
    for line in commands.lines() {
        if let Some(name) =
            line.strip_prefix("    ").filter(|line| line.starts_with(char::is_uppercase))
        {
            doors.insert(format!("frame {}", name.trim_end_matches([' ', '{', ','])));
        }
    }
    let named = |path: &str| {
        // As the router names what stands there.
        let path =
            path.split('?').next().unwrap().replace("{room}", "{id}").replace("{public}", "{id}");
        let path = path.replace("{request}", "{id}").replace("{session}", "{id}");
        let path = path.replace("/alice", "/{username}").replace("/96.jpg", "/{size}");
        let path = path.replace("/settings/account", "/settings/{section}");
        let path = path.replace("/bans/member", "/bans/{username}");
        let path = path.replace("/mutes/member", "/mutes/{username}").replace("👍", "{emoji}");
        path.replace("/members/member", "/members/{username}").replace("/token", "/{token}")
    };
    let rows =
        REST.iter().chain(PAGES).map(|(method, path, ..)| format!("{method} {}", named(path)));
    let functions = FUNCTIONS.iter().map(|(method, path, ..)| format!("{method} /fn{path}"));
    let frames = FRAMES.iter().map(|(name, ..)| format!("frame {name}"));
    let rows: BTreeSet<String> = rows.chain(functions).chain(frames).collect();
    let missing: Vec<&String> = doors.difference(&rows).collect();
    assert!(missing.is_empty(), "without a row: {missing:#?}");
}
