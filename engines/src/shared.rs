//! Engines that a test shares with others where they were started for all of them, and else has for
//! itself.

use std::env::var;

use crate::{MariaDb, ON, Postgres, REDIS, Redis, SERVER, mariadb, postgres};

/// A server that has databases.
#[derive(Debug)]
pub enum Server {
    Postgres(Postgres),
    MariaDb(MariaDb),
}

impl Server {
    /// The one that the environment asks for: PostgreSQL, or MariaDB.
    ///
    /// # Panics
    /// Where it is not installed, or does not start.
    pub fn start() -> Self {
        match var(ON).as_deref() {
            Ok("mysql") => Self::MariaDb(MariaDb::start()),
            _ => Self::Postgres(Postgres::start()),
        }
    }

    /// The address of its first database.
    pub fn url(&self) -> String {
        match self {
            Self::Postgres(postgres) => postgres.url(),
            Self::MariaDb(mariadb) => mariadb.url(),
        }
    }
}

/// A database and a Redis for several nodes.
#[derive(Debug)]
pub struct Shared {
    /// A new database.
    pub database_url: String,
    /// Which others may use, too: nothing is kept in it.
    pub redis_url: String,
    _own: (Option<Server>, Option<Redis>),
}

impl Shared {
    /// What a house is kept in whose test minds no database: `None` for SQLite.
    ///
    /// # Panics
    /// As [`Shared::start`].
    pub fn chosen() -> Option<Self> {
        var(ON).is_ok_and(|on| on == "postgres" || on == "mysql").then(Self::start)
    }

    /// In the engines that the environment names, and in new ones where it names none.
    ///
    /// # Panics
    /// Where they are not installed, or do not start.
    pub fn start() -> Self {
        let (mut own, mut redis) = (None, None);
        let server = var(SERVER).unwrap_or_else(|_| own.insert(Server::start()).url());
        let redis_url = var(REDIS).unwrap_or_else(|_| redis.insert(Redis::start()).url());
        let database_url = match server.starts_with("mysql:") {
            true => mariadb::database(&server),
            false => postgres::database(&server),
        };
        Self { database_url, redis_url, _own: (own, redis) }
    }
}
