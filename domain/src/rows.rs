//! Many rows in one statement. Statements are prepared once for each number of rows, so numbers are
//! rounded to powers of two: a repeated row changes nothing where rows are looked up or set.

use sea_orm::{DbBackend, EntityTrait, IdenStatic as _, Iterable as _, Statement, Value};

/// What a column holds; servers want it said.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of {
    Id,
    Number,
    Text,
}

impl Of {
    fn postgres(self) -> &'static str {
        match self {
            Self::Id => "uuid",
            Self::Number => "bigint",
            Self::Text => "text",
        }
    }

    fn mysql(self) -> &'static str {
        match self {
            Self::Id => "BINARY(16)",
            Self::Number => "SIGNED",
            Self::Text => "CHAR",
        }
    }
}

/// Rows to look up, to set or to insert, called `w` in the statement.
#[derive(Clone, Debug)]
pub(crate) struct Rows<const N: usize> {
    columns: [(&'static str, Of); N],
    rows: Vec<[Value; N]>,
}

impl<const N: usize> Rows<N> {
    pub(crate) fn new(columns: [(&'static str, Of); N]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    pub(crate) fn push(&mut self, row: [Value; N]) {
        self.rows.push(row);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What is read of them: `WITH w(…) AS …` and then `rest`, which must mind no row that comes twice.
    pub(crate) fn read(mut self, backend: DbBackend, rest: &str) -> Statement {
        self.fill_up();
        let mut sql = match backend {
            DbBackend::MySql => "WITH w AS (".to_owned(),
            _ => format!("WITH w({}) AS (", self.names()),
        };
        self.write(backend, &mut sql);
        sql.push_str(") ");
        sql.push_str(rest);
        Statement::from_sql_and_values(backend, sql, self.rows.into_iter().flatten())
    }

    /// Sets columns of a table, as `set` has it, in the rows that `which` finds; both name the table.
    pub(crate) fn update(
        mut self,
        backend: DbBackend,
        table: &str,
        set: &[(&str, &str)],
        which: &str,
    ) -> Statement {
        self.fill_up();
        let columns = |prefix: &str| {
            let one = |(column, value): &(&str, &str)| format!("{prefix}{column} = {value}");
            set.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let sql = match backend {
            DbBackend::MySql => {
                let mut sql = format!("UPDATE {table} JOIN (");
                self.write(backend, &mut sql);
                let set = columns(&format!("{table}."));
                sql + &format!(") AS w ON {which} SET {set}")
            }
            _ => {
                let mut sql = format!("WITH w({}) AS (", self.names());
                self.write(backend, &mut sql);
                sql + &format!(") UPDATE {table} SET {} FROM w WHERE {which}", columns(""))
            }
        };
        Statement::from_sql_and_values(backend, sql, self.rows.into_iter().flatten())
    }

    /// Puts them into a table, where each row counts: several statements, of powers of two.
    pub(crate) fn insert(self, backend: DbBackend, table: &str) -> Vec<Statement> {
        let names = self.names();
        let mut rows = self.rows;
        let mut statements = Vec::new();
        while !rows.is_empty() {
            let largest = 1_usize << rows.len().ilog2();
            let left = rows.split_off(largest);
            let mut sql = format!("INSERT INTO {table} ({names}) VALUES ");
            let mut number = 0;
            for row in 0..largest {
                sql.push_str(if row == 0 { "(" } else { ", (" });
                for column in 0..N {
                    number += 1;
                    sql.push_str(if column == 0 { "" } else { ", " });
                    value(backend, &mut sql, number);
                }
                sql.push(')');
            }
            statements.push(Statement::from_sql_and_values(
                backend,
                sql,
                rows.into_iter().flatten(),
            ));
            rows = left;
        }
        statements
    }

    fn fill_up(&mut self) {
        if let Some(last) = self.rows.last().cloned() {
            self.rows.resize(self.rows.len().next_power_of_two(), last);
        }
    }

    fn names(&self) -> String {
        self.columns.map(|(name, _)| name).join(", ")
    }

    /// The rows, as something to select from.
    fn write(&self, backend: DbBackend, sql: &mut String) {
        let mut number = 0;
        for row in 0..self.rows.len() {
            sql.push_str(match (backend, row) {
                (DbBackend::MySql, 0) => "SELECT ",
                (DbBackend::MySql, _) => " UNION ALL SELECT ",
                (_, 0) => "VALUES (",
                _ => ", (",
            });
            for (column, (name, of)) in self.columns.iter().enumerate() {
                number += 1;
                sql.push_str(if column == 0 { "" } else { ", " });
                match backend {
                    DbBackend::Postgres => {
                        sql.push_str(&format!("${number}::{}", of.postgres()));
                    }
                    DbBackend::MySql if row == 0 => {
                        sql.push_str(&format!("CAST(? AS {}) AS {name}", of.mysql()));
                    }
                    _ => sql.push('?'),
                }
            }
            sql.push_str(if backend == DbBackend::MySql { "" } else { ")" });
        }
    }
}

/// Where a value goes.
fn value(backend: DbBackend, sql: &mut String, number: usize) {
    match backend {
        DbBackend::Postgres => sql.push_str(&format!("${number}")),
        _ => sql.push('?'),
    }
}

/// Values for `IN`, of which any may come twice.
pub(crate) fn padded<T: Copy + Ord>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_unstable();
    values.dedup();
    if let Some(last) = values.last().copied() {
        values.resize(values.len().next_power_of_two(), last);
    }
    values
}

/// All columns of a table by name, for a raw statement: `*` would be something else once a newer node
/// has added one, and PostgreSQL refuses what it has prepared before.
pub(crate) fn columns<E: EntityTrait>(table: &str) -> String {
    let named = |column: E::Column| format!("{table}.{}", column.as_str());
    E::Column::iter().map(named).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: i64) -> Rows<2> {
        let mut rows = Rows::new([("a", Of::Number), ("b", Of::Text)]);
        (0..count).for_each(|n| rows.push([n.into(), "x".into()]));
        rows
    }

    #[test]
    fn lookups_are_filled_up_and_inserts_are_cut() {
        let one = rows(3).read(DbBackend::Sqlite, "SELECT * FROM w");
        assert_eq!(
            one.sql,
            "WITH w(a, b) AS (VALUES (?, ?), (?, ?), (?, ?), (?, ?)) SELECT * FROM w"
        );
        assert_eq!(one.values.unwrap().0.len(), 8);
        let some = rows(7).insert(DbBackend::Postgres, "t");
        let counts: Vec<usize> =
            some.iter().map(|one| one.values.as_ref().unwrap().0.len() / 2).collect();
        assert_eq!(counts, [4, 2, 1]);
        assert_eq!(some[1].sql, "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)");
    }

    #[test]
    fn each_database_has_its_way_of_setting_many_rows() {
        let set = [("c", "w.a")];
        let sql = |backend| rows(2).update(backend, "t", &set, "t.b = w.b").sql;
        assert_eq!(
            sql(DbBackend::Postgres),
            "WITH w(a, b) AS (VALUES ($1::bigint, $2::text), ($3::bigint, $4::text)) \
             UPDATE t SET c = w.a FROM w WHERE t.b = w.b"
        );
        assert_eq!(
            sql(DbBackend::MySql),
            "UPDATE t JOIN (SELECT CAST(? AS SIGNED) AS a, CAST(? AS CHAR) AS b UNION ALL SELECT ?, ?) AS w ON t.b = w.b \
             SET t.c = w.a"
        );
    }

    #[test]
    fn padding_adds_nothing_new() {
        assert_eq!(padded([3, 1, 2, 1, 3]), [1, 2, 3, 3]);
        assert!(padded::<i32>([]).is_empty());
    }
}
