//! What can go wrong, said for the person who asked. Sources of internal failures are kept for the
//! log alone.

use std::borrow::Cow;

use protocol::{Code, Problem};
use sea_orm::{
    DbErr, RuntimeErr, SqlErr,
    sqlx::{self, mysql::MySqlDatabaseError},
};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an action did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{detail}")]
    Invalid { field: &'static str, detail: Cow<'static, str> },
    #[error("not signed in, or not with these")]
    Unauthenticated(&'static str),
    #[error("{0}")]
    Forbidden(&'static str),
    /// Not there, or not theirs: the two are told apart nowhere.
    #[error("not there, or not theirs")]
    NotFound,
    #[error("{0}")]
    Conflict(&'static str),
    #[error("{0}")]
    TooLarge(&'static str),
    /// More often than anybody needs; how long to wait.
    #[error("too often")]
    RateLimited { retry_after_ms: u64 },
    /// Would work a little later.
    #[error("not available: {0}")]
    Unavailable(String),
    #[error(transparent)]
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    pub(crate) fn invalid(field: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid { field, detail: detail.into() }
    }

    pub(crate) fn internal(
        source: impl Into<Box<dyn std::error::Error + Send + Sync + 'static>>,
    ) -> Self {
        Self::Internal(source.into())
    }

    /// What everyone hears whose session has ended.
    pub(crate) fn signed_out() -> Self {
        Self::Unauthenticated("Sign in to go on.")
    }

    /// Whether something unique was there before.
    pub(crate) fn is_taken(&self) -> bool {
        let Self::Internal(source) = self else { return false };
        let error = source.downcast_ref::<DbErr>().and_then(DbErr::sql_err);
        matches!(error, Some(SqlErr::UniqueConstraintViolation(_)))
    }

    /// Whether the database undid everything for the sake of others, and it may be tried again.
    pub(crate) fn is_undone(&self) -> bool {
        let Self::Internal(source) = self else { return false };
        let Some(
            DbErr::Exec(RuntimeErr::SqlxError(source))
            | DbErr::Query(RuntimeErr::SqlxError(source)),
        ) = source.downcast_ref::<DbErr>()
        else {
            return false;
        };
        let Some(said) = source.as_database_error() else { return false };
        // Could not be serialised; a deadlock; on MySQL also a lock that was waited for too long.
        matches!(said.code().as_deref(), Some("40001" | "40P01"))
            || number_of(said).is_some_and(|number| matches!(number, 1205 | 1213))
    }

    /// The same for one more who asked.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Invalid { field, detail } => Self::Invalid { field, detail: detail.clone() },
            Self::Unauthenticated(detail) => Self::Unauthenticated(detail),
            Self::Forbidden(detail) => Self::Forbidden(detail),
            Self::NotFound => Self::NotFound,
            Self::Conflict(detail) => Self::Conflict(detail),
            Self::TooLarge(detail) => Self::TooLarge(detail),
            Self::RateLimited { retry_after_ms } => {
                Self::RateLimited { retry_after_ms: *retry_after_ms }
            }
            Self::Unavailable(why) => Self::Unavailable(why.clone()),
            Self::Internal(source) if self.is_undone() => Self::Unavailable(source.to_string()),
            Self::Internal(source) => Self::internal(source.to_string()),
        }
    }

    /// This error as the client sees it.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Invalid { field, detail } => Problem::invalid(field, detail.clone()),
            Self::Unauthenticated(detail) => Problem::new(Code::Unauthenticated, *detail),
            Self::Forbidden(detail) => Problem::new(Code::Forbidden, *detail),
            Self::NotFound => Problem::not_found(),
            Self::Conflict(detail) => Problem::new(Code::Conflict, *detail),
            Self::TooLarge(detail) => Problem::new(Code::TooLarge, *detail),
            Self::RateLimited { retry_after_ms } => Problem::rate_limited(*retry_after_ms),
            Self::Unavailable(_) => {
                Problem::new(Code::Unavailable, "Kith is busy. Try again in a moment.")
            }
            Self::Internal(_) => {
                Problem::new(Code::Unknown, "Something went wrong here. It has been written down.")
            }
        }
    }

    /// Whether somebody who runs Kith should read about it.
    pub fn is_fault(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Internal(_))
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::ConnectionAcquire(_) => Self::Unavailable(error.to_string()),
            DbErr::Conn(RuntimeErr::SqlxError(source))
            | DbErr::Exec(RuntimeErr::SqlxError(source))
            | DbErr::Query(RuntimeErr::SqlxError(source))
                if passes(source) =>
            {
                Self::Unavailable(error.to_string())
            }
            _ => Self::internal(error),
        }
    }
}

/// Whether it would work once the database is well again.
fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(said) => match number_of(said.as_ref()) {
            // MySQL: too many connections, on its way down, full, read-only, given up.
            Some(number) => matches!(
                number,
                1021 | 1040
                    | 1041
                    | 1047
                    | 1053
                    | 1114
                    | 1203
                    | 1226
                    | 1290
                    | 1317
                    | 1461
                    | 1836
                    | 1927
                    | 1969
                    | 3024
                    | 4031
            ),
            None => said.code().is_some_and(|code| says_later(&code)),
        },
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::BeginFailed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// What MySQL calls an error; nothing where another database said it.
fn number_of(said: &(dyn sqlx::error::DatabaseError + 'static)) -> Option<u16> {
    said.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

fn says_later(code: &str) -> bool {
    match code.parse::<u32>() {
        // SQLite: busy, locked, full.
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 5 | 6 | 13),
        // PostgreSQL: no connection, a transaction that is not what it should be (a standby takes none
        // that writes), no resources (a full disk among them), on its way down or up, an error of
        // the system.
        _ => matches!(code.get(..2), Some("08" | "25" | "53" | "57" | "58")),
    }
}
