//! What people are told of while they are not looking: one row an event, that changes in place; and
//! who wants nothing more to do with whom.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Account {
    Table,
    Id,
}

#[derive(DeriveIden)]
enum Notification {
    Table,
    Id,
    AccountId,
    Seq,
    Kind,
    ActorId,
    Own,
    RequestId,
    CreatedAt,
    ReadAt,
}

#[derive(DeriveIden)]
enum Block {
    Table,
    AccountId,
    BlockedId,
    CreatedAt,
}

#[derive(DeriveIden)]
enum FriendRequest {
    Table,
    Hidden,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let account = |table: DynIden, column: DynIden| {
            ForeignKey::create().from(table, column).to(Account::Table, Account::Id).to_owned()
        };
        let notification = Table::create()
            .table(Notification::Table)
            .col(uuid(Notification::Id).primary_key())
            .col(uuid(Notification::AccountId))
            // The account's own numbers; a card that changes takes the next.
            .col(big_integer(Notification::Seq))
            .col(string_len(Notification::Kind, 24))
            .col(uuid(Notification::ActorId))
            // Whether the request that it is about was the account's own.
            .col(boolean(Notification::Own))
            .col(uuid_null(Notification::RequestId))
            .col(big_integer(Notification::CreatedAt))
            .col(big_integer_null(Notification::ReadAt))
            .foreign_key(&mut account(
                Notification::Table.into_iden(),
                Notification::AccountId.into_iden(),
            ))
            .foreign_key(&mut account(
                Notification::Table.into_iden(),
                Notification::ActorId.into_iden(),
            ))
            .to_owned();
        manager.create_table(notification).await?;
        for (name, columns, unique) in [
            ("notification_seq", vec![Notification::AccountId, Notification::Seq], true),
            ("notification_unread", vec![Notification::AccountId, Notification::ReadAt], false),
            ("notification_request", vec![Notification::RequestId], false),
        ] {
            let mut index = Index::create();
            index.name(name).table(Notification::Table);
            for column in columns {
                index.col(column);
            }
            if unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        let block = Table::create()
            .table(Block::Table)
            .col(uuid(Block::AccountId))
            .col(uuid(Block::BlockedId))
            .col(big_integer(Block::CreatedAt))
            .primary_key(Index::create().col(Block::AccountId).col(Block::BlockedId))
            .foreign_key(&mut account(Block::Table.into_iden(), Block::AccountId.into_iden()))
            .foreign_key(&mut account(Block::Table.into_iden(), Block::BlockedId.into_iden()))
            .to_owned();
        manager.create_table(block).await?;
        // Asked of somebody who blocks the sender: never shown to them.
        let mut hidden = boolean(FriendRequest::Hidden).default(false).take();
        let hidden = Table::alter().table(FriendRequest::Table).add_column(&mut hidden).to_owned();
        manager.alter_table(hidden).await
    }
}
