//! Engines that a test shares with others where they were started for all of them, and else has for
//! itself.

use std::{env::var, net::SocketAddr, path::Path};

use crate::{MariaDb, ON, Postgres, REDIS, Redis, SERVER, WITH, mariadb, postgres};

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
    _own: Own,
}

/// What a house is kept in whose test minds neither.
#[derive(Debug)]
pub struct Chosen {
    /// A new database; `None` for SQLite.
    pub database_url: Option<String>,
    /// `None` where it stands alone.
    pub redis_url: Option<String>,
    _own: Own,
}

/// Engines that were started for want of any.
#[derive(Debug, Default)]
struct Own {
    server: Option<Server>,
    redis: Option<Redis>,
}

impl Own {
    /// A new database in the server that the environment names, or in a new one.
    fn database(&mut self) -> String {
        let server = var(SERVER).unwrap_or_else(|_| self.server.insert(Server::start()).url());
        match server.starts_with("mysql:") {
            true => mariadb::database(&server),
            false => postgres::database(&server),
        }
    }

    /// The Redis that the environment names, or a new one.
    fn redis(&mut self) -> String {
        var(REDIS).unwrap_or_else(|_| self.redis.insert(Redis::start()).url())
    }
}

impl Shared {
    /// In the engines that the environment names, and in new ones where it names none.
    ///
    /// # Panics
    /// Where they are not installed, or do not start.
    pub fn start() -> Self {
        let mut own = Own::default();
        Self { database_url: own.database(), redis_url: own.redis(), _own: own }
    }
}

impl Chosen {
    /// As the environment asks for it: on SQLite, and alone, where it asks for nothing.
    ///
    /// # Panics
    /// As [`Shared::start`], and where it asks for something else.
    pub fn start() -> Self {
        let mut own = Own::default();
        let on_a_server = match var(ON).as_deref() {
            Err(_) | Ok("sqlite") => false,
            Ok("postgres" | "mysql") => true,
            Ok(other) => panic!("{ON} names no database: {other}"),
        };
        let with_redis = match var(WITH).as_deref() {
            Err(_) | Ok("alone") => false,
            Ok("redis") => true,
            Ok(other) => panic!("{WITH} names nothing: {other}"),
        };
        let database_url = on_a_server.then(|| own.database());
        let redis_url = with_redis.then(|| own.redis());
        Self { database_url, redis_url, _own: own }
    }

    /// The address of its database, which is in this folder where it is SQLite.
    pub fn database_in(&self, folder: &Path) -> String {
        let file = || format!("sqlite:{}", folder.join("kith.db").display());
        self.database_url.clone().unwrap_or_else(file)
    }
}
