//! What the database refuses.

use sqlx::error::{DatabaseError, ErrorKind};

use crate::store::Record;

/// Why something could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// It would contradict other data; the text says how, for the client.
    #[error("{0}")]
    Conflict(&'static str),
    /// The database does not answer; it may again.
    #[error("the database does not answer")]
    Unavailable(#[source] sqlx::Error),
    /// The database itself failed.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Somebody else was faster.
    pub(super) const CHANGED: Self = Self::Conflict("it was changed or deleted meanwhile");

    /// The error of an `INSERT` or `UPDATE`.
    pub(super) fn of_change<R: Record>(error: sqlx::Error) -> Self {
        match kind(&error) {
            Some(ErrorKind::UniqueViolation) => Self::Conflict(R::CONFLICT),
            Some(ErrorKind::ForeignKeyViolation) => {
                Self::Conflict("what it refers to was changed or deleted meanwhile")
            }
            _ => error.into(),
        }
    }

    /// The error of a `DELETE`.
    pub(super) fn of_deletion(error: sqlx::Error) -> Self {
        match kind(&error) {
            Some(ErrorKind::ForeignKeyViolation) => Self::Conflict("others still refer to it"),
            _ => error.into(),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            sqlx::Error::Database(of_database) => match of_database.code().as_deref() {
                // PostgreSQL's: two waited for each other, and this one was chosen to give up.
                Some("40001" | "40P01") => Self::CHANGED,
                // It ends, it begins, or it has no connection left.
                Some("57P01" | "57P02" | "57P03" | "53300") => Self::Unavailable(error),
                _ => Self::Database(error),
            },
            _ => Self::Database(error),
        }
    }
}

fn kind(error: &sqlx::Error) -> Option<ErrorKind> {
    error.as_database_error().map(DatabaseError::kind)
}
