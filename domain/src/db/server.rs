//! What every database that is a server of its own has in common: pools of connections, which may be
//! lost without a word.

use std::{io::ErrorKind::TimedOut, time::Duration};

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbErr, RuntimeErr,
    TransactionTrait as _,
    sqlx::{self, Connection, Database as Engine, pool::PoolOptions},
};
use tokio::time::timeout;
use url::Url;

use super::ACQUIRE_TIMEOUT;
use crate::{Error, Result};

/// How many connections this process holds at most, and what for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Pools {
    readers: u32,
    /// As many transactions at once: more only wait for each other, and for the same disk.
    pub writers: u32,
    /// Who delivers waits for nobody's questions.
    deliverers: u32,
}

/// More who write at once do not write more, and each has a lane that everybody else reads.
const WRITERS: u32 = 32;

impl Pools {
    /// So many in all, and at least one for each.
    pub(super) fn of(connections: u32) -> Self {
        let deliverers = (connections / 6).clamp(1, 3);
        let others = connections.saturating_sub(deliverers);
        let writers = (others / 2).clamp(1, WRITERS);
        Self { readers: others.saturating_sub(writers).max(1), writers, deliverers }
    }
}

/// A connection that rested for as long is tried before it is used.
const RESTED: Duration = Duration::from_secs(1);
/// How long a connection may take to say that it is well.
const PING: Duration = Duration::from_secs(1);

/// The connections: who reads, who writes, and who delivers.
///
/// # Errors
/// `Internal` for what is no address, or leads nowhere, in words that tell no password.
pub(super) async fn open(
    url: &str,
    pools: Pools,
    tuned: impl Fn(&mut ConnectOptions),
) -> Result<[DatabaseConnection; 3]> {
    // What reads it further would repeat it.
    if let Err(error) = Url::parse(url) {
        return Err(Error::internal(format!(
            "DATABASE_URL cannot be read ({error}); a password's / # ? @ are written %2F %23 %3F %40"
        )));
    }
    let connect = async |connections| {
        let mut options = ConnectOptions::new(url);
        options
            .min_connections(1)
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(Duration::from_secs(600))
            .max_lifetime(Duration::from_secs(3_600))
            .sqlx_logging(false);
        tuned(&mut options);
        Database::connect(options).await
    };
    let writer = connect(pools.writers).await.map_err(nowhere)?;
    let reader = connect(pools.readers).await?;
    let deliverer = connect(pools.deliverers).await?;
    Ok([reader, writer, deliverer])
}

/// Why nobody is found where the address leads.
fn nowhere(error: DbErr) -> Error {
    let why = match &error {
        DbErr::Conn(RuntimeErr::SqlxError(source)) => match &**source {
            sqlx::Error::Database(said) => said.message().to_owned(),
            sqlx::Error::PoolTimedOut => "nobody answers, or it has no connection left".to_owned(),
            other => other.to_string(),
        },
        other => other.to_string(),
    };
    Error::internal(format!("the database of DATABASE_URL cannot be opened: {why}"))
}

/// Lets one node migrate at a time, however long that takes: one connection holds the lock until the end
/// of its transaction, or until it is closed, and the other migrates.
pub(super) async fn migrate(
    url: &str,
    prepared: impl Fn(&mut ConnectOptions),
    lock: impl AsyncFnOnce(&DatabaseTransaction) -> Result<()>,
    migrate: impl AsyncFnOnce(&DatabaseConnection) -> Result<(), DbErr>,
) -> Result<()> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(2).acquire_timeout(ACQUIRE_TIMEOUT).sqlx_logging(false);
    prepared(&mut options);
    let patient = Database::connect(options).await?;
    let locked = patient.begin().await?;
    lock(&locked).await?;
    migrate(&patient).await?;
    locked.commit().await?;
    Ok(patient.close().await?)
}

/// Whose last question had no answer is hung up on, and does not keep its place for ever; nor does who
/// waits for a connection wait for one that is lost.
pub(super) fn watched<E: Engine>(pool: PoolOptions<E>) -> PoolOptions<E> {
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
}

async fn is_well(connection: &mut impl Connection) -> sqlx::Result<bool> {
    let pinged = timeout(PING, connection.ping()).await;
    pinged.map_err(|_| sqlx::Error::from(std::io::Error::from(TimedOut)))?.map(|()| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_shared_out_whole() {
        let pools = |readers, writers, deliverers| Pools { readers, writers, deliverers };
        assert_eq!(Pools::of(19), pools(8, 8, 3));
        assert_eq!(Pools::of(6), pools(3, 2, 1));
        assert_eq!(Pools::of(100), pools(65, 32, 3));
        assert_eq!(Pools::of(0), pools(1, 1, 1));
    }
}
