//! The schema, the same on every database. One file a step, never changed once it has landed.
//!
//! Instants are milliseconds since 1970; ids are the UUID type that the database has.

use sea_orm_migration::prelude::*;

mod m0001_accounts;
mod m0002_friends;
mod m0003_rooms;
mod m0004_messages;
mod m0005_changes;
mod m0006_change_log;
mod m0007_people;
mod m0008_notifications;
mod m0009_outbox;
mod m0010_leaving;
mod m0011_rooms;
mod m0012_messages;
mod m0013_retention;
mod m0014_identities;

/// Brings a database to the schema that this build expects.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_accounts::Migration),
            Box::new(m0002_friends::Migration),
            Box::new(m0003_rooms::Migration),
            Box::new(m0004_messages::Migration),
            Box::new(m0005_changes::Migration),
            Box::new(m0006_change_log::Migration),
            Box::new(m0007_people::Migration),
            Box::new(m0008_notifications::Migration),
            Box::new(m0009_outbox::Migration),
            Box::new(m0010_leaving::Migration),
            Box::new(m0011_rooms::Migration),
            Box::new(m0012_messages::Migration),
            Box::new(m0013_retention::Migration),
            Box::new(m0014_identities::Migration),
        ]
    }
}
