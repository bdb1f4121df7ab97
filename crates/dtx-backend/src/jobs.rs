//! Background jobs: what they do, and putting them on their queues.
//!
//! A job is tried until it succeeds, at most [`ATTEMPTS`] times, and may be cut off at any
//! point: whatever it does twice must be as if it were done once.

mod clean_up;
mod panics;
mod process_match_stats;
mod recompute_standings;
mod running;
mod worker;

use apalis::prelude::BoxDynError;
use apalis_core::task::builder::TaskBuilder;
use apalis_postgres::PostgresStorage;
use apalis_sqlite::SqliteStorage;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{PgPool, SqlitePool};
use telemetry_jobs::PushWithContext as _;

pub(crate) use process_match_stats::ProcessMatchStats;
pub(crate) use recompute_standings::RecomputeStandings;
pub(crate) use worker::start;

use crate::cache::Standings;
use crate::jobs::running::Running;
use crate::steam::Steam;
use crate::store::{Database, Match, Store};

/// How often a job is tried.
const ATTEMPTS: usize = 5;

/// Something to be done later, maybe by another process.
trait Job: Clone + Serialize + DeserializeOwned + Send + Sync + Unpin + 'static {
    /// The name of its queue, as the staff sees it.
    const QUEUE: &'static str;

    /// Does it, as one of several attempts.
    ///
    /// # Errors
    ///
    /// Why it could not be done. It is tried again unless that is an
    /// [`AbortError`](apalis_core::error::AbortError).
    fn run(self, work: &Work) -> impl Future<Output = Result<(), BoxDynError>> + Send;
}

/// What jobs work with.
#[derive(Clone, Debug)]
struct Work {
    store: Store,
    standings: Standings,
    steam: Steam,
    queues: Queues,
    running: Running,
}

/// The queues of all jobs, in the database.
#[derive(Clone, Debug)]
pub(crate) struct Queues {
    store: Store,
}

impl Queues {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Has all done that follows from a new or changed result. What cannot be put on its queue
    /// is logged, and nothing else: the result stands.
    pub(crate) async fn result_changed(&self, result: &Match) {
        if let Some(steam_match_id) = result.steam_match_id {
            let job = ProcessMatchStats {
                match_id: result.id,
            };
            let key = format!("match-{}-{steam_match_id}", result.id);
            log_failure(self.push_once(job, &key).await);
        }
        self.standings_changed(result.tournament_id).await;
    }

    /// Has the table of a tournament recomputed. A failure is logged, and nothing else.
    pub(crate) async fn standings_changed(&self, tournament_id: i64) {
        log_failure(self.push(RecomputeStandings { tournament_id }).await);
    }

    /// Puts a job on its queue, with the context of whoever does so.
    async fn push<J: Job>(&self, job: J) -> Result<(), BoxDynError> {
        self.push_task(TaskBuilder::new(job)).await
    }

    /// Puts a job on its queue unless one with this key is there, done or not.
    async fn push_once<J: Job>(&self, job: J, key: &str) -> Result<(), BoxDynError> {
        if self.store.has_job(J::QUEUE, key).await? {
            return Ok(());
        }
        // Of two at once, the database takes one alone.
        self.push_task(TaskBuilder::new(job).idempotency_key(key))
            .await
    }

    async fn push_task<J: Job>(&self, task: TaskBuilder<J>) -> Result<(), BoxDynError> {
        let task = task.max_attempts(ATTEMPTS).queue(J::QUEUE.into());
        match self.store.database() {
            Database::Sqlite(pool) => {
                let mut storage = on_sqlite::<J>(pool, apalis_sqlite::Config::default());
                storage.push_task_with_context(task).await?;
            }
            Database::Postgres(pool) => {
                let mut storage = on_postgres::<J>(pool, apalis_postgres::Config::default());
                storage.push_task_with_context(task).await?;
            }
        }
        Ok(())
    }
}

/// The queue of a job.
fn on_sqlite<J: Job>(pool: &SqlitePool, config: apalis_sqlite::Config) -> SqliteStorage<J> {
    SqliteStorage::new(pool).with_config(config.queue(J::QUEUE))
}

/// The queue of a job.
fn on_postgres<J: Job>(pool: &PgPool, config: apalis_postgres::Config) -> PostgresStorage<J> {
    PostgresStorage::new(pool).with_config(config.queue(J::QUEUE))
}

fn log_failure(pushed: Result<(), BoxDynError>) {
    if let Err(error) = pushed {
        tracing::error!(error = &*error.to_string(), "enqueue_failed");
    }
}
