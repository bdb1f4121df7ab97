//! Background jobs as the staff sees them, and what keeps their tables in order. The tables and
//! their migrations are apalis', and not quite the same with both databases.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, FromRow};
use telemetry_core::{Scope, Value, names, propagation};

use crate::store::{Database, Listing, Page, Store, StoreError};
use crate::timestamp::Timestamp;

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
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub(crate) enum JobStatus {
    /// It waits to be done, or done again.
    Pending,
    Running,
    Done,
    /// It failed for good.
    Dead,
}

/// Selects jobs, each with its status here. Times are seconds; the error is in what apalis keeps of
/// an attempt, and the baggage is the context of whoever pushed the job.
const OF_SQLITE: &str = "SELECT * FROM (SELECT ROWID AS number, id, job_type AS name, attempts, \
                         max_attempts, last_result ->> 'Err' AS last_error, run_at, \
                         done_at AS finished_at, \
                         metadata ->> '$.\"telemetry.baggage\"' AS baggage, CASE \
                         WHEN status = 'Done' THEN 'done' WHEN status = 'Running' THEN 'running' \
                         WHEN status = 'Killed' THEN 'dead' \
                         WHEN status = 'Failed' AND attempts >= max_attempts THEN 'dead' \
                         ELSE 'pending' END AS status FROM Jobs) AS listed";

/// The same of PostgreSQL, where the ids alone tell the order.
const OF_POSTGRES: &str = "SELECT * FROM (SELECT id AS number, id, job_type AS name, \
                           CAST(attempts AS BIGINT) AS attempts, \
                           CAST(max_attempts AS BIGINT) AS max_attempts, \
                           last_result ->> 'Err' AS last_error, \
                           CAST(FLOOR(EXTRACT(EPOCH FROM run_at)) AS BIGINT) AS run_at, \
                           CAST(FLOOR(EXTRACT(EPOCH FROM done_at)) AS BIGINT) AS finished_at, \
                           metadata -> 'telemetry.baggage' AS baggage, CASE \
                           WHEN status = 'Done' THEN 'done' WHEN status = 'Running' THEN 'running' \
                           WHEN status = 'Killed' THEN 'dead' \
                           WHEN status = 'Failed' AND attempts >= max_attempts THEN 'dead' \
                           ELSE 'pending' END AS status FROM apalis.jobs) AS listed";

#[derive(FromRow)]
struct Row {
    id: String,
    name: String,
    status: JobStatus,
    attempts: i64,
    max_attempts: i64,
    last_error: Option<String>,
    run_at: i64,
    finished_at: Option<i64>,
    baggage: Option<String>,
}

impl From<Row> for StoredJob {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            status: row.status,
            attempts: row.attempts,
            max_attempts: row.max_attempts,
            last_error: row.last_error,
            run_at: Timestamp::from_unix(row.run_at),
            finished_at: row.finished_at.map(Timestamp::from_unix),
            request_id: row.baggage.and_then(request_id),
        }
    }
}

fn request_id(baggage: String) -> Option<String> {
    let carrier = HashMap::from([("baggage".to_owned(), baggage)]);
    let mut scope = Scope::builder();
    let _trace = propagation::extract_trusted(&carrier, &mut scope);
    match scope.build().get(names::REQUEST_ID) {
        Some(Value::String(id)) => Some(id),
        _ => None,
    }
}

impl Store {
    /// Says that workers still live. `crew` is what their names begin with.
    pub(crate) async fn keep_workers(&self, crew: &str) -> Result<(), StoreError> {
        let (_, workers) = self.tables();
        let now = self.moment("$2");
        let query = format!("UPDATE {workers} SET last_seen = {now} WHERE id LIKE $1");
        self.query(AssertSqlSafe(query))
            .bind(format!("{crew}-%"))
            .bind(Timestamp::now().to_unix())
            .execute()
            .await?;
        Ok(())
    }

    /// One page of the jobs of a status, or of all, in the order in which they were pushed; with
    /// PostgreSQL those of one millisecond in any order.
    pub(crate) async fn jobs(
        &self,
        status: Option<JobStatus>,
        page: Page,
    ) -> Result<Listing<StoredJob>, StoreError> {
        let select = self.select();
        let select = format!("{select} WHERE CAST($1 AS TEXT) IS NULL OR status = $1");
        let count = AssertSqlSafe(format!("SELECT COUNT(*) FROM ({select}) AS counted"));
        let (count,) = self.query(count).bind(status).fetch_one().await?;
        let jobs = AssertSqlSafe(format!("{select} ORDER BY number LIMIT $2 OFFSET $3"));
        let jobs: Vec<Row> = self
            .query(jobs)
            .bind(status)
            .bind(i64::from(page.page_size))
            .bind(page.offset())
            .fetch_all()
            .await?;
        Ok(Listing {
            count,
            page: page.page,
            page_size: page.page_size,
            results: jobs.into_iter().map(StoredJob::from).collect(),
        })
    }

    /// The job with this id.
    pub(crate) async fn job(&self, id: &str) -> Result<Option<StoredJob>, StoreError> {
        let job = AssertSqlSafe(format!("{} WHERE id = $1", self.select()));
        let job: Option<Row> = self.query(job).bind(id).fetch_optional().await?;
        Ok(job.map(StoredJob::from))
    }

    /// Puts a dead job back on its queue, as if it had not been tried; `false` when it is not
    /// dead.
    pub(crate) async fn revive_job(&self, id: &str) -> Result<bool, StoreError> {
        let (jobs, _) = self.tables();
        let now = self.moment("$2");
        let query = format!(
            "UPDATE {jobs} SET status = 'Pending', attempts = 0, run_at = {now}, \
             lock_by = NULL, lock_at = NULL, done_at = NULL WHERE id = $1 AND \
             (status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts))"
        );
        let revived = self
            .query(AssertSqlSafe(query))
            .bind(id)
            .bind(Timestamp::now().to_unix());
        Ok(revived.execute().await? > 0)
    }

    /// Gives back what workers have begun and not ended, to be done by others; how many jobs.
    /// `crew` is what the names of the workers begin with.
    pub(crate) async fn release_jobs(&self, crew: &str) -> Result<u64, StoreError> {
        let (jobs, _) = self.tables();
        let query = format!(
            "UPDATE {jobs} SET status = 'Pending', attempts = attempts + 1, \
             lock_by = NULL, lock_at = NULL, done_at = NULL \
             WHERE lock_by LIKE $1 AND status IN ('Queued', 'Running')"
        );
        let released = self.query(AssertSqlSafe(query)).bind(format!("{crew}-%"));
        Ok(released.execute().await?)
    }

    /// Deletes jobs that ended before then, dead or done, and workers that are silent since; how
    /// many jobs.
    pub(crate) async fn delete_ended_jobs(&self, before: Timestamp) -> Result<u64, StoreError> {
        let (jobs, workers) = self.tables();
        let then = self.moment("$1");
        let before = before.to_unix();
        let query = format!(
            "DELETE FROM {jobs} WHERE done_at < {then} AND (status IN ('Done', 'Killed') \
             OR (status = 'Failed' AND attempts >= max_attempts))"
        );
        let deleted = self.query(AssertSqlSafe(query)).bind(before).execute();
        let deleted = deleted.await?;
        let query = format!(
            "DELETE FROM {workers} AS silent WHERE last_seen < {then} \
             AND NOT EXISTS (SELECT 1 FROM {jobs} WHERE lock_by = silent.id)"
        );
        self.query(AssertSqlSafe(query))
            .bind(before)
            .execute()
            .await?;
        Ok(deleted)
    }

    /// Says whether a job with this key has been pushed on this queue, done or not.
    pub(crate) async fn has_job(&self, queue: &str, key: &str) -> Result<bool, StoreError> {
        let (jobs, _) = self.tables();
        let query = format!(
            "SELECT EXISTS (SELECT 1 FROM {jobs} WHERE job_type = $1 AND idempotency_key = $2)"
        );
        let query = self.query(AssertSqlSafe(query)).bind(queue).bind(key);
        let (has_job,) = query.fetch_one().await?;
        Ok(has_job)
    }

    /// The connections, for the queues alone.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The tables of jobs and of workers.
    fn tables(&self) -> (&'static str, &'static str) {
        self.database
            .choose(("Jobs", "Workers"), ("apalis.jobs", "apalis.workers"))
    }

    fn select(&self) -> &'static str {
        self.database.choose(OF_SQLITE, OF_POSTGRES)
    }

    /// A parameter that is a number of seconds, as apalis has points in time.
    fn moment(&self, parameter: &str) -> String {
        self.database
            .choose(parameter.to_owned(), format!("to_timestamp({parameter})"))
    }
}
