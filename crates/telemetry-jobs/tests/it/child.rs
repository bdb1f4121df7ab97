//! Workers in processes of their own: this binary once more, with one test that is a worker.

use std::future::pending;
use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use apalis::prelude::*;
use apalis_core::task::attempt::Attempt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use telemetry_jobs::JobTelemetryLayer;

use crate::stores::{Store, config};

const STORE: &str = "TEST_STORE";
const HANGS: &str = "TEST_HANGS";

/// A job that fails at the attempts before this one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Errand {
    pub(crate) succeeds_at: usize,
}

/// A worker in a process of its own. Killed when it is dropped.
pub(crate) struct Worker {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    /// Starts a worker that does one job, or hangs in it.
    pub(crate) fn start(store: &Store, hangs: bool) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "child::works", "--nocapture", "--test-threads=1"])
            .env_clear()
            .env("NODE_ENV", "test")
            .env(STORE, serde_json::to_string(store).unwrap());
        if hangs {
            command.env(HANGS, "true");
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Waits for the line of an event, and ends the process as nobody can refuse to.
    pub(crate) fn kill_after(mut self, event: &str) -> Value {
        let line = self.find(|line| line["event"] == event);
        let line = line.unwrap_or_else(|| panic!("no {event}"));
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        line
    }

    /// All lines of jobs until the worker has done its job and ends.
    pub(crate) fn lines(mut self) -> Vec<Value> {
        let lines: Vec<_> = self.by_ref().collect();
        assert!(self.child.wait().unwrap().success(), "{lines:#?}");
        lines
            .into_iter()
            .filter(|line| line.get("task.id").is_some())
            .collect()
    }
}

impl Iterator for Worker {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        loop {
            let line = self.lines.next()?.unwrap();
            // The harness writes there too, and ends no line of its own first.
            if let Some(at) = line.find('{') {
                return Some(serde_json::from_str(&line[at..]).unwrap());
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // One that has ended cannot be killed again.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

async fn run_errand(
    errand: Errand,
    attempt: Attempt,
    worker: WorkerContext,
) -> Result<(), BoxDynError> {
    if std::env::var_os(HANGS).is_some() {
        return pending().await;
    }
    tracing::info!("errand_run");
    if attempt.current() < errand.succeeds_at {
        return Err(format!("attempt {} failed", attempt.current()).into());
    }
    worker.stop()?;
    Ok(())
}

macro_rules! work {
    ($backend:expr) => {{
        let worker = WorkerBuilder::new(format!("worker-{}", std::process::id()))
            .backend($backend)
            .layer(JobTelemetryLayer::new())
            .build(run_errand);
        tokio::time::timeout(Duration::from_secs(60), worker.run())
            .await
            .unwrap()
            .unwrap();
    }};
}

/// Does nothing unless it is the process of a worker.
#[test]
fn works() {
    let Ok(store) = std::env::var(STORE) else {
        return;
    };
    let store: Store = serde_json::from_str(&store).unwrap();
    let telemetry = telemetry_core::init().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        match &store {
            Store::Sqlite { path } => {
                let storage = apalis_sqlite::SqliteStorage::<Errand>::new(&Store::open(path).await);
                work!(storage.with_config(config!(apalis_sqlite)));
            }
            Store::Postgres { url } => {
                let pool = sqlx::PgPool::connect(url).await.unwrap();
                let storage = apalis_postgres::PostgresStorage::<Errand>::new(&pool);
                work!(storage.with_config(config!(apalis_postgres)));
            }
            Store::Redis { queue } => {
                let connection = Store::redis().await;
                let storage = apalis_redis::RedisStorage::<Errand>::new(connection);
                work!(storage.with_config(config!(apalis_redis).queue(queue)));
            }
        }
        telemetry.shutdown(Duration::from_secs(5)).await;
    });
}
