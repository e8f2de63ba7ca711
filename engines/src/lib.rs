//! The databases, the Redis, the proxy and the mail server that tests and benchmarks run against: real processes on free ports,
//! each with a folder of its own, and gone when the value is dropped.

mod cluster;
mod mail;
mod mariadb;
mod nginx;
mod postgres;
mod process;
mod redis;
mod shared;

pub use cluster::RedisCluster;
pub use mail::MailServer;
pub use mariadb::MariaDb;
pub use nginx::Nginx;
pub use postgres::{Postgres, database, query_number};
pub use process::free_port;
pub use redis::Redis;
pub use shared::{Chosen, Server, Shared};

/// Names what houses of tests that mind no database are kept in: `postgres`, `mysql`, or `sqlite`, as where
/// it is not set.
pub const ON: &str = "KITH_TEST_ON";
/// Names what stands beside it: `redis`, or nothing (`alone`), as where it is not set.
pub const WITH: &str = "KITH_TEST_WITH";
/// Names the address of a server in which tests make their databases.
pub const SERVER: &str = "KITH_TEST_SERVER";
/// Names the program that is started as a Redis: `valkey-server`, or `redis-server` where it is not set.
pub const REDIS_SERVER: &str = "KITH_TEST_REDIS_SERVER";
/// Names the address of a Redis that tests share.
pub const REDIS: &str = "KITH_TEST_REDIS";
