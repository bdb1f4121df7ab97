//! What sqlx asks of an executor, recorded.

use std::sync::Arc;

use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use sqlx::{Database, Describe, Either, Execute, Executor, Result, SqlStr};

use crate::drivers;
use crate::instruments::INSTRUMENTS;
use crate::pool_metrics::{Waiting, Waits};
use crate::query::Query;
use crate::recording::{Recorded, Recording, Rows};
use crate::settings::Settings;

/// The operations that look at a statement, and do not carry it out.
const PREPARE: &str = "PREPARE";
const DESCRIBE: &str = "DESCRIBE";

/// A database whose connections can be recorded: each that sqlx can send queries to.
///
/// It has an implementation for all of them, and keeps the compiler from going round in circles:
/// whether a connection of a database that is not yet known is an [`Executor`] must not depend
/// on whether that of another one is.
pub trait TracedDatabase: Database {
    /// What sends queries to a connection.
    type Executor<'c>: Executor<'c, Database = Self>;

    /// Borrows a connection to send queries to it.
    fn executor(connection: &mut Self::Connection) -> Self::Executor<'_>;
}

impl<DB> TracedDatabase for DB
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    type Executor<'c> = &'c mut DB::Connection;

    fn executor(connection: &mut DB::Connection) -> Self::Executor<'_> {
        connection
    }
}

type RowOf<DB> = <DB as Database>::Row;
type StepOf<DB> = Either<<DB as Database>::QueryResult, RowOf<DB>>;

/// How an executor is recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Telemetry<'a> {
    pub(crate) settings: &'a Settings,
    /// Of a pool, where a statement waits for a connection.
    pub(crate) waits: Option<&'a Arc<Waits>>,
}

impl<'a> Telemetry<'a> {
    /// Of what has its connection.
    pub(crate) fn of(settings: &'a Settings) -> Self {
        Self {
            settings,
            waits: None,
        }
    }

    pub(crate) fn fetch_many<'c, 'e, 'q, E, Q>(
        self,
        executor: E,
        query: Q,
    ) -> BoxStream<'e, Result<StepOf<E::Database>>>
    where
        'c: 'e,
        'q: 'e,
        E: Executor<'c>,
        Q: 'q + Execute<'q, E::Database>,
    {
        if INSTRUMENTS.get().is_none() {
            return executor.fetch_many(query);
        }
        let query = Query::new(query);
        let Some(recording) = self.start(query.text()) else {
            return executor.fetch_many(query);
        };
        let waiting = self.wait(&recording);
        let stream = executor.fetch_many(query.after(waiting));
        Box::pin(Recorded::new(stream, recording, count::<E::Database>))
    }

    pub(crate) fn fetch_optional<'c, 'e, 'q, E, Q>(
        self,
        executor: E,
        query: Q,
    ) -> BoxFuture<'e, Result<Option<RowOf<E::Database>>>>
    where
        'c: 'e,
        'q: 'e,
        E: Executor<'c>,
        Q: 'q + Execute<'q, E::Database>,
    {
        if INSTRUMENTS.get().is_none() {
            return executor.fetch_optional(query);
        }
        let query = Query::new(query);
        let Some(recording) = self.start(query.text()) else {
            return executor.fetch_optional(query);
        };
        let waiting = self.wait(&recording);
        let future = executor.fetch_optional(query.after(waiting));
        let count = |row: &Option<RowOf<E::Database>>, rows: &mut Rows| {
            rows.returned = u64::from(row.is_some());
        };
        Box::pin(Recorded::new(future, recording, count))
    }

    pub(crate) fn prepare_with<'c, 'e, E>(
        self,
        executor: E,
        sql: SqlStr,
        parameters: &'e [<E::Database as Database>::TypeInfo],
    ) -> BoxFuture<'e, Result<<E::Database as Database>::Statement>>
    where
        'c: 'e,
        E: Executor<'c>,
    {
        let recording = self.start_as(PREPARE, &sql);
        recorded(executor.prepare_with(sql, parameters), recording)
    }

    pub(crate) fn describe<'c, 'e, E>(
        self,
        executor: E,
        sql: SqlStr,
    ) -> BoxFuture<'e, Result<Describe<E::Database>>>
    where
        'c: 'e,
        E: Executor<'c>,
    {
        let recording = self.start_as(DESCRIBE, &sql);
        recorded(executor.describe(sql), recording)
    }

    pub(crate) fn start(self, sql: &str) -> Option<Recording> {
        Recording::start(self.settings, self.waits, || {
            self.settings.statements.get(sql)
        })
    }

    fn start_as(self, operation: &'static str, sql: &SqlStr) -> Option<Recording> {
        Recording::start(self.settings, self.waits, || {
            self.settings.statements.get_as(operation, sql.as_str())
        })
    }

    fn wait(self, recording: &Recording) -> Option<Waiting> {
        let waits = self.waits?;
        Some(waits.start(recording.instruments()))
    }
}

/// Records a future that gives no rows.
pub(crate) fn recorded<'e, T: 'e>(
    future: BoxFuture<'e, Result<T>>,
    recording: Option<Recording>,
) -> BoxFuture<'e, Result<T>> {
    match recording {
        Some(recording) => Box::pin(Recorded::new(future, recording, |_, _| {})),
        None => future,
    }
}

fn count<DB: Database>(step: &StepOf<DB>, rows: &mut Rows) {
    match step {
        Either::Left(result) => {
            if let Some(affected) = drivers::affected_rows::<DB>(result) {
                rows.affected = Some(rows.affected.unwrap_or(0).saturating_add(affected));
            }
        }
        Either::Right(_) => rows.returned = rows.returned.saturating_add(1),
    }
}
