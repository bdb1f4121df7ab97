//! Statements that take too long, where nothing exports.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{ConnectOptions as _, Executor as _, Sqlite};
use telemetry_core::testing::capture_logs;
use telemetry_core::{Config, Environment, FutureExt as _, Scope, Telemetry};
use telemetry_sql::TracedPool;
use test_servers::PostgresServer;

/// Takes more than ten milliseconds, and has a literal.
const COUNT: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
     SELECT count(*), 'hunter2' FROM n";
const COUNT_MASKED: &str = "WITH RECURSIVE n (i) AS (SELECT ? UNION ALL SELECT i + ? FROM n WHERE i < ?) \
     SELECT count(*), ? FROM n";

/// A pool of one connection whose statements are slow from this duration on.
async fn pool(slow_from: Duration) -> TracedPool<Sqlite> {
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    TracedPool::builder(pool)
        .with_namespace("league")
        .with_slow_statement(slow_from)
        .build()
}

#[tokio::test]
async fn a_slow_statement_is_a_line_with_its_masked_text_and_the_context() {
    let logs = capture_logs();
    let pool = pool(Duration::from_millis(2)).await;
    async {
        pool.fetch_optional(COUNT).await.unwrap();
        pool.fetch_all(COUNT).await.unwrap();
        sqlx::query(COUNT).execute(&pool).await.unwrap();
    }
    .in_scope(Scope::builder().field("request.id", "abc-123").build())
    .await;
    let lines = logs.named("slow_statement");
    assert_eq!(lines.len(), 3, "{}", logs.text());
    for line in lines {
        assert_eq!(line["db.system.name"], "sqlite");
        assert_eq!(line["db.namespace"], "league");
        assert_eq!(line["db.query.text"], COUNT_MASKED);
        assert_eq!(line["db.query.summary"], "SELECT SELECT SELECT");
        assert_eq!(line["request.id"], "abc-123");
        assert!(line["duration_ms"].as_f64().unwrap() >= 2.0);
    }
    assert!(!logs.text().contains("hunter2"), "{}", logs.text());
}

#[tokio::test]
async fn what_is_fast_enough_is_no_line_and_zero_is_off() {
    let logs = capture_logs();
    for slow_from in [Duration::from_secs(60), Duration::ZERO] {
        let pool = pool(slow_from).await;
        pool.fetch_optional(COUNT).await.unwrap();
        pool.begin().await.unwrap().commit().await.unwrap();
    }
    assert!(logs.named("slow_statement").is_empty());
}

#[tokio::test]
async fn the_text_stays_out_of_the_line_where_it_is_left_out() {
    let logs = capture_logs();
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    let pool = TracedPool::builder(pool)
        .with_slow_statement(Duration::from_millis(2))
        .without_text()
        .build();
    pool.fetch_optional(COUNT).await.unwrap();
    let line = logs.single("slow_statement");
    assert_eq!(line["db.query.summary"], "SELECT SELECT SELECT");
    assert_eq!(line.get("db.query.text"), None);
}

#[tokio::test]
async fn the_wait_for_a_connection_and_the_time_of_the_caller_are_not_of_the_statement() {
    let logs = capture_logs();
    let pool = pool(Duration::from_secs(1)).await;
    let held = pool.acquire().await.unwrap();
    let waiting = async {
        sqlx::query("SELECT 1").execute(&pool).await.unwrap();
        pool.begin().await.unwrap().commit().await.unwrap();
    };
    let late = async {
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        drop(held);
    };
    tokio::join!(waiting, late);
    let mut rows = pool.fetch("SELECT 1 UNION ALL SELECT 2");
    rows.try_next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    drop(rows);
    assert!(logs.named("slow_statement").is_empty(), "{}", logs.text());
}

#[tokio::test]
async fn a_slow_statement_that_is_dropped_or_fails_is_a_line_too() {
    let Some(url) = PostgresServer::shared() else {
        return;
    };
    let logs = capture_logs();
    let pool = PgPoolOptions::new().max_connections(1);
    let pool = pool.connect(&url).await.unwrap();
    let pool = TracedPool::builder(pool)
        .with_slow_statement(Duration::from_millis(20))
        .build();
    let sleep = pool.fetch_optional("SELECT pg_sleep(0.5), 'hunter2'");
    let dropped = tokio::time::timeout(Duration::from_millis(100), sleep).await;
    assert!(dropped.is_err());
    let fail = "SELECT pg_sleep(0.05), 1 / (random() * 0)::int, 'hunter2'";
    pool.fetch_all(fail).await.unwrap_err();
    let mut transaction = pool.begin().await.unwrap();
    let sleep = "SELECT pg_sleep(0.05)";
    (&mut *transaction).fetch_all(sleep).await.unwrap();
    transaction.commit().await.unwrap();
    let lines = logs.named("slow_statement");
    let texts: Vec<_> = lines.iter().map(|line| &line["db.query.text"]).collect();
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert_eq!(*texts[0], "SELECT pg_sleep(?), ?");
    assert_eq!(*texts[2], "SELECT pg_sleep(?)");
    assert!(!format!("{lines:?}").contains("hunter2"));
}

#[test]
fn the_warning_of_sqlx_with_the_literals_of_a_slow_statement_is_not_written() {
    let Some(url) = PostgresServer::shared() else {
        return;
    };
    let output = Output::default();
    let environment = Environment::from_iter([("LOG_FORMAT", "json"), ("LOG_LEVEL", "DEBUG")]);
    let telemetry = Telemetry::builder()
        .with_config(Config::default().with_environment(&environment))
        .with_output(output.clone())
        .build()
        .unwrap();
    telemetry.run(|| {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(async {
            let options: PgConnectOptions = url.parse().unwrap();
            let slow = Duration::from_millis(1);
            let options = options.log_slow_statements(log::LevelFilter::Warn, slow);
            let pool = PgPoolOptions::new().max_connections(1);
            let pool = pool.connect_with(options).await.unwrap();
            let pool = TracedPool::builder(pool).with_slow_statement(slow).build();
            let select = "SELECT pg_sleep(0.01), 'hunter2'";
            pool.fetch_all(select).await.unwrap();
        });
    });
    assert!(telemetry.flush(Duration::from_secs(5)));
    let written = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
    assert!(written.contains("slow_statement"), "{written}");
    assert!(!written.contains("hunter2"), "{written}");
    assert_eq!(written.lines().count(), 1, "{written}");
}

/// What is written.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
