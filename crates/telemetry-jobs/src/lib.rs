//! A tower layer and a sink for apalis that give every background job its context.

mod attributes;
mod consumer;
mod failure;
mod future;
mod instrumentation;
mod instruments;
mod layer;
mod lifecycle;
mod line;
mod metadata;
mod names;
mod producer;
mod service;
mod sink;
mod task_name;

pub use failure::FailedAttempt;
pub use future::JobFuture;
pub use layer::JobTelemetryLayer;
pub use service::JobTelemetry;
pub use sink::PushWithContext;
