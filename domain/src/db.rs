//! The store: connections, and the one way to change anything. Reads take [`Db::read`]; every
//! change runs through [`Ctx::transact`].

use std::{
    path::Path,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DatabaseTransaction,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::interval,
};

use crate::{
    Ctx, Result, Viewer,
    accounts::sessions,
    bus::{Bus, Change, Told},
    clock,
    error::Error,
};
use protocol::Timestamp;

/// How long an action waits for a connection before it is `unavailable`.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
const READERS: u32 = 4;
/// How often the log is moved into the database, if there is anything to move.
const CHECKPOINT: Duration = Duration::from_secs(2);

/// The database's connections.
#[derive(Clone)]
pub(crate) struct Db {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    /// SQLite takes one writer at a time. Waiting here is fair, which its own lock is not, and
    /// holding it until the changes are published keeps them in the order of the commits.
    turn: Arc<Mutex<()>>,
    /// How many there were.
    commits: Arc<AtomicU64>,
}

/// Moves what was committed from the log into the database, away from the writer: one that finds a
/// long log does it itself, and everyone waits.
async fn checkpoint(reader: DatabaseConnection, commits: Weak<AtomicU64>) {
    let mut ticks = interval(CHECKPOINT);
    let mut moved = 0;
    loop {
        ticks.tick().await;
        // Until the last context is gone.
        let Some(now) = commits.upgrade().map(|commits| commits.load(Ordering::Relaxed)) else {
            return;
        };
        // What fails is tried again with the next.
        if now != moved && reader.execute_unprepared("PRAGMA wal_checkpoint(PASSIVE)").await.is_ok()
        {
            moved = now;
        }
    }
}

impl Db {
    /// Opens a SQLite file, made if it is missing.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let Some(path) = url.strip_prefix("sqlite:") else {
            return Err(Error::internal("DATABASE_URL: only sqlite: is supported so far"));
        };
        let path = path.strip_prefix("//").unwrap_or(path);
        if let Some(folder) = Path::new(path).parent() {
            std::fs::create_dir_all(folder).map_err(Error::internal)?;
        }
        let writer = connect(path, 1).await?;
        let reader = connect(path, READERS).await?;
        let db = Self { reader, writer, turn: Arc::default(), commits: Arc::default() };
        tokio::spawn(checkpoint(db.reader.clone(), Arc::downgrade(&db.commits)));
        Ok(db)
    }

    /// For reading. What is read here may have changed by the time it is used.
    pub(crate) fn read(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// How many transactions the database takes at once.
    pub(crate) fn writers(&self) -> usize {
        1
    }

    /// For migrations, and for naming the house before anything else happens in it.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }
}

async fn connect(path: &str, connections: u32) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(format!("sqlite://{path}?mode=rwc"));
    options
        .min_connections(1)
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
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
        });
    Ok(Database::connect(options).await?)
}

/// A transaction that collects what it changed.
pub(crate) struct Tx {
    inner: DatabaseTransaction,
    changes: Vec<Change>,
    now: Timestamp,
}

impl Tx {
    pub(crate) fn conn(&self) -> &DatabaseTransaction {
        &self.inner
    }

    /// The time that everything in this transaction happens at.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Tells the world after the commit, and not before.
    pub(crate) fn emit(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// 16 random bytes and this transaction's time make an id.
    pub(crate) fn new_id<T>(&self, make: impl FnOnce(i64, [u8; 16]) -> T) -> T {
        make(self.now.0, clock::random())
    }
}

/// What a transaction gave, once it is stored.
#[derive(Debug)]
pub(crate) struct Committed<T> {
    value: T,
    told: Told,
}

impl<T> Committed<T> {
    /// The value, once everyone on this node has been told what changed.
    pub(crate) async fn told(self) -> T {
        self.told.wait().await;
        self.value
    }
}

impl Ctx {
    /// Runs an action in one transaction: its changes are committed together, then published in the
    /// order of the commits; if it fails, nothing has happened.
    ///
    /// Once the commit has begun it goes on even if the caller is gone, so that nothing is stored
    /// and not told.
    pub(crate) async fn transact<T>(
        &self,
        action: impl AsyncFnOnce(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        Ok(self.commit(action).await?.told().await)
    }

    /// [`Ctx::transact`] for who goes on before everyone is told.
    pub(crate) async fn commit<T>(
        &self,
        action: impl AsyncFnOnce(&mut Tx) -> Result<T>,
    ) -> Result<Committed<T>> {
        let turn = Arc::clone(&self.db.turn).lock_owned().await;
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let inner = self.db.writer.begin_with_options(options).await?;
        let mut tx = Tx { inner, changes: Vec::new(), now: self.clock.now() };
        let value = match action(&mut tx).await {
            Ok(value) => value,
            Err(error) => {
                tx.inner.rollback().await?;
                return Err(error);
            }
        };
        self.db.commits.fetch_add(1, Ordering::Relaxed);
        let finished = tokio::spawn(finish(tx, self.bus.clone(), turn));
        let told = finished.await.map_err(Error::internal)??;
        Ok(Committed { value, told })
    }

    /// [`Ctx::transact`] for somebody: their session is read in it, so that one which has ended
    /// changes nothing more, however long ago its request began.
    pub(crate) async fn transact_as<T>(
        &self,
        viewer: &Viewer,
        action: impl AsyncFnOnce(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        self.transact(async |tx| {
            sessions::stands(tx, viewer).await?;
            action(tx).await
        })
        .await
    }
}

async fn finish(tx: Tx, bus: Bus, turn: OwnedMutexGuard<()>) -> Result<Told> {
    tx.inner.commit().await?;
    let told = bus.publish(tx.changes);
    drop(turn);
    Ok(told)
}
