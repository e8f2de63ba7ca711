//! What a database does to those who are in each other's way, on a real server.

use std::sync::atomic::{AtomicUsize, Ordering};

use engines::Shared;
use migrations::Migrator;
use protocol::{Password, Username, accounts::SignUp};
use sea_orm_migration::MigratorTrait;
use tokio::sync::Barrier;

use crate::{
    Config, Ctx,
    accounts::{self, sessions::Device},
};

#[tokio::test]
async fn two_who_wait_for_each_other_both_get_through() {
    let shared = Shared::start();
    let config = Config::new(&shared.database_url);
    let ctx = Ctx::open(config, async |db| Migrator::up(db, None).await).await.unwrap();
    let mut people = Vec::new();
    for name in ["alice", "bob"] {
        let form = SignUp {
            username: Username::parse(name).unwrap(),
            password: Password::parse("correct horse battery").unwrap(),
            email: None,
            display_name: None,
            challenge: None,
        };
        let (user, _) = accounts::sign_up(&ctx, form, Device::default()).await.unwrap();
        people.push(user.id);
    }
    let (both, tries) = (Barrier::new(2), AtomicUsize::new(0));
    let crosswise = async |first, second| {
        ctx.transact(async |tx| {
            accounts::lock(tx, first).await?;
            // The first time each of them waits until the other has a lock, too.
            if tries.fetch_add(1, Ordering::Relaxed) < 2 {
                both.wait().await;
            }
            accounts::lock(tx, second).await?;
            Ok(())
        })
        .await
    };
    let (one, other) =
        tokio::join!(crosswise(people[0], people[1]), crosswise(people[1], people[0]));
    one.unwrap();
    other.unwrap();
    assert!(tries.load(Ordering::Relaxed) > 2, "nobody was in anybody's way");
}
