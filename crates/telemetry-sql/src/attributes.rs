//! How a statement failed, without what was in it.
//!
//! The messages of databases quote values: `invalid input syntax for type integer: "…"`. So
//! none of them is recorded.

use std::borrow::Cow;

use sqlx::Error;
use sqlx::error::{DatabaseError, ErrorKind};

/// The `error.type` of what was dropped before it ended.
const CANCELLED: &str = "cancelled";
/// The `error.type` of what ended by a panic.
const PANIC: &str = "panic";
/// The `error.type` of an error that has no name here.
const OTHER: &str = "_OTHER";

/// How a statement failed.
#[derive(Debug, Default)]
pub(crate) struct Failure {
    /// The code of the database, or the class of the error.
    pub(crate) error_type: Cow<'static, str>,
    /// What the database answered: an SQLSTATE, or an extended result code of SQLite.
    pub(crate) code: Option<String>,
    /// What the type does not say.
    pub(crate) description: Cow<'static, str>,
}

impl Failure {
    /// What was dropped while it waited for the database.
    pub(crate) fn dropped() -> Self {
        let is_panic = std::thread::panicking();
        Self {
            error_type: if is_panic { PANIC } else { CANCELLED }.into(),
            ..Self::default()
        }
    }

    pub(crate) fn of(error: &Error) -> Self {
        if let Error::Database(error) = error {
            return Self::of_database(&**error);
        }
        let (error_type, description) = match error {
            Error::Io(error) => ("io", error.kind().to_string().into()),
            Error::PoolTimedOut => ("pool_timed_out", error.to_string().into()),
            Error::PoolClosed => ("pool_closed", error.to_string().into()),
            Error::WorkerCrashed => ("worker_crashed", error.to_string().into()),
            Error::Configuration(_) => ("configuration", Cow::Borrowed("")),
            Error::Tls(_) => ("tls", Cow::Borrowed("")),
            Error::Protocol(_) => ("protocol", Cow::Borrowed("")),
            Error::Encode(_) => ("encode", Cow::Borrowed("")),
            Error::Decode(_) | Error::ColumnDecode { .. } => ("decode", Cow::Borrowed("")),
            Error::TypeNotFound { .. } => ("type_not_found", Cow::Borrowed("")),
            Error::ColumnNotFound(_) | Error::ColumnIndexOutOfBounds { .. } => {
                ("column_not_found", Cow::Borrowed(""))
            }
            _ => (OTHER, Cow::Borrowed("")),
        };
        Self {
            error_type: error_type.into(),
            code: None,
            description,
        }
    }

    fn of_database(error: &dyn DatabaseError) -> Self {
        let code = error.code().map(Cow::into_owned);
        let kind = match error.kind() {
            ErrorKind::UniqueViolation => "unique violation",
            ErrorKind::ForeignKeyViolation => "foreign key violation",
            ErrorKind::NotNullViolation => "not null violation",
            ErrorKind::CheckViolation => "check violation",
            ErrorKind::ExclusionViolation => "exclusion violation",
            _ => "",
        };
        Self {
            error_type: code.clone().map_or(Cow::Borrowed(OTHER), Cow::Owned),
            code,
            description: match error.constraint() {
                Some(constraint) if !kind.is_empty() => format!("{kind}: {constraint}").into(),
                _ => kind.into(),
            },
        }
    }
}
