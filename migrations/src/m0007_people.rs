//! What people say of themselves, and what of it others see; their pictures; the house's secret.

use std::collections::HashSet;

use sea_orm_migration::{
    prelude::*,
    schema::*,
    sea_orm::{DbBackend, prelude::Uuid},
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum House {
    Table,
    Secret,
}

#[derive(DeriveIden)]
enum Account {
    Table,
    Id,
    Username,
    Skeleton,
    EmailShown,
    SeenShown,
    Invisible,
    PictureId,
    LastSeenAt,
    DeletedAt,
    Forgetting,
    NotifiedSeq,
}

#[derive(DeriveIden)]
enum Picture {
    Table,
    Id,
    Size,
    AccountId,
    Bytes,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // For what is signed; made when the house is opened.
        let secret = Table::alter()
            .table(House::Table)
            .add_column(string_len_null(House::Secret, 64))
            .to_owned();
        manager.alter_table(secret).await?;
        for mut column in [
            // What the username looks like: nobody else may look the same. It stays when the account
            // is deleted.
            string_len_null(Account::Skeleton, 128),
            boolean(Account::EmailShown).default(false).take(),
            boolean(Account::SeenShown).default(true).take(),
            boolean(Account::Invisible).default(false).take(),
            uuid_null(Account::PictureId),
            big_integer_null(Account::LastSeenAt),
            big_integer_null(Account::DeletedAt),
            // What they said is to go as well.
            boolean(Account::Forgetting).default(false).take(),
            // The number of the latest notification.
            big_integer(Account::NotifiedSeq).default(0).take(),
        ] {
            let altered = Table::alter().table(Account::Table).add_column(&mut column).to_owned();
            manager.alter_table(altered).await?;
        }
        fill_skeletons(manager).await?;
        let unique = Index::create()
            .name("account_skeleton")
            .table(Account::Table)
            .col(Account::Skeleton)
            .unique()
            .to_owned();
        manager.create_index(unique).await?;
        let bytes = match manager.get_database_backend() {
            DbBackend::MySql => {
                ColumnDef::new(Picture::Bytes).custom("mediumblob").not_null().take()
            }
            _ => binary_len(Picture::Bytes, 1_000_000),
        };
        let pictures = Table::create()
            .table(Picture::Table)
            .col(uuid(Picture::Id))
            // Pixels a side.
            .col(integer(Picture::Size))
            .col(uuid(Picture::AccountId))
            .col(bytes)
            .primary_key(Index::create().col(Picture::Id).col(Picture::Size))
            .foreign_key(
                ForeignKey::create()
                    .from(Picture::Table, Picture::AccountId)
                    .to(Account::Table, Account::Id),
            )
            .to_owned();
        manager.create_table(pictures).await?;
        let owner = Index::create()
            .name("picture_account")
            .table(Picture::Table)
            .col(Picture::AccountId)
            .to_owned();
        manager.create_index(owner).await
    }
}

/// Of two who look the same already the first keeps the looks.
async fn fill_skeletons(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let conn = manager.get_connection();
    let backend = conn.get_database_backend();
    let read = Query::select()
        .columns([Account::Id, Account::Username])
        .from(Account::Table)
        .order_by(Account::Id, Order::Asc)
        .to_owned();
    let mut taken = HashSet::new();
    for row in conn.query_all_raw(backend.build(&read)).await? {
        let id: Uuid = row.try_get("", "id")?;
        let username: String = row.try_get("", "username")?;
        let skeleton: String = unicode_security::skeleton(&username).collect();
        if taken.insert(skeleton.clone()) {
            let looks = Query::update()
                .table(Account::Table)
                .value(Account::Skeleton, skeleton)
                .and_where(Expr::col(Account::Id).eq(id))
                .to_owned();
            conn.execute_raw(backend.build(&looks)).await?;
        }
    }
    Ok(())
}
