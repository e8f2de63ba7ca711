//! Reading what other nodes wrote: on every wake, and every half second whether anybody woke us or
//! not.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Weak},
    time::Duration,
};

use sea_orm::{ConnectionTrait, DbBackend, Statement, prelude::Uuid};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    KEPT_MS,
    lanes::{LaneId, Lanes},
    line,
};
use crate::{
    Clock, Result,
    bus::{Bus, Change},
    db::Reader,
    db::statement,
    rows::{Of, Rows},
};

pub(super) const EVERY: Duration = Duration::from_millis(500);
/// Who is woken again and again reads no more often: what was written meanwhile is read together.
pub(super) const AT_MOST_EVERY: Duration = Duration::from_millis(20);
/// Who has read nothing for as long cannot be sure any more.
const PATIENCE_MS: i64 = KEPT_MS / 2;
/// How often old lines go.
const TIDY_MS: i64 = 60 * 1_000;
/// As many lines of a lane are read at once.
const AT_ONCE: usize = 256;

/// Where this node stands in the lanes of the others.
struct Following {
    conn: Reader,
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
    conn: &Reader,
    clock: &Clock,
    bus: &Bus,
) -> Result<()> {
    let mut following = Following { conn: conn.clone(), node: lanes.node, read: HashMap::new() };
    following.go_to_end().await?;
    tokio::spawn(run(following, Arc::downgrade(lanes), clock.clone(), bus.clone()));
    Ok(())
}

async fn run(mut following: Following, lanes: Weak<Lanes>, clock: Clock, bus: Bus) {
    let woken = bus.woken();
    let (mut read_at, mut tidied_at) = (clock.now(), clock.now());
    let (mut fails, mut is_lost, mut looked_at) = (false, false, Instant::now());
    loop {
        let _ = timeout(EVERY, woken.notified()).await;
        sleep_until(looked_at + AT_MOST_EVERY).await;
        looked_at = Instant::now();
        let Some(lanes) = lanes.upgrade() else { return };
        following.read.extend(lanes.abandoned());
        // Lines that were not read may be gone by now, and their lanes with them.
        is_lost |= clock.now() > read_at.plus_ms(PATIENCE_MS);
        if !is_lost {
            match following.advance(&bus).await {
                Ok(is_whole) => {
                    is_lost = !is_whole;
                    if is_whole {
                        bus.note_read();
                    }
                    read_at = clock.now();
                    if std::mem::take(&mut fails) {
                        tracing::info!("the database answers again");
                    }
                }
                Err(error) if !std::mem::replace(&mut fails, true) => {
                    tracing::warn!(%error, "the database does not answer: what other nodes do is not read");
                }
                Err(_) => {}
            }
        }
        if is_lost && following.go_to_end().await.is_ok() {
            tracing::error!("what other nodes did is lost: everyone here starts afresh");
            (read_at, fails, is_lost) = (clock.now(), false, false);
            bus.publish(vec![Change::Lost]);
        }
        if clock.now() > tidied_at.plus_ms(TIDY_MS) {
            tidied_at = clock.now();
            if let Err(error) = tidy(&lanes, &mut following).await {
                tracing::warn!(%error, "the change log could not be tidied");
            }
        }
    }
}

async fn tidy(lanes: &Lanes, following: &mut Following) -> Result<()> {
    lanes.tidy().await?;
    following.forget_gone().await
}

impl Following {
    /// To the latest line of every lane of the others: who is here loads what is so now.
    async fn go_to_end(&mut self) -> Result<()> {
        let sql = "SELECT change_lane.id, COALESCE(MAX(change_log.n), 0) AS n FROM change_lane \
                   LEFT JOIN change_log ON change_log.lane = change_lane.id \
                   WHERE change_lane.node <> $1 GROUP BY change_lane.id";
        let backend = self.conn.get_database_backend();
        let statement = statement(backend, sql, [self.node.into()]);
        let mut read = HashMap::new();
        for row in self.conn.query_all_raw(statement).await? {
            read.insert(row.try_get("", "id")?, row.try_get("", "n")?);
        }
        self.read = read;
        Ok(())
    }

    /// Publishes everything that is new. Whether nothing was missing before it.
    async fn advance(&mut self, bus: &Bus) -> Result<bool> {
        loop {
            let mut changes = Vec::new();
            let mut read: HashMap<LaneId, usize> = HashMap::new();
            for (lane, n, line) in self.read_some().await? {
                let before = self.read.insert(lane, n).unwrap_or(0);
                if n != before + 1 {
                    return Ok(false);
                }
                *read.entry(lane).or_default() += 1;
                changes.extend(line::read(&line));
            }
            bus.publish(changes);
            if read.into_values().all(|lines| lines < AT_ONCE) {
                return Ok(true);
            }
        }
    }

    async fn read_some(&self) -> Result<Vec<(LaneId, i64, String)>> {
        let statement = match self.conn.get_database_backend() {
            DbBackend::MySql => self.lines_of_each(),
            backend => self.lines_of_all(backend),
        };
        let line = |row: &sea_orm::QueryResult| {
            Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?))
        };
        let rows = self.conn.query_all_raw(statement).await?;
        let mut lines = rows.iter().map(line).collect::<Result<Vec<_>, sea_orm::DbErr>>()?;
        lines.sort_unstable_by_key(|(lane, n, _)| (*lane, *n));
        Ok(lines)
    }

    fn lines_of_all(&self, backend: DbBackend) -> Statement {
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
             WHERE change_lane.node <> '{}' OR at.lane IS NOT NULL",
            self.node
        );
        rows.read(backend, &sql)
    }

    /// MariaDB knows no LATERAL: a range of the key for each lane that is known, and those that are
    /// not from their beginning.
    fn lines_of_each(&self) -> Statement {
        let mut sql = String::new();
        let mut values: Vec<sea_orm::Value> = Vec::new();
        for (lane, n) in &self.read {
            sql.push_str(&format!(
                "(SELECT lane, n, changes FROM change_log WHERE lane = ? AND n > ? \
                 ORDER BY n LIMIT {AT_ONCE}) UNION ALL "
            ));
            values.extend([(*lane).into(), (*n).into()]);
        }
        let places = vec!["?"; self.read.len() + 1].join(", ");
        sql.push_str(&format!(
            "(SELECT lane, n, changes FROM change_log JOIN change_lane ON change_lane.id = lane \
             WHERE node <> ? AND lane NOT IN ({places}) ORDER BY lane, n LIMIT {AT_ONCE})"
        ));
        // Nobody has this lane.
        values.extend([self.node.into(), Uuid::nil().into()]);
        values.extend(self.read.keys().map(|lane| sea_orm::Value::from(*lane)));
        Statement::from_sql_and_values(DbBackend::MySql, sql, values)
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
