//! People in bulk, made over the public interface.

use futures_util::{StreamExt, TryStreamExt, stream};
use protocol::RoomId;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::{Outcome, house::House};

/// As many requests are under way at once.
const AT_ONCE: usize = 16;

#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub token: String,
}

/// Somebody who speaks REST.
#[derive(Clone)]
pub struct Rest {
    client: Client,
    base: String,
}

impl Rest {
    pub fn new(house: &House) -> Self {
        Self { client: Client::new(), base: house.url("/api/v1") }
    }

    pub async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Outcome<Value> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            return Err(format!("{path}: {status}: {text}").into());
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Signs up `count` people.
    pub async fn people(&self, count: usize) -> Outcome<Vec<Person>> {
        stream::iter(0..count)
            .map(|n| async move {
                let name = format!("person-{n}");
                let form = json!({"username": name, "password": "correct horse battery"});
                let answer = self.call(Method::POST, "/accounts", None, Some(form)).await?;
                let token = answer["token"].as_str().ok_or("no token")?.to_owned();
                Ok(Person { name, token })
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    /// A public room that all of these are in.
    pub async fn room(&self, people: &[Person]) -> Outcome<RoomId> {
        let owner = &people[0];
        let form = json!({"name": "Bench", "kind": "public"});
        let made = self.call(Method::POST, "/rooms", Some(&owner.token), Some(form)).await?;
        let room: RoomId = made["id"].as_str().ok_or("no id")?.parse()?;
        let path = format!("/rooms/{room}/members/me");
        stream::iter(&people[1..])
            .map(|person| self.call(Method::PUT, &path, Some(&person.token), None))
            .buffer_unordered(AT_ONCE)
            .try_for_each(|_| async { Ok(()) })
            .await?;
        Ok(room)
    }

    pub async fn befriend(&self, one: &Person, other: &Person) -> Outcome<()> {
        for (from, to) in [(one, other), (other, one)] {
            let form = json!({"username": to.name});
            self.call(Method::POST, "/friend-requests", Some(&from.token), Some(form)).await?;
        }
        Ok(())
    }
}
