//! The context of who pushes a job, where it runs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use apalis::prelude::*;
use apalis_core::backend::memory::MemoryStorage;
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::metadata::MetadataStore;
use apalis_sqlite::SqliteStorage;
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use sqlx::SqlitePool;
use telemetry_core::testing::capture_logs;
use telemetry_core::{FutureExt as _, Scope};
use telemetry_jobs::{JobTelemetryLayer, PushWithContext as _};
use tower::service_fn;

use crate::{Recompute, database, recompute};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async fn run_one(job: Recompute, worker: WorkerContext) -> Result<(), BoxDynError> {
    tracing::info!(tournament = job.tournament, "standings_recomputed");
    worker.stop()?;
    Ok(())
}

/// Runs the one job that a storage has.
async fn work(jobs: SqliteStorage<Recompute>) {
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .layer(JobTelemetryLayer::new())
        .build(run_one);
    worker.run().await.unwrap();
}

/// Runs a job without a worker, to see what the layer makes of it.
async fn run(task: Task<Recompute>) {
    let handler = service_fn(|_: Task<Recompute>| {
        tracing::info!("called");
        async {
            tracing::info!("standings_recomputed");
            Ok::<_, BoxDynError>(())
        }
    });
    let mut service = JobTelemetryLayer::new().layer(handler);
    service.call(task).await.unwrap();
}

fn request() -> Scope {
    Scope::builder()
        .field("request.id", "abc-123")
        .field("user.id", 42)
        .field("labels", ["tournament", "draft"])
        .field("tournament.id", 5)
        .build()
}

/// The metadata of the one job in a database.
async fn metadata(pool: &SqlitePool) -> MetadataStore {
    let text: String = sqlx::query_scalar("SELECT metadata FROM Jobs")
        .fetch_one(pool)
        .await
        .unwrap();
    serde_json::from_str::<std::collections::HashMap<String, String>>(&text)
        .unwrap()
        .into_iter()
        .collect()
}

fn keys(metadata: &MetadataStore) -> Vec<&str> {
    let mut keys: Vec<_> = metadata.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

#[tokio::test]
async fn a_job_has_the_context_of_who_pushed_it() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    let pushed = jobs.push_with_context(recompute(5));
    pushed.in_scope(request()).await.unwrap();
    work(jobs).await;

    let enqueued = logs.single("task_enqueued");
    assert_eq!(enqueued["child_task_name"], "Recompute");
    assert_eq!(enqueued["request.id"], "abc-123");
    assert_eq!(enqueued["tournament.id"], 5);
    for event in ["task_started", "standings_recomputed", "task_completed"] {
        let line = logs.single(event);
        assert_eq!(line["request.id"], "abc-123");
        assert_eq!(line["user.id"], 42);
        assert_eq!(line["labels"], ["tournament", "draft"]);
        assert_eq!(line["task.id"], enqueued["child_task_id"]);
        assert_eq!(line["task.name"], "Recompute");
        assert_eq!(line["task.attempt"], 1);
        // Only what is agreed upon crosses.
        assert_eq!(line.get("tournament.id"), None);
    }
    assert_eq!(logs.named("task_failed"), []);
    assert!(Scope::current().is_none());
}

#[tokio::test]
async fn a_job_that_pushes_a_job_passes_the_context_on() {
    async fn first(
        job: Recompute,
        jobs: Data<SqlitePool>,
        worker: WorkerContext,
    ) -> Result<(), BoxDynError> {
        let mut next = SqliteStorage::<String>::new(&jobs);
        telemetry_core::bind("user.id", 43);
        next.push_with_context(job.tournament.to_string()).await?;
        worker.stop()?;
        Ok(())
    }
    async fn second(_: String, worker: WorkerContext) -> Result<(), BoxDynError> {
        tracing::info!("announced");
        worker.stop()?;
        Ok(())
    }
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    let pushed = jobs.push_with_context(recompute(5));
    pushed.in_scope(request()).await.unwrap();
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .data(pool.clone())
        .layer(JobTelemetryLayer::new())
        .build(first);
    worker.run().await.unwrap();
    let worker = WorkerBuilder::new("announcements")
        .backend(SqliteStorage::new(&pool))
        .layer(JobTelemetryLayer::new())
        .build(second);
    worker.run().await.unwrap();

    let line = logs.single("announced");
    assert_eq!(line["request.id"], "abc-123");
    // As it was when the job was pushed.
    assert_eq!(line["user.id"], 43);
    assert_eq!(line["labels"], ["tournament", "draft"]);
    let enqueued = logs.named("task_enqueued");
    assert_eq!(line["task.id"], enqueued[1]["child_task_id"]);
    assert_eq!(line["task.name"], "String");
    assert_eq!(enqueued[1]["task.id"], enqueued[0]["child_task_id"]);
}

#[tokio::test]
async fn a_job_that_is_pushed_within_no_scope_gets_an_id_of_its_own() {
    let logs = capture_logs();
    for scope in [None, Some(Scope::new())] {
        let (pool, _directory) = database().await;
        let mut jobs = SqliteStorage::new(&pool);
        let pushed = jobs.push_with_context(recompute(5));
        match scope {
            Some(scope) => pushed.in_scope(scope).await.unwrap(),
            None => pushed.await.unwrap(),
        }
        assert_eq!(
            keys(&metadata(&pool).await),
            ["telemetry.baggage", "telemetry.due_at"]
        );
        work(jobs).await;
    }
    let ids = logs.named("standings_recomputed");
    let ids: Vec<_> = ids.iter().map(|line| &line["request.id"]).collect();
    for id in &ids {
        let id: uuid::Uuid = id.as_str().unwrap().parse().unwrap();
        assert_eq!(id.get_version_num(), 4);
    }
    assert_ne!(ids[0], ids[1]);
    for line in logs.named("task_started") {
        assert_eq!(line.get("user.id"), None);
        assert_eq!(line.get("trace_id"), None);
    }
}

#[tokio::test]
async fn jobs_of_code_that_knows_nothing_of_it_run_as_usual() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    let pushed = jobs.push(recompute(5));
    pushed.in_scope(request()).await.unwrap();
    assert_eq!(keys(&metadata(&pool).await), [""; 0]);
    work(jobs).await;
    let line = logs.single("task_completed");
    assert_ne!(line["request.id"], "abc-123");
    assert_eq!(line["task.name"], "Recompute");
    assert_eq!(logs.named("task_enqueued"), []);
}

#[tokio::test]
async fn options_of_a_job_are_kept() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::<Recompute>::new(&pool);
    let mut metadata_of_ones_own = MetadataStore::new();
    metadata_of_ones_own.insert("mine", "kept").unwrap();
    let task = TaskBuilder::new(recompute(5))
        .max_attempts(7)
        .priority(3)
        .idempotency_key("standings-5")
        .with_metadata(metadata_of_ones_own);
    let pushed = jobs.push_task_with_context(task);
    pushed.in_scope(request()).await.unwrap();

    let (id, most, priority, key): (String, i64, i64, String) =
        sqlx::query_as("SELECT id, max_attempts, priority, idempotency_key FROM Jobs")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!((most, priority, &*key), (7, 3, "standings-5"));
    assert_eq!(logs.single("task_enqueued")["child_task_id"], id.as_str());
    let metadata = metadata(&pool).await;
    assert_eq!(metadata.get("mine"), Some("kept"));
    assert_eq!(
        keys(&metadata),
        ["mine", "telemetry.baggage", "telemetry.due_at"]
    );
}

#[tokio::test]
async fn a_job_for_later_says_when_it_is_due() {
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::<Recompute>::new(&pool);
    let run_at = async || -> u64 {
        let row = sqlx::query_scalar::<_, i64>("SELECT run_at FROM Jobs");
        row.fetch_one(&pool).await.unwrap().try_into().unwrap()
    };
    let due_at = async || -> u64 {
        let metadata = metadata(&pool).await;
        metadata.get("telemetry.due_at").unwrap().parse().unwrap()
    };
    let is_deferred = async || metadata(&pool).await.contains_key("telemetry.deferred");
    let forget = async || {
        sqlx::query("DELETE FROM Jobs")
            .execute(&pool)
            .await
            .unwrap();
    };

    let before = now();
    jobs.push_with_context(recompute(5)).await.unwrap();
    assert!((before..=now()).contains(&(due_at().await / 1_000_000)));
    assert!(!is_deferred().await);
    forget().await;

    let delay = Duration::from_millis(60_001);
    let pushed = jobs.push_after_with_context(recompute(5), delay);
    pushed.await.unwrap();
    assert!((before + 61..=now() + 62).contains(&run_at().await));
    assert_eq!(due_at().await, run_at().await * 1_000_000);
    assert!(is_deferred().await);
    forget().await;

    let time = UNIX_EPOCH + Duration::from_secs(before + 3_600);
    let pushed = jobs.push_at_with_context(recompute(5), time);
    pushed.await.unwrap();
    assert_eq!(run_at().await, before + 3_600);
    assert_eq!(due_at().await, run_at().await * 1_000_000);
    assert!(is_deferred().await);
    forget().await;

    // What is past means at once.
    let pushed = jobs.push_at_with_context(recompute(5), UNIX_EPOCH - Duration::from_secs(1));
    pushed.await.unwrap();
    assert!((before..=now()).contains(&run_at().await));
    assert!(!is_deferred().await);
    forget().await;
    let pushed = jobs.push_after_with_context(recompute(5), Duration::ZERO);
    pushed.await.unwrap();
    assert!(!is_deferred().await);
    forget().await;

    // What no clock can tell is far away, and no panic.
    let pushed = jobs.push_after_with_context(recompute(5), Duration::MAX);
    pushed.await.unwrap();
    assert!(is_deferred().await);
    assert_eq!(run_at().await, 253_402_300_799);
}

#[tokio::test]
async fn the_error_of_a_storage_is_what_it_was() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    sqlx::query("DROP TABLE Jobs").execute(&pool).await.unwrap();
    let mut jobs = SqliteStorage::new(&pool);
    let usual = jobs.push(recompute(5)).await.unwrap_err();
    let pushed = jobs.push_with_context(recompute(5));
    let error = pushed.in_scope(request()).await.unwrap_err();
    assert_eq!(format!("{error:?}"), format!("{usual:?}"));
    assert!(error.to_string().contains("no such table"), "{error}");
    assert_eq!(logs.named("task_enqueued"), []);
}

#[tokio::test]
async fn a_backend_that_makes_up_ids_by_itself_is_not_asked_for_one() {
    let logs = capture_logs();
    let mut jobs = MemoryStorage::new();
    jobs.push_with_context(recompute(5)).await.unwrap();
    let line = logs.single("task_enqueued");
    assert_eq!(line.get("child_task_id"), None);
    assert_eq!(line["child_task_name"], "Recompute");
}

#[tokio::test]
async fn a_job_that_is_pushed_again_has_the_context_of_the_last() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    let earlier = MetadataStore::from_iter([
        ("telemetry.traceparent", TRACEPARENT),
        ("telemetry.tracestate", "vendor=1"),
        ("telemetry.baggage", "request.id=earlier,user.id=1"),
        ("telemetry.deferred", "true"),
        ("telemetry.due_at", "1"),
        ("mine", "kept"),
    ]);
    let task = TaskBuilder::new(recompute(5)).with_metadata(earlier);
    let scope = Scope::builder().field("request.id", "abc-123").build();
    let pushed = jobs.push_task_with_context(task);
    pushed.in_scope(scope).await.unwrap();
    assert_eq!(
        keys(&metadata(&pool).await),
        ["mine", "telemetry.baggage", "telemetry.due_at"]
    );
    work(jobs).await;
    let line = logs.single("task_completed");
    assert_eq!(line["request.id"], "abc-123");
    assert_eq!(line.get("user.id"), None);
    assert_eq!(line.get("trace_id"), None);
}

#[tokio::test]
async fn a_trace_crosses_when_nothing_exports() {
    let logs = capture_logs();
    let metadata = MetadataStore::from_iter([("telemetry.traceparent", TRACEPARENT)]);
    run(TaskBuilder::new(recompute(5))
        .with_metadata(metadata)
        .build())
    .await;
    assert_eq!(logs.single("called")["trace_id"], TRACE);
    assert_eq!(logs.single("standings_recomputed")["trace_id"], TRACE);

    // And on, to the jobs of the job.
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::<Recompute>::new(&pool);
    let carrier =
        std::collections::HashMap::from([("traceparent".to_owned(), TRACEPARENT.to_owned())]);
    let parent = telemetry_core::propagation::extract(&carrier).unwrap();
    let scope = Scope::builder().trace(&parent).build();
    let pushed = jobs.push_with_context(recompute(5));
    pushed.in_scope(scope).await.unwrap();
    let stored = self::metadata(&pool).await;
    assert_eq!(stored.get("telemetry.traceparent"), Some(TRACEPARENT));
}

#[tokio::test]
async fn metadata_of_others_is_not_looked_at() {
    let logs = capture_logs();
    let metadata = MetadataStore::from_iter([
        ("traceparent", TRACEPARENT),
        ("baggage", "request.id=abc-123,user.id=42"),
        ("request.id", "abc-123"),
        ("telemetry.request.id", "abc-123"),
        ("telemetry.task.id", "abc-123"),
    ]);
    run(TaskBuilder::new(recompute(5))
        .with_metadata(metadata)
        .build())
    .await;
    let line = logs.single("standings_recomputed");
    assert_ne!(line["request.id"], "abc-123");
    assert_eq!(line.get("user.id"), None);
    assert_eq!(line.get("trace_id"), None);
    // Of a task that has no id yet.
    assert_eq!(line.get("task.id"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn hostile_metadata_is_ignored(
        values in proptest::collection::vec(".{0,200}", 5),
        id in "[^A-Za-z0-9._:,;=%-]{1,20}",
    ) {
        let keys = ["traceparent", "tracestate", "baggage", "due_at", "deferred"];
        let mut metadata: MetadataStore = keys
            .iter()
            .zip(&values)
            .map(|(key, value)| (format!("telemetry.{key}"), value.clone()))
            .collect();
        let logs = capture_logs();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let task = TaskBuilder::new(recompute(5)).with_metadata(metadata.clone()).build();
        runtime.block_on(run(task));
        metadata.replace("telemetry.baggage", format!("request.id={id}"));
        let task = TaskBuilder::new(recompute(5)).with_metadata(metadata).build();
        runtime.block_on(run(task));
        for line in logs.named("task_completed") {
            let id = line["request.id"].as_str().unwrap();
            prop_assert!(telemetry_core::is_valid_request_id(id), "{}", line.line);
            prop_assert_eq!(line.get("task.attempt").unwrap().as_i64(), Some(1));
        }
        prop_assert_eq!(logs.named("task_completed").len(), 2);
    }
}
