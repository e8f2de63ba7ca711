//! The lanes that this process writes.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use protocol::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseTransaction, prelude::Uuid};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{KEPT_MS, line};
use crate::{Clock, Error, Result, bus::Change, clock, db::Reader, db::statement};

/// Names a lane in the database.
pub(super) type LaneId = Uuid;

/// As many lanes as this process writes at once, opened as they are needed.
pub(crate) struct Lanes {
    /// Whose lanes these are: this process.
    pub(super) node: Uuid,
    conn: Reader,
    clock: Clock,
    permits: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Free to be taken: the latest used first, so that few are in use when little happens.
    idle: Vec<Tip>,
    /// Given up after a commit without an answer: what is in them is to be read like anybody's.
    abandoned: Vec<(LaneId, i64)>,
    marks: HashMap<LaneId, Marks>,
}

#[derive(Clone, Copy, Debug)]
struct Tip {
    id: LaneId,
    /// Its latest line.
    n: i64,
}

/// Where a lane was when: what is to be forgotten of it.
#[derive(Default)]
struct Marks {
    n: i64,
    then: VecDeque<(Timestamp, i64)>,
}

/// A lane, taken for one transaction.
pub(crate) struct Lane {
    /// `None` once it must not be used again.
    lane: Option<Tip>,
    lanes: Arc<Lanes>,
    _permit: OwnedSemaphorePermit,
}

impl Lanes {
    pub(crate) fn new(conn: Reader, most: usize, clock: Clock) -> Self {
        Self {
            node: Uuid::from_bytes(clock::random()),
            conn,
            clock,
            permits: Arc::new(Semaphore::new(most)),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A lane that nobody writes.
    ///
    /// # Errors
    /// `Unavailable` where none is free for long, or the database does not answer.
    pub(crate) async fn take(self: &Arc<Self>) -> Result<Lane> {
        let permit = timeout(crate::db::ACQUIRE_TIMEOUT, Arc::clone(&self.permits).acquire_owned());
        let busy = |_| Error::Unavailable("too many write at once".into());
        let permit = permit.await.map_err(busy)?.map_err(Error::internal)?;
        let idle = self.state().idle.pop();
        let lane = match idle {
            Some(lane) => lane,
            None => self.open_one().await?,
        };
        Ok(Lane { lane: Some(lane), lanes: Arc::clone(self), _permit: permit })
    }

    async fn open_one(&self) -> Result<Tip> {
        let id = Uuid::from_bytes(clock::random());
        let sql = "INSERT INTO change_lane (id, node, seen_at) VALUES ($1, $2, $3)";
        self.run(sql, [id.into(), self.node.into(), self.clock.now().into()]).await?;
        Ok(Tip { id, n: 0 })
    }

    async fn run<const N: usize>(&self, sql: &str, values: [sea_orm::Value; N]) -> Result<()> {
        let backend = self.conn.get_database_backend();
        self.conn.execute_raw(statement(backend, sql, values)).await?;
        Ok(())
    }

    /// Lanes that were given up since this was asked last, and the last line known of each.
    pub(super) fn abandoned(&self) -> Vec<(LaneId, i64)> {
        std::mem::take(&mut self.state().abandoned)
    }

    /// Says that this process lives, forgets its lines that are old, and the lanes of processes that
    /// have not been heard of for longer than lines live.
    pub(super) async fn tidy(&self) -> Result<()> {
        let now = self.clock.now();
        let sql = "UPDATE change_lane SET seen_at = $1 WHERE node = $2";
        self.run(sql, [now.into(), self.node.into()]).await?;
        for (lane, n) in self.old() {
            // The latest stays, so that who starts reading knows where the lane is.
            let sql = "DELETE FROM change_log WHERE lane = $1 AND n < $2";
            self.run(sql, [lane.into(), n.into()]).await?;
        }
        let silent = now.plus_ms(-2 * KEPT_MS);
        let backend = self.conn.get_database_backend();
        let gone = "SELECT id FROM change_lane WHERE seen_at < $1";
        let gone = statement(backend, gone, [silent.into()]);
        for row in self.conn.query_all_raw(gone).await? {
            let lane: LaneId = row.try_get("", "id")?;
            self.run("DELETE FROM change_log WHERE lane = $1", [lane.into()]).await?;
            // Unless it was heard of meanwhile.
            let sql = "DELETE FROM change_lane WHERE id = $1 AND seen_at < $2";
            self.run(sql, [lane.into(), silent.into()]).await?;
        }
        Ok(())
    }

    /// The lines that have had their time.
    fn old(&self) -> Vec<(LaneId, i64)> {
        let now = self.clock.now();
        let mut state = self.state();
        let mut old = Vec::new();
        for (lane, marks) in &mut state.marks {
            marks.then.push_back((now, marks.n));
            let mut upto = None;
            while let Some((_, n)) =
                marks.then.pop_front_if(|(then, _)| then.plus_ms(KEPT_MS) < now)
            {
                upto = Some(n);
            }
            old.extend(upto.map(|n| (*lane, n)));
        }
        old
    }
}

impl Lane {
    /// Writes down what a transaction changed, as a part of it. Whether there was anything.
    ///
    /// # Errors
    /// `Unavailable` where it could not be written; the lane is not used again.
    pub(crate) async fn note(
        &mut self,
        tx: &DatabaseTransaction,
        changes: &[Change],
    ) -> Result<bool> {
        let Some(line) = line::write(changes).map_err(Error::internal)? else { return Ok(false) };
        // Back only when all went well.
        let Some(lane) = self.lane.take() else {
            return Err(Error::internal("a lane that is gone"));
        };
        let sql = "INSERT INTO change_log (lane, n, changes) VALUES ($1, $2, $3)";
        let values = [lane.id.into(), (lane.n + 1).into(), line.into()];
        let statement = statement(tx.get_database_backend(), sql, values);
        // Perhaps it was tidied away, from a process that was thought to be gone.
        let written = tx.execute_raw(statement).await;
        written.map_err(|error| Error::Unavailable(error.to_string()))?;
        self.lane = Some(lane);
        Ok(true)
    }

    /// After the commit: the next line has the next number.
    pub(crate) fn step(&mut self) {
        if let Some(lane) = &mut self.lane {
            lane.n += 1;
            self.lanes.state().marks.entry(lane.id).or_default().n = lane.n;
        }
    }

    /// After a commit that had no answer: nobody here knows what the lane's latest number is.
    pub(crate) fn abandon(&mut self) {
        if let Some(lane) = self.lane.take() {
            self.lanes.state().abandoned.push((lane.id, lane.n));
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(lane) = self.lane.take() {
            self.lanes.state().idle.push(lane);
        }
    }
}
