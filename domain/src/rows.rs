//! Many rows in one statement. Statements are prepared once for each number of rows, so numbers are
//! rounded to powers of two: a repeated row changes nothing where rows are looked up or set.

use std::fmt::Write as _;

use sea_orm::{DbBackend, EntityTrait, IdenStatic as _, Iterable as _, Statement, Value};

/// What a column holds; PostgreSQL wants it said.
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

    /// `WITH w(…) AS (VALUES …)` and then `rest`, which must mind no row that comes twice.
    pub(crate) fn statement(mut self, backend: DbBackend, rest: &str) -> Statement {
        if let Some(last) = self.rows.last().cloned() {
            self.rows.resize(self.rows.len().next_power_of_two(), last);
        }
        prepared(backend, &self.columns, self.rows, rest)
    }

    /// The same where each row counts: several statements, of powers of two.
    pub(crate) fn statements(self, backend: DbBackend, rest: &str) -> Vec<Statement> {
        let mut rows = self.rows;
        let mut statements = Vec::new();
        while !rows.is_empty() {
            let largest = 1_usize << rows.len().ilog2();
            let left = rows.split_off(largest);
            statements.push(prepared(backend, &self.columns, rows, rest));
            rows = left;
        }
        statements
    }
}

fn prepared<const N: usize>(
    backend: DbBackend,
    columns: &[(&'static str, Of); N],
    rows: Vec<[Value; N]>,
    rest: &str,
) -> Statement {
    let mut sql = String::from("WITH w(");
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    sql.push_str(&names.join(", "));
    sql.push_str(") AS (VALUES ");
    let mut number = 0;
    for row in 0..rows.len() {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for (column, (_, of)) in columns.iter().enumerate() {
            let comma = if column == 0 { "" } else { ", " };
            number += 1;
            // Writing to a string cannot fail.
            let _ = match backend {
                DbBackend::Postgres => write!(sql, "{comma}${number}::{}", of.postgres()),
                _ => write!(sql, "{comma}?"),
            };
        }
        sql.push(')');
    }
    sql.push_str(") ");
    sql.push_str(rest);
    Statement::from_sql_and_values(backend, sql, rows.into_iter().flatten())
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
        let one = rows(3).statement(DbBackend::Sqlite, "SELECT * FROM w");
        assert_eq!(
            one.sql,
            "WITH w(a, b) AS (VALUES (?, ?), (?, ?), (?, ?), (?, ?)) SELECT * FROM w"
        );
        assert_eq!(one.values.unwrap().0.len(), 8);
        let some = rows(7).statements(DbBackend::Postgres, "SELECT 1");
        let counts: Vec<usize> =
            some.iter().map(|one| one.values.as_ref().unwrap().0.len() / 2).collect();
        assert_eq!(counts, [4, 2, 1]);
        assert!(some[1].sql.contains("($1::bigint, $2::text), ($3::bigint, $4::text)"));
    }

    #[test]
    fn padding_adds_nothing_new() {
        assert_eq!(padded([3, 1, 2, 1, 3]), [1, 2, 3, 3]);
        assert!(padded::<i32>([]).is_empty());
    }
}
