//! A query taken apart for its text, and put together again for the driver.

use std::time::Instant;

use sqlx::error::BoxDynError;
use sqlx::{Database, Execute, SqlStr};

use crate::pool_metrics::Waiting;
use crate::timing::Connected;

/// What a driver asks a query for. The text is moved, and never copied.
pub(crate) struct Query<DB: Database> {
    sql: SqlStr,
    arguments: Option<Result<Option<DB::Arguments>, BoxDynError>>,
    statement: Option<DB::Statement>,
    is_persistent: bool,
    waiting: Option<Waiting>,
    connected: Option<Connected>,
}

impl<DB: Database> Query<DB> {
    pub(crate) fn new<'q>(mut query: impl Execute<'q, DB>) -> Self {
        // In the order in which drivers ask: what a query answers depends on it.
        let statement = query.statement().cloned();
        let arguments = query.take_arguments();
        let is_persistent = query.persistent();
        Self {
            sql: query.sql(),
            arguments: Some(arguments),
            statement,
            is_persistent,
            waiting: None,
            connected: None,
        }
    }

    pub(crate) fn text(&self) -> &SqlStr {
        &self.sql
    }

    /// Ends the wait for a connection when the driver begins with the query, which is when it
    /// has one.
    pub(crate) fn after(mut self, waiting: Option<Waiting>, connected: Option<Connected>) -> Self {
        self.waiting = waiting;
        self.connected = connected;
        self
    }
}

impl<DB: Database> Execute<'_, DB> for Query<DB> {
    fn sql(self) -> SqlStr {
        self.sql
    }

    fn statement(&self) -> Option<&DB::Statement> {
        self.statement.as_ref()
    }

    fn take_arguments(&mut self) -> Result<Option<DB::Arguments>, BoxDynError> {
        if let Some(waiting) = self.waiting.take() {
            waiting.has_connection();
        }
        if let Some(connected) = self.connected.take() {
            let _first = connected.set(Instant::now());
        }
        self.arguments.take().unwrap_or(Ok(None))
    }

    fn persistent(&self) -> bool {
        self.is_persistent
    }
}
