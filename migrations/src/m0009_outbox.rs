//! Letters that are to leave, until they have.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Letter {
    Table,
    Id,
    Recipient,
    Subject,
    Body,
    CreatedAt,
    DueAt,
    Tries,
    SentAt,
}

#[derive(DeriveIden)]
enum Account {
    Table,
    Id,
}

#[derive(DeriveIden)]
enum Confirmation {
    Table,
    TokenHash,
    AccountId,
    Email,
    ExpiresAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let letter = Table::create()
            .table(Letter::Table)
            .col(uuid(Letter::Id).primary_key())
            .col(string_len(Letter::Recipient, 254))
            .col(string_len(Letter::Subject, 255))
            .col(text(Letter::Body))
            .col(big_integer(Letter::CreatedAt))
            // When it is tried next; null once it has left or is given up.
            .col(big_integer_null(Letter::DueAt))
            .col(integer(Letter::Tries))
            .col(big_integer_null(Letter::SentAt))
            .to_owned();
        manager.create_table(letter).await?;
        let due =
            Index::create().name("letter_due").table(Letter::Table).col(Letter::DueAt).to_owned();
        manager.create_index(due).await?;
        // Addresses that do not count yet.
        let confirmation = Table::create()
            .table(Confirmation::Table)
            .col(binary_len(Confirmation::TokenHash, 32).primary_key())
            .col(uuid(Confirmation::AccountId))
            .col(string_len(Confirmation::Email, 254))
            .col(big_integer(Confirmation::ExpiresAt))
            .foreign_key(
                ForeignKey::create()
                    .from(Confirmation::Table, Confirmation::AccountId)
                    .to(Account::Table, Account::Id),
            )
            .to_owned();
        manager.create_table(confirmation).await?;
        let account = Index::create()
            .name("confirmation_account")
            .table(Confirmation::Table)
            .col(Confirmation::AccountId)
            .to_owned();
        manager.create_index(account).await
    }
}
