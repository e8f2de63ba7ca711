//! Who reads SQLite, without sqlx's pool: that asks each connection which comes back whether it is
//! well, one more crossing to its thread and back for every statement.

use std::sync::{Mutex, PoisonError};

use sea_orm::{
    ConnAcquireErr, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values,
    sqlx::{
        self, ConnectOptions as _, Executor as _, Sqlite,
        query::Query,
        sqlite::{SqliteConnectOptions, SqliteConnection},
    },
};
use sea_query_sqlx::SqlxValues;
use tokio::sync::Semaphore;

/// Connections to one file, opened as they are needed.
#[derive(Debug)]
pub(crate) struct Readers {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
    free: Semaphore,
}

impl Readers {
    pub(super) fn new(options: SqliteConnectOptions, most: usize) -> Self {
        Self { options, idle: Mutex::default(), free: Semaphore::new(most) }
    }

    pub(super) async fn execute(&self, statement: &Statement) -> Result<ExecResult, DbErr> {
        let run = async |lent: &mut SqliteConnection| lent.execute(query(statement)).await;
        self.lend(run).await.map(ExecResult::from)
    }

    pub(super) async fn one(&self, statement: &Statement) -> Result<Option<QueryResult>, DbErr> {
        let run = async |lent: &mut SqliteConnection| lent.fetch_optional(query(statement)).await;
        Ok(self.lend(run).await?.map(QueryResult::from))
    }

    pub(super) async fn all(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let run = async |lent: &mut SqliteConnection| lent.fetch_all(query(statement)).await;
        Ok(self.lend(run).await?.into_iter().map(QueryResult::from).collect())
    }

    /// Runs something on a connection that nobody else has. One whose caller went away meanwhile is
    /// closed, and another opened for the next.
    async fn lend<T>(
        &self,
        run: impl AsyncFnOnce(&mut SqliteConnection) -> sqlx::Result<T>,
    ) -> Result<T, DbErr> {
        let closed = |_| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);
        let _turn = self.free.acquire().await.map_err(closed)?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(failed)?,
        };
        let done = run(&mut connection).await;
        if !matches!(done, Err(sqlx::Error::WorkerCrashed)) {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        done.map_err(failed)
    }
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

fn query(statement: &Statement) -> Query<'_, Sqlite, SqlxValues> {
    let values = statement.values.clone().unwrap_or(Values(Vec::new()));
    sqlx::query_with(sqlx::AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}
