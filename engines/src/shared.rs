//! Engines that a test shares with others where they were started for all of them, and else has for
//! itself.

use std::{env::var, net::SocketAddr};

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

    /// A new database in it: its address.
    pub fn database(&self) -> String {
        match self {
            Self::Postgres(postgres) => postgres.database(),
            Self::MariaDb(mariadb) => mariadb.database(),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Postgres(postgres) => postgres.address(),
            Self::MariaDb(mariadb) => mariadb.address(),
        }
    }

    /// Ends it as an operator would, breaking every connection.
    pub fn stop(&mut self) {
        match self {
            Self::Postgres(postgres) => postgres.stop(),
            Self::MariaDb(mariadb) => mariadb.stop(),
        }
    }

    /// Starts it again, on the same port and data.
    pub fn start_again(&mut self) {
        match self {
            Self::Postgres(postgres) => postgres.start_again(),
            Self::MariaDb(mariadb) => mariadb.start_again(),
        }
    }

    /// Lets all of it stand still: its connections stay open, and nothing comes.
    pub fn freeze(&self) {
        match self {
            Self::Postgres(postgres) => postgres.freeze(),
            Self::MariaDb(mariadb) => mariadb.freeze(),
        }
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        match self {
            Self::Postgres(postgres) => postgres.thaw(),
            Self::MariaDb(mariadb) => mariadb.thaw(),
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
