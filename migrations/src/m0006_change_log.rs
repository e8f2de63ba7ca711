//! The change log, where several nodes share a database; and names that sort by their bytes there,
//! as SQLite's do.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum ChangeLane {
    Table,
    Id,
    Node,
    SeenAt,
}

#[derive(DeriveIden)]
enum ChangeLog {
    Table,
    Lane,
    N,
    Changes,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            // One process has it, and tells itself.
            return Ok(());
        }
        let conn = manager.get_connection();
        let is_mysql = manager.get_database_backend() == DbBackend::MySql;
        // There everything sorts so.
        for column in ["username TYPE varchar(32)", "display_key TYPE varchar(192)"] {
            let sql = format!("ALTER TABLE account ALTER COLUMN {column} COLLATE \"C\"");
            if !is_mysql {
                conn.execute_unprepared(&sql).await?;
            }
        }
        // Longer than 64 KiB where very much is changed at once.
        let changes = match is_mysql {
            true => ColumnDef::new(ChangeLog::Changes).custom("mediumtext").not_null().take(),
            false => text(ChangeLog::Changes),
        };
        manager
            .create_table(
                Table::create()
                    .table(ChangeLane::Table)
                    .col(uuid(ChangeLane::Id).primary_key())
                    // The process that writes it, and when that was last heard of.
                    .col(uuid(ChangeLane::Node))
                    .col(big_integer(ChangeLane::SeenAt))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(ChangeLog::Table)
                    .col(uuid(ChangeLog::Lane))
                    .col(big_integer(ChangeLog::N))
                    .col(changes)
                    .primary_key(Index::create().col(ChangeLog::Lane).col(ChangeLog::N))
                    // A lane that was tidied away takes no more lines.
                    .foreign_key(
                        ForeignKey::create()
                            .from(ChangeLog::Table, ChangeLog::Lane)
                            .to(ChangeLane::Table, ChangeLane::Id),
                    )
                    .to_owned(),
            )
            .await
    }
}
