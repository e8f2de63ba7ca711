//! `bin/bench`: what Kith costs, beside what it could cost at best, in the same run. It speaks the
//! public interface only, and never decides whether a test passes.

mod bare;
mod dialect;
mod fanout;
mod house;
mod idle;
mod nodes;
mod peers;
mod people;
mod reading;
mod report;
mod rooms;
mod socket;

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use clap::{Parser, Subcommand, ValueEnum};
use fanout::{Crowd, MEMBERS};
use house::{Bare, House};
use people::{Person, Rest};
use protocol::RoomId;
use report::{Goal, Machine, Report, say};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    subcommand: What,
}

#[derive(Subcommand)]
enum What {
    /// Measure a binary.
    Run {
        /// The release binary.
        #[arg(long, env = "KITH_BIN")]
        binary: PathBuf,
        /// Where the figures go.
        #[arg(long, default_value = "bench/results/latest.json")]
        out: PathBuf,
        /// Only these; all without it.
        #[arg(long, value_enum, value_delimiter = ',')]
        only: Vec<Measure>,
        /// Seconds that each measurement lasts.
        #[arg(long, default_value_t = 8)]
        seconds: u64,
        /// Messages in the large room of the histories.
        #[arg(long, default_value_t = 1_000_000)]
        large: u64,
    },
    /// Measure what a person would pick instead, beside a binary.
    Peers {
        /// The release binary.
        #[arg(long, env = "KITH_BIN")]
        binary: PathBuf,
        /// Where the figures go.
        #[arg(long, default_value = "bench/results/latest-peers.json")]
        out: PathBuf,
        /// The folder of the peers.
        #[arg(long, default_value = "bench/peers")]
        folder: PathBuf,
        /// The Python that has what `bench/peers/channels/requirements.txt` names.
        #[arg(long)]
        python: PathBuf,
        /// Seconds that each measurement lasts.
        #[arg(long, default_value_t = 8)]
        seconds: u64,
    },
    /// Measure one node, two and four on PostgreSQL and Redis.
    Nodes {
        /// The release binary.
        #[arg(long, env = "KITH_BIN")]
        binary: PathBuf,
        /// Where the figures go.
        #[arg(long, default_value = "bench/results/latest-nodes.json")]
        out: PathBuf,
        /// Seconds that each measurement lasts.
        #[arg(long, default_value_t = 8)]
        seconds: u64,
    },
    /// The bare broadcaster, run by the others.
    #[command(hide = true)]
    Bare,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Measure {
    Fanout,
    Rooms,
    Idle,
    History,
    Page,
    Storm,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    match Cli::parse().subcommand {
        What::Bare => bare::serve().await,
        What::Nodes { binary, out, seconds } => {
            let mut report = Report { machine: Machine::here(), ..Report::default() };
            let before = report::stolen();
            nodes::measure(&binary, Duration::from_secs(seconds), &mut report).await?;
            let after = report::stolen();
            report.machine.stolen_percent = (after.0 - before.0) / (after.1 - before.1) * 100.0;
            report.finish(&out)
        }
        What::Peers { binary, out, folder, python, seconds } => {
            let lasts = Duration::from_secs(seconds);
            peers::compare(&binary, &folder, &python, lasts, &out).await
        }
        What::Run { binary, out, only, seconds, large } => {
            let all: BTreeSet<Measure> = match only.is_empty() {
                true => Measure::value_variants().iter().copied().collect(),
                false => only.into_iter().collect(),
            };
            let mut report = Report { machine: Machine::here(), ..Report::default() };
            let before = report::stolen();
            let lasts = Duration::from_secs(seconds);
            for measure in all {
                match measure {
                    Measure::Fanout => fan_out(&binary, lasts, &mut report).await?,
                    Measure::Rooms => small_rooms(&binary, lasts, &mut report).await?,
                    Measure::Idle => idle_connections(&binary, &mut report).await?,
                    Measure::History => histories(&binary, lasts / 2, large, &mut report).await?,
                    Measure::Page => pages(&binary, lasts / 2, &mut report).await?,
                    Measure::Storm => storm(&binary, &mut report).await?,
                }
            }
            let after = report::stolen();
            report.machine.stolen_percent = (after.0 - before.0) / (after.1 - before.1) * 100.0;
            report.finish(&out)
        }
    }
}

fn tokens(people: &[Person]) -> Vec<String> {
    people.iter().map(|person| person.token.clone()).collect()
}

/// One room of 200.
async fn fan_out(binary: &std::path::Path, lasts: Duration, report: &mut Report) -> Outcome<()> {
    say("fan-out: one room of 200");
    let house = House::open(binary).await?;
    let rest = Rest::new(&house);
    let people = rest.people(MEMBERS).await?;
    let room = rest.room(&people).await?;
    let tokens = tokens(&people);
    let mut crowd = Crowd::gather(house.target(), &tokens, room, None).await?;
    crowd.run(50.0, Duration::from_secs(1), || house.usage()).await?;
    let kith = crowd.run(50.0, lasts, || house.usage()).await?;
    let most = saturate(&mut crowd, 250.0, || house.usage()).await?;
    crowd.leave().await;
    house.close().await?;

    let bare = Bare::open().await?;
    let padding = Some(kith.frame_bytes);
    let mut crowd = Crowd::gather(bare.target(), &tokens, room, padding).await?;
    crowd.run(50.0, Duration::from_secs(1), || bare.usage()).await?;
    let limit = crowd.run(50.0, lasts, || bare.usage()).await?;
    let bare_most = saturate(&mut crowd, 250.0, || bare.usage()).await?;
    crowd.leave().await;
    bare.close().await?;
    let alone = rooms::sqlite(lasts).await?;

    report
        .add("CPU-seconds a million deliveries, 50 messages/s to 200", "s", kith.cpu_a_million)
        .limit(limit.cpu_a_million)
        .goal(Goal::TimesLimit(1.4));
    report.add("send→seen, p50", "ms", kith.seen_p50_ms).limit(limit.seen_p50_ms);
    report
        .add("send→seen, p99 (limit: 1.5 × the bare one's and a commit)", "ms", kith.seen_p99_ms)
        .limit(limit.seen_p99_ms * 1.5 + alone.commit_p99_ms)
        .goal(Goal::TimesLimit(1.0));
    report.add("a commit of one row to SQLite alone, p99", "ms", alone.commit_p99_ms);
    report.add("send→ack, p50", "ms", kith.acked_p50_ms);
    report.add("send→ack, p99", "ms", kith.acked_p99_ms);
    report
        .add("deliveries a second at p99 ≤ 50 ms, room of 200", "/s", most)
        .limit(bare_most)
        .goal(Goal::AtLeast(200_000.0));
    Ok(())
}

/// The most deliveries a second at which 99 of 100 come within 50 ms. A disk that stalls once ends
/// nothing: two rates in a row must fail.
async fn saturate(
    crowd: &mut Crowd,
    from: f64,
    usage: impl Fn() -> Outcome<house::Usage>,
) -> Outcome<f64> {
    let (mut most, mut rate, mut failed) = (0.0_f64, from, 0);
    loop {
        let run = crowd.run(rate, Duration::from_secs(3), &usage).await?;
        say(&format!(
            "    {rate:.0} messages/s: {:.0} deliveries/s, p99 {:.1} ms, {:.2} CPU-s a million",
            run.deliveries_a_second, run.seen_p99_ms, run.cpu_a_million
        ));
        if run.seen_p99_ms > 50.0 || run.deliveries_a_second < rate * MEMBERS as f64 * 0.95 {
            failed += 1;
        } else {
            failed = 0;
            most = most.max(run.deliveries_a_second);
        }
        if failed == 2 {
            return Ok(most);
        }
        rate *= 1.25;
    }
}

/// 200 rooms of five.
async fn small_rooms(
    binary: &std::path::Path,
    lasts: Duration,
    report: &mut Report,
) -> Outcome<()> {
    say("small rooms: 200 of 5");
    let house = House::open(binary).await?;
    let rest = Rest::new(&house);
    let people = rest.people(rooms::ROOMS * rooms::MEMBERS).await?;
    let mut speakers = rooms::speakers(&rest, &people).await?;
    let kith = rooms::run(house.target(), &speakers, lasts, || house.usage()).await?;
    house.close().await?;
    for (n, speaker) in speakers.iter_mut().enumerate() {
        speaker.query = format!("?group={}", n / rooms::MEMBERS);
    }
    let bare = Bare::open().await?;
    let limit = rooms::run(bare.target(), &speakers, lasts, || bare.usage()).await?;
    bare.close().await?;
    if kith.lost + limit.lost > 0 {
        return Err("connections were lost under load".into());
    }
    let alone = rooms::sqlite(Duration::from_secs(3)).await?;
    report
        .add(
            "stored messages a second, 200 rooms of 5 (bare: not stored)",
            "/s",
            kith.stored_a_second,
        )
        .limit(limit.stored_a_second)
        .goal(Goal::AtLeast(12_000.0));
    report
        .add("CPU a stored message there (bare: not stored)", "ms", kith.cpu_ms_a_message)
        .limit(limit.cpu_ms_a_message)
        .goal(Goal::AtMost(0.07));
    report.add("send→ack there, p50", "ms", kith.acked_p50_ms).limit(limit.acked_p50_ms);
    report.add("send→ack there, p99", "ms", kith.acked_p99_ms).limit(limit.acked_p99_ms);
    report.add(
        "rows a second that SQLite alone takes, in groups of 100",
        "/s",
        alone.rows_a_second,
    );
    Ok(())
}

/// People in five rooms with ten friends each.
async fn settled(rest: &Rest, count: usize) -> Outcome<Vec<Person>> {
    let people = rest.people(count).await?;
    let rooms = count / 5;
    // Five rounds of rooms of five, each round with other neighbours.
    for round in 0..5 {
        for room in 0..rooms {
            let members: Vec<Person> =
                (0..5).map(|n| people[(room + n * rooms + n * round) % count].clone()).collect();
            rest.room(&members).await?;
        }
    }
    for (n, person) in people.iter().enumerate() {
        for distance in 1..=5 {
            rest.befriend(person, &people[(n + distance) % count]).await?;
        }
    }
    Ok(people)
}

/// Idle connections.
async fn idle_connections(binary: &std::path::Path, report: &mut Report) -> Outcome<()> {
    say("idle connections, in five rooms with ten friends");
    let house = House::open(binary).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let alone = house.usage()?.resident as f64 / 1024.0 / 1024.0;
    report.add("resident memory, idle, nobody there", "MB", alone).goal(Goal::AtMost(30.0));
    let rest = Rest::new(&house);
    let tokens = tokens(&settled(&rest, 200).await?);
    let mut house = house;
    // What signing up took is not the connections'.
    house.restart().await?;
    let steps = [1_000, 5_000, 10_000];
    let (kith, sockets) = idle::run(house.target(), &tokens, &steps, || house.usage()).await?;
    drop(sockets);
    house.close().await?;
    let bare = Bare::open().await?;
    let (limit, sockets) = idle::run(bare.target(), &tokens, &steps, || bare.usage()).await?;
    drop(sockets);
    bare.close().await?;
    for (kith, limit) in kith.iter().zip(&limit) {
        let figure = report
            .add(format!("memory a connection, at {}", kith.connections), "KB", kith.kilobytes_each)
            .limit(limit.kilobytes_each);
        if kith.connections == 5_000 {
            figure.goal(Goal::AtMost(12.0));
        }
    }
    report
        .add("connect, authenticate, ready: CPU-seconds a thousand", "s", kith[0].cpu_a_thousand)
        .limit(limit[0].cpu_a_thousand)
        .goal(Goal::AtMost(0.25));
    Ok(())
}

/// Fills a room over the socket, by ten who have ten messages under way each.
async fn fill(house: &House, people: &[Person], room: RoomId, count: u64) -> Outcome<()> {
    use futures_util::SinkExt;

    let mut speaking = tokio::task::JoinSet::new();
    let each = count / people.len() as u64;
    for person in people {
        let target = house.target();
        let mut socket = target.enter(&person.token, "").await?;
        speaking.spawn(async move {
            let (mut said, mut acked) = (0, 0);
            while acked < each {
                while said < each && said - acked < 10 {
                    socket.feed(target.message(room, None).1).await?;
                    said += 1;
                }
                socket.flush().await?;
                if target.is_ack(&socket::next(&mut socket).await?) {
                    acked += 1;
                }
            }
            Outcome::Ok(())
        });
    }
    while let Some(done) = speaking.join_next().await {
        done??;
    }
    Ok(())
}

/// Histories of small and large rooms.
async fn histories(
    binary: &std::path::Path,
    lasts: Duration,
    large: u64,
    report: &mut Report,
) -> Outcome<()> {
    say(&format!("histories of 10,000 and of {large}"));
    let house = House::open(binary).await?;
    let rest = Rest::new(&house);
    let people = rest.people(10).await?;
    let token = Some(people[0].token.as_str());
    let (mut found, count_of_large) = (Vec::new(), large);
    for count in [10_000.min(large), large] {
        let room = rest.room(&people).await?;
        fill(&house, &people, room, count).await?;
        let newest = format!("/api/v1/rooms/{room}/messages");
        let middle = format!("{newest}?around={}", count / 2);
        let newest = reading::run(&house, &newest, token, lasts).await?;
        let middle = reading::run(&house, &middle, token, lasts).await?;
        found.push((newest, middle));
    }
    house.close().await?;
    let [(small, small_middle), (large, large_middle)] = found[..] else {
        return Err("two rooms were asked for".into());
    };
    let (range_cpu_ms, range_p99_ms) = rooms::range(count_of_large, Duration::from_secs(2)).await?;
    report
        .add("newest 50 over REST: CPU a request (limit: a bare range query)", "ms", large.cpu_ms)
        .limit(range_cpu_ms)
        .goal(Goal::AtMost(0.15));
    report.add("newest 50 by a bare range query, p99", "ms", range_p99_ms);
    report
        .add("newest 50: p99, large room (limit: small room)", "ms", large.p99_ms)
        .limit(small.p99_ms)
        .goal(Goal::TimesLimit(1.1));
    report
        .add("50 around the middle: p99, large (limit: small)", "ms", large_middle.p99_ms)
        .limit(small_middle.p99_ms)
        .goal(Goal::TimesLimit(1.1));
    Ok(())
}

/// The pages.
async fn pages(binary: &std::path::Path, lasts: Duration, report: &mut Report) -> Outcome<()> {
    say("pages");
    let house = House::open(binary).await?;
    let rest = Rest::new(&house);
    let people = settled(&rest, 25).await?;
    let room = rest.room(&people[..5]).await?;
    fill(&house, &people[..5], room, 100).await?;
    let entry = reading::run(&house, "/sign-in", None, lasts).await?;
    let page =
        reading::run(&house, &format!("/rooms/{room}"), Some(&people[0].token), lasts).await?;
    house.close().await?;
    report.add("sign-in page: CPU a request", "ms", entry.cpu_ms).goal(Goal::AtMost(0.25));
    report.add("sign-in page: requests a second", "/s", entry.a_second);
    report
        .add("room page with 50 messages: CPU a request", "ms", page.cpu_ms)
        .goal(Goal::AtMost(1.0));
    report.add("room page: requests a second", "/s", page.a_second);
    report.add("room page: HTML", "bytes", page.bytes as f64);
    Ok(())
}

/// Everyone back at once.
async fn storm(binary: &std::path::Path, report: &mut Report) -> Outcome<()> {
    say("storm: 5,000 come back after a restart");
    let mut house = House::open(binary).await?;
    let rest = Rest::new(&house);
    let people = settled(&rest, 200).await?;
    for person in &people {
        let rooms = rest.call(reqwest::Method::GET, "/rooms", Some(&person.token), None).await?;
        let id = rooms["items"][0]["id"].as_str().ok_or("no room")?.to_owned();
        let said = serde_json::json!({"body": "hello"});
        let path = format!("/rooms/{id}/messages");
        rest.call(reqwest::Method::POST, &path, Some(&person.token), Some(said)).await?;
    }
    let storm = idle::storm(&mut house, &tokens(&people), 5_000).await?;
    house.close().await?;
    report.add("storm: 5,000 back and caught up", "s", storm.seconds).goal(Goal::AtMost(5.0));
    report.add("storm: attempts that failed", "", storm.failures as f64).goal(Goal::AtMost(0.0));
    Ok(())
}
