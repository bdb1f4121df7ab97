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
use crate::timing::{Connected, Timed, Timer, Timing};

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
    pub(crate) settings: &'a Arc<Settings>,
    /// Of a pool, where a statement waits for a connection.
    pub(crate) waits: Option<&'a Arc<Waits>>,
}

/// What is done beside a call.
pub(crate) enum Watch {
    Nothing,
    /// Where nothing exports: what is slow becomes a line.
    Timed(Timing),
    Recorded(Recording),
}

impl<'a> Telemetry<'a> {
    /// Of what has its connection.
    pub(crate) fn of(settings: &'a Arc<Settings>) -> Self {
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
        let timer = Timer::start(self.settings, self.waits.is_some());
        if timer.is_none() && INSTRUMENTS.get().is_none() {
            return executor.fetch_many(query);
        }
        let connected = timer.as_ref().and_then(Timer::connected);
        let query = Query::new(query);
        match self.watch(query.text(), None, timer) {
            Watch::Recorded(recording) => {
                let waiting = self.wait(&recording);
                let stream = executor.fetch_many(query.after(waiting, connected));
                Box::pin(Recorded::new(stream, recording, count::<E::Database>))
            }
            Watch::Timed(timing) => {
                let stream = executor.fetch_many(query.after(None, connected));
                Box::pin(Timed::new(stream, timing))
            }
            Watch::Nothing => executor.fetch_many(query),
        }
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
        let timer = Timer::start(self.settings, self.waits.is_some());
        if timer.is_none() && INSTRUMENTS.get().is_none() {
            return executor.fetch_optional(query);
        }
        let connected = timer.as_ref().and_then(Timer::connected);
        let query = Query::new(query);
        match self.watch(query.text(), None, timer) {
            Watch::Recorded(recording) => {
                let waiting = self.wait(&recording);
                let future = executor.fetch_optional(query.after(waiting, connected));
                let count = |row: &Option<RowOf<E::Database>>, rows: &mut Rows| {
                    rows.returned = u64::from(row.is_some());
                };
                Box::pin(Recorded::new(future, recording, count))
            }
            Watch::Timed(timing) => {
                let future = executor.fetch_optional(query.after(None, connected));
                Box::pin(Timed::new(future, timing))
            }
            Watch::Nothing => executor.fetch_optional(query),
        }
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
        let watch = self.start(&sql, Some(PREPARE));
        watch.future(executor.prepare_with(sql, parameters))
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
        let watch = self.start(&sql, Some(DESCRIBE));
        watch.future(executor.describe(sql))
    }

    /// Starts to watch a call: of a statement, or of an operation that only looks at one.
    pub(crate) fn start(self, sql: &SqlStr, operation: Option<&'static str>) -> Watch {
        self.watch(sql, operation, Timer::start(self.settings, false))
    }

    /// Starts to watch a call that waits for a connection first; with what is to be set once there
    /// is one.
    pub(crate) fn start_waiting(self, sql: &SqlStr) -> (Watch, Option<Connected>) {
        let timer = Timer::start(self.settings, true);
        let connected = timer.as_ref().and_then(Timer::connected);
        (self.watch(sql, None, timer), connected)
    }

    fn watch(self, sql: &SqlStr, operation: Option<&'static str>, timer: Option<Timer>) -> Watch {
        let Self { settings, waits } = self;
        match (INSTRUMENTS.get(), timer) {
            (Some(instruments), timer) => {
                let statement = settings.statements.get_as(operation, sql.as_str());
                Watch::Recorded(Recording::start(
                    instruments,
                    Arc::clone(settings),
                    waits,
                    timer,
                    statement,
                ))
            }
            (None, Some(timer)) => Watch::Timed(Timing::new(
                timer,
                Arc::clone(settings),
                sql.clone(),
                operation,
            )),
            (None, None) => Watch::Nothing,
        }
    }

    fn wait(self, recording: &Recording) -> Option<Waiting> {
        let waits = self.waits?;
        Some(waits.start(recording.instruments()))
    }
}

impl Watch {
    /// Watches a future that gives no rows.
    pub(crate) fn future<'e, T: 'e>(
        self,
        future: BoxFuture<'e, Result<T>>,
    ) -> BoxFuture<'e, Result<T>> {
        match self {
            Self::Recorded(recording) => Box::pin(Recorded::new(future, recording, |_, _| {})),
            Self::Timed(timing) => Box::pin(Timed::new(future, timing)),
            Self::Nothing => future,
        }
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
