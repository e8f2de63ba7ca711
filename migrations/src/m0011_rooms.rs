//! What a room is besides its members: who may see and join it, how fast one may write; invites, and
//! the log of who did what.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum Room {
    Table,
    Id,
    StaffOnly,
    Notices,
    SlowMode,
}

#[derive(DeriveIden)]
enum Membership {
    Table,
    MutedUntil,
    SpokeAt,
    Notify,
    MentionedSeq,
}

#[derive(DeriveIden)]
enum Removal {
    Table,
    Banned,
    Reason,
}

#[derive(DeriveIden)]
enum Invite {
    Table,
    CodeHash,
    RoomId,
    CreatedBy,
    CreatedAt,
    ExpiresAt,
    UsesLeft,
}

#[derive(DeriveIden)]
enum RoomLog {
    Table,
    RoomId,
    Id,
    ActorId,
    Action,
    SubjectId,
    Detail,
    CreatedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            (Room::Table.into_iden(), boolean(Room::StaffOnly).default(false).take()),
            (Room::Table.into_iden(), boolean(Room::Notices).default(false).take()),
            // Seconds between two messages of one member; 0 for none.
            (Room::Table.into_iden(), big_integer(Room::SlowMode).default(0).take()),
            (Membership::Table.into_iden(), big_integer_null(Membership::MutedUntil).take()),
            (Membership::Table.into_iden(), big_integer_null(Membership::SpokeAt).take()),
            (
                Membership::Table.into_iden(),
                string_len(Membership::Notify, 16).default("all").take(),
            ),
            // The number of the latest message that mentions the member; 0 for none.
            (
                Membership::Table.into_iden(),
                big_integer(Membership::MentionedSeq).default(0).take(),
            ),
            (Removal::Table.into_iden(), boolean(Removal::Banned).default(false).take()),
            (Removal::Table.into_iden(), string_len(Removal::Reason, 255).default("").take()),
        ];
        for (table, mut column) in columns {
            let altered = Table::alter().table(table).add_column(&mut column).to_owned();
            manager.alter_table(altered).await?;
        }
        let room = |table: DynIden, column: DynIden| {
            ForeignKey::create().from(table, column).to(Room::Table, Room::Id).to_owned()
        };
        let invite = Table::create()
            .table(Invite::Table)
            .col(binary_len(Invite::CodeHash, 32).primary_key())
            .col(uuid(Invite::RoomId))
            .col(uuid(Invite::CreatedBy))
            .col(big_integer(Invite::CreatedAt))
            .col(big_integer(Invite::ExpiresAt))
            // Null for as many as come.
            .col(big_integer_null(Invite::UsesLeft))
            .foreign_key(&mut room(Invite::Table.into_iden(), Invite::RoomId.into_iden()))
            .to_owned();
        manager.create_table(invite).await?;
        let log = Table::create()
            .table(RoomLog::Table)
            .col(uuid(RoomLog::RoomId))
            .col(uuid(RoomLog::Id))
            .col(uuid(RoomLog::ActorId))
            .col(string_len(RoomLog::Action, 24))
            .col(uuid_null(RoomLog::SubjectId))
            .col(string_len(RoomLog::Detail, 255))
            .col(big_integer(RoomLog::CreatedAt))
            .primary_key(Index::create().col(RoomLog::RoomId).col(RoomLog::Id))
            .foreign_key(&mut room(RoomLog::Table.into_iden(), RoomLog::RoomId.into_iden()))
            .to_owned();
        manager.create_table(log).await?;
        let by_room =
            Index::create().name("invite_room").table(Invite::Table).col(Invite::RoomId).to_owned();
        manager.create_index(by_room).await
    }
}
