//! Friendships, two rows each (one a side), and requests for them.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Account {
    Table,
    Id,
}

#[derive(DeriveIden)]
enum Friendship {
    Table,
    AccountId,
    FriendId,
    CreatedAt,
}

#[derive(DeriveIden)]
enum FriendRequest {
    Table,
    Id,
    SenderId,
    RecipientId,
    State,
    OpenPair,
    CreatedAt,
    AnsweredAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(Friendship::Table)
                    .col(uuid(Friendship::AccountId))
                    .col(uuid(Friendship::FriendId))
                    .col(big_integer(Friendship::CreatedAt))
                    .primary_key(
                        Index::create().col(Friendship::AccountId).col(Friendship::FriendId),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .from(Friendship::Table, Friendship::AccountId)
                            .to(Account::Table, Account::Id),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .from(Friendship::Table, Friendship::FriendId)
                            .to(Account::Table, Account::Id),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(FriendRequest::Table)
                    .col(uuid(FriendRequest::Id).primary_key())
                    .col(uuid(FriendRequest::SenderId))
                    .col(uuid(FriendRequest::RecipientId))
                    .col(string_len(FriendRequest::State, 16))
                    // The two ids while the request is open: one open request a pair.
                    .col(binary_len_null(FriendRequest::OpenPair, 32).unique_key())
                    .col(big_integer(FriendRequest::CreatedAt))
                    .col(big_integer_null(FriendRequest::AnsweredAt))
                    .foreign_key(
                        ForeignKey::create()
                            .from(FriendRequest::Table, FriendRequest::SenderId)
                            .to(Account::Table, Account::Id),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .from(FriendRequest::Table, FriendRequest::RecipientId)
                            .to(Account::Table, Account::Id),
                    )
                    .to_owned(),
            )
            .await?;
        for (name, column) in [
            ("friend_request_sender", FriendRequest::SenderId),
            ("friend_request_recipient", FriendRequest::RecipientId),
        ] {
            manager
                .create_index(
                    Index::create()
                        .name(name)
                        .table(FriendRequest::Table)
                        .col(column)
                        .col(FriendRequest::State)
                        .to_owned(),
                )
                .await?;
        }
        Ok(())
    }
}
