//! One job through the service of a worker, as its storage gives it: with the context of who
//! pushed it in its metadata.

use std::hint::black_box;

use apalis_core::error::BoxDynError;
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::metadata::MetadataStore;
use apalis_core::task::task_id::TaskId;
use telemetry_core::{LineLayer, LogFormat};
use telemetry_jobs::JobTelemetryLayer;
use tokio::runtime;
use tower::{Layer as _, Service, service_fn};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::counts::give_up;
use crate::{Contender, Work};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "bare-service",
        set_up: bare,
    },
    Contender {
        name: "telemetry-without-lines",
        set_up: without_lines,
    },
    Contender {
        name: "telemetry",
        set_up: telemetry,
    },
];

#[derive(Clone)]
struct Recompute {
    tournament: i64,
}

/// The job of the reference request.
fn task() -> Task<Recompute> {
    let metadata = MetadataStore::from_iter([
        (
            "telemetry.traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        (
            "telemetry.baggage",
            "request.id=7d9c4f0e-3b52-4a6e-9f0a-1c2d3e4f5a6b,user.id=42,labels=tournament",
        ),
        ("telemetry.due_at", "1795248930482913"),
    ]);
    TaskBuilder::new(Recompute { tournament: 5 })
        .task_id(TaskId::from_string("01KAJN3QZ8M5T0W9Y7X4V2R6BC"))
        .queue("standings".into())
        .max_attempts(25)
        .with_metadata(metadata)
        .build()
}

/// Runs the job over and over on a runtime of its own.
fn jobs<S>(mut service: S) -> Work
where
    S: Service<Task<Recompute>, Response = ()> + 'static,
{
    let runtime = runtime::Builder::new_current_thread()
        .build()
        .unwrap_or_else(|error| panic!("no runtime: {error}"));
    let task = task();
    Box::new(move || {
        let called = service.call(black_box(task.clone()));
        black_box(runtime.block_on(called).is_ok());
    })
}

fn handler() -> impl Service<Task<Recompute>, Response = (), Error = BoxDynError> {
    service_fn(|task: Task<Recompute>| async move {
        black_box(task.args.tournament);
        Ok::<_, BoxDynError>(())
    })
}

/// The handler alone.
fn bare() -> Work {
    jobs(handler())
}

/// The layer, with lines from errors on.
fn without_lines() -> Work {
    let lines = LineLayer::new(LogFormat::Json, |line: &[u8], _| give_up(line));
    tracing_subscriber::registry()
        .with(lines.with_filter(LevelFilter::ERROR))
        .init();
    jobs(JobTelemetryLayer::new().layer(handler()))
}

/// The layer with its two lines.
fn telemetry() -> Work {
    let lines = LineLayer::new(LogFormat::Json, |line: &[u8], _| give_up(line));
    tracing_subscriber::registry().with(lines).init();
    jobs(JobTelemetryLayer::new().layer(handler()))
}
