//! What a database has to be like.

use domain::{Config, Ctx, rooms};
use engines::{MariaDb, Shared};
use migrations::Migrator;
use protocol::MessageId;
use sea_orm_migration::MigratorTrait;

use crate::house::{House, draft};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_few_connections_does_all_that_others_do() {
    let shared = Shared::start();
    let few = |config| Config { connections: 6, ..config };
    let house = House::on_with(&shared, few).await;
    let (alice, bob, room) = house.alice_and_bob().await;
    let member = rooms::member(&house.ctx, &alice.viewer, room.id).await.unwrap();
    let mut posts = tokio::task::JoinSet::new();
    for n in 0..200 {
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
    assert_eq!(member.last_seq(), 200);
    if shared.database_url.starts_with("postgres") {
        let held = "SELECT COUNT(*) FROM pg_stat_activity \
                    WHERE datname = current_database() AND pid <> pg_backend_pid()";
        assert!((3..=6).contains(&engines::query_number(&shared.database_url, held)));
    }
}
