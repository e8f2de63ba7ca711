//! Messages, numbered in their room.

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
}

#[derive(DeriveIden)]
enum Message {
    Table,
    RoomId,
    Seq,
    Id,
    Revision,
    AuthorId,
    Kind,
    Body,
    CreatedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(Message::Table)
                    .col(uuid(Message::RoomId))
                    .col(big_integer(Message::Seq))
                    .col(uuid(Message::Id))
                    .col(big_integer(Message::Revision))
                    .col(uuid(Message::AuthorId))
                    .col(string_len(Message::Kind, 16))
                    .col(text(Message::Body))
                    .col(big_integer(Message::CreatedAt))
                    // A page of history is a range of this key.
                    .primary_key(Index::create().col(Message::RoomId).col(Message::Seq))
                    .foreign_key(
                        ForeignKey::create()
                            .from(Message::Table, Message::RoomId)
                            .to(Room::Table, Room::Id),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .from(Message::Table, Message::AuthorId)
                            .to(Account::Table, Account::Id),
                    )
                    .to_owned(),
            )
            .await?;
        // Leads with the id: ids rise with time, so that new ones touch few pages.
        manager
            .create_index(
                Index::create()
                    .name("message_id_room")
                    .table(Message::Table)
                    .col(Message::Id)
                    .col(Message::RoomId)
                    .unique()
                    .to_owned(),
            )
            .await
    }
}
