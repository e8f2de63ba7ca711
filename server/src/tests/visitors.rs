//! Public rooms for who is not in them: read, and heard live, by anyone; written in by nobody else.

use domain::rooms;
use protocol::{Event, RoomId, socket::close};
use reqwest::Method;
use serde_json::json;
use tokio_tungstenite::tungstenite::Error as SocketError;

use super::house::{House, Person};

async fn make(person: &Person, kind: &str) -> RoomId {
    let made = person.post("/rooms", json!({"name": "Square", "kind": kind})).await;
    made.body["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn anyone_looks_at_a_public_room_and_hears_it_live() {
    let house = House::open().await;
    let (alice, bob) = (house.person("alice").await, house.person("bob").await);
    let room = make(&alice, "public").await;
    alice.say(room, "before").await;
    let anyone = house.anyone();
    let seen = anyone.get(&format!("/rooms/{room}")).await;
    assert_eq!((seen.status, &seen.body["name"]), (200, &json!("Square")));
    for own in ["role", "read_seq", "unread", "last_message"] {
        assert!(seen.body.get(own).is_none(), "{own}");
    }
    let read = anyone.get(&format!("/rooms/{room}/messages")).await;
    assert_eq!(read.body["items"][0]["body"], "before");
    assert_eq!(anyone.get(&format!("/rooms/{room}/members")).await.status, 401);

    // Signed out, and signed in without being in it: the same.
    let query = format!("?room={room}");
    let mut sockets = Vec::new();
    for person in [&anyone, &bob] {
        let mut socket = person.open_socket(&query).await.unwrap();
        let Event::Ready(ready) = socket.next().await else { panic!("no ready") };
        assert_eq!((ready.me, ready.rooms.len(), ready.rooms[0].revision), (None, 1, 1));
        assert!(ready.friends.is_empty() && ready.requests.is_empty());
        sockets.push(socket);
    }
    let said = alice.say(room, "live").await;
    let (mut hers, _) = alice.connect().await;
    for socket in &mut sockets {
        let heard = socket.next().await;
        assert!(matches!(&heard, Event::Message { message } if *message == said), "{heard:?}");
        // They only look.
        for frame in [
            json!({"type": "send", "room": room, "id": said.id, "body": "hi"}),
            json!({"type": "read", "room": room, "seq": 1}),
            json!({"type": "typing", "room": room}),
            json!({"type": "status", "status": "online"}),
        ] {
            socket.say(&frame.to_string()).await;
        }
        socket.say(r#"{"type":"ping","n":7}"#).await;
        let until = socket.until(|event| matches!(event, Event::Pong { n: 7 })).await;
        let refused = until.iter().filter(|event| matches!(event, Event::Refused { .. })).count();
        assert!(refused >= 2, "{until:?}");
    }
    assert!(hers.quiet().await.iter().all(|event| !matches!(event, Event::Typing { .. })));
    let edited = Some(json!({"body": "edited"}));
    alice.send(Method::PATCH, &format!("/rooms/{room}/messages/{}", said.id), edited).await;
    for socket in &mut sockets {
        socket.until(|event| matches!(event, Event::MessageChanged { .. })).await;
        // What was missed is there, from memory.
        let resume = json!({"type": "resume", "rooms": {room.to_string(): 1}});
        socket.say(&resume.to_string()).await;
        let missed = socket.until(|event| matches!(event, Event::Resumed { .. })).await;
        assert!(missed.iter().any(|event| matches!(event, Event::MessageChanged { .. })));
    }

    // Private from here on: who only looks has to go, and what is said then is not for them.
    let private = Some(json!({"kind": "private"}));
    let private = alice.send(Method::PATCH, &format!("/rooms/{room}"), private).await;
    assert_eq!(private.status, 200);
    for socket in sockets {
        assert_eq!(socket.close_code().await, close::SESSION_OVER);
    }
    assert_eq!(anyone.get(&format!("/rooms/{room}")).await.status, 401);
    assert_eq!(bob.get(&format!("/rooms/{room}/messages")).await.status, 404);
    assert_eq!(bob.get(&format!("/rooms/{room}/messages/{}", said.id)).await.status, 404);
}

#[tokio::test]
async fn a_room_that_is_not_public_opens_no_socket() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let room = make(&alice, "private").await;
    for (person, id) in [(&house.anyone(), room), (&alice, room), (&alice, nowhere(&house))] {
        match person.open_socket(&format!("?room={id}")).await {
            Err(SocketError::Http(answer)) => assert_eq!(answer.status(), 404),
            other => panic!("{:?}", other.map(drop)),
        }
    }
}

fn nowhere(house: &House) -> RoomId {
    house.ctx.new_id(RoomId::new)
}

#[tokio::test]
async fn who_is_not_signed_in_finds_the_first_room_at_home() {
    let house = House::open().await;
    rooms::begin(&house.ctx).await.unwrap();
    let alice = house.person("alice").await;
    let general = rooms::welcoming(&house.ctx).await.unwrap().unwrap();
    assert_eq!(alice.put(&format!("/rooms/{general}/members/me"), None).await.status, 200);
    alice.say(general, "Welcome, whoever you are").await;
    let page = house.anyone().http.get(house.url("/")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Welcome, whoever you are") && page.contains("You must be signed in"));
    // Who is signed in reads what they have not joined, and is shown the way in.
    let bob = house.person("bob").await;
    let request = bob.http.get(house.url(&format!("/rooms/{general}")));
    let request = request.bearer_auth(bob.token.as_deref().unwrap());
    let page = request.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Welcome, whoever you are") && page.contains("/fn/rooms/join"));
}
