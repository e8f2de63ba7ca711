//! What a database has to be like.

use domain::{Config, Ctx, rooms};
use engines::{MariaDb, Postgres, Shared};
use migrations::Migrator;
use protocol::MessageId;
use sea_orm_migration::MigratorTrait;

use crate::house::{House, draft};

async fn refused(config: Config) -> String {
    let opened = Ctx::open(config, async |db| Migrator::up(db, None).await).await;
    opened.err().expect("it is refused").to_string()
}

#[tokio::test]
async fn a_server_that_forgets_what_it_has_stored_is_refused_in_words() {
    let server = MariaDb::with(&["--innodb-flush-log-at-trx-commit=2"]);
    let said = refused(Config::new(server.database())).await;
    assert!(said.contains("innodb_flush_log_at_trx_commit"), "{said}");
    let server = Postgres::with(&["fsync=off"]);
    let said = refused(Config::new(server.database())).await;
    assert!(said.contains("fsync"), "{said}");
}

#[tokio::test]
async fn what_is_no_address_is_refused_in_words() {
    for url in ["", "kith.db", "redis://127.0.0.1", "mongodb://127.0.0.1/kith"] {
        let said = refused(Config::new(url)).await;
        assert!(said.contains("mysql://"), "{url}: {said}");
    }
    let said = refused(Config::new("postgres://kith:ge/heim@127.0.0.1/kith")).await;
    assert!(said.contains("DATABASE_URL") && !said.contains("heim"), "{said}");
    let folder = tempfile::TempDir::new().unwrap();
    let database = format!("sqlite:{}", folder.path().join("kith.db").display());
    for url in ["", "127.0.0.1:6379", "http://127.0.0.1:6379", "redis://127.0.0.1:none"] {
        let redis_url = Some(url.to_owned());
        let said = refused(Config { redis_url, ..Config::new(&database) }).await;
        assert!(said.contains("REDIS_URL"), "{url}: {said}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_in_words() {
    let port = engines::free_port();
    let said = refused(Config::new(format!("postgres://kith:secret@127.0.0.1:{port}/kith"))).await;
    assert!(said.contains("DATABASE_URL") && said.contains("nobody answers"), "{said}");
    assert!(!said.contains("secret"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_few_connections_does_all_that_others_do() {
    let shared = Shared::start();
    let few = |config| Config { connections: 6, ..config };
    let house = House::on_with(&shared, few).await;
    let (alice, bob, room) = house.alice_and_bob().await;
    let member = rooms::member(&house.ctx, &alice.viewer, room.id).await.unwrap();
    let mut posts = tokio::task::JoinSet::new();
    for n in 0..60 {
        let ctx = house.ctx.clone();
        posts.spawn(async move {
            let id = ctx.new_id(MessageId::new);
            domain::messages::post(&ctx, &member, id, draft(&format!("{n}"))).await.map(drop)
        });
        let (ctx, viewer) = (house.ctx.clone(), bob.viewer);
        posts.spawn(async move { domain::snapshot::ready(&ctx, &viewer).await.map(drop) });
    }
    assert!(posts.join_all().await.iter().all(Result::is_ok));
    let member = rooms::member(&house.ctx, &bob.viewer, room.id).await.unwrap();
    assert_eq!(member.last_seq(), 60);
    if shared.database_url.starts_with("postgres") {
        let held = "SELECT COUNT(*) FROM pg_stat_activity \
                    WHERE datname = current_database() AND pid <> pg_backend_pid() \
                    AND backend_type = 'client backend'";
        assert!((3..=6).contains(&engines::query_number(&shared.database_url, held)));
    }
}
