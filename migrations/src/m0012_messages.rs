//! What a message answers, whom it mentions, what was put on it; what it said before it was edited,
//! and, for a moment, before it was deleted.

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
    ReplyTo,
    Mentions,
    Reactions,
}

#[derive(DeriveIden)]
enum Notification {
    Table,
    RoomId,
    MessageId,
}

#[derive(DeriveIden)]
enum Reaction {
    Table,
    RoomId,
    Seq,
    AccountId,
    Emoji,
    CreatedAt,
}

#[derive(DeriveIden)]
enum MessageEdit {
    Table,
    RoomId,
    Seq,
    Revision,
    Body,
    SaidAt,
}

#[derive(DeriveIden)]
enum MessageUndo {
    Table,
    RoomId,
    Seq,
    DeletedBy,
    DeletedAt,
    Body,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            (Message::Table.into_iden(), uuid_null(Message::ReplyTo).take()),
            // JSON: the ids of those it mentions.
            (Message::Table.into_iden(), text_null(Message::Mentions).take()),
            // JSON: each emoji with how often.
            (Message::Table.into_iden(), text_null(Message::Reactions).take()),
            (Notification::Table.into_iden(), uuid_null(Notification::RoomId).take()),
            (Notification::Table.into_iden(), uuid_null(Notification::MessageId).take()),
        ];
        for (table, mut column) in columns {
            let altered = Table::alter().table(table).add_column(&mut column).to_owned();
            manager.alter_table(altered).await?;
        }
        let room = |table: DynIden, column: DynIden| {
            ForeignKey::create().from(table, column).to(Room::Table, Room::Id).to_owned()
        };
        let reaction = Table::create()
            .table(Reaction::Table)
            .col(uuid(Reaction::RoomId))
            .col(big_integer(Reaction::Seq))
            .col(uuid(Reaction::AccountId))
            .col(string_len(Reaction::Emoji, 64))
            .col(big_integer(Reaction::CreatedAt))
            .primary_key(
                Index::create()
                    .col(Reaction::RoomId)
                    .col(Reaction::Seq)
                    .col(Reaction::AccountId)
                    .col(Reaction::Emoji),
            )
            .foreign_key(&mut room(Reaction::Table.into_iden(), Reaction::RoomId.into_iden()))
            .to_owned();
        manager.create_table(reaction).await?;
        let edit = Table::create()
            .table(MessageEdit::Table)
            .col(uuid(MessageEdit::RoomId))
            .col(big_integer(MessageEdit::Seq))
            // The revision that said it.
            .col(big_integer(MessageEdit::Revision))
            .col(text(MessageEdit::Body))
            .col(big_integer(MessageEdit::SaidAt))
            .primary_key(
                Index::create()
                    .col(MessageEdit::RoomId)
                    .col(MessageEdit::Seq)
                    .col(MessageEdit::Revision),
            )
            .foreign_key(&mut room(MessageEdit::Table.into_iden(), MessageEdit::RoomId.into_iden()))
            .to_owned();
        manager.create_table(edit).await?;
        let undo = Table::create()
            .table(MessageUndo::Table)
            .col(uuid(MessageUndo::RoomId))
            .col(big_integer(MessageUndo::Seq))
            .col(uuid(MessageUndo::DeletedBy))
            .col(big_integer(MessageUndo::DeletedAt))
            .col(text(MessageUndo::Body))
            .primary_key(Index::create().col(MessageUndo::RoomId).col(MessageUndo::Seq))
            .foreign_key(&mut room(MessageUndo::Table.into_iden(), MessageUndo::RoomId.into_iden()))
            .to_owned();
        manager.create_table(undo).await
    }
}
