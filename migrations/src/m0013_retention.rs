//! How long a room keeps what is said, and from which number on it does.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Room {
    Table,
    RetentionDays,
    FirstSeq,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            // 0 for ever, -1 for not at all.
            big_integer(Room::RetentionDays).default(0).take(),
            big_integer(Room::FirstSeq).default(1).take(),
        ];
        for mut column in columns {
            let altered = Table::alter().table(Room::Table).add_column(&mut column).to_owned();
            manager.alter_table(altered).await?;
        }
        let by_retention = Index::create()
            .name("room_retention")
            .table(Room::Table)
            .col(Room::RetentionDays)
            .to_owned();
        manager.create_index(by_retention).await
    }
}
