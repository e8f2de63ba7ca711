//! What a person would pick instead, each a small server written as its own documentation has it:
//! socket.io with better-sqlite3, and Django Channels with Daphne, channels_redis and the ORM. They
//! are asked the same questions as Kith, in the same sitting.

use std::{collections::BTreeMap, path::Path, process::Stdio, time::Duration};

use engines::Redis;
use protocol::RoomId;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{
    Outcome,
    dialect::{Dialect, Target},
    fanout::{Crowd, MEMBERS},
    house::{self, House, Usage, answers, free_address},
    idle,
    people::Rest,
    report::{Machine, Report, say, stolen},
    rooms::{self, Speaker},
    saturate, settled, tokens,
};

/// As many connections are opened.
const IDLE: usize = 5_000;

/// Who and what a peer is started with.
struct Seed {
    tokens: Vec<String>,
    /// One room of 200, then five times 200 rooms of five.
    rooms: Vec<RoomId>,
    folder: TempDir,
}

/// A peer that serves.
struct Peer {
    name: &'static str,
    target: Target,
    child: Child,
    redis: Option<Redis>,
    seed: Seed,
    /// Messages a second at which a delivery is looked at, and from which the most is sought.
    rate: f64,
}

impl Seed {
    fn new() -> Outcome<Self> {
        let accounts = rooms::ROOMS * rooms::MEMBERS;
        let tokens: Vec<String> = (0..accounts).map(|n| format!("token-{n:058}")).collect();
        let ids: Vec<RoomId> = (0..=5 * rooms::ROOMS)
            .map(|n| RoomId::new(i64::try_from(n).unwrap_or(0), [7; 16]))
            .collect();
        let mut members: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        members.insert(ids[0].to_string(), (0..MEMBERS).collect());
        // Five rounds of rooms of five, each with other neighbours, and ten friends: as many as those
        // have who connect to Kith.
        for (n, room) in ids[1..].iter().enumerate() {
            let (round, first) = (n / rooms::ROOMS, n % rooms::ROOMS * rooms::MEMBERS);
            let member = |seat: usize| (first + seat * (1 + round * rooms::MEMBERS)) % accounts;
            members.insert(room.to_string(), (0..rooms::MEMBERS).map(member).collect());
        }
        let friends: Vec<(usize, usize)> = (0..accounts)
            .flat_map(|one| (1..=10).map(move |distance| (one, (one + distance) % accounts)))
            .collect();
        let folder = TempDir::new()?;
        let seed = json!({"accounts": tokens, "rooms": members, "friends": friends});
        std::fs::write(folder.path().join("seed.json"), seed.to_string())?;
        Ok(Self { tokens, rooms: ids, folder })
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("seed.json")
    }

    fn speakers(&self) -> Vec<Speaker> {
        let speaker = |(n, token): (usize, &String)| Speaker {
            token: token.clone(),
            room: self.rooms[1 + n / rooms::MEMBERS],
            query: String::new(),
            at: None,
        };
        self.tokens.iter().enumerate().map(speaker).collect()
    }
}

impl Peer {
    async fn socket_io(folder: &Path) -> Outcome<Self> {
        let (seed, address) = (Seed::new()?, free_address()?);
        let child = Command::new("node")
            .arg(folder.join("socketio/server.js"))
            .arg(seed.file())
            .arg(address.port().to_string())
            .kill_on_drop(true)
            .spawn()?;
        answers(address).await?;
        let target = Target { address, speaks: Dialect::SocketIo };
        Ok(Self { name: "socket.io", target, child, redis: None, seed, rate: 50.0 })
    }

    async fn channels(folder: &Path, python: &Path) -> Outcome<Self> {
        let (seed, address, redis) = (Seed::new()?, free_address()?, Redis::start());
        let within = |program: &Path| {
            let mut command = Command::new(program);
            command
                .current_dir(folder.join("channels"))
                .env("DJANGO_SETTINGS_MODULE", "chat.settings")
                .env("CHAT_DATABASE", seed.folder.path().join("chat.db"))
                .env("CHAT_REDIS", redis.url())
                .stderr(Stdio::null())
                .kill_on_drop(true);
            command
        };
        let seeded = within(python).arg("seed.py").arg(seed.file()).status().await?;
        if !seeded.success() {
            return Err("Django Channels could not be seeded".into());
        }
        let child = within(&python.with_file_name("daphne"))
            .args(["-b", "127.0.0.1", "-p", &address.port().to_string()])
            .arg("chat.asgi:application")
            .stdout(Stdio::null())
            .spawn()?;
        answers(address).await?;
        let target = Target { address, speaks: Dialect::Channels };
        Ok(Self { name: "Channels", target, child, redis: Some(redis), seed, rate: 5.0 })
    }

    /// The server and its Redis together.
    fn usage(&self) -> Outcome<Usage> {
        let mut used = house::usage(self.child.id())?;
        if let Some(redis) = &self.redis {
            let also = house::usage(Some(redis.id()))?;
            used = Usage { cpu: used.cpu + also.cpu, resident: used.resident + also.resident };
        }
        Ok(used)
    }

    /// One room of 200.
    async fn talk(self, lasts: Duration, report: &mut Report) -> Outcome<()> {
        let (name, rate, usage) = (self.name, self.rate, || self.usage());
        say(name);
        let room = self.seed.rooms[0];
        let members = &self.seed.tokens[..MEMBERS];
        let mut crowd = Crowd::gather(self.target, members, room, None).await?;
        crowd.run(rate, Duration::from_secs(1), usage).await?;
        let run = crowd.run(rate, lasts, usage).await?;
        let most = saturate(&mut crowd, rate, usage).await?;
        crowd.leave().await;
        let title = |what: &str| format!("{name}: {what}, {rate} messages/s to {MEMBERS}");
        report.add(title("CPU-seconds a million deliveries"), "s", run.cpu_a_million);
        report.add(title("send→seen, p99"), "ms", run.seen_p99_ms);
        report.add(format!("{name}: deliveries a second at p99 ≤ 50 ms"), "/s", most);
        Ok(())
    }

    /// 200 rooms of five, in a server that has done nothing yet.
    async fn small_rooms(self, lasts: Duration, report: &mut Report) -> Outcome<()> {
        let (name, usage) = (self.name, || self.usage());
        let run = rooms::run(self.target, &self.seed.speakers(), lasts, usage).await?;
        report.add(
            format!("{name}: stored messages a second, 200 rooms of 5"),
            "/s",
            run.stored_a_second,
        );
        report.add(format!("{name}: CPU a stored message there"), "ms", run.cpu_ms_a_message);
        report.add(format!("{name}: connections of 1,000 that it lost there"), "", run.lost as f64);
        Ok(())
    }

    /// What it costs to be there, in a server that has done nothing yet.
    async fn rest(self, report: &mut Report) -> Outcome<()> {
        let (name, usage) = (self.name, || self.usage());
        let resident = usage()?.resident as f64 / 1024.0 / 1024.0;
        report.add(format!("{name}: resident memory, nobody there"), "MB", resident);
        let tokens = &self.seed.tokens;
        let (idle, _sockets) = idle::run(self.target, tokens, &[IDLE], usage).await?;
        report.add(format!("{name}: memory a connection, at {IDLE}"), "KB", idle[0].kilobytes_each);
        report.add(
            format!("{name}: connect, authenticate, ready: CPU-seconds a thousand"),
            "s",
            idle[0].cpu_a_thousand,
        );
        Ok(())
    }
}

/// Asks all of them the same.
pub async fn compare(
    binary: &Path,
    folder: &Path,
    python: &Path,
    lasts: Duration,
    out: &Path,
) -> Outcome<()> {
    let mut report = Report { machine: Machine::here(), ..Report::default() };
    let before = stolen();
    kith(binary, lasts, &mut report).await?;
    let folder = folder.canonicalize()?;
    Peer::socket_io(&folder).await?.talk(lasts, &mut report).await?;
    Peer::socket_io(&folder).await?.small_rooms(lasts, &mut report).await?;
    Peer::socket_io(&folder).await?.rest(&mut report).await?;
    // Not made canonical: a virtual environment is known by its path.
    let python = std::path::absolute(python)?;
    Peer::channels(&folder, &python).await?.talk(lasts, &mut report).await?;
    Peer::channels(&folder, &python).await?.small_rooms(lasts, &mut report).await?;
    Peer::channels(&folder, &python).await?.rest(&mut report).await?;
    let after = stolen();
    report.machine.stolen_percent = (after.0 - before.0) / (after.1 - before.1) * 100.0;
    report.finish(out)
}

async fn kith(binary: &Path, lasts: Duration, report: &mut Report) -> Outcome<()> {
    say("Kith");
    let mut house = House::open(binary).await?;
    let rest = Rest::new(&house);
    let people = rest.people(rooms::ROOMS * rooms::MEMBERS).await?;
    let room = rest.room(&people[..MEMBERS]).await?;
    let mut crowd = Crowd::gather(house.target(), &tokens(&people[..MEMBERS]), room, None).await?;
    crowd.run(50.0, Duration::from_secs(1), || house.usage()).await?;
    let run = crowd.run(50.0, lasts, || house.usage()).await?;
    let most = saturate(&mut crowd, 250.0, || house.usage()).await?;
    crowd.leave().await;
    report.add(
        "Kith: CPU-seconds a million deliveries, 50 messages/s to 200",
        "s",
        run.cpu_a_million,
    );
    report.add("Kith: send→seen, p99, 50 messages/s to 200", "ms", run.seen_p99_ms);
    report.add("Kith: deliveries a second at p99 ≤ 50 ms", "/s", most);
    let speakers = rooms::speakers(&rest, &people).await?;
    let run = rooms::run(house.target(), &speakers, lasts, || house.usage()).await?;
    report.add("Kith: stored messages a second, 200 rooms of 5", "/s", run.stored_a_second);
    report.add("Kith: CPU a stored message there", "ms", run.cpu_ms_a_message);
    house.close().await?;
    house = House::open(binary).await?;
    let settled = tokens(&settled(&Rest::new(&house), 200).await?);
    house.restart().await?;
    let resident = house.usage()?.resident as f64 / 1024.0 / 1024.0;
    report.add("Kith: resident memory, nobody there", "MB", resident);
    let (idle, sockets) = idle::run(house.target(), &settled, &[IDLE], || house.usage()).await?;
    report.add(format!("Kith: memory a connection, at {IDLE}"), "KB", idle[0].kilobytes_each);
    report.add(
        "Kith: connect, authenticate, ready: CPU-seconds a thousand",
        "s",
        idle[0].cpu_a_thousand,
    );
    drop(sockets);
    house.close().await
}
