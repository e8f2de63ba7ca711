//! MySQL and MariaDB: many writers, as with PostgreSQL.

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend,
    Statement,
    sqlx::{Executor as _, MySql, Row as _, pool::PoolOptions},
};

use super::server;
use crate::{Error, Result};

/// For every connection: what is too long or of the wrong kind is refused, and not cut; tables have
/// transactions.
const STRICT: &str = "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), \
    default_storage_engine = InnoDB";
/// For who does not wait as long as it takes: numbers are taken by locks, and what is read twice may
/// differ, as elsewhere; a lock is waited for less long than an answer; who holds locks and does nothing
/// is gone, and so is a statement that takes too long. A connection that rests is opened anew when it is
/// needed.
const SESSION: &str = "SET SESSION transaction_isolation = 'READ-COMMITTED', \
    innodb_lock_wait_timeout = 3, wait_timeout = 10, max_execution_time = 10000";
const SESSION_OF_MARIADB: &str = "SET SESSION tx_isolation = 'READ-COMMITTED', \
    innodb_lock_wait_timeout = 3, idle_transaction_timeout = 5, max_statement_time = 10";
/// As many statements a connection keeps prepared: the server has a bound for all together.
const PREPARED: usize = 128;

pub(super) fn tuned(options: &mut ConnectOptions) {
    options.map_sqlx_mysql_pool_opts(|pool| server::watched(prepared(pool))).map_sqlx_mysql_opts(
        |mysql| {
            // Names and words are compared by their bytes, as on SQLite.
            mysql.charset("utf8mb4").collation("utf8mb4_bin").statement_cache_capacity(PREPARED)
        },
    );
}

/// For connections that wait for as long as it takes.
pub(super) fn strict(options: &mut ConnectOptions) {
    options.map_sqlx_mysql_pool_opts(|pool| {
        pool.after_connect(|connection, _| {
            Box::pin(async move { connection.execute(STRICT).await.map(drop) })
        })
    });
}

fn prepared(pool: PoolOptions<MySql>) -> PoolOptions<MySql> {
    pool.after_connect(|connection, _| {
        Box::pin(async move {
            connection.execute(STRICT).await?;
            let row = connection.fetch_one("SELECT VERSION()").await?;
            let version: String = row.try_get(0)?;
            let session = if version.contains("MariaDB") { SESSION_OF_MARIADB } else { SESSION };
            connection.execute(session).await?;
            Ok(())
        })
    })
}

/// What is acknowledged is on the disk: a server that is set otherwise is none for Kith.
///
/// # Errors
/// `Internal` where a crash could lose what was acknowledged, or it does not say.
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

/// For whoever migrates. From here on tables are made in a character set that has every letter, and are
/// sorted by bytes.
///
/// # Errors
/// `Unavailable` where another node is at it for an hour.
pub(super) async fn lock(locked: &DatabaseTransaction) -> Result<()> {
    locked.execute_unprepared("SET SESSION wait_timeout = 28800").await?;
    // A lock is the whole server's, and its name has 64 letters at most; MySQL 9 knows no SHA1.
    let asked = "SELECT GET_LOCK(SHA2(CONCAT('kith ', DATABASE()), 256), 3600)";
    let row = locked.query_one_raw(Statement::from_string(DbBackend::MySql, asked)).await?;
    let is_ours: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    if is_ours != Some(1) {
        return Err(Error::Unavailable("another node brings the database to its schema".into()));
    }
    let sql = "ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
    locked.execute_unprepared(sql).await?;
    Ok(())
}
