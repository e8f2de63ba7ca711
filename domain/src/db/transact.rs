//! The one way to change anything: a transaction that collects what it changed, commits, and then
//! tells the world.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, SqliteTransactionMode,
    TransactionOptions, TransactionTrait as _, sea_query::LockType,
};
use tokio::time::{sleep, timeout};

use super::Turn;
use crate::{
    Ctx, Error, Result, Viewer,
    accounts::sessions,
    bus::{Bus, Change, Told},
    clock,
};
use protocol::Timestamp;

/// How long one try of a transaction may take, and then its commit.
const PATIENCE: Duration = Duration::from_secs(5);

/// As often a transaction is tried that the database undoes.
const TRIES: u32 = 8;

/// A transaction that collects what it changed.
pub(crate) struct Tx {
    inner: DatabaseTransaction,
    changes: Vec<Change>,
    now: Timestamp,
}

impl Tx {
    pub(crate) fn conn(&self) -> &DatabaseTransaction {
        &self.inner
    }

    /// Whether who names a row in another, as a message its author, locks it against who changes it.
    pub(crate) fn names_by_locking(&self) -> bool {
        self.inner.get_database_backend() == DbBackend::MySql
    }

    /// How a row is locked that others may go on naming, where the database has a way for that.
    pub(crate) fn row_lock(&self) -> LockType {
        match self.inner.get_database_backend() {
            DbBackend::Postgres => LockType::NoKeyUpdate,
            _ => LockType::Update,
        }
    }

    /// The time that everything in this transaction happens at.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Tells the world after the commit, and not before.
    pub(crate) fn emit(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// 16 random bytes and this transaction's time make an id.
    pub(crate) fn new_id<T>(&self, make: impl FnOnce(i64, [u8; 16]) -> T) -> T {
        make(self.now.0, clock::random())
    }
}

/// What a transaction gave, once it is stored.
#[derive(Debug)]
pub(crate) struct Committed<T> {
    value: T,
    told: Told,
}

impl<T> Committed<T> {
    /// The value, once everyone on this node has been told what changed.
    pub(crate) async fn told(self) -> T {
        self.told.wait().await;
        self.value
    }
}

impl Ctx {
    /// Runs an action in one transaction: its changes are committed together, then published; if it
    /// fails, nothing has happened.
    ///
    /// Once the commit has begun it goes on even if the caller is gone, so that nothing is stored
    /// and not told. What the database undoes for the sake of others is done again.
    pub(crate) async fn transact<T>(
        &self,
        action: impl AsyncFnOnce(&mut Tx) -> Result<T> + Clone,
    ) -> Result<T> {
        Ok(self.commit_again(action).await?.told().await)
    }

    /// [`Ctx::transact`] for who goes on before everyone is told.
    pub(crate) async fn commit_again<T>(
        &self,
        action: impl AsyncFnOnce(&mut Tx) -> Result<T> + Clone,
    ) -> Result<Committed<T>> {
        let mut tried = 1;
        loop {
            match self.commit(action.clone()).await {
                Err(error) if error.is_undone() && tried < TRIES => step_aside(tried).await,
                Err(error) if error.is_undone() => return Err(error.again()),
                done => return done,
            }
            tried += 1;
            metrics::counter!("kith_transactions_repeated_total").increment(1);
        }
    }

    /// Tries once.
    ///
    /// # Errors
    /// `Unavailable` where the database does not answer in time. What was to be committed then may
    /// be stored all the same, and is told as soon as that is known.
    async fn commit<T>(
        &self,
        action: impl AsyncFnOnce(&mut Tx) -> Result<T>,
    ) -> Result<Committed<T>> {
        let turn = timeout(PATIENCE, self.db.turn()).await.map_err(|_| late())??;
        let acted = timeout(PATIENCE, async {
            let options = TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            };
            let inner = self.db.writer.begin_with_options(options).await?;
            let mut tx = Tx { inner, changes: Vec::new(), now: self.clock.now() };
            match action(&mut tx).await {
                Ok(value) => Ok((tx, value)),
                Err(error) => {
                    tx.inner.rollback().await?;
                    Err(error)
                }
            }
        });
        let (tx, value) = acted.await.unwrap_or_else(|_| Err(late()))?;
        let finished = tokio::spawn(finish(tx, self.bus.clone(), turn));
        let finished = timeout(PATIENCE, finished).await.map_err(|_| late())?;
        Ok(Committed { value, told: finished.map_err(Error::internal)?? })
    }

    /// [`Ctx::transact`] for somebody: their session is read in it, so that one which has ended
    /// changes nothing more, however long ago its request began.
    pub(crate) async fn transact_as<T>(
        &self,
        viewer: &Viewer,
        action: impl AsyncFnOnce(&mut Tx) -> Result<T> + Clone,
    ) -> Result<T> {
        self.transact(async |tx| {
            sessions::stands(tx, viewer).await?;
            action(tx).await
        })
        .await
    }
}

/// Lets those go first for whom a transaction was undone, a little longer each time.
async fn step_aside(tried: u32) {
    let [some] = clock::random();
    sleep(Duration::from_millis(u64::from(some % 16) + 5 * u64::from(tried))).await;
}

fn late() -> Error {
    Error::Unavailable("the database did not answer in time".into())
}

async fn finish(tx: Tx, bus: Bus, turn: Turn) -> Result<Told> {
    let Tx { inner, changes, .. } = tx;
    match turn {
        Turn::Alone(turn) => {
            inner.commit().await?;
            let told = bus.publish(changes);
            drop(turn);
            Ok(told)
        }
        Turn::Lane(mut lane) => {
            let noted = timeout(PATIENCE, lane.note(&inner, &changes));
            let is_noted = noted.await.map_err(|_| late())??;
            match timeout(PATIENCE, inner.commit()).await {
                Ok(Ok(())) if is_noted => lane.step(),
                Ok(Ok(())) => {}
                // Whether it was stored, only the database knows: its log will tell.
                Ok(Err(error)) => {
                    lane.abandon();
                    return Err(Error::Unavailable(error.to_string()));
                }
                Err(_) => {
                    lane.abandon();
                    return Err(late());
                }
            }
            bus.tell_others(&changes);
            Ok(bus.publish(changes))
        }
    }
}
