//! MySQL and MariaDB: many writers, as with PostgreSQL.

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, Statement,
    TransactionTrait as _,
    sqlx::{Executor as _, MySql, pool::PoolOptions},
};

use super::server;
use crate::{Error, Result};

/// For every connection: numbers are taken by locks, and what is read twice may differ, as elsewhere;
/// nobody waits for a lock for longer than who asks waits for an answer. MariaDB alone, as it
/// is set here, gives up who holds locks and does nothing, and a statement that takes too long.
const SESSION: &str = "SET SESSION transaction_isolation = 'READ-COMMITTED', \
    innodb_lock_wait_timeout = 5";
const SESSION_OF_MARIADB: &str = "SET SESSION tx_isolation = 'READ-COMMITTED', \
    innodb_lock_wait_timeout = 5, idle_transaction_timeout = 5, max_statement_time = 10";

pub(super) fn tuned(options: &mut ConnectOptions) {
    options.map_sqlx_mysql_pool_opts(|pool| server::watched(prepared(pool))).map_sqlx_mysql_opts(
        |mysql| {
            // Names and words are compared by their bytes, as on SQLite.
            mysql.charset("utf8mb4").collation("utf8mb4_bin").statement_cache_capacity(512)
        },
    );
}

fn prepared(pool: PoolOptions<MySql>) -> PoolOptions<MySql> {
    pool.after_connect(|connection, _| {
        Box::pin(async move {
            let is_mariadb = connection.fetch_one("SELECT VERSION()").await?;
            let version: String = sea_orm::sqlx::Row::try_get(&is_mariadb, 0)?;
            let session = if version.contains("MariaDB") { SESSION_OF_MARIADB } else { SESSION };
            connection.execute(session).await?;
            Ok(())
        })
    })
}

/// What is acknowledged is on the disk: a server that is set otherwise is none for Kith.
///
/// # Errors
/// Where it is.
pub(super) async fn syncs(conn: &DatabaseConnection) -> Result<()> {
    let asked = "SELECT @@innodb_flush_log_at_trx_commit = 1";
    let row = conn.query_one_raw(Statement::from_string(DbBackend::MySql, asked)).await?;
    match row.map(|row| row.try_get_by_index::<i64>(0)).transpose()? {
        Some(1) => Ok(()),
        _ => Err(Error::internal(
            "the database forgets what it has stored when it crashes: set \
             innodb_flush_log_at_trx_commit to 1",
        )),
    }
}

/// Lets one node migrate at a time. Tables are made in a character set that has every letter, and are
/// sorted by bytes.
pub(super) async fn migrate(
    url: &str,
    migrate: impl AsyncFnOnce(&DatabaseConnection) -> Result<(), DbErr>,
) -> Result<()> {
    let patient = server::patient(url).await?;
    let lock = patient.begin().await?;
    lock.execute_unprepared("DO GET_LOCK(CONCAT('kith ', DATABASE()), 3600)").await?;
    patient.execute_unprepared("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_bin").await?;
    migrate(&patient).await?;
    lock.execute_unprepared("DO RELEASE_LOCK(CONCAT('kith ', DATABASE()))").await?;
    lock.commit().await?;
    Ok(patient.close().await?)
}
