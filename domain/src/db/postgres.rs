//! PostgreSQL: many writers, each with its lane of the change log.

use std::{io::ErrorKind::TimedOut, time::Duration};

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, TransactionTrait as _,
    sqlx::{self, Connection as _},
};
use tokio::time::timeout;

use super::ACQUIRE_TIMEOUT;
use crate::Result;

const READERS: u32 = 8;
const DELIVERERS: u32 = 3;
/// As many transactions at once: more only wait for each other, and for the same disk.
pub(super) const WRITERS: usize = 8;
/// A connection that rested for as long is tried before it is used.
const RESTED: Duration = Duration::from_secs(1);
/// How long a connection may take to say that it is well.
const PING: Duration = Duration::from_secs(1);
/// A statement that takes longer is given up by the database itself.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// Who holds locks for as long and does nothing is gone, milliseconds: no transaction waits for its
/// own node for nearly as long.
const FORGOTTEN: &str = "5000";
/// Any number: who migrates has it.
const MIGRATION_LOCK: i64 = 0x6b69_7468;

/// The connections: who reads, who writes, and who delivers, which waits for nobody's questions.
pub(super) async fn open(url: &str) -> Result<[DatabaseConnection; 3]> {
    let writer = connect(url, WRITERS as u32).await?;
    let reader = connect(url, READERS).await?;
    let deliverer = connect(url, DELIVERERS).await?;
    Ok([reader, writer, deliverer])
}

async fn connect(url: &str, connections: u32) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options
        .min_connections(1)
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(Duration::from_secs(600))
        .max_lifetime(Duration::from_secs(3_600))
        .statement_timeout(STATEMENT_TIMEOUT)
        .set_application_name("kith")
        .sqlx_logging(false)
        .map_sqlx_postgres_pool_opts(|pool| {
            // Whose last question had no answer is hung up on, and does not keep its place for ever;
            // nor does who waits for a connection wait for one that is lost.
            pool.test_before_acquire(false)
                .before_acquire(|connection, seen| {
                    Box::pin(async move {
                        if seen.idle_for < RESTED {
                            return Ok(true);
                        }
                        is_well(connection).await
                    })
                })
                .after_release(|connection, _| Box::pin(is_well(connection)))
        })
        .map_sqlx_postgres_opts(|postgres| {
            postgres
                // What is acknowledged is on the disk, whatever the server's own default is.
                .options([
                    ("synchronous_commit", "on"),
                    ("idle_in_transaction_session_timeout", FORGOTTEN),
                ])
                .statement_cache_capacity(512)
        });
    Ok(Database::connect(options).await?)
}

async fn is_well(connection: &mut sqlx::PgConnection) -> sqlx::Result<bool> {
    let pinged = timeout(PING, connection.ping()).await;
    pinged.map_err(|_| sqlx::Error::from(std::io::Error::from(TimedOut)))?.map(|()| true)
}

/// Lets one node migrate at a time.
pub(super) async fn migrate(
    writer: &DatabaseConnection,
    migrate: impl AsyncFnOnce(&DatabaseConnection) -> Result<(), sea_orm::DbErr>,
) -> Result<()> {
    let lock = writer.begin().await?;
    // For whoever is at it now, however long that takes.
    lock.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
    lock.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
    lock.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
    migrate(writer).await?;
    Ok(lock.commit().await?)
}
