//! Engines that a test shares with others where they were started for all of them, and else has for
//! itself.

use crate::{ON, POSTGRES, Postgres, REDIS, Redis, postgres::database};

/// A database and a Redis for several nodes.
#[derive(Debug)]
pub struct Shared {
    /// A new database.
    pub database_url: String,
    /// Which others may use, too: nothing is kept in it.
    pub redis_url: String,
    _own: (Option<Postgres>, Option<Redis>),
}

impl Shared {
    /// What a house is kept in whose test minds no database: `None` for SQLite.
    ///
    /// # Panics
    /// As [`Shared::start`].
    pub fn chosen() -> Option<Self> {
        std::env::var(ON).is_ok_and(|on| on == "postgres").then(Self::start)
    }

    /// In the engines that the environment names, and in new ones where it names none.
    ///
    /// # Panics
    /// Where they are not installed, or do not start.
    pub fn start() -> Self {
        let (mut postgres, mut redis) = (None, None);
        let server =
            std::env::var(POSTGRES).unwrap_or_else(|_| postgres.insert(Postgres::start()).url());
        let redis_url = std::env::var(REDIS).unwrap_or_else(|_| redis.insert(Redis::start()).url());
        Self { database_url: database(&server), redis_url, _own: (postgres, redis) }
    }
}
