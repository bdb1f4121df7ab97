//! The service: opens the scope of a job and hands both on.

use std::any::type_name;
use std::sync::Arc;
use std::task::{Context, Poll};

use apalis_core::error::BoxDynError;
use apalis_core::task::Task;
use telemetry_core::instrument::request_id_from;
use telemetry_core::{FutureExt as _, RandomId, Scope, names, panic, propagation};
use tower_service::Service;

use crate::consumer::Recording;
use crate::future::JobFuture;
use crate::layer::Settings;
use crate::lifecycle::Lifecycle;
use crate::metadata::Carrier;
use crate::task_name;

/// Runs jobs with their context. Made by [`JobTelemetryLayer`](crate::JobTelemetryLayer).
#[derive(Clone, Debug)]
pub struct JobTelemetry<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> JobTelemetry<S> {
    pub(crate) fn new(inner: S, settings: Arc<Settings>) -> Self {
        panic::watch();
        Self { inner, settings }
    }
}

impl<S, Args> Service<Task<Args>> for JobTelemetry<S>
where
    S: Service<Task<Args>>,
    S::Error: Into<BoxDynError>,
{
    type Response = S::Response;
    type Error = BoxDynError;
    type Future = JobFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxDynError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, task: Task<Args>) -> Self::Future {
        // The count is of those before this one.
        let attempt = task.attempt().saturating_add(1);
        let (scope, recording) = self.open_scope(&task, attempt);
        let settings = Arc::clone(&self.settings);
        let task_context = Arc::clone(task.ctx());
        let lifecycle = Lifecycle::start(scope.clone(), task_context, attempt, settings, recording);
        match scope.in_scope(|| panic::catch(|| self.inner.call(task))) {
            Ok(future) => JobFuture::new(panic::catch_async(future).in_scope(scope), lifecycle),
            Err(panic) => lifecycle.panicked(panic),
        }
    }
}

impl<S> JobTelemetry<S> {
    fn open_scope<Args>(&self, task: &Task<Args>, attempt: usize) -> (Scope, Option<Recording>) {
        let mut scope = Scope::builder();
        let id = task.task_id().map(ToString::to_string);
        match &id {
            // The same at every attempt.
            Some(id) => scope.field(names::REQUEST_ID, &*request_id_from(id)),
            None => scope.field(names::REQUEST_ID, RandomId::new()),
        };
        let metadata = task.metadata();
        // In place of that one, if there is one that is valid.
        let origin = propagation::extract_trusted(&Carrier(metadata), &mut scope);
        if let Some(id) = id {
            scope.field(names::TASK_ID, id.as_str());
        }
        let given = self.settings.task_name.as_deref();
        scope.field(names::TASK_NAME, given.unwrap_or(task_name::of::<Args>()));
        scope.field(names::TASK_ATTEMPT, attempt as u64);
        let queue = task.queue().map(AsRef::as_ref).or(given);
        let recording = Recording::start(task, attempt, origin.as_ref(), || {
            queue.unwrap_or(type_name::<Args>()).to_owned()
        });
        match (&recording, &origin) {
            (Some(recording), _) => scope.trace(&recording.context),
            // Lines have the ids of a trace that others export.
            (None, Some(origin)) => scope.trace(origin),
            (None, None) => &mut scope,
        };
        (scope.build(), recording)
    }
}
