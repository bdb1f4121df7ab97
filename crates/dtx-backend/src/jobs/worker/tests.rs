//! Jobs that panic, and what is done with old ones.

use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::store::{DatabaseUrl, JobStatus, Page, StoredJob};
use crate::timestamp::Timestamp;

const PATIENCE: Duration = Duration::from_secs(20);
const PAGE: Page = Page {
    page: 1,
    page_size: 20,
};

/// A job that panics at each attempt.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Explode;

impl Job for Explode {
    const QUEUE: &'static str = "explode";

    async fn run(self, _: &Work) -> Result<(), BoxDynError> {
        panic!("on purpose");
    }
}

/// A crew with a database of its own, and what tells it to stop.
async fn crew() -> (Crew, watch::Sender<Option<Option<&'static str>>>, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let mut settings =
        Settings::from_environment(&std::iter::empty::<(&str, &str)>().collect()).unwrap();
    settings.database_url = DatabaseUrl::file(directory.path().join("dtx.sqlite"));
    let parts = Parts::open(&settings).await.unwrap();
    let (stop, stopping) = watch::channel(None);
    let (wake, _) = watch::channel(());
    let crew = Crew::new(&parts, &settings.jobs, wake, Stop::new(stopping)).unwrap();
    (crew, stop, directory)
}

/// Works while the test does something else.
async fn working(crew: &Crew, test: impl Future<Output = ()>) {
    tokio::select! {
        ended = timeout(PATIENCE, test) => ended.unwrap(),
        () = crew.work_on::<Explode>() => panic!("it has ended"),
        () = look(&crew.work.store, &crew.wake) => panic!("it looks no more"),
    }
}

/// Waits for a job to be dead.
async fn dead(store: &Store) -> StoredJob {
    loop {
        let mut dead = store.jobs(Some(JobStatus::Dead), PAGE).await.unwrap();
        if let Some(job) = dead.results.pop() {
            return job;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_job_that_panics_is_dead_at_once_and_its_worker_goes_on() {
    let logs = telemetry_core::testing::capture_logs();
    let (crew, _stop, _directory) = crew().await;
    let store = &crew.work.store;
    working(&crew, async {
        crew.work.queues.push(Explode).await.unwrap();
        let job = dead(store).await;
        assert_eq!((job.attempts, job.status), (1, JobStatus::Dead));
        assert_eq!(job.last_error.as_deref(), Some("AbortError: it panicked"));
        assert!(store.revive_job(&job.id).await.unwrap());
        assert_eq!(dead(store).await.id, job.id);
    })
    .await;
    let failed = logs.named("task_failed");
    assert_eq!(failed.len(), 2, "{}", logs.text());
    assert_eq!(failed[0]["error"], "panic: on purpose");
    assert!(logs.named("worker_failed").is_empty(), "{}", logs.text());
}

#[tokio::test]
async fn jobs_that_have_not_ended_or_not_long_ago_are_kept() {
    let (crew, _stop, _directory) = crew().await;
    let store = &crew.work.store;
    let soon = Timestamp::now().plus(time::Duration::minutes(1));
    let before = Timestamp::now().plus(time::Duration::days(-7));
    crew.work.queues.push(Explode).await.unwrap();
    assert_eq!(store.delete_ended_jobs(soon).await.unwrap(), 0);
    working(&crew, async {
        dead(store).await;
    })
    .await;
    assert_eq!(store.delete_ended_jobs(before).await.unwrap(), 0);
    assert_eq!(store.delete_ended_jobs(soon).await.unwrap(), 1);
}
