//! What the database refuses.

use sqlx::error::{DatabaseError, ErrorKind};

use crate::store::Record;

/// Why something could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// It would contradict other data; the text says how, for the client.
    #[error("{0}")]
    Conflict(&'static str),
    /// The database itself failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
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
            _ => Self::Database(error),
        }
    }

    /// The error of a `DELETE`.
    pub(super) fn of_deletion(error: sqlx::Error) -> Self {
        match kind(&error) {
            Some(ErrorKind::ForeignKeyViolation) => Self::Conflict("others still refer to it"),
            _ => Self::Database(error),
        }
    }
}

fn kind(error: &sqlx::Error) -> Option<ErrorKind> {
    error.as_database_error().map(DatabaseError::kind)
}
