//! Opening and closing a database.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Postgres, SqlSafeStr, Sqlite};
use telemetry_sql::TracedPool;
use tokio::sync::watch;

use crate::settings::TlsSettings;
use crate::store::query::{Query, Statement, Target};
use crate::store::url::Options;
use crate::store::{DatabaseUrl, Store, migrations};

const MAX_CONNECTIONS: u32 = 8;
/// How long a statement waits for another that writes, with SQLite.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a query waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// The same with PostgreSQL, whose server may be gone: then clients wait no longer than this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the program waits for PostgreSQL when it starts.
const START_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection to PostgreSQL is kept that nobody needs, and any at all.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10 * 60);
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// How long the end of the program waits for queries that still run.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// What PostgreSQL calls the program.
const APPLICATION: &str = env!("CARGO_PKG_NAME");

/// The connections to a database, whichever it is.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    Sqlite(TracedPool<Sqlite>),
    Postgres(TracedPool<Postgres>),
}

impl Database {
    /// A query, to be sent on any connection.
    pub(super) fn query(&self, sql: impl SqlSafeStr) -> Query<'_> {
        match self {
            Self::Sqlite(pool) => Query::Sqlite(Statement::new(Target::Pool(pool), sql)),
            Self::Postgres(pool) => Query::Postgres(Statement::new(Target::Pool(pool), sql)),
        }
    }

    /// The same, without a span: for what is asked again and again, whether anything happens or
    /// not.
    pub(super) fn query_unrecorded(&self, sql: impl SqlSafeStr) -> Query<'_> {
        match self {
            Self::Sqlite(pool) => Query::Sqlite(Statement::new(Target::Unrecorded(pool), sql)),
            Self::Postgres(pool) => Query::Postgres(Statement::new(Target::Unrecorded(pool), sql)),
        }
    }

    /// What ends a subquery of rows that are to be changed: others take other rows meanwhile. With
    /// SQLite one statement changes rows at a time.
    pub(super) fn skip_locked(&self) -> &'static str {
        self.choose("", " FOR UPDATE SKIP LOCKED")
    }

    /// Gives what is for this database, where SQL has to differ.
    pub(super) fn choose<T>(&self, sqlite: T, postgres: T) -> T {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        }
    }

    async fn connect(url: &DatabaseUrl, tls: &TlsSettings) -> anyhow::Result<Self> {
        Ok(match &url.0 {
            Options::Sqlite(options) => Self::Sqlite(open_sqlite(options).await?),
            Options::Postgres(options) => {
                Self::Postgres(open_postgres(&url.secured(options, tls)).await?)
            }
        })
    }

    async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Store {
    /// Opens the database and brings its tables up to date. Makes a SQLite file that is not
    /// there.
    ///
    /// # Errors
    ///
    /// When that cannot be done; the error names the database and the setting.
    pub(crate) async fn open(url: &DatabaseUrl, tls: &TlsSettings) -> anyhow::Result<Self> {
        let database = Database::connect(url, tls).await.with_context(|| {
            format!("cannot use the database {url} (DATABASE_URL can name another)")
        })?;
        Ok(Self {
            database,
            changes: watch::Sender::default(),
            events: Arc::default(),
        })
    }

    /// Asks the database for something that it must read.
    ///
    /// # Errors
    ///
    /// When it does not answer; without a bound of its own on the time that takes.
    pub(crate) async fn ping(&self) -> Result<(), sqlx::Error> {
        self.query("SELECT id FROM users LIMIT 1").execute().await?;
        Ok(())
    }

    /// Closes all connections. Queries that still run have 5 s to end.
    pub(crate) async fn close(&self) {
        if tokio::time::timeout(CLOSE_TIMEOUT, self.database.close())
            .await
            .is_err()
        {
            tracing::warn!("database_close_timed_out");
        }
    }
}

async fn open_sqlite(options: &SqliteConnectOptions) -> anyhow::Result<TracedPool<Sqlite>> {
    if let Some(directory) = options.get_filename().parent() {
        std::fs::create_dir_all(directory)
            .with_context(|| format!("cannot make the directory {}", directory.display()))?;
    }
    let options = options
        .clone()
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT);
    let pool = SqlitePoolOptions::new()
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A connection to a file does not go stale.
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
        .map_err(without_sources)?;
    migrations::run_on_sqlite(&pool)
        .await
        .map_err(without_sources)?;
    Ok(pool.into())
}

async fn open_postgres(options: &PgConnectOptions) -> anyhow::Result<TracedPool<Postgres>> {
    let options = options.clone().application_name(APPLICATION);
    // What it is that fails, it says itself; a pool says only that nothing came in time.
    let connecting = tokio::time::timeout(START_TIMEOUT, options.connect());
    let connection = connecting.await.context("it does not answer")?;
    migrations::run_on_postgres(connection.map_err(without_sources)?)
        .await
        .map_err(without_sources)?;
    let pool = PgPoolOptions::new()
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(CONNECT_TIMEOUT)
        // Those to a server that is gone are found out before they are used.
        .test_before_acquire(true)
        // Those on which no answer came are given up: sqlx waits for one without a bound.
        .after_release(|connection, _| Box::pin(answers_in_time(connection)))
        .idle_timeout(IDLE_TIMEOUT)
        .max_lifetime(MAX_LIFETIME)
        .connect_lazy_with(options);
    Ok(pool.into())
}

async fn answers_in_time(connection: &mut PgConnection) -> sqlx::Result<bool> {
    match tokio::time::timeout(CONNECT_TIMEOUT, connection.ping()).await {
        Ok(answered) => answered.map(|()| true),
        Err(_) => Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())),
    }
}

/// The errors of the driver repeat their sources in their own words.
fn without_sources(error: impl std::error::Error) -> anyhow::Error {
    anyhow!("{error}")
}
