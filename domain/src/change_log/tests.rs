//! The log on a real PostgreSQL, with clocks that move when told to.

use std::{collections::BTreeSet, time::Duration};

use engines::Shared;
use migrations::Migrator;
use protocol::{Password, Timestamp, Username, accounts::SignUp};
use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::MigratorTrait;
use tokio::time::{Instant, timeout};

use super::follow::{AT_MOST_EVERY, EVERY};
use crate::{
    Clock, Config, Ctx, Error, Viewer,
    accounts::{self, sessions::Device},
    bus::Change,
    friends,
};

const MINUTE_MS: i64 = 60_000;

async fn node(shared: &Shared) -> Ctx {
    // Other nodes are heard of by the database alone.
    let clock = Clock::fixed(Timestamp(1_800_000_000_000));
    let config = Config { clock, ..Config::new(&shared.database_url) };
    Ctx::open(config, async |db| Migrator::up(db, None).await).await.unwrap()
}

async fn person(ctx: &Ctx, name: &str) -> Viewer {
    let form = SignUp {
        username: Username::parse(name).unwrap(),
        password: Password::parse("correct horse battery").unwrap(),
        email: None,
        display_name: None,
        challenge: None,
    };
    let (_, token) = accounts::sign_up(ctx, form, Device::default()).await.unwrap();
    accounts::sessions::authenticate(ctx, token.as_str()).await.unwrap()
}

async fn count(ctx: &Ctx, table: &str) -> i64 {
    let conn = ctx.db.read();
    let sql = format!("SELECT COUNT(*) AS n FROM {table}");
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await;
    row.unwrap().unwrap().try_get("", "n").unwrap()
}

#[tokio::test]
async fn lines_and_the_lanes_of_who_is_gone_do_not_stay() {
    let shared = Shared::start();
    let (here, gone) = (node(&shared).await, node(&shared).await);
    let alice = person(&here, "alice").await;
    for name in ["bob", "carol"] {
        person(&here, name).await;
        friends::ask(&here, &alice, name).await.unwrap();
    }
    friends::ask(&gone, &alice, "nobody").await.unwrap_err();
    person(&gone, "dave").await;
    friends::ask(&gone, &alice, "dave").await.unwrap();
    assert_eq!(count(&here, "change_log").await, 3);
    let lanes = here.db.lanes().unwrap();
    lanes.tidy().await.unwrap();
    here.clock.advance_ms(9 * MINUTE_MS);
    lanes.tidy().await.unwrap();
    assert_eq!(count(&here, "change_log").await, 3, "who was away for a while can read them");
    here.clock.advance_ms(2 * MINUTE_MS);
    lanes.tidy().await.unwrap();
    // Its latest, and the other's: once who tidies by itself is done, too.
    let tidied = async { while count(&here, "change_log").await != 2 {} };
    timeout(Duration::from_secs(20), tidied).await.unwrap();
    let open = count(&here, "change_lane").await;
    here.clock.advance_ms(10 * MINUTE_MS);
    lanes.tidy().await.unwrap();
    assert_eq!(count(&here, "change_log").await, 1, "who has not been heard of is forgotten");
    assert!(count(&here, "change_lane").await < open);
    // By its own clock it is as late: what it opens from here on is heard of now, whoever tidies.
    gone.clock.advance_ms(21 * MINUTE_MS);
    // Should it live all the same, its lanes take nothing more, one or the few that it had open; the
    // try after them has a new one.
    person(&here, "erin").await;
    let mut refusals = 0;
    while let Err(refused) = friends::ask(&gone, &alice, "erin").await {
        assert!(matches!(refused, Error::Unavailable(_)), "{refused:?}");
        refusals += 1;
        assert!(refusals <= open, "it has no more lanes than that");
    }
    assert!(refusals > 0);
    assert_eq!(count(&here, "change_log").await, 2);
}

#[tokio::test]
async fn who_is_woken_all_the_time_reads_now_and_then() {
    let shared = Shared::start();
    let redis_url = Some(shared.redis_url.clone());
    let config = Config { redis_url, ..Config::new(&shared.database_url) };
    let ctx = Ctx::open(config, async |db| Migrator::up(db, None).await).await.unwrap();
    let (woken, began) = (ctx.bus.woken(), Instant::now());
    let mut reads = BTreeSet::new();
    while reads.len() < 10 {
        woken.notify_one();
        reads.extend(ctx.bus.read_at());
        tokio::task::yield_now().await;
    }
    let took = began.elapsed();
    assert!(took >= AT_MOST_EVERY * 8, "{took:?}");
    let reads: Vec<_> = reads.into_iter().collect();
    let soonest = reads.windows(2).map(|two| two[1] - two[0]).min().unwrap();
    assert!(soonest < EVERY, "nobody is woken: {soonest:?}");
}

#[tokio::test]
async fn who_could_not_read_for_long_starts_afresh() {
    let shared = Shared::start();
    let (one, other) = (node(&shared).await, node(&shared).await);
    let mut published = other.bus.listen();
    let (alice, bob) = (person(&one, "alice").await, person(&one, "bob").await);
    friends::ask(&one, &alice, "bob").await.unwrap();
    let told = published.recv().await.unwrap();
    let asked = Change::RelationChanged { one: alice.account(), other: bob.account() };
    assert_eq!(told.changes.last(), Some(&asked));
    other.clock.advance_ms(6 * MINUTE_MS);
    let told = published.recv().await.unwrap();
    assert_eq!(*told.changes, [Change::Lost]);
    // And goes on from there.
    friends::step(&one, &bob, "alice", protocol::friends::Step::Decline).await.unwrap();
    let told = published.recv().await.unwrap();
    assert!(matches!(*told.changes, [Change::RelationChanged { .. }, ..]), "{:?}", told.changes);
}
