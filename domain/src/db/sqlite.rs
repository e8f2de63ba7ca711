//! SQLite: one file, one writer.

use std::{
    path::Path,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbBackend, Statement,
    sqlx::{
        ConnectOptions as _,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::interval,
};

use super::{ACQUIRE_TIMEOUT, readers::Readers};
use crate::{Error, Result};

const READERS: usize = 4;
/// How often the log is moved into the database, if there is anything to move.
const CHECKPOINT: Duration = Duration::from_secs(2);

/// Whose turn it is to write. SQLite takes one writer at a time. Waiting here is fair, which its own
/// lock is not, and holding it until the changes are published keeps them in the order of the
/// commits.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    turn: Arc<Mutex<()>>,
    /// How many were taken.
    taken: Arc<AtomicU64>,
}

impl Turns {
    pub(super) async fn next(&self) -> OwnedMutexGuard<()> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        self.taken.fetch_add(1, Ordering::Relaxed);
        turn
    }
}

/// Opens a file, made if it is missing: who reads, who writes, and whose turn it is.
pub(super) async fn open(path: &str) -> Result<(Arc<Readers>, DatabaseConnection, Turns)> {
    if let Some(folder) = Path::new(path).parent() {
        make(folder).map_err(Error::internal)?;
    }
    let writer = write(path).await?;
    let options = SqliteConnectOptions::new().filename(path).disable_statement_logging();
    let readers = Arc::new(Readers::new(tuned(options), READERS));
    let turns = Turns::default();
    tokio::spawn(checkpoint(Arc::clone(&readers), Arc::downgrade(&turns.taken)));
    Ok((readers, writer, turns))
}

/// Makes a folder that nobody else on the machine looks into.
fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

async fn write(path: &str) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(format!("sqlite://{path}?mode=rwc"));
    options
        .min_connections(1)
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(tuned);
    Ok(Database::connect(options).await?)
}

fn tuned(sqlite: SqliteConnectOptions) -> SqliteConnectOptions {
    sqlite
        .journal_mode(SqliteJournalMode::Wal)
        // Acknowledged means synced, not only handed to the system.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(ACQUIRE_TIMEOUT)
        .foreign_keys(true)
        // Rows come from a thread of its own: as many before one waits for the other.
        .row_buffer_size(1_024)
        // 4 MiB a connection, instead of as much as it likes.
        .pragma("cache_size", "-4096")
        // The last resort of a log that `checkpoint` cannot keep short.
        .pragma("wal_autocheckpoint", "20000")
}

/// Moves what was committed from the log into the database, away from the writer: one that finds a
/// long log does it itself, and everyone waits.
async fn checkpoint(readers: Arc<Readers>, taken: Weak<AtomicU64>) {
    let mut ticks = interval(CHECKPOINT);
    let mut moved = 0;
    let statement = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(PASSIVE)");
    loop {
        ticks.tick().await;
        // Until the last context is gone.
        let Some(now) = taken.upgrade().map(|taken| taken.load(Ordering::Relaxed)) else {
            return;
        };
        // What fails is tried again with the next.
        if now != moved && readers.execute(&statement).await.is_ok() {
            moved = now;
        }
    }
}
