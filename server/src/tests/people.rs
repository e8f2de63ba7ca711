//! Accounts, profiles, pictures, blocks, notifications and presence, as clients meet them.

use domain::{Config, limits::Quotas, uploads::MAX_BYTES};
use futures_util::SinkExt as _;
use protocol::{Command, Event, accounts::Status, socket::Wish};
use reqwest::{Method, multipart};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::house::{House, PASSWORD, Person, answer};

fn picture() -> Vec<u8> {
    // A GIF of 16 by 16, one colour.
    let mut gif =
        b"GIF89a\x10\0\x10\0\x80\0\0\x20\x60\x40\0\0\0,\0\0\0\0\x10\0\x10\0\0\x02".to_vec();
    gif.extend(b"\x0e\x84\x8f\xa9\xcb\xed\x0f\xa3\x9c\xb4\xda\x8b\xb3\x3e\x05\0;");
    gif
}

#[tokio::test]
async fn a_picture_is_taken_as_it_is_or_in_a_form_and_the_old_one_goes() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let put = async |request: reqwest::RequestBuilder| answer(request).await;
    let raw = || alice.request(Method::PUT, "/api/v1/me/avatar");
    let first = put(raw().body(picture())).await;
    assert_eq!(first.status, 200, "{:?}", first.body);
    let url = first.body["avatar_url"].as_str().unwrap().to_owned();
    let file = multipart::Part::bytes(picture()).file_name("me.gif");
    let second = put(raw().multipart(multipart::Form::new().part("picture", file))).await;
    let newer = second.body["avatar_url"].as_str().unwrap();
    assert_ne!(newer, url);
    let anyone = house.anyone();
    let served = anyone.http.get(house.url(newer)).send().await.unwrap();
    assert_eq!(served.headers()["content-type"], "image/jpeg");
    assert_eq!(served.headers()["x-content-type-options"], "nosniff");
    assert_eq!(anyone.http.get(house.url(&url)).send().await.unwrap().status(), 404);
    let large = anyone.http.get(house.url(&newer.replace("/96.", "/512."))).send().await.unwrap();
    assert_eq!(large.status(), 200);
    assert_eq!(alice.delete("/me/avatar").await.body["avatar_url"], Value::Null);
}

#[tokio::test]
async fn what_is_no_picture_is_refused_in_words_and_changes_nothing() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let put = async |body: Vec<u8>| {
        answer(alice.request(Method::PUT, "/api/v1/me/avatar").body(body)).await
    };
    for too_large in [MAX_BYTES + 1, MAX_BYTES + 1024 * 1024] {
        let refused = put(vec![0; too_large]).await;
        assert_eq!(refused.code(), (413, "too_large"));
        assert_eq!(refused.body["detail"], "Upload an image smaller than 10 MB.");
    }
    for no_picture in [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"", b"GIF89a"] {
        let refused = put(no_picture.to_vec()).await;
        assert_eq!(refused.code(), (422, "invalid"), "{:?}", refused.body);
        assert!(refused.body["fields"]["picture"].as_str().unwrap().contains("cannot be read"));
    }
    let mut promises_too_much = picture();
    promises_too_much[6..10].fill(0xff);
    let refused = put(promises_too_much).await;
    assert!(refused.body["fields"]["picture"].as_str().unwrap().contains("too many pixels"));
    assert_eq!(alice.get("/me").await.body["avatar_url"], Value::Null);
}

#[tokio::test]
async fn an_address_is_private_until_its_owner_shows_it() {
    let house = House::open().await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    let patch =
        async |who: &Person, change: Value| who.send(Method::PATCH, "/me", Some(change)).await;
    let changed = patch(
        &alice,
        json!({"display_name": "Alice L", "email": "alice@example.org", "current": PASSWORD}),
    )
    .await;
    assert_eq!((changed.status, &changed.body["email_confirmed"]), (200, &json!(true)));
    let stolen = patch(&alice, json!({"email": "mallory@example.org"})).await;
    assert_eq!(
        (stolen.code(), &stolen.body["fields"]["current"]),
        ((422, "invalid"), &json!("That is not your password."))
    );
    let seen = async |who: &Person| who.get("/users/alice").await.body;
    assert_eq!(seen(&bob).await["display_name"], "Alice L");
    assert_eq!(seen(&bob).await["email"], Value::Null);
    patch(&alice, json!({"email_shown": true})).await;
    for who in [&bob, &house.anyone()] {
        assert_eq!(seen(who).await["email"], "alice@example.org");
    }
    // Hidden or shown, nobody is found by it.
    let found = bob.get("/users?query=alice@").await.body;
    assert_eq!(found["items"], json!([]));
    let taken = patch(&bob, json!({"email": "Alice@Example.org", "current": PASSWORD})).await;
    assert_eq!(taken.code(), (409, "conflict"));
    assert_eq!(
        patch(&bob, json!({"email": "bob@", "current": PASSWORD})).await.code(),
        (422, "invalid")
    );
    assert_eq!(patch(&bob, json!({"admin": true})).await.status, 422);
    assert_eq!(
        patch(&alice, json!({"email": "", "current": PASSWORD})).await.body["email"],
        Value::Null
    );
}

#[tokio::test]
async fn names_that_would_leave_their_place_are_refused() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let long = "x".repeat(10_000);
    for name in ["a\u{202e}b", "a\0b", "", "\u{200b}", &long] {
        let refused = alice.send(Method::PATCH, "/me", Some(json!({"display_name": name}))).await;
        assert_eq!(refused.code(), (422, "invalid"), "{name:?}");
        assert!(refused.body["fields"]["display_name"].is_string());
    }
    let script = "<script>alert(1)</script>";
    let kept = alice.send(Method::PATCH, "/me", Some(json!({"display_name": script}))).await;
    assert_eq!(kept.body["display_name"], script, "kept byte for byte, shown contained");
    let page = house.anyone().http.get(house.url("/people/alice")).send().await.unwrap();
    assert!(!page.text().await.unwrap().contains(script));
}

#[tokio::test]
async fn who_blocks_hears_nothing_and_the_blocked_does_not_know() {
    let house = House::open().await;
    let (alice, bob, room) = house.friends("alice", "bob").await;
    let (mut his, _) = bob.connect().await;
    for _ in 0..2 {
        assert_eq!(alice.put("/blocks/bob", None).await.status, 204);
    }
    let listed = alice.get("/blocks").await.body;
    assert_eq!(listed["items"][0]["username"], "bob");
    assert_eq!(alice.get("/users/bob").await.body["relation"], "blocked");
    assert_eq!(bob.get("/users/alice").await.body["relation"], "none");
    let refused = bob.post(&format!("/rooms/{room}/messages"), json!({"body": "hi"})).await;
    assert_eq!(refused.code(), (403, "forbidden"));
    let told = his.until(|event| matches!(event, Event::Friend(_))).await;
    assert!(!told.iter().any(|event| matches!(event, Event::Notification { .. })), "{told:?}");
    let asked = bob.post("/friend-requests", json!({"username": "alice"})).await;
    assert_eq!(asked.status, 201);
    assert_eq!(alice.get("/friend-requests").await.body["items"], json!([]));
    let cards = alice.get("/notifications").await.body;
    assert!(!cards.to_string().contains("bob"), "{cards}");
    assert_eq!(bob.get("/users/alice").await.body["relation"], "outgoing");
    for _ in 0..2 {
        assert_eq!(alice.delete("/blocks/bob").await.status, 204);
    }
    assert_eq!(alice.get("/users/bob").await.body["relation"], "none");
    // He does not learn of that either, and finds his own card where he takes it back.
    assert_eq!(bob.get("/users/alice").await.body["relation"], "outgoing");
    let request = asked.body["id"].as_str().unwrap();
    assert_eq!(bob.delete(&format!("/friend-requests/{request}")).await.status, 204);
    let cards = bob.get("/notifications").await.body;
    assert_eq!(cards["items"][0]["text"], "You cancelled the friend request to alice.");
}

#[tokio::test]
async fn asking_who_asked_while_they_were_blocked_makes_friends() {
    let house = House::open().await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    alice.put("/blocks/bob", None).await;
    bob.post("/friend-requests", json!({"username": "alice"})).await;
    alice.delete("/blocks/bob").await;
    let asked = alice.post("/friend-requests", json!({"username": "bob"})).await;
    assert_eq!((asked.status, &asked.body["relation"]), (200, &json!("friend")));
}

#[tokio::test]
async fn cards_come_live_and_are_read_on_every_device() {
    let house = House::open().await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    let (mut phone, _) = bob.connect().await;
    let (mut laptop, _) = bob.connect().await;
    alice.post("/friend-requests", json!({"username": "bob"})).await;
    let is_card = |event: &Event| matches!(event, Event::Notification { .. });
    for socket in [&mut phone, &mut laptop] {
        let Some(Event::Notification { notification, unread }) = socket.until(is_card).await.pop()
        else {
            panic!("no card")
        };
        assert_eq!((notification.text.as_str(), unread), ("alice sent you a friend request.", 1));
    }
    let read = bob.put("/notifications/read", Some(json!({"up_to": 1}))).await;
    assert_eq!((read.status, &read.body["unread"]), (200, &json!(0)));
    let is_read = |event: &Event| matches!(event, Event::NotificationsRead { up_to: 1, unread: 0 });
    laptop.until(is_read).await;
    // Who comes back says how far they know.
    let (mut late, ready) = bob.connect().await;
    let Event::Ready(ready) = ready else { panic!("no ready") };
    assert_eq!((ready.notifications.last_seq, ready.notifications.unread), (1, 0));
    alice.delete(&format!("/friend-requests/{}", ready.requests[0].id)).await;
    late.until(is_card).await;
    let resume = Command::Resume { epoch: None, rooms: Default::default(), notifications: 1 };
    late.send(&resume).await;
    let told = late.until(is_card).await;
    let Some(Event::Notification { notification, unread: 1 }) = told.last() else {
        panic!("{told:?}")
    };
    assert_eq!(notification.seq, 2);
    assert_eq!(notification.text, "alice cancelled the friend request sent to you.");
}

#[tokio::test]
async fn who_comes_and_goes_all_the_time_is_closed_with_4029() {
    let house = House::limited().await;
    let alice = house.person("alice").await;
    let (mut socket, _) = alice.connect().await;
    for status in [Wish::Away, Wish::Online].into_iter().cycle().take(5_000) {
        let text = serde_json::to_string(&Command::Status { status }).unwrap();
        if socket.0.send(Message::text(text)).await.is_err() {
            break;
        }
    }
    assert_eq!(socket.close_code().await, 4029);
}

#[tokio::test]
async fn nobody_seems_to_write_what_has_come() {
    let house = House::open().await;
    let (alice, bob, room) = house.friends("alice", "bob").await;
    let (mut hers, _) = alice.connect().await;
    let (mut his, _) = bob.connect().await;
    let bobs = bob.user.as_ref().unwrap().id;
    let is = |status: Status| move |event: &Event| matches!(event, Event::Presence { user, status: told, .. } if *user == bobs && *told == status);
    hers.until(is(Status::Online)).await;
    his.send(&Command::Typing { room }).await;
    his.post(room, super::house::id(&house), "hello").await;
    let mut heard = hers.until(|event| matches!(event, Event::Message { .. })).await;
    // Told after who writes, by whom that is told.
    his.send(&Command::Status { status: Wish::Away }).await;
    heard.extend(hers.until(is(Status::Away)).await);
    let after = heard.iter().skip_while(|event| !matches!(event, Event::Message { .. }));
    let typing = Event::Typing { room, user: bobs };
    assert!(after.into_iter().all(|event| *event != typing), "{heard:?}");
}

#[tokio::test]
async fn friends_see_each_other_come_and_go() {
    let house = House::open().await;
    let (alice, bob, room) = house.friends("alice", "bob").await;
    let (mut hers, ready) = alice.connect().await;
    let Event::Ready(ready) = ready else { panic!("no ready") };
    assert_eq!(ready.friends[0].status, Some(Status::Offline));
    let bobs = bob.user.as_ref().unwrap().id;
    let is = |status: Status| move |event: &Event| matches!(event, Event::Presence { user, status: told, .. } if *user == bobs && *told == status);
    let (mut his, _) = bob.connect().await;
    hers.until(is(Status::Online)).await;
    assert_eq!(alice.get("/friends").await.body["items"][0]["status"], "online");
    his.send(&Command::Status { status: Wish::Away }).await;
    hers.until(is(Status::Away)).await;
    his.send(&Command::Typing { room }).await;
    let typing = Event::Typing { room, user: bobs };
    hers.until(|event| *event == typing).await;
    his.send(&Command::Status { status: Wish::Invisible }).await;
    hers.until(is(Status::Offline)).await;
    his.send(&Command::Status { status: Wish::Online }).await;
    hers.until(is(Status::Online)).await;
    drop(his);
    hers.until(is(Status::Offline)).await;
    let members = alice.get(&format!("/rooms/{room}/members")).await.body;
    let statuses: Vec<&str> = members["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["user"]["status"].as_str().unwrap())
        .collect();
    assert!(statuses.contains(&"online") && statuses.contains(&"offline"), "{members}");
}

#[tokio::test]
async fn how_many_are_in_a_room_is_told_and_not_of_two_who_parted() {
    let house = House::open().await;
    let (alice, bob, direct) = house.friends("alice", "bob").await;
    let made = alice.post("/rooms", json!({"name": "Square", "kind": "public"})).await;
    let square: protocol::RoomId = made.body["id"].as_str().unwrap().parse().unwrap();
    bob.put(&format!("/rooms/{square}/members/me"), None).await;
    bob.delete("/friends/alice").await;
    let (mut hers, _) = alice.connect().await;
    let (his, _) = bob.connect().await;
    let is = |count: i64| move |event: &Event| matches!(event, Event::RoomPresence { room, online_count } if *room == square && *online_count == count);
    let mut told = hers.until(is(2)).await;
    drop(his);
    told.extend(hers.until(is(1)).await);
    let of_two =
        |event: &Event| matches!(event, Event::RoomPresence { room, .. } if *room == direct);
    assert!(!told.iter().any(of_two), "{told:?}");
}

#[tokio::test]
async fn what_is_too_often_says_how_long_to_wait() {
    let quotas = "message=1/m:2,search=1/h,sign-up=2/h,handshake=1/m".parse::<Quotas>().unwrap();
    let house = House::with(|config| Config { quotas: Some(quotas), ..config }).await;
    let (alice, _, room) = house.friends("alice", "bob").await;
    let limited = |answer: &super::house::Answer| {
        assert_eq!(answer.code(), (429, "rate_limited"), "{:?}", answer.body);
        answer.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap()
    };
    let third = json!({"username": "carol", "password": PASSWORD});
    assert!(limited(&house.anyone().post("/accounts", third).await) > 1_000);
    let began = std::time::Instant::now();
    let say = async || alice.post(&format!("/rooms/{room}/messages"), json!({"body": "x"})).await;
    assert_eq!((say().await.status, say().await.status), (201, 201));
    let wait = limited(&say().await);
    // Counted from the first.
    assert!(wait <= 60 && wait + began.elapsed().as_secs() + 1 >= 60, "{wait}");
    assert_eq!(alice.get("/users?query=bo").await.status, 200);
    limited(&alice.get("/users?query=bo").await);
    let (mut socket, _) = alice.connect().await;
    let refused = alice.open_socket("").await.err().unwrap().to_string();
    assert!(refused.contains("429"), "{refused}");
    socket.post(room, super::house::id(&house), "too fast").await;
    let told = socket.until(|event| matches!(event, Event::Refused { .. })).await;
    let Some(Event::Refused { retry_after_ms: Some(wait), .. }) = told.last() else {
        panic!("{told:?}")
    };
    let (wait, passed) = (*wait, began.elapsed().as_millis() as u64);
    assert!(wait <= 60_000 && wait + passed + 1_000 >= 60_000, "{wait}");
}

#[tokio::test]
async fn one_account_has_so_many_sockets_at_once() {
    let quotas = "handshake=1000/m".parse::<Quotas>().unwrap();
    let house = House::with(|config| Config { quotas: Some(quotas), ..config }).await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    let mut sockets = Vec::new();
    let refused = loop {
        match alice.open_socket("").await {
            // It counts once it is greeted.
            Ok(mut socket) => {
                socket.next().await;
                sockets.push(socket);
            }
            Err(refused) => break refused.to_string(),
        }
    };
    assert!(refused.contains("429") && sockets.len() == 100, "{refused} after {}", sockets.len());
    bob.connect().await;
    // Whoever closes one may have another.
    sockets.pop();
    while alice.open_socket("").await.is_err() {}
}

#[tokio::test]
async fn the_strength_of_a_password_is_judged_here() {
    let house = House::open().await;
    let judge = async |password: &str| {
        let form = json!({"password": password, "words": ["mara"]});
        house.anyone().post("/password-strength", form).await.body
    };
    assert_eq!(judge("mara1234").await["score"], 1);
    assert_eq!(
        judge("mara1234").await["says"],
        "This is too much like your name. Anybody would try it."
    );
    assert!(judge(PASSWORD).await["score"].as_u64().unwrap() >= 3);
    assert_eq!(judge("short").await["code"], "invalid");
}
