//! How a statement failed, without what was in it.
//!
//! The messages of databases quote values: `invalid input syntax for type integer: "…"`. So
//! none of them is recorded.

use sqlx::Error;
use sqlx::error::{DatabaseError, ErrorKind};
use telemetry_core::Failure;

use crate::instruments::CODES;

/// The failure of a statement that gave this error. The code of a database is its class: an
/// SQLSTATE, or an extended result code of SQLite.
pub(crate) fn from_error(error: &Error) -> Failure {
    match error {
        Error::Database(error) => from_database(&**error),
        Error::Io(error) => Failure::new("io").with_error(&error.kind()),
        Error::PoolTimedOut => Failure::new("pool_timed_out").with_error(error),
        Error::PoolClosed => Failure::new("pool_closed").with_error(error),
        Error::WorkerCrashed => Failure::new("worker_crashed").with_error(error),
        Error::Configuration(_) => Failure::new("configuration"),
        Error::Tls(_) => Failure::new("tls"),
        Error::Protocol(_) => Failure::new("protocol"),
        Error::Encode(_) => Failure::new("encode"),
        Error::Decode(_) | Error::ColumnDecode { .. } => Failure::new("decode"),
        Error::TypeNotFound { .. } => Failure::new("type_not_found"),
        Error::ColumnNotFound(_) | Error::ColumnIndexOutOfBounds { .. } => {
            Failure::new("column_not_found")
        }
        _ => Failure::new(Failure::OTHER),
    }
}

fn from_database(error: &dyn DatabaseError) -> Failure {
    let failure = match error.code() {
        Some(code) => Failure::from_code(CODES.get(&code)),
        None => Failure::new(Failure::OTHER),
    };
    let kind = match error.kind() {
        ErrorKind::UniqueViolation => "unique violation",
        ErrorKind::ForeignKeyViolation => "foreign key violation",
        ErrorKind::NotNullViolation => "not null violation",
        ErrorKind::CheckViolation => "check violation",
        ErrorKind::ExclusionViolation => "exclusion violation",
        _ => return failure,
    };
    match error.constraint() {
        Some(constraint) => failure.with_error(&format_args!("{kind}: {constraint}")),
        None => failure.with_error(kind),
    }
}
