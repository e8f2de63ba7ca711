//! PostgreSQL: many writers, each with its lane of the change log.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend,
    Statement,
};

use super::server;
use crate::{Error, Result};

/// A statement that takes longer is given up by the database itself.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// Who holds locks for as long and does nothing is gone, milliseconds: no transaction waits for its
/// own node for nearly as long.
const FORGOTTEN: &str = "5000";
/// Any number: who migrates has it.
const MIGRATION_LOCK: i64 = 0x6b69_7468;

pub(super) fn tuned(options: &mut ConnectOptions) {
    options
        .statement_timeout(STATEMENT_TIMEOUT)
        .set_application_name("kith")
        .map_sqlx_postgres_pool_opts(server::watched)
        .map_sqlx_postgres_opts(|postgres| {
            postgres
                // What is acknowledged is on the disk, whatever the server's own default is.
                .options([
                    ("synchronous_commit", "on"),
                    ("idle_in_transaction_session_timeout", FORGOTTEN),
                ])
                .statement_cache_capacity(512)
        });
}

/// What is acknowledged is on the disk: a server that leaves it to the system's cache is none for Kith.
///
/// # Errors
/// `Internal` where the machine's stop could lose what was acknowledged, or it does not say.
pub(super) async fn syncs(conn: &DatabaseConnection) -> Result<()> {
    let row = conn.query_one_raw(Statement::from_string(DbBackend::Postgres, "SHOW fsync")).await?;
    match row.map(|row| row.try_get_by_index::<String>(0)).transpose()?.as_deref() {
        Some("on") => Ok(()),
        _ => Err(Error::internal(
            "the database forgets what it has stored when its machine stops: set fsync to on",
        )),
    }
}

/// For whoever migrates.
pub(super) async fn lock(locked: &DatabaseTransaction) -> Result<()> {
    let sql = format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
    locked.execute_unprepared(&sql).await?;
    Ok(())
}
