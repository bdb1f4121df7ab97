//! Finding out that there may be jobs to do.

use std::convert::Infallible;
use std::time::Duration;

use apalis_postgres::PgListener;
use sqlx::{PgPool, SqlitePool};
use tokio::time::{sleep, timeout};

use crate::store::{Database, Store, StoreError};

/// How often a SQLite file is asked whether it has changed. That is far cheaper than to ask for
/// jobs.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// How long to wait for PostgreSQL to tell of a new job. Those that are put back on their queue, it
/// does not tell of.
const LISTEN_FOR: Duration = Duration::from_secs(1);
/// Where apalis' tables tell of new jobs.
const CHANNEL: &str = "apalis::job::insert";

impl Store {
    /// Calls `changed` whenever there may be jobs to do, pushed by this process or another.
    ///
    /// Nothing of this is recorded: it goes on all the time.
    ///
    /// # Errors
    ///
    /// When the database does not answer: nothing else ends it.
    pub(crate) async fn watch_jobs(&self, changed: impl Fn()) -> Result<Infallible, StoreError> {
        Ok(match &self.database {
            Database::Sqlite(pool) => watch_file(pool, changed).await?,
            Database::Postgres(pool) => listen(pool, changed).await?,
        })
    }
}

/// Looks again and again whether any other connection has changed the file.
async fn watch_file(pool: &SqlitePool, changed: impl Fn()) -> sqlx::Result<Infallible> {
    let mut connection = pool.acquire().await?;
    let mut last: Option<i64> = None;
    loop {
        let version = sqlx::query_scalar("PRAGMA data_version")
            .fetch_one(&mut *connection)
            .await?;
        if last.replace(version) != Some(version) {
            changed();
        }
        sleep(ASK_EVERY).await;
    }
}

/// Listens, on a connection of its own.
async fn listen(pool: &PgPool, changed: impl Fn()) -> sqlx::Result<Infallible> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        changed();
        // Receiving is safe to cut off: nothing is lost by it.
        if let Ok(told) = timeout(LISTEN_FOR, listener.recv()).await {
            told?;
        }
    }
}
