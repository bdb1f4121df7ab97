//! Work that threads of others do: the closures of a pool.

use opentelemetry::Context;
use tracing::dispatcher::{self, Dispatch};
use tracing::span::Id;

use crate::scope::{Scope, current};

/// Gives a closure a [snapshot](Scope::snapshot) of the current context, for pools such as rayon's:
///
/// ```
/// # fn resize() {}
/// # struct Pool;
/// # impl Pool { fn spawn(&self, work: impl FnOnce() + Send + 'static) { work() } }
/// # let pool = Pool;
/// pool.spawn(telemetry_core::carry(move || resize()));
/// ```
///
/// Wherever the closure runs, nothing of the context around it is on its lines: a pool's thread may
/// take it up in the middle of another job, which waits. Taken where no scope is current, the
/// snapshot is empty.
pub fn carry<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let scope = Scope::snapshot();
    move || without_context(|| scope.in_scope(work))
}

/// Calls `work` without the context: no scope is current, no trace is attached, and no span of
/// `tracing` is entered. For calls that may do work of others on this thread, such as rayon's `join`
/// while it waits.
pub fn without_context<T>(work: impl FnOnce() -> T) -> T {
    let _spans = ExitedSpans::new();
    let _trace = Context::new().attach();
    let mut none = None;
    let _entered = current::enter(&mut none);
    work()
}

/// More spans than this are not exited: so many are entered at once nowhere, unless a subscriber
/// ignores that they are exited.
const MAX_SPANS: usize = 256;

/// The spans that were entered on this thread, innermost first. Enters them again when it is
/// dropped.
struct ExitedSpans {
    dispatch: Dispatch,
    spans: Vec<Id>,
}

impl ExitedSpans {
    fn new() -> Self {
        let dispatch = dispatcher::get_default(Clone::clone);
        let mut spans = Vec::new();
        while spans.len() < MAX_SPANS
            && let Some(span) = dispatch.current_span().id()
        {
            dispatch.exit(span);
            spans.push(span.clone());
        }
        Self { dispatch, spans }
    }
}

impl Drop for ExitedSpans {
    fn drop(&mut self) {
        for span in self.spans.iter().rev() {
            self.dispatch.enter(span);
        }
    }
}
