//! Reading with an end: whoever asks hears something in time, whatever has become of the way to the
//! database.

use std::{future::Future, sync::Arc, time::Duration};

use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult,
    Statement,
};
use tokio::time::timeout;

use super::readers::Readers;

/// How long a statement may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections for reading.
#[derive(Clone, Debug)]
pub(crate) enum Reader {
    File(Arc<Readers>),
    Pool(DatabaseConnection),
}

async fn in_time<T>(
    within: Duration,
    asked: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, DbErr> {
    let late = |_| Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
    timeout(within, asked).await.unwrap_or_else(late)
}

impl Reader {
    /// Whether the database answers in this time.
    pub(crate) async fn ping(&self, within: Duration) -> Result<(), DbErr> {
        match self {
            Self::File(readers) => {
                let nothing = Statement::from_string(DbBackend::Sqlite, "SELECT 1");
                in_time(within, readers.one(&nothing)).await.map(|_| ())
            }
            Self::Pool(pool) => in_time(within, pool.ping()).await,
        }
    }
}

#[sea_orm::prelude::async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::File(_) => DbBackend::Sqlite,
            Self::Pool(pool) => pool.get_database_backend(),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::File(readers) => in_time(PATIENCE, readers.execute(&statement)).await,
            Self::Pool(pool) => in_time(PATIENCE, pool.execute_raw(statement)).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute_raw(Statement::from_string(self.get_database_backend(), sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::File(readers) => in_time(PATIENCE, readers.one(&statement)).await,
            Self::Pool(pool) => in_time(PATIENCE, pool.query_one_raw(statement)).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::File(readers) => in_time(PATIENCE, readers.all(&statement)).await,
            Self::Pool(pool) => in_time(PATIENCE, pool.query_all_raw(statement)).await,
        }
    }
}
