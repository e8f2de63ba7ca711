//! Reading with an end: whoever asks hears something in time, whatever has become of the way to the
//! database.

use std::{future::Future, time::Duration};

use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult,
    Statement,
};
use tokio::time::timeout;

/// How long a statement may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections for reading.
#[derive(Clone, Debug)]
pub(crate) struct Reader(pub(super) DatabaseConnection);

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
        in_time(within, self.0.ping()).await
    }
}

#[sea_orm::prelude::async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        in_time(PATIENCE, self.0.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        in_time(PATIENCE, self.0.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        in_time(PATIENCE, self.0.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        in_time(PATIENCE, self.0.query_all_raw(statement)).await
    }
}
