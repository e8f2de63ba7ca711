//! What one statement is written like on each database, where sea-orm does not write it.

use sea_orm::{DbBackend, Statement, Value};

/// A statement with values for `$1`, `$2` …, each as often as it is named, whatever the database calls
/// the places of values. A `$` stands for nothing else.
pub(crate) fn statement(
    backend: DbBackend,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    let sql = sql.into();
    if backend != DbBackend::MySql {
        return Statement::from_sql_and_values(backend, sql, values);
    }
    let values: Vec<Value> = values.into_iter().collect();
    let (mut written, mut given) = (String::with_capacity(sql.len()), Vec::new());
    let mut parts = sql.split('$');
    written.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
        let number: usize = part[..end].parse().unwrap_or_default();
        debug_assert!((1..=values.len()).contains(&number), "no value for ${number}: {sql}");
        given.extend(number.checked_sub(1).and_then(|at| values.get(at)).cloned());
        written.push('?');
        written.push_str(&part[end..]);
    }
    Statement::from_sql_and_values(backend, written, given)
}

/// An id that is not there, in a place where the database wants to know what kind of thing is missing.
pub(crate) fn no_id(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::MySql => "CAST(NULL AS BINARY(16))",
        _ => "CAST(NULL AS uuid)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_given_as_often_as_they_are_named() {
        let sql = "SELECT $2, $1 WHERE x = $2";
        let made = statement(DbBackend::MySql, sql, [1_i64.into(), 2_i64.into()]);
        assert_eq!(made.sql, "SELECT ?, ? WHERE x = ?");
        assert_eq!(made.values.unwrap().0, [2_i64.into(), 1_i64.into(), 2_i64.into()]);
    }
}
