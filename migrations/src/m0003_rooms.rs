//! Rooms with their counters, and who is in them.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Account {
    Table,
    Id,
}

#[derive(DeriveIden)]
enum Room {
    Table,
    Id,
    Kind,
    Name,
    Topic,
    Closed,
    DirectPair,
    LastSeq,
    Revision,
    Access,
    MemberCount,
    LastAuthorId,
    LastText,
    LastMessageAt,
    CreatedAt,
}

#[derive(DeriveIden)]
enum Membership {
    Table,
    RoomId,
    AccountId,
    Role,
    ReadSeq,
    JoinedAt,
}

#[derive(DeriveIden)]
enum Removal {
    Table,
    RoomId,
    AccountId,
    RemovedBy,
    RemovedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(Room::Table)
                    .col(uuid(Room::Id).primary_key())
                    .col(string_len(Room::Kind, 16))
                    .col(string_len(Room::Name, 255))
                    .col(string_len(Room::Topic, 255))
                    .col(boolean(Room::Closed))
                    // The two ids of a direct room, the lower first.
                    .col(binary_len_null(Room::DirectPair, 32).unique_key())
                    .col(big_integer(Room::LastSeq))
                    .col(big_integer(Room::Revision))
                    // Rises with every change of who is in the room.
                    .col(big_integer(Room::Access))
                    .col(big_integer(Room::MemberCount))
                    // What the list of rooms shows of the latest message.
                    .col(uuid_null(Room::LastAuthorId))
                    .col(string_len(Room::LastText, 100))
                    .col(big_integer(Room::LastMessageAt))
                    .col(big_integer(Room::CreatedAt))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(Membership::Table)
                    .col(uuid(Membership::RoomId))
                    .col(uuid(Membership::AccountId))
                    .col(string_len(Membership::Role, 16))
                    .col(big_integer(Membership::ReadSeq))
                    .col(big_integer(Membership::JoinedAt))
                    .primary_key(Index::create().col(Membership::RoomId).col(Membership::AccountId))
                    .foreign_key(
                        ForeignKey::create()
                            .from(Membership::Table, Membership::RoomId)
                            .to(Room::Table, Room::Id),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .from(Membership::Table, Membership::AccountId)
                            .to(Account::Table, Account::Id),
                    )
                    .to_owned(),
            )
            .await?;
        // Who was removed: only a moderator lets them back in.
        manager
            .create_table(
                Table::create()
                    .table(Removal::Table)
                    .col(uuid(Removal::RoomId))
                    .col(uuid(Removal::AccountId))
                    .col(uuid(Removal::RemovedBy))
                    .col(big_integer(Removal::RemovedAt))
                    .primary_key(Index::create().col(Removal::RoomId).col(Removal::AccountId))
                    .foreign_key(
                        ForeignKey::create()
                            .from(Removal::Table, Removal::RoomId)
                            .to(Room::Table, Room::Id),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("membership_account")
                    .table(Membership::Table)
                    .col(Membership::AccountId)
                    .to_owned(),
            )
            .await
    }
}
