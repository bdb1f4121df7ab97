//! The metrics of pools, and how a pool is told what it is called.

use std::time::Duration;

use futures_util::FutureExt as _;
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;
use telemetry_otel::testing::{AttributeValue, MetricCapture, capture_metrics, capture_spans};
use telemetry_sql::TracedPool;

use crate::begin;
use crate::databases::on_each_database;

/// A pool in memory, not yet traced, of so many connections.
async fn pool(connections: u32) -> SqlitePool {
    let options = SqlitePoolOptions::new().max_connections(connections);
    options.connect("sqlite::memory:").await.unwrap()
}

/// Asks all pools, and gives what there is of one by now: used, idle, max, pending.
fn observe(metrics: &MetricCapture, name: &str) -> [Option<f64>; 4] {
    let before = metrics.measurements().len();
    metrics.observe();
    let observed = metrics.measurements().split_off(before);
    let value = |metric: &str, state: Option<&'static str>| {
        let mut found = observed.iter().filter(|one| {
            one.name == metric
                && one.get("db.client.connection.pool.name") == Some(&name.to_owned().into())
                && one.get("db.client.connection.state") == state.map(AttributeValue::from).as_ref()
        });
        let value = found.next().map(|one| one.value);
        assert!(found.next().is_none(), "observed twice");
        value
    };
    [
        value("db.client.connection.count", Some("used")),
        value("db.client.connection.count", Some("idle")),
        value("db.client.connection.max", None),
        value("db.client.connection.pending_requests", None),
    ]
}

#[tokio::test]
async fn connections_are_counted_by_what_they_do() {
    let metrics = capture_metrics();
    let pool = TracedPool::builder(pool(1).await)
        .with_name("counted")
        .build();
    let values = |values: [f64; 4]| values.map(Some);
    assert_eq!(observe(&metrics, "counted"), values([0.0, 1.0, 1.0, 0.0]));
    let held = pool.acquire().await.unwrap();
    assert_eq!(observe(&metrics, "counted"), values([1.0, 0.0, 1.0, 0.0]));
    let mut one = sqlx::query("SELECT 1").execute(&pool).boxed();
    let mut another = pool.begin().boxed();
    begin(&mut one);
    begin(&mut another);
    assert_eq!(observe(&metrics, "counted"), values([1.0, 0.0, 1.0, 2.0]));
    drop((one, another));
    assert_eq!(observe(&metrics, "counted"), values([1.0, 0.0, 1.0, 0.0]));
    drop(held);
    drop(pool);
    // Another test may be asking it this moment.
    while observe(&metrics, "counted") != [None; 4] {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn pools_of_one_name_are_added_up() {
    let metrics = capture_metrics();
    let named = async || {
        TracedPool::builder(pool(3).await)
            .with_name("shared")
            .build()
    };
    let (_one, _two) = (named().await, named().await);
    assert_eq!(
        observe(&metrics, "shared"),
        [Some(0.0), Some(2.0), Some(6.0), Some(0.0)]
    );
}

#[tokio::test]
async fn waiting_for_too_long_is_counted() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    // The first connection has to be made in that time too.
    let options = SqlitePoolOptions::new().max_connections(1);
    let options = options.acquire_timeout(Duration::from_secs(2));
    let pool = options.connect("sqlite::memory:").await.unwrap();
    let pool = TracedPool::builder(pool).with_name("busy").build();
    let held = pool.acquire().await.unwrap();
    sqlx::query("SELECT 1").execute(&pool).await.unwrap_err();
    pool.acquire().await.unwrap_err();
    pool.begin().await.unwrap_err();
    let timeouts = metrics.named("db.client.connection.timeouts");
    // The series begins with 0, when the pool does.
    assert_eq!((timeouts.len(), timeouts[0].value), (4, 0.0));
    assert!(timeouts[0].get("db.client.connection.pool.name").is_some());
    for timeout in &timeouts[1..] {
        assert_eq!((timeout.value, &*timeout.unit), (1.0, "{timeout}"));
        let name = ("db.client.connection.pool.name".to_owned(), "busy".into());
        assert_eq!(timeout.attributes, [name]);
    }
    for name in ["SELECT", "BEGIN"] {
        let error_type = &spans.single(name)["error.type"];
        assert_eq!(*error_type, "pool_timed_out");
    }
    // One who got a connection did not wait for nothing.
    assert_eq!(metrics.named("db.client.connection.wait_time").len(), 1);
    drop(held);
}

on_each_database! {
    async fn each_wait_for_a_connection_is_measured(pool, system) {
        let metrics = capture_metrics();
        sqlx::query("SELECT 1").execute(&pool).await.unwrap();
        sqlx::query("SELECT 1").fetch_optional(&pool).await.unwrap();
        drop(pool.acquire().await.unwrap());
        let mut transaction = pool.begin().await.unwrap();
        // It has its connection.
        sqlx::query("SELECT 1").execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        let waits = metrics.named("db.client.connection.wait_time");
        assert_eq!(waits.len(), 4);
        let name = crate::databases::name_of_pool(system);
        let key = "db.client.connection.pool.name".to_owned();
        for wait in waits {
            assert_eq!((&*wait.unit, wait.attributes), ("s", vec![(key.clone(), name.clone().into())]));
        }
    }
}

#[tokio::test]
async fn what_is_told_of_a_pool_is_on_its_spans() {
    let spans = capture_spans();
    let pool = TracedPool::builder(pool(1).await)
        .with_namespace("league")
        .with_server("db.internal", 5433)
        .without_text()
        .build();
    sqlx::query("SELECT 1").execute(&pool).await.unwrap();
    let span = spans.single("SELECT");
    assert_eq!(span["db.namespace"], "league");
    assert_eq!(span["server.address"], "db.internal");
    assert_eq!(span["server.port"], 5433);
    assert_eq!(span.get("db.query.text"), None);
}

#[tokio::test]
async fn a_database_in_a_file_is_called_as_the_file_is() {
    let spans = capture_spans();
    let directory = tempfile::tempdir().unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(directory.path().join("league.db"))
        .create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let pool = TracedPool::from(pool);
    sqlx::query("SELECT 1").execute(&pool).await.unwrap();
    assert_eq!(spans.single("SELECT")["db.namespace"], "league.db");
}
