//! Who an identity provider says somebody is.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Identity {
    Table,
    Issuer,
    Subject,
    AccountId,
    LinkedAt,
}

#[derive(DeriveIden)]
enum Account {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let identity = Table::create()
            .table(Identity::Table)
            .col(string_len(Identity::Issuer, 255))
            .col(string_len(Identity::Subject, 255))
            .col(uuid(Identity::AccountId))
            .col(big_integer(Identity::LinkedAt))
            .primary_key(Index::create().col(Identity::Issuer).col(Identity::Subject))
            .foreign_key(
                ForeignKey::create()
                    .from(Identity::Table, Identity::AccountId)
                    .to(Account::Table, Account::Id),
            )
            .to_owned();
        manager.create_table(identity).await?;
        // One of each provider.
        let by_account = Index::create()
            .name("identity_account")
            .table(Identity::Table)
            .col(Identity::AccountId)
            .col(Identity::Issuer)
            .unique()
            .to_owned();
        manager.create_index(by_account).await
    }
}
