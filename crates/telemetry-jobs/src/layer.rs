//! The layer and its settings.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use crate::failed_attempt::FailedAttempt;
use crate::service::JobTelemetry;

/// Gives every job of an apalis worker its context, its lines and its span.
///
/// Of the layers of a worker, the one added first is the outermost. Add this one last, or at
/// least after `.parallelize(…)`, `.catch_panic()`, `.timeout(…)` and `.retry(…)`: it then sees
/// each attempt, and the handler has its context on whichever task it runs.
///
/// ```
/// # use std::time::Duration;
/// use apalis::layers::WorkerBuilderExt as _;
/// use apalis::layers::retry::RetryPolicy;
/// use apalis::prelude::*;
/// use telemetry_jobs::JobTelemetryLayer;
///
/// # #[derive(Clone, Debug)]
/// # struct Recompute;
/// # async fn recompute(_job: Recompute) -> Result<(), BoxDynError> { Ok(()) }
/// # fn worker(storage: apalis_core::backend::memory::MemoryStorage<Recompute>) {
/// let worker = WorkerBuilder::new("standings")
///     .backend(storage)
///     .catch_panic()
///     .retry(RetryPolicy::retries(2))
///     .layer(JobTelemetryLayer::new().with_retries(2))
///     .build(recompute);
/// # }
/// ```
///
/// Apply it once.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied"]
pub struct JobTelemetryLayer {
    settings: Arc<Settings>,
}

type RetryRule = dyn Fn(&FailedAttempt<'_>) -> bool + Send + Sync;

#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) task_name: Option<Cow<'static, str>>,
    pub(crate) retries: usize,
    pub(crate) retry_rule: Option<Arc<RetryRule>>,
}

impl JobTelemetryLayer {
    /// Makes a layer that names jobs after the type of their arguments, for a worker that
    /// leaves retries to its storage.
    pub fn new() -> Self {
        Self {
            settings: Arc::default(),
        }
    }

    /// Sets the `task.name` of the jobs, in place of the type of their arguments. It is the
    /// queue's name too where the backend tells none, as with cron.
    pub fn with_task_name(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.with(|settings| settings.task_name = Some(name.into()))
    }

    /// Says that the worker itself tries again, so often: the number that its
    /// `RetryPolicy::retries` has. 0 by default.
    ///
    /// What the storage does is known without being told: it tries again what has failed until
    /// there were as many attempts as the job may have.
    pub fn with_retries(self, retries: usize) -> Self {
        self.with(|settings| settings.retries = retries)
    }

    /// Says by a rule of your own whether another attempt follows one that failed: whether its
    /// event is `task_retrying` or `task_failed`. For policies that choose by the error.
    ///
    /// What the layer would say without it is [`FailedAttempt::is_retried`].
    pub fn with_retry_rule(
        self,
        rule: impl Fn(&FailedAttempt<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.retry_rule = Some(Arc::new(rule)))
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl Default for JobTelemetryLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for JobTelemetryLayer {
    type Service = JobTelemetry<S>;

    fn layer(&self, inner: S) -> JobTelemetry<S> {
        JobTelemetry::new(inner, Arc::clone(&self.settings))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("task_name", &self.task_name)
            .field("retries", &self.retries)
            .field("retry_rule", &self.retry_rule.is_some())
            .finish()
    }
}
