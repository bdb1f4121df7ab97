//! Putting jobs on a queue with the context of who does it.

use std::any::{TypeId, type_name};
use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use apalis_core::backend::{Backend, BackendConfig, TaskSink, TaskSinkError};
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use opentelemetry::Context;
use telemetry_core::{Failure, FutureExt as _, instrument, propagation};
use ulid::Ulid;

use crate::metadata::{self, Carrier};
use crate::producer::Sending;
use crate::{line, task_name};

/// The end of the year 9999: the latest time that every storage has room for.
const LAST_SECOND: u64 = 253_402_300_799;

/// What a push gives.
type Pushed<B> = Result<(), TaskSinkError<<B as Backend>::Error>>;

/// Puts jobs on the queue of any apalis backend, with the context of the current scope.
///
/// ```
/// use telemetry_jobs::PushWithContext as _;
///
/// # use apalis::prelude::*;
/// # use apalis_sqlite::SqliteStorage;
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Recompute { tournament: i64 }
/// # async fn enqueue(jobs: &mut SqliteStorage<Recompute>) -> Result<(), BoxDynError> {
/// jobs.push_with_context(Recompute { tournament: 5 }).await?;
/// # Ok(())
/// # }
/// ```
///
/// `request.id`, `user.id`, `labels` and the trace cross in the job's metadata, to be restored
/// by [`JobTelemetryLayer`](crate::JobTelemetryLayer), in place of what an earlier push left
/// there. `task_enqueued` is logged once the backend has the job.
///
/// A job that is pushed outside of any scope, or in one without a valid `request.id`, gets a new
/// one, which `task_enqueued` and the lines of all its attempts have.
///
/// # Errors
///
/// Those of the backend, as they are. Telemetry adds none.
pub trait PushWithContext<Args>: TaskSink<Args, Self::Kind> + BackendConfig {
    /// Pushes a job that is to be run at once.
    fn push_with_context(&mut self, args: Args) -> impl Future<Output = Pushed<Self>> + Send {
        self.push_task_with_context(TaskBuilder::new(args))
    }

    /// Pushes a job that is not to be run before `delay` is over. Backends count in seconds:
    /// it is rounded up to the next.
    fn push_after_with_context(
        &mut self,
        args: Args,
        delay: Duration,
    ) -> impl Future<Output = Pushed<Self>> + Send {
        let due = metadata::now().saturating_add(delay);
        self.push_task_with_context(due_at(TaskBuilder::new(args), due))
    }

    /// Pushes a job that is not to be run before `time`, rounded up as above. One that is past
    /// means at once.
    fn push_at_with_context(
        &mut self,
        args: Args,
        time: SystemTime,
    ) -> impl Future<Output = Pushed<Self>> + Send {
        let due = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.push_task_with_context(due_at(TaskBuilder::new(args), due))
    }

    /// Pushes a job with options of its own: how many attempts it may have, its priority, an
    /// idempotency key, or a queue to be named in spans and metrics.
    ///
    /// A job that is pushed again, by `task.into_builder()`, keeps what else is in its metadata.
    fn push_task_with_context(
        &mut self,
        task: TaskBuilder<Args>,
    ) -> impl Future<Output = Pushed<Self>> + Send;
}

impl<B, Args> PushWithContext<Args> for B
where
    B: TaskSink<Args, <B as BackendConfig>::Kind> + BackendConfig<Id: 'static> + Send,
    Args: Send,
{
    async fn push_task_with_context(&mut self, task: TaskBuilder<Args>) -> Pushed<B> {
        let pushed = push(self, task);
        match instrument::sending_scope() {
            Some(scope) => pushed.in_scope(scope).await,
            None => pushed.await,
        }
    }
}

/// Pushes a job with the context of the current scope.
async fn push<B, Args>(backend: &mut B, task: TaskBuilder<Args>) -> Pushed<B>
where
    B: TaskSink<Args, <B as BackendConfig>::Kind> + BackendConfig<Id: 'static> + Send,
    Args: Send,
{
    let mut task = task.build();
    if task.task_id().is_none() && TypeId::of::<B::Id>() == TypeId::of::<Ulid>() {
        // As the backend would, but known here.
        let id = TaskId::from_ulid(Ulid::generate());
        task = task.into_builder().task_id(id).build();
    }
    let id = task.task_id().map(ToString::to_string);
    let queue = task.queue().map_or(type_name::<Args>(), AsRef::as_ref);
    let sending = Sending::start(queue, id.as_deref());
    let context = match &sending {
        Some(sending) => sending.context.clone(),
        None => Context::current(),
    };
    let task = with_context(task, &context);
    let pushed = backend.push_task(task);
    let result = match &sending {
        Some(sending) => instrument::future_within(&sending.context, pushed).await,
        None => pushed.await,
    };
    if let Some(sending) = sending {
        let error = result.as_ref().err();
        let failure = error.map(|error| Failure::new(Failure::OTHER).with_error(error));
        sending.end(failure.as_ref());
    }
    if result.is_ok() {
        line::write_enqueued(id.as_deref(), task_name::of::<Args>());
    }
    result
}

/// Stores the current context in the job's metadata.
fn with_context<Args>(task: Task<Args>, context: &Context) -> Task<Args> {
    let now = metadata::now();
    let run_at = task.run_at().map(Duration::from_secs);
    let deferred_to = run_at.filter(|run_at| *run_at > now);
    let mut metadata = task.metadata().clone();
    metadata::clear(&mut metadata);
    metadata::set_due(
        &mut metadata,
        deferred_to.unwrap_or(now),
        deferred_to.is_some(),
    );
    propagation::inject_trusted(context, &mut Carrier(&mut metadata));
    task.into_builder().with_metadata(metadata).build()
}

/// Sets when a job is due, if that is later than now.
fn due_at<Args>(task: TaskBuilder<Args>, due: Duration) -> TaskBuilder<Args> {
    if due <= metadata::now() {
        return task;
    }
    let seconds = due.as_secs();
    let seconds = seconds.saturating_add(u64::from(due.subsec_nanos() > 0));
    task.run_at_timestamp(seconds.min(LAST_SECOND))
}
