//! Messages that were edited or deleted. They are rare: a small table of changes beside the messages
//! is cheaper than an index on revisions that every insert would pay for.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Room {
    Table,
    Id,
}

#[derive(DeriveIden)]
enum Message {
    Table,
    EditedAt,
    DeletedAt,
}

#[derive(DeriveIden)]
enum MessageChange {
    Table,
    RoomId,
    Revision,
    Seq,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [Message::EditedAt, Message::DeletedAt] {
            manager
                .alter_table(
                    Table::alter()
                        .table(Message::Table)
                        .add_column(big_integer_null(column))
                        .to_owned(),
                )
                .await?;
        }
        manager
            .create_table(
                Table::create()
                    .table(MessageChange::Table)
                    .col(uuid(MessageChange::RoomId))
                    // The revision that the message's latest change took.
                    .col(big_integer(MessageChange::Revision))
                    .col(big_integer(MessageChange::Seq))
                    .primary_key(
                        Index::create().col(MessageChange::RoomId).col(MessageChange::Revision),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .from(MessageChange::Table, MessageChange::RoomId)
                            .to(Room::Table, Room::Id),
                    )
                    .to_owned(),
            )
            .await
    }
}
