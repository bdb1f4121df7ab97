//! Jobs that panic.

use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};

use apalis::prelude::BoxDynError;
use apalis_core::error::AbortError;
use apalis_core::task::Task;
use apalis_core::task::status::Status;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tower_layer::Layer;
use tower_service::Service;

/// Ends a job that panics for good, and not the worker with it.
///
/// apalis' own layer would leave the job running in the database for as long as its worker lives.
#[derive(Clone, Copy, Debug)]
pub(super) struct EndPanics;

/// Made by [`EndPanics`].
#[derive(Clone, Debug)]
pub(super) struct EndPanicsService<S>(S);

impl<S> Layer<S> for EndPanics {
    type Service = EndPanicsService<S>;

    fn layer(&self, inner: S) -> EndPanicsService<S> {
        EndPanicsService(inner)
    }
}

impl<S, Args> Service<Task<Args>> for EndPanicsService<S>
where
    S: Service<Task<Args>, Error = BoxDynError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxDynError;
    type Future = BoxFuture<'static, Result<S::Response, BoxDynError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxDynError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, task: Task<Args>) -> Self::Future {
        let status = task.raw_status().clone();
        let job = AssertUnwindSafe(self.0.call(task)).catch_unwind();
        Box::pin(async move {
            job.await.unwrap_or_else(|_recorded| {
                status.store(Status::Killed);
                Err(AbortError::new("it panicked").into())
            })
        })
    }
}
