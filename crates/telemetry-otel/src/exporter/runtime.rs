//! The runtime that requests to the collector run on.

use std::future::Future;
use std::io;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use pin_project_lite::pin_project;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::exporter::priority;

/// A runtime of one thread, apart from the application's: what that does, and which flavour
/// it has, does not matter to export.
#[derive(Clone, Debug)]
pub(crate) struct ExportRuntime {
    handle: Handle,
    _runtime: Arc<Background>,
}

/// A runtime that may be dropped anywhere, also within another one.
#[derive(Debug)]
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl ExportRuntime {
    /// Starts its thread.
    ///
    /// # Errors
    ///
    /// When the operating system cannot.
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("telemetry-export")
            .on_thread_start(priority::lower)
            .enable_all()
            .build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            _runtime: Arc::new(Background(Some(runtime))),
        })
    }

    /// Starts a task of this runtime's, which ends with it at the latest.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }

    /// Runs `work` with this runtime as the current one.
    pub(crate) fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        let _entered = self.handle.enter();
        work()
    }

    /// Lets a future use this runtime's sockets and timers, whichever thread polls it.
    pub(crate) fn within<F>(&self, future: F) -> Within<F> {
        Within {
            future,
            runtime: self.clone(),
        }
    }

    /// Runs a future to its end on this runtime, and blocks the thread until then: also one
    /// of another runtime's. What panics there panics here.
    pub(crate) fn run<F: Future<Output: Send> + Send>(&self, future: F) -> F::Output {
        let run = || self.handle.block_on(future);
        thread::scope(|scope| match scope.spawn(run).join() {
            Ok(output) => output,
            Err(panic) => resume_unwind(panic),
        })
    }
}

pin_project! {
    /// See [`ExportRuntime::within`].
    #[derive(Debug)]
    pub(crate) struct Within<F> {
        #[pin]
        future: F,
        runtime: ExportRuntime,
    }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.runtime.enter(|| this.future.poll(cx))
    }
}
