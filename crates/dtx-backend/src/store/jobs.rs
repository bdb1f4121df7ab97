//! Background jobs as the staff sees them, and what keeps their tables in order. The tables and
//! their migrations are apalis'.

use std::collections::HashMap;
use std::time::Duration;

use apalis_sqlite::SqliteStorage;
use serde::{Deserialize, Serialize};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqlitePoolOptions, SqliteRow};
use sqlx::{AssertSqlSafe, FromRow, Row as _, SqlitePool};
use telemetry_core::{Scope, Value, names, propagation};

use crate::store::{Listing, Page, Store, StoreError};
use crate::timestamp::Timestamp;

/// Where apalis notes its migrations. By default that is the application's own table.
const MIGRATIONS_TABLE: &str = "_apalis_migrations";
/// The metadata of a job with the context of whoever pushed it.
const BAGGAGE: &str = "telemetry.baggage";

/// A job on a queue, or one that has ended.
#[derive(Debug, Serialize)]
pub(crate) struct StoredJob {
    pub(crate) id: String,
    /// The name of its queue.
    pub(crate) name: String,
    pub(crate) status: JobStatus,
    pub(crate) attempts: i64,
    pub(crate) max_attempts: i64,
    pub(crate) last_error: Option<String>,
    pub(crate) run_at: Timestamp,
    pub(crate) finished_at: Option<Timestamp>,
    /// Of the request that it was pushed in, by way of other jobs or not.
    pub(crate) request_id: Option<String>,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum JobStatus {
    /// It waits to be done, or done again.
    Pending,
    Running,
    Done,
    /// It failed for good.
    Dead,
}

/// Selects jobs, each with its status here.
const SELECT: &str = "SELECT * FROM (SELECT ROWID AS number, id, job_type AS name, attempts, max_attempts, \
                      last_result, run_at, done_at, metadata, CASE \
                      WHEN status = 'Done' THEN 'done' WHEN status = 'Running' THEN 'running' \
                      WHEN status = 'Killed' THEN 'dead' \
                      WHEN status = 'Failed' AND attempts >= max_attempts THEN 'dead' \
                      ELSE 'pending' END AS state FROM Jobs) AS listed";

impl FromRow<'_, SqliteRow> for StoredJob {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let result: Option<String> = row.try_get("last_result")?;
        let metadata: Option<String> = row.try_get("metadata")?;
        let finished_at: Option<i64> = row.try_get("done_at")?;
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            status: row.try_get("state")?,
            attempts: row.try_get("attempts")?,
            max_attempts: row.try_get("max_attempts")?,
            last_error: result.as_deref().and_then(error),
            run_at: Timestamp::from_unix(row.try_get("run_at")?),
            finished_at: finished_at.map(Timestamp::from_unix),
            request_id: metadata.as_deref().and_then(request_id),
        })
    }
}

/// The error in what apalis keeps of an attempt; `None` when it succeeded.
fn error(result: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Failure {
        #[serde(rename = "Err")]
        error: String,
    }
    let failure: Failure = serde_json::from_str(result).ok()?;
    Some(failure.error)
}

fn request_id(metadata: &str) -> Option<String> {
    let mut metadata: HashMap<String, String> = serde_json::from_str(metadata).ok()?;
    let baggage = metadata.remove(BAGGAGE)?;
    let carrier = HashMap::from([("baggage".to_owned(), baggage)]);
    let mut scope = Scope::builder();
    let _trace = propagation::extract_trusted(&carrier, &mut scope);
    match scope.build().get(names::REQUEST_ID) {
        Some(Value::String(id)) => Some(id),
        _ => None,
    }
}

/// The migrations of apalis' tables.
pub(super) fn migrations() -> Migrator {
    let mut migrations = SqliteStorage::migrations();
    migrations.dangerous_set_table_name(MIGRATIONS_TABLE);
    migrations
}

impl Store {
    /// The connections, for the queues alone.
    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// A connection that one worker has for itself, so as to see when it is in use.
    pub(crate) fn pool_of_worker(&self) -> SqlitePool {
        let options = SqlitePoolOptions::new().max_connections(1);
        let options = options.idle_timeout(None).max_lifetime(None);
        options.connect_lazy_with((*self.pool.connect_options()).clone())
    }

    /// Says that workers still live. `crew` is what their names begin with.
    pub(crate) async fn keep_workers(&self, crew: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE Workers SET last_seen = $2 WHERE id LIKE $1")
            .bind(format!("{crew}-%"))
            .bind(Timestamp::now().to_unix())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// One page of the jobs of a status, or of all, in the order in which they were pushed.
    pub(crate) async fn jobs(
        &self,
        status: Option<JobStatus>,
        page: Page,
    ) -> Result<Listing<StoredJob>, StoreError> {
        let of_status = "WHERE $1 IS NULL OR state = $1";
        let count = AssertSqlSafe(format!("SELECT COUNT(*) FROM ({SELECT} {of_status})"));
        let count = sqlx::query_scalar(count).bind(status);
        let jobs = AssertSqlSafe(format!(
            "{SELECT} {of_status} ORDER BY number LIMIT $2 OFFSET $3"
        ));
        let jobs = sqlx::query_as(jobs)
            .bind(status)
            .bind(i64::from(page.page_size))
            .bind(page.offset());
        Ok(Listing {
            count: count.fetch_one(&self.pool).await?,
            page: page.page,
            page_size: page.page_size,
            results: jobs.fetch_all(&self.pool).await?,
        })
    }

    /// The job with this id.
    pub(crate) async fn job(&self, id: &str) -> Result<Option<StoredJob>, StoreError> {
        let job = sqlx::query_as(AssertSqlSafe(format!("{SELECT} WHERE id = $1"))).bind(id);
        Ok(job.fetch_optional(&self.pool).await?)
    }

    /// Puts a dead job back on its queue, as if it had not been tried; `false` when it is not
    /// dead.
    pub(crate) async fn revive_job(&self, id: &str) -> Result<bool, StoreError> {
        let query = "UPDATE Jobs SET status = 'Pending', attempts = 0, run_at = $2, \
                     lock_by = NULL, lock_at = NULL, done_at = NULL WHERE id = $1 AND \
                     (status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts))";
        let revived = sqlx::query(query).bind(id).bind(Timestamp::now().to_unix());
        Ok(revived.execute(&self.pool).await?.rows_affected() > 0)
    }

    /// Gives back what workers have begun and not ended, to be done by others; how many jobs.
    /// `crew` is what the names of the workers begin with.
    pub(crate) async fn release_jobs(&self, crew: &str) -> Result<u64, StoreError> {
        let query = "UPDATE Jobs SET status = 'Pending', attempts = attempts + 1, \
                     lock_by = NULL, lock_at = NULL, done_at = NULL \
                     WHERE lock_by LIKE $1 AND status IN ('Queued', 'Running')";
        let released = sqlx::query(query).bind(format!("{crew}-%"));
        Ok(released.execute(&self.pool).await?.rows_affected())
    }

    /// Deletes jobs that ended before then, dead or done, and workers that are silent since; how
    /// many jobs.
    pub(crate) async fn delete_ended_jobs(&self, before: Timestamp) -> Result<u64, StoreError> {
        let query = "DELETE FROM Jobs WHERE done_at < $1 AND (status IN ('Done', 'Killed') \
                     OR (status = 'Failed' AND attempts >= max_attempts))";
        let before = before.to_unix();
        let deleted = sqlx::query(query).bind(before).execute(&self.pool).await?;
        let workers = "DELETE FROM Workers WHERE last_seen < $1 \
                       AND NOT EXISTS (SELECT 1 FROM Jobs WHERE lock_by = Workers.id)";
        sqlx::query(workers)
            .bind(before)
            .execute(&self.pool)
            .await?;
        Ok(deleted.rows_affected())
    }

    /// Looks again and again whether the database has changed, by any other connection of this
    /// process or another, and calls `changed` when it has.
    ///
    /// # Errors
    ///
    /// When the database does not answer: nothing else ends it.
    pub(crate) async fn watch_changes(
        &self,
        every: Duration,
        changed: impl Fn(),
    ) -> Result<std::convert::Infallible, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let mut last: Option<i64> = None;
        loop {
            let version = sqlx::query_scalar("PRAGMA data_version")
                .fetch_one(&mut *connection)
                .await?;
            if last.replace(version) != Some(version) {
                changed();
            }
            tokio::time::sleep(every).await;
        }
    }
}
