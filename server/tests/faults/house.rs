//! The binary as a process, on a port and a folder that outlive it.

use std::{ffi::OsString, net::SocketAddr, path::Path, process::Stdio, time::Duration};

use engines::{Nginx, Redis, Server, free_port};
use protocol::RoomId;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use super::link::Link;

/// Long enough for a busy machine; who waits as long has found a fault.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// One house: a node on SQLite, or several behind a proxy, on a database and a Redis of their own.
pub struct House {
    pub nodes: Vec<Node>,
    pub folder: TempDir,
    /// By the proxy, where there is one.
    pub rest: Rest,
    pub engines: Option<Engines>,
    proxy: Option<Nginx>,
}

/// What several nodes share.
pub struct Engines {
    pub database: Server,
    pub redis: Redis,
}

/// A process that serves.
pub struct Node {
    pub address: SocketAddr,
    pub process: Child,
    settings: Vec<(&'static str, OsString)>,
}

impl House {
    pub async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// The same, with other settings than usual.
    pub async fn open_with(others: &[(&'static str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let mut settings = vec![("KITH_DATA", folder.path().into())];
        settings.extend(others.iter().map(|(name, value)| (*name, (*value).into())));
        let node = Node::start(Command::new(BINARY), settings).await;
        Self::of_one(node, folder)
    }

    /// The same in a file system of its own with this many bytes.
    pub async fn on_a_small_disk(bytes: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let mut command = Command::new("unshare");
        let mount = format!(r#"mount -t tmpfs -o size={bytes} kith "$KITH_DATA" && exec "$@""#);
        command.args(["--map-root-user", "--mount", "sh", "-c", &mount, "sh", BINARY]);
        let settings = vec![("KITH_DATA", folder.path().into())];
        let node = Node::start(command, settings).await;
        Self::of_one(node, folder)
    }

    /// As many nodes, behind the proxy as it is shipped.
    pub async fn of(nodes: usize) -> Self {
        Self::with(nodes, &[]).await
    }

    /// The same, with other settings than usual.
    pub async fn with(nodes: usize, others: &[(&'static str, &str)]) -> Self {
        Self::on(Server::start(), nodes, others).await
    }

    /// The same, on this server.
    pub async fn on(database: Server, nodes: usize, others: &[(&'static str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let engines = Engines { database, redis: Redis::start() };
        let mut settings: Vec<(&'static str, OsString)> = vec![
            ("KITH_DATA", folder.path().into()),
            ("DATABASE_URL", engines.database.database().into()),
            ("REDIS_URL", engines.redis.url().into()),
        ];
        settings.extend(others.iter().map(|(name, value)| (*name, (*value).into())));
        let mut started = Vec::new();
        for _ in 0..nodes {
            started.push(Node::start(Command::new(BINARY), settings.clone()).await);
        }
        let addresses: Vec<_> = started.iter().map(|node| node.address).collect();
        let proxy = Nginx::before(&addresses, Path::new(SHIPPED));
        let rest = Rest::to(proxy.address());
        Self { nodes: started, folder, rest, engines: Some(engines), proxy: Some(proxy) }
    }

    /// Starts a node anew that reaches the database by a link.
    pub async fn behind_a_link(&mut self, node: usize) -> Link {
        let engines = self.engines.as_ref().unwrap();
        let link = Link::to(engines.database.address()).await;
        let node = &mut self.nodes[node];
        for (name, value) in &mut node.settings {
            if *name == "DATABASE_URL" {
                let url = value.to_str().unwrap();
                let direct = engines.database.address().to_string();
                *value = url.replace(&direct, &link.address.to_string()).into();
            }
        }
        node.crash().await;
        link
    }

    fn of_one(node: Node, folder: TempDir) -> Self {
        let rest = Rest::to(node.address);
        Self { nodes: vec![node], folder, rest, engines: None, proxy: None }
    }

    /// Where people go: to the proxy, or to the only node.
    pub fn address(&self) -> SocketAddr {
        self.proxy.as_ref().map_or(self.nodes[0].address, Nginx::address)
    }
}

impl Node {
    async fn start(command: Command, settings: Vec<(&'static str, OsString)>) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let node = Self { address, process: start(command, &settings, address), settings };
        node.answers().await;
        node
    }

    async fn answers(&self) {
        let opened = timeout(PATIENCE, async {
            while TcpStream::connect(self.address).await.is_err() {
                sleep(Duration::from_millis(10)).await;
            }
        });
        opened.await.expect("the server opens its port");
    }

    /// `kill -9`, and the same node again at once.
    pub async fn crash(&mut self) {
        self.process.kill().await.unwrap();
        self.start_again().await;
    }

    /// The same node, once it has gone.
    pub async fn start_again(&mut self) {
        self.process = start(Command::new(BINARY), &self.settings, self.address);
        self.answers().await;
    }

    /// `kill -9`, and nothing after it.
    pub async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Ends it as an operator would, and starts it again once it has gone.
    pub async fn restart(&mut self) {
        self.signal("-TERM");
        let status = timeout(PATIENCE, self.process.wait()).await.unwrap().unwrap();
        assert!(status.success(), "{status}");
        self.start_again().await;
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.process.id().unwrap().to_string();
        let sent = std::process::Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
    }
}

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/nginx/kith.conf");
const BINARY: &str = env!("CARGO_BIN_EXE_kith");

fn start(
    mut command: Command,
    settings: &[(&'static str, OsString)],
    address: SocketAddr,
) -> Child {
    command
        .arg("serve")
        .env("KITH_LISTEN", address.to_string())
        .env("KITH_RATE_LIMITS", "off")
        .env("KITH_LOG", "off")
        .envs(settings.iter().cloned())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[derive(Clone)]
pub struct Rest {
    client: Client,
    address: SocketAddr,
    /// Headers that go with every question.
    claims: Vec<(&'static str, String)>,
}

#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub token: String,
}

impl Rest {
    fn to(address: SocketAddr) -> Self {
        Self { client: Client::new(), address, claims: Vec::new() }
    }

    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        person: Option<&Person>,
        body: Option<Value>,
    ) -> (u16, Value) {
        self.try_ask(method, path, person, body).await.expect("an answer")
    }

    /// The same, of who may be gone before they have answered.
    pub async fn try_ask(
        &self,
        method: Method,
        path: &str,
        person: Option<&Person>,
        body: Option<Value>,
    ) -> Option<(u16, Value)> {
        let url = format!("http://{}/api/v1{path}", self.address);
        let mut request = self.client.request(method, url);
        if let Some(person) = person {
            request = request.bearer_auth(&person.token);
        }
        for (name, value) in &self.claims {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.unwrap_or(Value::Null)))
    }

    /// The same questions to another node.
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// The same questions, with one more header.
    pub fn claiming(&self, name: &'static str, value: &str) -> Self {
        let mut claims = self.claims.clone();
        claims.push((name, value.to_owned()));
        Self { claims, ..self.clone() }
    }

    pub async fn person(&self, name: &str) -> Person {
        let form = json!({"username": name, "password": "correct horse battery"});
        let (status, answer) = self.ask(Method::POST, "/accounts", None, Some(form)).await;
        assert_eq!(status, 201, "{answer}");
        Person { name: name.into(), token: answer["token"].as_str().unwrap().into() }
    }

    /// A public room with these people in it.
    pub async fn room(&self, people: &[Person]) -> RoomId {
        let form = json!({"name": "Room", "kind": "public"});
        let (status, made) = self.ask(Method::POST, "/rooms", Some(&people[0]), Some(form)).await;
        assert_eq!(status, 201, "{made}");
        let room: RoomId = made["id"].as_str().unwrap().parse().unwrap();
        for person in &people[1..] {
            let path = format!("/rooms/{room}/members/me");
            let (status, answer) = self.ask(Method::PUT, &path, Some(person), None).await;
            assert_eq!(status, 200, "{answer}");
        }
        room
    }

    /// Every message of a room, in the order of the room: `seq`, `revision`, `id`, `body`.
    pub async fn messages(&self, person: &Person, room: RoomId) -> Vec<protocol::Message> {
        let mut all: Vec<protocol::Message> = Vec::new();
        loop {
            let after = all.last().map_or(0, |last| last.seq);
            let path = format!("/rooms/{room}/messages?after={after}&limit=100");
            let (status, page) = self.ask(Method::GET, &path, Some(person), None).await;
            assert_eq!(status, 200, "{page}");
            let page: protocol::messages::History = serde_json::from_value(page).unwrap();
            all.extend(page.items);
            if !page.has_newer {
                return all;
            }
        }
    }
}

/// Resident bytes of a server's process.
pub fn resident(node: &Node) -> usize {
    let status = format!("/proc/{}/statm", node.process.id().unwrap());
    let pages = std::fs::read_to_string(status).unwrap();
    pages.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4_096
}

/// Until something holds, or too long.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let late = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < late, "not in time: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
