//! What every subcommand begins with: the log, and the open database.

use std::{error::Error, process::ExitCode};

use domain::{Config, Ctx};
use migrations::Migrator;
use sea_orm_migration::MigratorTrait;
use url::Url;

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

/// Where an address leads, without who may enter there.
pub fn place(url: &str) -> String {
    match (url.split_once(':'), Url::parse(url)) {
        (Some(("sqlite", _)), _) => url.to_owned(),
        (_, Ok(url)) => {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            let host = url.host_str().unwrap_or_default();
            format!("{}://{host}{port}{}", url.scheme(), url.path())
        }
        (Some((scheme, _)), Err(_)) => scheme.to_owned(),
        (None, Err(_)) => String::new(),
    }
}

pub fn log(house: &House) {
    // The database's own crates speak of every statement and migration, and of what in an address they do
    // not know.
    let quiet =
        "sqlx=warn,sqlx_postgres::options=error,sqlx_mysql::options=error,sea_orm_migration=warn";
    let filter = format!("{},{quiet}", house.log);
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

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_place_tells_no_password() {
        let db = "postgres://db:5433/kith";
        assert_eq!(place("postgres://kith:se@cret@db:5433/kith"), db);
        assert_eq!(place("postgres://db:5433/kith?user=kith&password=s@cret"), db);
        assert_eq!(place("postgres://kith:se?cret@db/kith"), "postgres");
        assert_eq!(place("redis://:secret@127.0.0.1:6379"), "redis://127.0.0.1:6379");
        assert_eq!(place("sqlite:///data/me@home.db"), "sqlite:///data/me@home.db");
    }
}
