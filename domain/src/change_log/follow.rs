//! Reading what other nodes wrote: on every wake, and every half second whether anybody woke us or
//! not.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Weak},
    time::Duration,
};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, prelude::Uuid};
use tokio::time::{Instant, timeout};

use super::{
    KEPT_MS,
    lanes::{LaneId, Lanes},
    line,
};
use crate::{
    Clock, Error, Result,
    bus::{Bus, Change},
    rows::{Of, Rows},
};

const EVERY: Duration = Duration::from_millis(500);
/// Who has read nothing for as long cannot be sure any more.
const PATIENCE_MS: i64 = KEPT_MS / 2;
/// How often old lines go.
const TIDY: Duration = Duration::from_secs(60);
/// As many lines of a lane are read at once.
const AT_ONCE: usize = 256;

/// Where this node stands in the lanes of the others.
struct Position {
    conn: DatabaseConnection,
    node: Uuid,
    /// The latest line that was read of each.
    read: HashMap<LaneId, i64>,
}

/// Publishes on this node what the others wrote from here on, until the lanes' owner is gone.
///
/// # Errors
/// As reading where they stand fails.
pub(crate) async fn follow(
    lanes: &Arc<Lanes>,
    conn: &DatabaseConnection,
    clock: &Clock,
    bus: &Bus,
) -> Result<()> {
    let mut position = Position { conn: conn.clone(), node: lanes.node, read: HashMap::new() };
    position.go_to_end().await?;
    tokio::spawn(run(position, Arc::downgrade(lanes), clock.clone(), bus.clone()));
    Ok(())
}

async fn run(mut position: Position, lanes: Weak<Lanes>, clock: Clock, bus: Bus) {
    let woken = bus.woken();
    let (mut read_at, mut tidied_at) = (clock.now(), Instant::now());
    let mut fails = false;
    loop {
        let _ = timeout(EVERY, woken.notified()).await;
        let Some(lanes) = lanes.upgrade() else { return };
        position.read.extend(lanes.abandoned());
        // Lines that were not read may be gone by now, and their lanes with them.
        let is_late = clock.now() > read_at.plus_ms(PATIENCE_MS);
        match position.advance().await {
            Ok(changes) if !is_late => {
                (read_at, fails) = (clock.now(), false);
                bus.publish(changes);
            }
            Err(error) if !is_late && !is_lost(&error) => {
                if !std::mem::replace(&mut fails, true) {
                    tracing::warn!(%error, "what other nodes do cannot be read");
                }
            }
            _ => {
                tracing::error!("what other nodes did is lost: everyone here starts afresh");
                if position.go_to_end().await.is_ok() {
                    (read_at, fails) = (clock.now(), false);
                    bus.publish(vec![Change::Lost]);
                }
            }
        }
        if tidied_at.elapsed() > TIDY {
            tidied_at = Instant::now();
            if let Err(error) = tidy(&lanes, &mut position).await {
                tracing::warn!(%error, "the change log could not be tidied");
            }
        }
    }
}

async fn tidy(lanes: &Lanes, position: &mut Position) -> Result<()> {
    lanes.tidy().await?;
    position.forget_gone().await
}

/// Lines that were to be read are gone.
#[derive(Debug, thiserror::Error)]
#[error("line {0} and before of a lane")]
struct Lost(i64);

fn is_lost(error: &Error) -> bool {
    matches!(error, Error::Internal(source) if source.is::<Lost>())
}

impl Position {
    /// To the latest line of every lane: who is here loads what is so now.
    async fn go_to_end(&mut self) -> Result<()> {
        let sql = "SELECT change_lane.id, COALESCE(MAX(change_log.n), 0) AS n FROM change_lane \
                   LEFT JOIN change_log ON change_log.lane = change_lane.id GROUP BY change_lane.id";
        let statement = Statement::from_string(self.conn.get_database_backend(), sql);
        let mut read = HashMap::new();
        for row in self.conn.query_all_raw(statement).await? {
            read.insert(row.try_get("", "id")?, row.try_get("", "n")?);
        }
        self.read = read;
        Ok(())
    }

    /// Everything that is new.
    async fn advance(&mut self) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        loop {
            let lines = self.read_some().await?;
            let mut most: HashMap<LaneId, usize> = HashMap::new();
            for (lane, n, line) in lines {
                let before = self.read.insert(lane, n).unwrap_or(0);
                if n != before + 1 {
                    return Err(Error::internal(Lost(n - 1)));
                }
                *most.entry(lane).or_default() += 1;
                changes.extend(line::read(&line).map_err(Error::internal)?);
            }
            if most.into_values().all(|lines| lines < AT_ONCE) {
                return Ok(changes);
            }
        }
    }

    async fn read_some(&self) -> Result<Vec<(LaneId, i64, String)>> {
        let mut rows = Rows::new([("lane", Of::Id), ("n", Of::Number)]);
        // There is always a row, and nobody has this lane.
        rows.push([Uuid::nil().into(), 0_i64.into()]);
        for (lane, n) in &self.read {
            rows.push([(*lane).into(), (*n).into()]);
        }
        // LATERAL: a short range of each lane's key, whatever the planner thinks of the table.
        let sql = format!(
            "SELECT change_lane.id, line.n, line.changes FROM change_lane \
             LEFT JOIN (SELECT DISTINCT lane, n FROM w) AS at ON at.lane = change_lane.id \
             CROSS JOIN LATERAL (SELECT n, changes FROM change_log \
             WHERE change_log.lane = change_lane.id AND change_log.n > COALESCE(at.n, 0) \
             ORDER BY change_log.n LIMIT {AT_ONCE}) AS line \
             WHERE change_lane.node <> '{}' OR at.lane IS NOT NULL \
             ORDER BY change_lane.id, line.n",
            self.node
        );
        let statement = rows.statement(DbBackend::Postgres, &sql);
        let line = |row: &sea_orm::QueryResult| {
            Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?))
        };
        let rows = self.conn.query_all_raw(statement).await?;
        Ok(rows.iter().map(line).collect::<Result<_, sea_orm::DbErr>>()?)
    }

    /// Lanes that are no more need no position.
    async fn forget_gone(&mut self) -> Result<()> {
        let sql =
            Statement::from_string(self.conn.get_database_backend(), "SELECT id FROM change_lane");
        let rows = self.conn.query_all_raw(sql).await?;
        let ids = rows.iter().map(|row| row.try_get::<LaneId>("", "id"));
        let here: HashSet<LaneId> = ids.collect::<Result<_, sea_orm::DbErr>>()?;
        self.read.retain(|lane, _| here.contains(lane));
        Ok(())
    }
}
