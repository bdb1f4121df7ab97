//! What only a driver knows, behind the feature of its name.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use sqlx::{Connection, Database};

/// Which SQL a database speaks, as far as it matters to find literals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// By the standard, and what SQLite adds to it.
    Sqlite,
    /// By the standard, and what PostgreSQL adds to it.
    Postgres,
    /// Strings in double quotes, and with backslashes.
    MySql,
    /// Anything else.
    Other,
}

/// Where a database is, and which.
#[derive(Debug, Default)]
pub(crate) struct Target {
    /// Of `db.namespace`.
    pub(crate) namespace: Option<String>,
    /// Of `server.address`: a host, or the path of a socket.
    pub(crate) address: Option<String>,
    /// Of `server.port`.
    pub(crate) port: Option<u16>,
}

type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

/// Gives the `db.system.name` and the dialect of a driver.
pub(crate) fn system<DB: Database>() -> (&'static str, Dialect) {
    match DB::NAME {
        "SQLite" => ("sqlite", Dialect::Sqlite),
        "PostgreSQL" => ("postgresql", Dialect::Postgres),
        "MySQL" => ("mysql", Dialect::MySql),
        _ => ("other_sql", Dialect::Other),
    }
}

/// Reads what options say of the database; nothing of a driver without its feature.
pub(crate) fn target<DB: Database>(options: &Options<DB>) -> Target {
    let options: &dyn std::any::Any = options;
    #[cfg(feature = "sqlite")]
    if let Some(target) = sqlite::target(options) {
        return target;
    }
    #[cfg(feature = "postgres")]
    if let Some(target) = postgres::target(options) {
        return target;
    }
    let _ = options;
    Target::default()
}

/// How many rows a statement affected; `None` of a driver without its feature.
pub(crate) fn affected_rows<DB: Database>(result: &DB::QueryResult) -> Option<u64> {
    let result: &dyn std::any::Any = result;
    #[cfg(feature = "sqlite")]
    if let Some(rows) = sqlite::affected_rows(result) {
        return Some(rows);
    }
    #[cfg(feature = "postgres")]
    if let Some(rows) = postgres::affected_rows(result) {
        return Some(rows);
    }
    let _ = result;
    None
}
