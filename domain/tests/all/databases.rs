//! What a database has to be like.

use domain::{Config, Ctx};
use engines::MariaDb;
use migrations::Migrator;
use sea_orm_migration::MigratorTrait;

#[tokio::test]
async fn a_server_that_forgets_what_it_has_stored_is_refused_in_words() {
    let server = MariaDb::with(&["--innodb-flush-log-at-trx-commit=2"]);
    let config = Config::new(server.database());
    let opened = Ctx::open(config, async |db| Migrator::up(db, None).await).await;
    let refused = opened.err().expect("it is refused").to_string();
    assert!(refused.contains("innodb_flush_log_at_trx_commit"), "{refused}");
}

#[tokio::test]
async fn what_is_no_address_of_a_database_is_refused_in_words() {
    for url in ["", "kith.db", "redis://127.0.0.1", "mongodb://127.0.0.1/kith"] {
        let opened = Ctx::open(Config::new(url), async |db| Migrator::up(db, None).await).await;
        let refused = opened.err().expect("it is refused").to_string();
        assert!(refused.contains("mysql://"), "{url}: {refused}");
    }
}
