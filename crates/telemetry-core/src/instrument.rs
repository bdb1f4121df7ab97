//! What crates that record units of work and calls have in common.

use std::cell::Cell;
use std::future::Future;
use std::time::SystemTime;

use opentelemetry::trace::{FutureExt as _, TraceContextExt as _};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_semantic_conventions::SCHEMA_URL;

pub use crate::bounded_names::BoundedNames;
pub use crate::config::standard_variables;
pub use crate::grpc_status::grpc_status_name;
pub use crate::request_id::{request_id_from, sending_scope};
pub use crate::slow_statement::slow_statement;

use crate::failure::Failure;
use crate::scope::Scope;

/// The [`InstrumentationScope`] of the crate that it is called in: who made a span or a
/// measurement.
///
/// ```
/// let scope = telemetry_core::instrumentation_scope!();
/// assert_eq!(scope.name(), "telemetry-core");
/// ```
#[macro_export]
macro_rules! instrumentation_scope {
    () => {
        $crate::instrument::scope(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
    };
}

/// The scope of a crate of this name and version: see
/// [`instrumentation_scope!`](crate::instrumentation_scope).
#[must_use]
pub fn scope(name: &'static str, version: &'static str) -> InstrumentationScope {
    InstrumentationScope::builder(name)
        .with_version(version)
        .with_schema_url(SCHEMA_URL)
        .build()
}

/// Makes the span of `context` current while `work` runs, if it is valid.
///
/// An invalid span must not be current: a parent-based sampler would drop what is beneath.
#[inline]
pub fn within<T>(context: &Context, work: impl FnOnce() -> T) -> T {
    let is_valid = context.span().span_context().is_valid();
    let _attached = is_valid.then(|| context.clone().attach());
    work()
}

/// Makes the span of `context` current while `future` is polled, if it is valid: see [`within`].
pub async fn future_within<F: Future>(context: &Context, future: F) -> F::Output {
    if context.span().span_context().is_valid() {
        future.with_context(context.clone()).await
    } else {
        future.await
    }
}

/// Ends the span of a unit of work, now or at `end`: with these attributes, with its failure, and
/// with the fields that its scope has by then, but those whose keys are there or are `taken`. The
/// failure is recorded as of the end.
pub fn end_span(
    context: &Context,
    attributes: impl IntoIterator<Item = KeyValue>,
    failure: Option<&Failure>,
    scope: &Scope,
    taken: &[&str],
    end: Option<SystemTime>,
) {
    let span = context.span();
    if !span.is_recording() {
        span.end();
        return;
    }
    with_attributes(|all| {
        all.extend(attributes);
        all.extend(failure.map(Failure::attribute));
        scope.add_attributes(all, taken);
        span.set_attributes(all.drain(..));
    });
    let end = end.unwrap_or_else(opentelemetry::time::now);
    if let Some(failure) = failure {
        failure.record(&span, end);
    }
    span.end_with_timestamp(end);
}

/// Calls `work` with an empty list of attributes, which it is to leave empty. Its memory is kept
/// for the next.
pub fn with_attributes(work: impl FnOnce(&mut Vec<KeyValue>)) {
    thread_local! {
        static KEPT: Cell<Vec<KeyValue>> = const { Cell::new(Vec::new()) };
    }
    let mut attributes = KEPT.try_with(Cell::take).unwrap_or_default();
    work(&mut attributes);
    // A thread that is ending needs none any more.
    let _ending = KEPT.try_with(|kept| kept.set(attributes));
}
