//! The store: which database it is, and its connections. Reads take [`Db::read`]; every change runs
//! through [`Ctx::transact`](crate::Ctx::transact).

mod dialect;
mod mysql;
mod postgres;
mod reader;
mod readers;
mod server;
mod sqlite;
#[cfg(test)]
mod tests;
mod transact;

use std::{sync::Arc, time::Duration};

use sea_orm::{DatabaseConnection, DbBackend};
use tokio::sync::OwnedMutexGuard;

use crate::{Clock, Error, Result, change_log};

pub(crate) use dialect::{no_id, statement};
pub(crate) use reader::Reader;
use server::Pools;
pub(crate) use transact::{Committed, Tx};

/// How long an action waits for a connection before it is `unavailable`.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// The database's connections.
#[derive(Clone)]
pub(crate) struct Db {
    reader: Reader,
    writer: DatabaseConnection,
    deliverer: Reader,
    store: Store,
}

#[derive(Clone)]
enum Store {
    Sqlite(sqlite::Turns),
    Server(Arc<Server>),
}

/// A database that others may write to.
struct Server {
    url: String,
    /// As many transactions at once.
    writers: usize,
    lanes: Arc<change_log::Lanes>,
}

/// The right to write one transaction.
enum Turn {
    /// Nobody else writes meanwhile.
    Alone(OwnedMutexGuard<()>),
    /// Others write, too: what this one changes is noted in its lane.
    Lane(change_log::Lane),
}

impl Db {
    /// Opens what the address names: `sqlite:PATH`, `postgres://…`, `mysql://…` or `mariadb://…`; on a server
    /// by so many connections.
    pub(crate) async fn open(url: &str, connections: u32, clock: &Clock) -> Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let (readers, writer, turns) = sqlite::open(path).await?;
            let reader = Reader::File(readers);
            return Ok(Self {
                deliverer: reader.clone(),
                reader,
                writer,
                store: Store::Sqlite(turns),
            });
        }
        let pools = Pools::of(connections);
        let (url, [reader, writer, deliverer]) = match url.split_once("://") {
            Some(("postgres" | "postgresql", _)) => {
                let opened = server::open(url, pools, postgres::tuned).await?;
                postgres::syncs(&opened[1]).await?;
                (url.to_owned(), opened)
            }
            Some(("mysql" | "mariadb", rest)) => {
                let url = format!("mysql://{rest}");
                let opened = server::open(&url, pools, mysql::tuned).await?;
                mysql::syncs(&opened[1]).await?;
                (url, opened)
            }
            _ => {
                return Err(Error::internal(
                    "DATABASE_URL begins with sqlite:, postgres://, mysql:// or mariadb://",
                ));
            }
        };
        let lanes = Reader::Pool(writer.clone());
        let writers = pools.writers as usize;
        let lanes = Arc::new(change_log::Lanes::new(lanes, writers, clock.clone()));
        Ok(Self {
            reader: Reader::Pool(reader),
            writer,
            deliverer: Reader::Pool(deliverer),
            store: Store::Server(Arc::new(Server { url, writers, lanes })),
        })
    }

    /// Brings the database to its schema, one node at a time.
    pub(crate) async fn migrate(
        &self,
        migrate: impl AsyncFnOnce(&DatabaseConnection) -> Result<(), sea_orm::DbErr>,
    ) -> Result<()> {
        match &self.store {
            Store::Sqlite(_) => Ok(migrate(&self.writer).await?),
            Store::Server(server) => match self.writer.get_database_backend() {
                DbBackend::MySql => {
                    server::migrate(&server.url, mysql::strict, mysql::lock, migrate).await
                }
                _ => server::migrate(&server.url, |_| {}, postgres::lock, migrate).await,
            },
        }
    }

    /// For reading. What is read here may have changed by the time it is used.
    pub(crate) fn read(&self) -> &Reader {
        &self.reader
    }

    /// For reading what is to be delivered, which waits for nobody's questions.
    pub(crate) fn deliver(&self) -> &Reader {
        &self.deliverer
    }

    /// How many queues messages wait in: a room's in one of them.
    pub(crate) fn queues(&self) -> usize {
        match &self.store {
            Store::Sqlite(_) => 1,
            // Some turns are left to everyone else.
            Store::Server(server) => (server.writers / 2).max(1),
        }
    }

    /// For naming the house before anything else happens in it.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// The lanes of the change log, where other nodes may read it.
    pub(crate) fn lanes(&self) -> Option<&Arc<change_log::Lanes>> {
        match &self.store {
            Store::Sqlite(_) => None,
            Store::Server(server) => Some(&server.lanes),
        }
    }

    async fn turn(&self) -> Result<Turn> {
        Ok(match &self.store {
            Store::Sqlite(turns) => Turn::Alone(turns.next().await),
            Store::Server(server) => Turn::Lane(server.lanes.take().await?),
        })
    }
}
