//! SQLite.

use std::any::Any;

use sqlx_sqlite::{SqliteConnectOptions, SqliteQueryResult};

use crate::drivers::Target;

/// The namespace is the name of the file, without the path to it. A database in memory has
/// none.
pub(super) fn target(options: &dyn Any) -> Option<Target> {
    let options: &SqliteConnectOptions = options.downcast_ref()?;
    let file = options.get_filename();
    let name = file.file_name().map(|name| name.to_string_lossy());
    // As sqlx names those in memory.
    let is_file = |name: &str| name != ":memory:" && !name.starts_with("file:sqlx-in-memory-");
    Some(Target {
        namespace: name.filter(|name| is_file(name)).map(Into::into),
        ..Target::default()
    })
}

pub(super) fn affected_rows(result: &dyn Any) -> Option<u64> {
    let result: &SqliteQueryResult = result.downcast_ref()?;
    Some(result.rows_affected())
}
