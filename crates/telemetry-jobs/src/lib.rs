//! A layer and a sink for [apalis](https://docs.rs/apalis) that give every background job the
//! context of who pushed it, its lines and its span.
//!
//! ```
//! # use apalis::prelude::*;
//! # use apalis_sqlite::SqliteStorage;
//! use telemetry_jobs::{JobTelemetryLayer, PushWithContext as _};
//!
//! # #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
//! # struct RecomputeStandings { tournament: i64 }
//! async fn recompute(job: RecomputeStandings) -> Result<(), BoxDynError> {
//!     tracing::info!(teams = 12, "standings_recomputed");
//!     Ok(())
//! }
//!
//! # async fn example(mut jobs: SqliteStorage<RecomputeStandings>) -> Result<(), BoxDynError> {
//! jobs.push_with_context(RecomputeStandings { tournament: 5 }).await?;
//!
//! let worker = WorkerBuilder::new("standings") // in this process or another
//!     .backend(jobs)
//!     .layer(JobTelemetryLayer::new())
//!     .build(recompute);
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//! {"timestamp":"2026-11-21T08:29:41.780059Z","level":"info","logger":"telemetry_jobs","event":"task_enqueued","child_task_id":"01M7YKKF0DQCRANFCHHTQVKYMS","child_task_name":"RecomputeStandings","request.id":"abc-123","user.id":42,"labels":["tournament"]}
//! {"timestamp":"2026-11-21T08:29:41.812172Z","level":"info","logger":"standings","event":"standings_recomputed","teams":12,"request.id":"abc-123","user.id":42,"labels":["tournament"],"task.id":"01M7YKKF0DQCRANFCHHTQVKYMS","task.name":"RecomputeStandings","task.attempt":2,"tournament.id":5}
//! ```
//!
//! It works with any backend whose jobs keep their metadata: SQLite, PostgreSQL, Redis, memory.
//! Jobs that are pushed without it, and those of a cron schedule, run as usual: their request id
//! is their own id, at every attempt.
//!
//! # What it does to a job
//!
//! - [`PushWithContext`] stores `request.id`, `user.id`, `labels` and the trace in its metadata,
//!   under keys that begin with `telemetry.`, and when it is due. Outside of any scope it makes a
//!   `request.id`, for the job and its `task_enqueued`. It gives the job an id where
//!   the backend's are ULIDs, so as to tell it.
//! - [`JobTelemetryLayer`] opens a [`Scope`](telemetry_core::Scope) with them for each attempt,
//!   and with the fields below. What it finds there that is not valid is ignored.
//!   Without a `request.id` there, it takes the id of the job, or a UUID that is made from it.
//! - Errors and panics go on as they are.
//!
//! # What it records
//!
//! | event | level | when |
//! |---|---|---|
//! | `task_enqueued` | info | the backend has the job |
//! | `task_started` | info | an attempt begins |
//! | `task_completed` | info | it succeeded |
//! | `task_retrying` | warning | it failed, and another follows |
//! | `task_failed` | error | it failed, panicked or was dropped, and no other follows |
//!
//! | field | type | |
//! |---|---|---|
//! | `task.id` | string | as the backend gives it; bound for every line of the job |
//! | `task.name` | string | the type of the arguments, or [as told](JobTelemetryLayer::with_task_name); bound |
//! | `task.attempt` | integer | from 1; bound |
//! | `child_task_id`, `child_task_name` | string | on `task_enqueued`; no id where the backend makes it up itself |
//! | `duration_ms` | float, two decimals | of the attempt, at its end |
//! | `error` | string | on failures: the error, or `panic: ` and what was said |
//! | `exception` | string | on `task_failed`: the chain of causes, or the place and backtrace of the panic |
//!
//! Whether another attempt follows is judged by what apalis does: see
//! [`FailedAttempt`].
//!
//! # Spans and metrics
//!
//! Made where something exports them, by OpenTelemetry's semantic conventions for messaging:
//!
//! | span | kind | when |
//! |---|---|---|
//! | `send {queue}` | producer | a push |
//! | `process {queue}` | consumer | an attempt: a child of the push; or, of a job for later, the root of a trace with a link to the push |
//!
//! The queue is what the job says, or else the type of the arguments with its path, which is
//! what the storages call theirs by default.
//!
//! | attribute | type | |
//! |---|---|---|
//! | `messaging.system` | string | `apalis`; spans, metrics |
//! | `messaging.operation.name` | string | `send` or `process`; spans, metrics |
//! | `messaging.operation.type` | string | the same; spans |
//! | `messaging.destination.name` | string | the queue; spans, metrics: of these the first 200, any other is `_OTHER` |
//! | `messaging.message.id` | string | the id of the job; spans |
//! | `error.type` | string | `panic`, `cancelled`, `aborted` or `_OTHER`; spans, metrics |
//! | all fields of the context | | `process` spans |
//!
//! | metric | unit | |
//! |---|---|---|
//! | `messaging.client.sent.messages` | `{message}` | counter of pushes |
//! | `messaging.client.consumed.messages` | `{message}` | counter of attempts |
//! | `messaging.process.duration` | `s` | histogram of attempts |
//! | `messaging.queue.latency` | `s` | histogram, from when a job is due to its first attempt |
//!
//! A field of the context is never on a metric. A failed attempt has the status error, and is an
//! `exception` event too.

mod attributes;
mod consumer;
mod failed_attempt;
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

pub use failed_attempt::FailedAttempt;
pub use future::JobFuture;
pub use layer::JobTelemetryLayer;
pub use service::JobTelemetry;
pub use sink::PushWithContext;
