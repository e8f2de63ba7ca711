//! What every subcommand begins with: the log, and the open database.

use std::{error::Error, process::ExitCode};

use domain::{Config, Ctx};
use migrations::Migrator;
use sea_orm_migration::MigratorTrait;

use crate::config::House;

pub type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Where the data is: what every house is opened with.
pub fn config(house: &House) -> Config {
    let database_url = match &house.database_url {
        Some(url) => url.clone(),
        None => format!("sqlite:{}", house.data.join("kith.db").display()),
    };
    Config {
        redis_url: house.redis_url.clone(),
        connections: house.database_connections,
        ..Config::new(database_url)
    }
}

/// Opens the database, made and migrated as needed; a house that has just begun gets its first rooms.
pub async fn open(config: Config) -> Outcome<Ctx> {
    let ctx = Ctx::open(config, async |db| Migrator::up(db, None).await).await?;
    domain::rooms::begin(&ctx).await?;
    Ok(ctx)
}

pub fn log(house: &House) {
    // The database's own crates speak of every statement and migration.
    let filter = format!("{},sqlx=warn,sea_orm_migration=warn", house.log);
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_target(false)
        .with_writer(std::io::stderr)
        .init();
}

/// Says on the standard error why the command stops.
#[expect(clippy::print_stderr, reason = "the last words of a command line")]
pub fn complain(error: &dyn Error) -> ExitCode {
    eprintln!("kith: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
    ExitCode::FAILURE
}
