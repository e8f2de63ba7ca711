//! Accounts that are deleted, and not yet gone from everywhere.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Account {
    Table,
    Leaving,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let leaving = boolean(Account::Leaving).default(false).take();
        let alter = Table::alter().table(Account::Table).add_column(leaving).to_owned();
        manager.alter_table(alter).await
    }
}
