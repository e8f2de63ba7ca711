//! 200 rooms of five, everyone saying the next thing once the last is stored.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::SinkExt;
use protocol::RoomId;
use sqlx::{
    Connection, Executor, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::task::JoinSet;

use crate::{
    Outcome,
    dialect::Target,
    house::Usage,
    people::{Person, Rest},
    report::percentile,
    socket::{Socket, new_id, next, since_of},
};

pub const ROOMS: usize = 200;
pub const MEMBERS: usize = 5;

#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub stored_a_second: f64,
    pub cpu_ms_a_message: f64,
    pub acked_p50_ms: f64,
    pub acked_p99_ms: f64,
    /// Speakers whose connection the server ended.
    pub lost: usize,
}

/// Where somebody listens, and which room they speak in.
pub struct Speaker {
    pub token: String,
    pub room: RoomId,
    /// The bare broadcaster's group; empty for all others.
    pub query: String,
    /// Where they are; all at the same where there is nothing.
    pub at: Option<Target>,
}

/// These people in rooms of five.
pub async fn speakers(rest: &Rest, people: &[Person]) -> Outcome<Vec<Speaker>> {
    let mut speakers = Vec::new();
    for members in people.chunks(MEMBERS) {
        let room = rest.room(members).await?;
        speakers.extend(members.iter().map(|person| Speaker {
            token: person.token.clone(),
            room,
            query: String::new(),
            at: None,
        }));
    }
    Ok(speakers)
}

pub async fn run(
    target: Target,
    speakers: &[Speaker],
    lasts: Duration,
    usage: impl Fn() -> Outcome<Usage>,
) -> Outcome<Run> {
    let mut sockets = Vec::new();
    for speaker in speakers {
        let target = speaker.at.unwrap_or(target);
        let socket = target.enter(&speaker.token, &speaker.query).await?;
        sockets.push((socket, speaker.room));
    }
    let stored = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for (socket, room) in sockets {
        tasks.spawn(speak(target, socket, room, Arc::clone(&stored), Arc::clone(&stop)));
    }
    // Into its stride first.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (before, began) = ((usage()?, stored.load(Ordering::Relaxed)), std::time::Instant::now());
    tokio::time::sleep(lasts).await;
    let (after, elapsed) = ((usage()?, stored.load(Ordering::Relaxed)), began.elapsed());
    stop.store(true, Ordering::Relaxed);
    let (mut acked, mut lost) = (Vec::new(), 0);
    while let Some(samples) = tasks.join_next().await {
        match samples? {
            Ok(samples) => acked.extend(samples),
            Err(_) => lost += 1,
        }
    }
    let count = (after.1 - before.1) as f64;
    Ok(Run {
        stored_a_second: count / elapsed.as_secs_f64(),
        cpu_ms_a_message: (after.0.cpu - before.0.cpu) * 1e3 / count,
        acked_p50_ms: percentile(&mut acked, 0.5) / 1e6,
        acked_p99_ms: percentile(&mut acked, 0.99) / 1e6,
        lost,
    })
}

async fn speak(
    target: Target,
    mut socket: Socket,
    room: RoomId,
    stored: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
) -> Outcome<Vec<u64>> {
    let mut samples = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let (id, message) = target.message(room, None);
        socket.send(message).await?;
        let id_text = id.to_string();
        loop {
            let text = next(&mut socket).await?;
            if target.is_ack(&text) && text.contains(&id_text) {
                break;
            }
            if text.starts_with(r#"{"type":"refused""#) {
                return Err(text.to_string().into());
            }
        }
        samples.extend(since_of(id));
        stored.fetch_add(1, Ordering::Relaxed);
    }
    Ok(samples)
}

/// What SQLite takes by itself with the same settings.
#[derive(Clone, Copy, Debug)]
pub struct Sqlite {
    /// Rows a second, in groups of 100.
    pub rows_a_second: f64,
    /// One row a commit, 50 commits a second: how long 99 of 100 take, in milliseconds.
    pub commit_p99_ms: f64,
}

pub async fn sqlite(lasts: Duration) -> Outcome<Sqlite> {
    let folder = tempfile::TempDir::new()?;
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("limit.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut db = SqliteConnection::connect_with(&options).await?;
    db.execute(
        "CREATE TABLE message (room_id BLOB NOT NULL, seq INTEGER NOT NULL, id BLOB NOT NULL, \
         revision INTEGER NOT NULL, author_id BLOB NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, \
         created_at INTEGER NOT NULL, PRIMARY KEY (room_id, seq), UNIQUE (id, room_id))",
    )
    .await?;
    let (mut seq, began) = (0, std::time::Instant::now());
    while began.elapsed() < lasts {
        commit(&mut db, &mut seq, 100).await?;
    }
    let rows_a_second = seq as f64 / began.elapsed().as_secs_f64();
    let mut took = Vec::new();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let began = std::time::Instant::now();
    while began.elapsed() < lasts {
        ticks.tick().await;
        let at = std::time::Instant::now();
        commit(&mut db, &mut seq, 1).await?;
        took.push(at.elapsed().as_nanos() as u64);
    }
    Ok(Sqlite { rows_a_second, commit_p99_ms: percentile(&mut took, 0.99) / 1e6 })
}

/// What it takes SQLite by itself to read the newest 50 of as many messages: milliseconds of CPU, and
/// how long 99 of 100 take.
pub async fn range(count: u64, lasts: Duration) -> Outcome<(f64, f64)> {
    let folder = tempfile::TempDir::new()?;
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("limit.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Off);
    let mut db = SqliteConnection::connect_with(&options).await?;
    db.execute(
        "CREATE TABLE message (room INTEGER, seq INTEGER, author TEXT, body TEXT, at INTEGER, \
         PRIMARY KEY (room, seq))",
    )
    .await?;
    let fill = format!(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) \
         INSERT INTO message SELECT 1, n, 'somebody', '{}', n FROM n",
        crate::socket::body()
    );
    db.execute(sqlx::AssertSqlSafe(fill)).await?;
    let (mut took, own) = (Vec::new(), Some(std::process::id()));
    let (before, began) = (crate::house::usage(own)?.cpu, std::time::Instant::now());
    while began.elapsed() < lasts {
        let at = std::time::Instant::now();
        sqlx::query(
            "SELECT seq, author, body, at FROM message WHERE room = 1 ORDER BY seq DESC LIMIT 50",
        )
        .fetch_all(&mut db)
        .await?;
        took.push(at.elapsed().as_nanos() as u64);
    }
    let used = crate::house::usage(own)?.cpu - before;
    Ok((used * 1e3 / took.len() as f64, percentile(&mut took, 0.99) / 1e6))
}

async fn commit(db: &mut SqliteConnection, seq: &mut i64, rows: u8) -> Outcome<()> {
    let values = vec!["(?, ?, ?, ?, ?, ?, ?, ?)"; usize::from(rows)].join(", ");
    let sql = format!("INSERT INTO message VALUES {values}");
    let mut transaction = db.begin_with("BEGIN IMMEDIATE").await?;
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql.as_str()));
    for n in 0..rows {
        *seq += 1;
        let id = new_id();
        query = query
            .bind(vec![n; 16])
            .bind(*seq)
            .bind(id.0.as_bytes().to_vec())
            .bind(*seq)
            .bind(vec![n; 16])
            .bind("message")
            .bind(crate::socket::body())
            .bind(*seq);
    }
    query.execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}
