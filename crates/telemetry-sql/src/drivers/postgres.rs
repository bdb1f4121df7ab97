//! PostgreSQL.

use std::any::Any;

use sqlx_postgres::{PgConnectOptions, PgQueryResult};

use crate::drivers::Target;

/// The namespace is the database, which is by default called as the user is.
pub(super) fn target(options: &dyn Any) -> Option<Target> {
    let options: &PgConnectOptions = options.downcast_ref()?;
    let database = options.get_database().unwrap_or(options.get_username());
    let (address, port) = match options.get_socket() {
        Some(socket) => (socket.to_string_lossy().into_owned(), None),
        None => (options.get_host().to_owned(), Some(options.get_port())),
    };
    Some(Target {
        namespace: Some(database.to_owned()),
        address: Some(address),
        port,
    })
}

pub(super) fn affected_rows(result: &dyn Any) -> Option<u64> {
    let result: &PgQueryResult = result.downcast_ref()?;
    Some(result.rows_affected())
}
