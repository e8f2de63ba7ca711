//! A server of its own for every test, and people who speak to it over its public interface.

use std::{net::SocketAddr, time::Duration};

use domain::{Config, Ctx, limits::Quotas};
use engines::{Chosen, Shared};
use futures_util::{SinkExt, StreamExt};
use migrations::Migrator;
use protocol::{Command, Event, Message, MessageId, RoomId, User};
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use sea_orm_migration::MigratorTrait;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Error as SocketError, Message as Frame, client::IntoClientRequest},
};

use crate::{origin::Origins, provider::Provider, serve};

pub const PASSWORD: &str = "correct horse battery";
/// Long enough for a busy machine; a test that waits as long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct House {
    pub ctx: Ctx,
    pub address: SocketAddr,
    /// What its handlers use.
    pub inside: serve::House,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<()>,
    _place: Option<(TempDir, Chosen)>,
}

impl House {
    /// A house in which anything may be done as often as a test likes.
    pub async fn open() -> Self {
        Self::with(|config| config).await
    }

    /// One with the limits that every house has.
    pub async fn limited() -> Self {
        Self::with(|config| Config { quotas: Some(Quotas::default()), ..config }).await
    }

    /// As many nodes of one house.
    pub async fn nodes<const N: usize>(shared: &Shared) -> [Self; N] {
        let mut nodes = Vec::new();
        for _ in 0..N {
            nodes.push(Self::node(&shared.database_url, Some(&shared.redis_url)).await);
        }
        nodes.try_into().ok().unwrap()
    }

    /// A node of the house that keeps everything here.
    pub async fn node(database_url: &str, redis_url: Option<&str>) -> Self {
        let redis_url = redis_url.map(str::to_owned);
        Self::on(Config { redis_url, ..Config::new(database_url) }).await
    }

    /// One that is set up otherwise.
    pub async fn with(change: impl FnOnce(Config) -> Config) -> Self {
        let folder = TempDir::new().unwrap();
        let chosen = Chosen::start();
        let redis_url = chosen.redis_url.clone();
        let config = Config::new(chosen.database_in(folder.path()));
        let config = change(Config { redis_url, ..config });
        Self { _place: Some((folder, chosen)), ..Self::on(config).await }
    }

    /// One that is set up like this.
    pub async fn on(config: Config) -> Self {
        let _ = any_spawner::Executor::init_tokio();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // A slow machine is no Redis that is away.
        let address_of_house = format!("http://{address}");
        let config = Config { address: address_of_house, redis_patience: PATIENCE, ..config };
        let ctx = Ctx::open(config, async |db| Migrator::up(db, None).await).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        // A provider that nobody answers for.
        let provider = Provider::new("http://127.0.0.1:9", "kith", None, "Nobody").unwrap();
        let mut inside = serve::House::new(ctx.clone(), Origins::default()).with(Some(provider));
        inside.is_measured = true;
        let house = inside.clone();
        let served = tokio::spawn(async move {
            let stop = async { drop(stopped.await) };
            serve::on(listener, house, stop, Duration::ZERO).await.unwrap();
        });
        Self { ctx, address, inside, stop: Some(stop), served, _place: None }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Somebody who is not signed in.
    pub fn anyone(&self) -> Person {
        let http =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Person { http, address: self.address, token: None, user: None }
    }

    pub async fn person(&self, name: &str) -> Person {
        let mut person = self.anyone();
        let form = json!({"username": name, "password": PASSWORD});
        let answer = person.send(Method::POST, "/accounts", Some(form)).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        person.token = Some(answer.body["token"].as_str().unwrap().to_owned());
        person.user = Some(serde_json::from_value(answer.body["user"].clone()).unwrap());
        person
    }

    /// Somebody who has an account, on another device.
    pub async fn sign_in(&self, name: &str) -> Person {
        let mut person = self.anyone();
        let answer = person.post("/sessions", json!({"login": name, "password": PASSWORD})).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        person.token = Some(answer.body["token"].as_str().unwrap().to_owned());
        person.user = Some(serde_json::from_value(answer.body["user"].clone()).unwrap());
        person
    }

    pub async fn friends(&self, one: &str, other: &str) -> (Person, Person, RoomId) {
        let (one, other) = (self.person(one).await, self.person(other).await);
        one.befriend(&other).await;
        let room = one.direct(&other).await;
        (one, other, room)
    }

    /// Tells the server to stop, and waits until it has.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        timeout(PATIENCE, self.served).await.unwrap().unwrap();
    }

    /// The same without waiting.
    pub fn begin_stop(&mut self) {
        drop(self.stop.take());
    }
}

#[derive(Clone)]
pub struct Person {
    pub http: reqwest::Client,
    address: SocketAddr,
    pub token: Option<String>,
    pub user: Option<User>,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}

impl Person {
    /// The same person, who speaks to another node.
    pub fn at(&self, node: &House) -> Self {
        Self { address: node.address, ..self.clone() }
    }

    pub fn name(&self) -> &str {
        &self.user.as_ref().unwrap().username
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.address);
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.request(method, &format!("/api/v1{path}"));
        if let Some(body) = body {
            request = request.json(&body);
        }
        answer(request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn put(&self, path: &str, body: Option<Value>) -> Answer {
        self.send(Method::PUT, path, body).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub async fn befriend(&self, other: &Person) {
        let asked = self.post("/friend-requests", json!({"username": other.name()})).await;
        assert_eq!(asked.status, 201);
        let accepted = other.post("/friend-requests", json!({"username": self.name()})).await;
        assert_eq!(accepted.status, 200);
    }

    pub async fn direct(&self, other: &Person) -> RoomId {
        let room = self.put(&format!("/direct/{}", other.name()), None).await;
        assert_eq!(room.status, 200, "{:?}", room.body);
        room.body["id"].as_str().unwrap().parse().unwrap()
    }

    /// Says something over REST.
    pub async fn say(&self, room: RoomId, body: &str) -> Message {
        let posted = self.post(&format!("/rooms/{room}/messages"), json!({"body": body})).await;
        assert_eq!(posted.status, 201, "{:?}", posted.body);
        serde_json::from_value(posted.body).unwrap()
    }

    /// A socket, after its `ready`.
    pub async fn connect(&self) -> (Socket, Event) {
        let mut socket = self.open_socket("").await.unwrap();
        let ready = socket.next().await;
        assert!(matches!(ready, Event::Ready(_)), "{ready:?}");
        (socket, ready)
    }

    pub async fn open_socket(&self, query: &str) -> Result<Socket, SocketError> {
        let url = format!("ws://{}/api/v1/socket{query}", self.address);
        let mut request = url.into_client_request().unwrap();
        if let Some(token) = &self.token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert("authorization", value);
        }
        request.headers_mut().insert("sec-websocket-protocol", "kith.v1".parse().unwrap());
        let (stream, _) = tokio_tungstenite::connect_async(request).await?;
        Ok(Socket(stream))
    }
}

pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer { status, headers, body }
}

pub struct Socket(pub WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>);

impl Socket {
    pub async fn send(&mut self, command: &Command) {
        self.say(&serde_json::to_string(command).unwrap()).await;
    }

    pub async fn say(&mut self, text: &str) {
        self.0.send(Frame::text(text)).await.unwrap();
    }

    pub async fn post(&mut self, room: RoomId, id: MessageId, body: &str) {
        let body = body.to_owned();
        self.send(&Command::Send { room, id, body, reply_to: None, attachments: Vec::new() }).await;
    }

    /// The next event as it came, but for who comes and goes meanwhile.
    pub async fn next_json(&mut self) -> Value {
        loop {
            let told = self.hear().await.expect("an event");
            if !is_passing(&read_event(&told)) {
                return told;
            }
        }
    }

    /// The next event as it came, if it comes.
    async fn hear(&mut self) -> Option<Value> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.ok()?.unwrap().unwrap() {
                Frame::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Frame::Ping(_) | Frame::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next event, but for who comes and goes meanwhile.
    pub async fn next(&mut self) -> Event {
        read_event(&self.next_json().await)
    }

    /// Everything up to an event that this picks, with it.
    pub async fn until(&mut self, is_it: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut heard = Vec::new();
        loop {
            let Some(told) = self.hear().await else {
                panic!("what is waited for did not come after {heard:#?}");
            };
            let event = read_event(&told);
            let done = is_it(&event);
            heard.push(event);
            if done {
                return heard;
            }
        }
    }

    /// Everything that was sent before a ping of ours is answered: what will not come any more. But for
    /// who comes and goes meanwhile.
    pub async fn quiet(&mut self) -> Vec<Event> {
        let mut heard = self.all_by_now().await;
        heard.retain(|event| !is_passing(event));
        heard
    }

    /// The same with who comes and goes.
    pub async fn all_by_now(&mut self) -> Vec<Event> {
        self.send(&Command::Ping { n: 77 }).await;
        let mut heard = self.until(|event| *event == Event::Pong { n: 77 }).await;
        heard.pop();
        heard
    }

    /// The next frame, whatever it is.
    pub async fn frame(&mut self) -> Frame {
        timeout(PATIENCE, self.0.next()).await.unwrap().unwrap().unwrap()
    }

    /// The code that the server closes with, after whatever it still had to say.
    pub async fn close_code(mut self) -> u16 {
        loop {
            match timeout(PATIENCE, self.0.next()).await.unwrap() {
                Some(Ok(Frame::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("closed without a code: {other:?}"),
            }
        }
    }
}

fn read_event(told: &Value) -> Event {
    Event::read(&told.to_string()).unwrap()
}

fn is_passing(event: &Event) -> bool {
    matches!(event, Event::Presence { .. } | Event::RoomPresence { .. } | Event::Typing { .. })
}

/// An id as a client makes one.
pub fn id(house: &House) -> MessageId {
    house.ctx.new_id(MessageId::new)
}
