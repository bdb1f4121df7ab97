//! Tasks and threads that carry the context of those that start them.

use std::future::Future;
use std::thread;

use tokio::task::{self, JoinHandle};

use crate::panic::{ReportPanics, report_panics_of};
use crate::scope::{FutureExt as _, Scope};

/// Spawns a task that carries a [snapshot](Scope::snapshot) of the current context.
///
/// Takes the place of `tokio::spawn`, which would lose it. A panic of the task is reported by a line
/// with that context, [`work_panicked`](crate::names::event::WORK_PANICKED), and goes on to whoever
/// awaits the handle.
///
/// # Panics
///
/// Outside a tokio runtime, as `tokio::spawn` does.
#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the spawn that carries the context"
)]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(ReportPanics::new(future).carry_context())
}

/// Runs `work` on the runtime's blocking threads with a [snapshot](Scope::snapshot) of the
/// current context. A panic is reported as that of a task is: see [`spawn`].
///
/// # Panics
///
/// Outside a tokio runtime, as `tokio::task::spawn_blocking` does.
#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the spawn that carries the context"
)]
pub fn spawn_blocking<F, T>(work: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let scope = Scope::snapshot();
    task::spawn_blocking(move || scope.in_scope(|| report_panics_of(work)))
}

/// Runs `work` on a new thread with a [snapshot](Scope::snapshot) of the current context. A panic
/// is reported as that of a task is: see [`spawn`].
///
/// # Panics
///
/// When the operating system cannot start a thread, as `std::thread::spawn` does.
pub fn spawn_thread<F, T>(work: F) -> thread::JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let scope = Scope::snapshot();
    thread::spawn(move || scope.in_scope(|| report_panics_of(work)))
}
