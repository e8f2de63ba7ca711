//! The house itself, accounts, and the devices signed in to them.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum House {
    Table,
    Id,
    Epoch,
}

#[derive(DeriveIden)]
enum Account {
    Table,
    Id,
    Username,
    DisplayName,
    DisplayKey,
    Email,
    EmailKey,
    PasswordHash,
    Admin,
    CreatedAt,
}

#[derive(DeriveIden)]
enum Session {
    Table,
    Id,
    AccountId,
    TokenHash,
    UserAgent,
    CreatedAt,
    LastSeenAt,
    ExpiresAt,
}

#[derive(DeriveIden)]
enum PasswordReset {
    Table,
    TokenHash,
    AccountId,
    ExpiresAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(House::Table)
                    .col(integer(House::Id).primary_key())
                    .col(string_len(House::Epoch, 36))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(Account::Table)
                    .col(uuid(Account::Id).primary_key())
                    .col(string_len(Account::Username, 32).unique_key())
                    .col(string_len(Account::DisplayName, 64))
                    // Lower case, for finding people by the beginning of their name.
                    .col(string_len(Account::DisplayKey, 192))
                    .col(string_len_null(Account::Email, 254))
                    // Lower case, and only once the address counts.
                    .col(string_len_null(Account::EmailKey, 254).unique_key())
                    .col(string_len(Account::PasswordHash, 255))
                    .col(boolean(Account::Admin))
                    .col(big_integer(Account::CreatedAt))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("account_display_key")
                    .table(Account::Table)
                    .col(Account::DisplayKey)
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(Session::Table)
                    .col(uuid(Session::Id).primary_key())
                    .col(uuid(Session::AccountId))
                    .col(binary_len(Session::TokenHash, 32).unique_key())
                    .col(string_len_null(Session::UserAgent, 255))
                    .col(big_integer(Session::CreatedAt))
                    .col(big_integer(Session::LastSeenAt))
                    .col(big_integer(Session::ExpiresAt))
                    .foreign_key(
                        ForeignKey::create()
                            .from(Session::Table, Session::AccountId)
                            .to(Account::Table, Account::Id),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(PasswordReset::Table)
                    .col(binary_len(PasswordReset::TokenHash, 32).primary_key())
                    .col(uuid(PasswordReset::AccountId))
                    .col(big_integer(PasswordReset::ExpiresAt))
                    .foreign_key(
                        ForeignKey::create()
                            .from(PasswordReset::Table, PasswordReset::AccountId)
                            .to(Account::Table, Account::Id),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("password_reset_account")
                    .table(PasswordReset::Table)
                    .col(PasswordReset::AccountId)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("session_account")
                    .table(Session::Table)
                    .col(Session::AccountId)
                    .to_owned(),
            )
            .await
    }
}
