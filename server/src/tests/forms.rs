//! Server functions: for the script that asked, and for the plain form without one.

use reqwest::Method;
use serde_json::Value;

use super::house::{Answer, House, PASSWORD, Person, answer};

const PAGE: &str = "text/html,application/xhtml+xml";

async fn submit(person: &Person, name: &str, fields: &[(&str, &str)], accept: &str) -> Answer {
    let request = person
        .request(Method::POST, &format!("/fn/{name}"))
        .header("accept", accept)
        .header("sec-fetch-site", "same-origin")
        .header("referer", "http://kith.test/people/bob?x=1")
        .form(fields);
    answer(request).await
}

fn location(answer: &Answer) -> &str {
    answer.headers["location"].to_str().unwrap()
}

#[tokio::test]
async fn a_typed_error_gives_its_http_status() {
    let house = House::open().await;
    let (alice, nobody) = (house.person("alice").await, house.anyone());
    house.person("bob").await;
    for (person, name, fields, status, code) in [
        (
            &nobody,
            "friends/step",
            vec![("username", "bob"), ("step", "ask")],
            401,
            "unauthenticated",
        ),
        (&alice, "friends/step", vec![("username", "nobody"), ("step", "ask")], 404, "not_found"),
        (&alice, "friends/step", vec![("username", "alice"), ("step", "ask")], 422, "invalid"),
        (&alice, "rooms/open_direct", vec![("username", "bob")], 403, "forbidden"),
        (&alice, "friends/step", vec![("username", "bob"), ("step", "accept")], 409, "conflict"),
        (&alice, "friends/step", vec![("username", "bob"), ("step", "dance")], 400, "invalid"),
        (
            &nobody,
            "accounts/sign_up",
            vec![("username", "alice"), ("password", PASSWORD)],
            409,
            "conflict",
        ),
        (
            &nobody,
            "accounts/sign_up",
            vec![("username", "carol"), ("password", "short")],
            422,
            "invalid",
        ),
        (
            &nobody,
            "accounts/sign_in",
            vec![("login", "alice"), ("password", "short")],
            401,
            "unauthenticated",
        ),
    ] {
        let refused = submit(person, name, &fields, "application/json").await;
        assert_eq!(refused.code(), (status, code), "{name} {fields:?}: {:?}", refused.body);
        assert_eq!(refused.headers["content-type"], "application/problem+json");
    }
    let asked =
        submit(&alice, "friends/step", &[("username", "bob"), ("step", "ask")], "application/json")
            .await;
    assert_eq!((asked.status, asked.body["relation"].as_str()), (200, Some("outgoing")));
}

#[tokio::test]
async fn a_plain_form_leads_back_to_its_page_with_the_reason_in_a_cookie() {
    let house = House::open().await;
    let alice = house.person("alice").await;
    let refused =
        submit(&alice, "friends/step", &[("username", "nobody"), ("step", "ask")], PAGE).await;
    assert_eq!((refused.status, location(&refused)), (303, "/people/bob?x=1"));
    let flash =
        refused.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = alice.request(Method::GET, "/friends").header("cookie", &flash);
    let page = answer(page).await;
    let Value::String(html) = &page.body else { panic!("no page") };
    assert!(html.contains("There is nothing here, or it is not yours to see."));
    assert!(page.headers["set-cookie"].to_str().unwrap().starts_with("kith_flash=;"));
}

#[tokio::test]
async fn what_was_typed_comes_back_and_the_password_does_not() {
    let house = House::open().await;
    house.person("alice").await;
    let nobody = house.anyone();
    let fields = [("username", "alice"), ("email", "a@example.org"), ("password", "secret words")];
    let refused = submit(&nobody, "accounts/sign_up", &fields, PAGE).await;
    assert_eq!(refused.status, 303);
    let flash =
        refused.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = answer(nobody.request(Method::GET, "/sign-up").header("cookie", &flash)).await;
    let Value::String(html) = page.body else { panic!("no page") };
    assert!(html.contains("This username is taken."), "{html}");
    assert!(html.contains("value=\"alice\"") && html.contains("value=\"a@example.org\""));
    assert!(!html.contains("secret words") && !flash.contains("736563726574"));
}

#[tokio::test]
async fn signing_in_leads_to_paths_of_this_house_only() {
    let house = House::open().await;
    house.person("alice").await;
    let nobody = house.anyone();
    for (next, expected) in [
        ("/friends", "/friends"),
        ("", "/"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
    ] {
        let fields = [("login", "alice"), ("password", PASSWORD), ("next", next)];
        let entered = submit(&nobody, "accounts/sign_in", &fields, PAGE).await;
        assert_eq!((entered.status, location(&entered)), (302, expected));
        assert!(entered.headers["set-cookie"].to_str().unwrap().starts_with("kith="));
    }
}

#[tokio::test]
async fn a_session_that_has_ended_signs_in_and_comes_back() {
    let house = House::open().await;
    let nobody = house.anyone();
    let fields = [("username", "bob"), ("step", "ask")];
    let refused = submit(&nobody, "friends/step", &fields, PAGE).await;
    assert_eq!(location(&refused), "/sign-in?next=%2Fpeople%2Fbob%3Fx%3D1");
    let room = house.ctx.new_id(protocol::RoomId::new);
    let page = answer(nobody.request(Method::GET, &format!("/rooms/{room}"))).await;
    assert_eq!(
        (page.status, location(&page)),
        (303, format!("/sign-in?next=%2Frooms%2F{room}").as_str())
    );
}

#[tokio::test]
async fn a_message_sent_twice_by_a_form_is_said_once() {
    let house = House::open().await;
    let (alice, _, room) = house.friends("alice", "bob").await;
    let id = super::house::id(&house).to_string();
    let room = room.to_string();
    for _ in 0..2 {
        let sent = submit(
            &alice,
            "messages/post",
            &[("room", &room), ("id", &id), ("body", "once")],
            PAGE,
        )
        .await;
        assert_eq!((sent.status, location(&sent)), (302, format!("/rooms/{room}").as_str()));
    }
    let page = alice.get(&format!("/rooms/{room}/messages")).await;
    assert_eq!(page.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_said_is_in_the_page_and_runs_nowhere() {
    let house = House::open().await;
    let (alice, bob, room) = house.friends("alice", "bob").await;
    let evil = "</textarea></script><script>alert(1)</script><img src=x onerror=alert(2)>";
    alice.post(&format!("/rooms/{room}/messages"), serde_json::json!({"body": evil})).await;
    let page = answer(bob.request(Method::GET, &format!("/rooms/{room}"))).await;
    assert_eq!(page.status, 200);
    let Value::String(html) = page.body else { panic!("no page") };
    assert!(html.trim_end().ends_with("</html>"), "the page has an end");
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the message is in the page");
    assert!(!html.contains("<script>alert") && !html.contains("<img src=x"));
    assert_eq!(html.matches("</textarea").count(), 1);
}

#[tokio::test]
async fn pages_have_their_status_and_their_end() {
    let house = House::open().await;
    let (alice, _, room) = house.friends("alice", "bob").await;
    let nobody = house.anyone();
    let room = format!("/rooms/{room}");
    for (person, path, status) in [
        (&nobody, "/", 200),
        (&nobody, "/sign-in", 200),
        (&nobody, "/sign-up", 200),
        (&nobody, "/people/alice", 200),
        (&nobody, "/people/nobody", 404),
        (&nobody, "/friends", 303),
        (&nobody, "/nowhere", 404),
        (&alice, "/", 200),
        (&alice, "/sign-in", 303),
        (&alice, &room, 200),
        (&alice, "/rooms/none", 404),
        (&alice, "/rooms/00000000-0000-7000-8000-000000000000", 404),
        (&alice, "/friends", 200),
        (&alice, "/people?query=bo", 200),
        (&alice, "/people?query=b", 200),
        (&alice, "/people/bob", 200),
        (&alice, "/people/nobody", 404),
    ] {
        let page = answer(person.request(Method::GET, path).header("accept", PAGE)).await;
        assert_eq!(page.status, status, "{path}");
        if status != 303 {
            let Value::String(html) = page.body else { panic!("{path}") };
            assert!(html.trim_end().ends_with("</html>"), "{path}");
        }
    }
    for entry in ["/sign-in", "/sign-up"] {
        let page = answer(nobody.request(Method::GET, entry)).await;
        let Value::String(html) = page.body else { panic!("{entry}") };
        assert!(!html.contains(".wasm"), "{entry} has no WASM");
    }
}
