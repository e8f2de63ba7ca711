//! Several nodes on one PostgreSQL and one Redis: how much later the others hear, what a message costs
//! each of them, and what a node costs that does nothing.

use std::{path::Path, time::Duration};

use engines::{Postgres, Redis};

use crate::{
    Outcome,
    fanout::{Crowd, MEMBERS},
    house::{House, Usage, cpu_of_family},
    people::Rest,
    report::{Goal, Report, say},
    rooms, tokens,
};

/// As many nodes.
const NODES: [usize; 3] = [1, 2, 4];
/// How many transactions changed something: each has left a line in its lane.
const COMMITS: &str =
    "SELECT COALESCE(SUM(n), 0) FROM (SELECT MAX(n) AS n FROM change_log GROUP BY lane) AS lanes";
/// As many nodes, of which one has all the people.
const BYSTANDERS: [usize; 2] = [2, 4];
/// As many nodes that do nothing.
const IDLE: [usize; 4] = [1, 2, 4, 10];
/// Messages a second in one room of 200, its members on all nodes.
const RATE: f64 = 50.0;

/// The nodes of one house, and what they share.
struct Nodes {
    houses: Vec<House>,
    postgres: Postgres,
    redis: Redis,
    database: String,
}

/// What all have used by now, in CPU-seconds.
#[derive(Clone, Copy)]
struct Used {
    nodes: f64,
    postgres: f64,
    redis: f64,
    /// Transactions that changed something: each has left a line in the change log.
    commits: u64,
    /// Commands that Redis has done, and bytes that it has said.
    done: (u64, u64),
}

impl Nodes {
    async fn open(binary: &Path, count: usize) -> Outcome<Self> {
        let (postgres, redis) = (Postgres::start(), Redis::start());
        let database = postgres.database();
        let settings = vec![("DATABASE_URL", database.clone()), ("REDIS_URL", redis.url())];
        let mut houses = Vec::new();
        for _ in 0..count {
            houses.push(House::open_with(binary, settings.clone()).await?);
        }
        Ok(Self { houses, postgres, redis, database })
    }

    fn usage(&self) -> Outcome<Usage> {
        let mut all = Usage { cpu: 0.0, resident: 0 };
        for house in &self.houses {
            let one = house.usage()?;
            all = Usage { cpu: all.cpu + one.cpu, resident: all.resident + one.resident };
        }
        Ok(all)
    }

    fn used(&self) -> Outcome<Used> {
        Ok(Used {
            nodes: self.usage()?.cpu,
            postgres: cpu_of_family(self.postgres.id())?,
            redis: cpu_of_family(self.redis.id())?,
            commits: engines::query_number(&self.database, COMMITS),
            done: self.redis.done(),
        })
    }

    async fn close(self) -> Outcome<()> {
        for house in self.houses {
            house.close().await?;
        }
        Ok(())
    }
}

pub async fn measure(binary: &Path, lasts: Duration, report: &mut Report) -> Outcome<()> {
    for count in NODES {
        say(&format!("{}: one room of 200, {RATE} messages a second", named(count)));
        fan_out(binary, count, lasts, report).await?;
        say(&format!("{}: 200 rooms of 5, as fast as they go", named(count)));
        small_rooms(binary, count, lasts, report).await?;
    }
    for count in BYSTANDERS {
        say(&format!("{}: 200 rooms of 5, all of them on the first", named(count)));
        bystanders(binary, count, lasts, report).await?;
    }
    for count in IDLE {
        say(&format!("{}: nobody there", named(count)));
        idle(binary, count, lasts, report).await?;
    }
    Ok(())
}

fn named(count: usize) -> String {
    format!("{count} node{}", if count == 1 { "" } else { "s" })
}

async fn fan_out(binary: &Path, count: usize, lasts: Duration, report: &mut Report) -> Outcome<()> {
    let nodes = Nodes::open(binary, count).await?;
    let rest = Rest::new(&nodes.houses[0]);
    let people = rest.people(MEMBERS).await?;
    let room = rest.room(&people).await?;
    let tokens = tokens(&people);
    // Who speaks is on the first node.
    let share = MEMBERS / count;
    let mut here = Crowd::gather(nodes.houses[0].target(), &tokens[..share], room, None).await?;
    let mut elsewhere = Vec::new();
    for (n, house) in nodes.houses.iter().enumerate().skip(1) {
        let tokens = &tokens[n * share..(n + 1) * share];
        elsewhere.push(Crowd::gather(house.target(), tokens, room, None).await?);
    }
    here.run(RATE, Duration::from_secs(2), || nodes.usage()).await?;
    elsewhere.iter().try_for_each(Crowd::watch)?;
    let before = nodes.used()?;
    let same = here.run(RATE, lasts, || nodes.usage()).await?;
    let after = nodes.used()?;
    let said = RATE * lasts.as_secs_f64();
    let mut slowest = (0.0_f64, 0.0_f64);
    for crowd in &elsewhere {
        let (p50, p99) = crowd.seen()?;
        slowest = (slowest.0.max(p50), slowest.1.max(p99));
    }
    here.leave().await;
    for crowd in elsewhere {
        crowd.leave().await;
    }
    nodes.close().await?;
    let named = named(count);
    report.add(format!("{named}: send→seen on the same, p50"), "ms", same.seen_p50_ms);
    report.add(format!("{named}: send→seen on the same, p99"), "ms", same.seen_p99_ms);
    if count > 1 {
        report.add(format!("{named}: send→seen on another, p50"), "ms", slowest.0);
        report
            .add(
                format!("{named}: send→seen on another, p99 (limit: 1.5 × the same's and 5 ms)"),
                "ms",
                slowest.1,
            )
            .limit(same.seen_p99_ms * 1.5 + 5.0)
            .goal(Goal::TimesLimit(1.0));
    }
    let each = |used: f64| used * 1e3 / said;
    report.add(
        format!("{named}: CPU of all nodes, a message to 200"),
        "ms",
        each(after.nodes - before.nodes),
    );
    costs(report, &named, "to 200", said, (before, after));
    Ok(())
}

async fn small_rooms(
    binary: &Path,
    count: usize,
    lasts: Duration,
    report: &mut Report,
) -> Outcome<()> {
    let nodes = Nodes::open(binary, count).await?;
    let rest = Rest::new(&nodes.houses[0]);
    let people = rest.people(rooms::ROOMS * rooms::MEMBERS).await?;
    let mut speakers = rooms::speakers(&rest, &people).await?;
    // Each room's people are on all nodes.
    for (n, speaker) in speakers.iter_mut().enumerate() {
        speaker.at = Some(nodes.houses[n % count].target());
    }
    let used = std::sync::Mutex::new(Vec::new());
    let usage = || {
        used.lock().map_err(|_| "poisoned")?.push(nodes.used()?);
        nodes.usage()
    };
    let run = rooms::run(nodes.houses[0].target(), &speakers, lasts, usage).await?;
    nodes.close().await?;
    if run.lost > 0 {
        return Err("connections were lost under load".into());
    }
    let named = named(count);
    report.add(format!("{named}: stored messages a second"), "/s", run.stored_a_second);
    report.add(
        format!("{named}: deliveries a second, to five each"),
        "/s",
        run.stored_a_second * rooms::MEMBERS as f64,
    );
    report.add(format!("{named}: CPU of all nodes a stored message"), "ms", run.cpu_ms_a_message);
    let used = used.into_inner().map_err(|_| "poisoned")?;
    if let [before, after] = used[..] {
        let stored = run.stored_a_second * lasts.as_secs_f64();
        costs(report, &named, "to 5", stored, (before, after));
    }
    Ok(())
}

/// What nodes pay for rooms that they do not serve: they read of them in the change log.
async fn bystanders(
    binary: &Path,
    count: usize,
    lasts: Duration,
    report: &mut Report,
) -> Outcome<()> {
    let nodes = Nodes::open(binary, count).await?;
    let rest = Rest::new(&nodes.houses[0]);
    let people = rest.people(rooms::ROOMS * rooms::MEMBERS).await?;
    let speakers = rooms::speakers(&rest, &people).await?;
    let others = std::sync::Mutex::new(Vec::new());
    let usage = || {
        let mut cpu = 0.0;
        for house in &nodes.houses[1..] {
            cpu += house.usage()?.cpu;
        }
        others.lock().map_err(|_| "poisoned")?.push(cpu);
        nodes.houses[0].usage()
    };
    let run = rooms::run(nodes.houses[0].target(), &speakers, lasts, usage).await?;
    nodes.close().await?;
    if run.lost > 0 {
        return Err("connections were lost under load".into());
    }
    let others = others.into_inner().map_err(|_| "poisoned")?;
    let [before, after] = others[..] else { return Err("used was not read twice".into()) };
    let each = (after - before) / (count - 1) as f64;
    let stored = run.stored_a_second * lasts.as_secs_f64();
    let named = format!("{}, all people on one", named(count));
    report.add(format!("{named}: stored messages a second"), "/s", run.stored_a_second);
    report.add(format!("{named}: CPU of it, a stored message"), "ms", run.cpu_ms_a_message);
    report.add(
        format!("{named}: CPU of each other node, a stored message"),
        "ms",
        each * 1e3 / stored,
    );
    Ok(())
}

/// What as many messages cost Redis and the database.
fn costs(
    report: &mut Report,
    named: &str,
    whom: &str,
    messages: f64,
    (before, after): (Used, Used),
) {
    let each = |used: f64| used * 1e3 / messages;
    report.add(
        format!("{named}: CPU of PostgreSQL, a message {whom}"),
        "ms",
        each(after.postgres - before.postgres),
    );
    report.add(
        format!("{named}: CPU of Redis, a message {whom}"),
        "ms",
        each(after.redis - before.redis),
    );
    report.add(
        format!("{named}: messages a transaction, {whom}"),
        "",
        messages / (after.commits - before.commits) as f64,
    );
    let (commands, bytes) = (after.done.0 - before.done.0, after.done.1 - before.done.1);
    report.add(
        format!("{named}: commands of Redis, a message {whom}"),
        "",
        commands as f64 / messages,
    );
    report.add(
        format!("{named}: bytes out of Redis, a message {whom}"),
        "B",
        bytes as f64 / messages,
    );
}

async fn idle(binary: &Path, count: usize, lasts: Duration, report: &mut Report) -> Outcome<()> {
    let nodes = Nodes::open(binary, count).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = nodes.used()?;
    tokio::time::sleep(lasts).await;
    let after = nodes.used()?;
    nodes.close().await?;
    let (named, seconds) = (named(count), lasts.as_secs_f64());
    let a_second = |used: f64| used * 1e3 / seconds;
    report.add(
        format!("{named}, nobody there: CPU of each, a second"),
        "ms",
        a_second(after.nodes - before.nodes) / count as f64,
    );
    report.add(
        format!("{named}, nobody there: CPU of PostgreSQL, a second"),
        "ms",
        a_second(after.postgres - before.postgres),
    );
    report.add(
        format!("{named}, nobody there: CPU of Redis, a second"),
        "ms",
        a_second(after.redis - before.redis),
    );
    Ok(())
}
