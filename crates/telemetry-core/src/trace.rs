//! The current OpenTelemetry span, as log lines read it.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt};

/// Lives as long as the thread's OpenTelemetry context may be read: thread-locals are
/// destroyed in the reverse order of their making, and this one is made after it.
struct Sentinel;

impl Drop for Sentinel {
    // The destructor is what makes the thread-local refuse access once it has run.
    fn drop(&mut self) {}
}

thread_local! {
    static SENTINEL: Sentinel = {
        Context::map_current(|_| ());
        Sentinel
    };
}

/// Calls `read` with the current span context if there is a valid one.
///
/// Must not be called for events of the OpenTelemetry crates themselves, some of which are
/// raised while the context stack is being changed.
#[inline]
pub(crate) fn with_current(read: impl FnOnce(&SpanContext)) {
    // Late in the life of a thread the context is gone; a line then has no ids.
    let _gone = SENTINEL.try_with(|_| {
        Context::map_current(|context| {
            if context.has_active_span() {
                let span = context.span();
                let context = span.span_context();
                if context.is_valid() {
                    read(context);
                }
            }
        });
    });
}

/// The current OpenTelemetry context, if it holds a valid span: the parent of a new span, and what
/// a child unit of work is given. An invalid span must not be a parent: a parent-based sampler
/// would not sample what is beneath.
pub fn current() -> Option<Context> {
    SENTINEL
        .try_with(|_| Context::map_current(valid))
        .ok()
        .flatten()
}

/// A copy of `context` if it holds a valid span. An invalid one must never be attached: a
/// parent-based sampler would drop every span beneath it.
pub(crate) fn valid(context: &Context) -> Option<Context> {
    (context.has_active_span() && context.span().span_context().is_valid()).then(|| context.clone())
}
