//! Spans and metrics, where something exports them. A binary of its own: the providers that
//! capture them are global, and `it` is without them.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod consumed;
mod failures;
mod sent;

use apalis_core::error::BoxDynError;
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::metadata::MetadataStore;
use apalis_core::task::task_id::TaskId;
use opentelemetry::Value;
use telemetry_jobs::JobTelemetryLayer;
use tower::{Layer as _, Service as _, service_fn};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PRODUCER: &str = "b7ad6b7169203331";

/// The job of these tests.
#[derive(Clone, Debug)]
struct Recompute;

/// A job as a storage gives it, with this metadata.
fn task<const N: usize>(metadata: [(&str, &str); N]) -> TaskBuilder<Recompute> {
    TaskBuilder::new(Recompute)
        .task_id(TaskId::from_string("01KAJN3QZ8M5T0W9Y7X4V2R6BC"))
        .queue("standings".into())
        .max_attempts(3)
        .with_metadata(MetadataStore::from_iter(metadata))
}

/// A job of a producer with a span that was sampled.
fn traced<const N: usize>(metadata: [(&str, &str); N]) -> Task<Recompute> {
    let task = task(metadata).build();
    let mut metadata = task.metadata().clone();
    let traceparent = format!("00-{TRACE}-{PRODUCER}-01");
    metadata.replace("telemetry.traceparent", traceparent);
    task.into_builder().with_metadata(metadata).build()
}

/// Runs a job with the layer, without a worker.
async fn run<F>(task: Task<Recompute>, work: impl Fn() -> F) -> Result<(), BoxDynError>
where
    F: Future<Output = Result<(), BoxDynError>>,
{
    let mut service = JobTelemetryLayer::new().layer(service_fn(|_| work()));
    service.call(task).await
}

async fn succeed() -> Result<(), BoxDynError> {
    Ok(())
}

/// What the metrics of an operation have.
fn dimensions(operation: &'static str, destination: &'static str) -> Vec<(&'static str, Value)> {
    vec![
        ("messaging.destination.name", destination.into()),
        ("messaging.operation.name", operation.into()),
        ("messaging.system", "apalis".into()),
    ]
}
