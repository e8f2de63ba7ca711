//! Who reads SQLite, without sqlx's pool: that asks each connection which comes back whether it is
//! well, one more crossing to its thread and back for every statement.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sea_orm::{
    ConnAcquireErr, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values,
    sqlx::{
        self, ConnectOptions as _, Connection as _, Executor as _, Sqlite,
        query::Query,
        sqlite::{SqliteConnectOptions, SqliteConnection},
    },
};
use sea_query_sqlx::SqlxValues;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections to one file, opened as they are needed.
#[derive(Debug)]
pub(crate) struct Readers {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
    free: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(options: SqliteConnectOptions, most: usize) -> Self {
        Self { options, idle: Mutex::default(), free: Arc::new(Semaphore::new(most)) }
    }

    pub(super) async fn execute(
        self: &Arc<Self>,
        statement: &Statement,
    ) -> Result<ExecResult, DbErr> {
        let run = async |lent: &mut SqliteConnection| lent.execute(query(statement)).await;
        self.lend(run).await.map(ExecResult::from)
    }

    pub(super) async fn one(
        self: &Arc<Self>,
        statement: &Statement,
    ) -> Result<Option<QueryResult>, DbErr> {
        let run = async |lent: &mut SqliteConnection| lent.fetch_optional(query(statement)).await;
        Ok(self.lend(run).await?.map(QueryResult::from))
    }

    pub(super) async fn all(
        self: &Arc<Self>,
        statement: &Statement,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let run = async |lent: &mut SqliteConnection| lent.fetch_all(query(statement)).await;
        Ok(self.lend(run).await?.into_iter().map(QueryResult::from).collect())
    }

    /// Runs something on a connection that nobody else has.
    async fn lend<T>(
        self: &Arc<Self>,
        run: impl AsyncFnOnce(&mut SqliteConnection) -> sqlx::Result<T>,
    ) -> Result<T, DbErr> {
        let closed = || DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);
        let turn = Arc::clone(&self.free).acquire_owned().await.map_err(|_| closed())?;
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(failed)?,
        };
        let mut lent = Lent { readers: Arc::clone(self), held: Some((connection, turn)) };
        let Some((connection, _)) = &mut lent.held else { return Err(closed()) };
        let done = run(connection).await;
        if let Some((connection, _turn)) = lent.held.take()
            && !matches!(done, Err(sqlx::Error::WorkerCrashed))
        {
            self.idle().push(connection);
        }
        done.map_err(failed)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is in use. Where its caller goes away meanwhile, it is free again once it has done
/// with what it was asked, and not before: else there would be more of them than there may be.
struct Lent {
    readers: Arc<Readers>,
    held: Option<(SqliteConnection, OwnedSemaphorePermit)>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some((mut connection, turn)) = self.held.take() else { return };
        let readers = Arc::clone(&self.readers);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if connection.ping().await.is_ok() {
                    readers.idle().push(connection);
                }
                drop(turn);
            });
        }
    }
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

fn query(statement: &Statement) -> Query<'_, Sqlite, SqlxValues> {
    let values = statement.values.clone().unwrap_or(Values(Vec::new()));
    sqlx::query_with(sqlx::AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}
