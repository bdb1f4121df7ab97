//! Units of work that no other crate opens: cycles of daemons, commands, imports.

use std::borrow::Cow;
use std::future::Future;

use opentelemetry::Context;
use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::trace::{Link, SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _};

use crate::as_error::AsError;
use crate::error_chain;
use crate::failure::Failure;
use crate::instrument;
use crate::instruments::Instruments;
use crate::names;
use crate::panic;
use crate::request_id::RandomId;
use crate::scope::{FutureExt as _, Scope, ScopeBuilder, with_current};
use crate::trace;
use crate::value::{FieldValue, Value};

static TRACER: Instruments<BoxedTracer> =
    Instruments::new(|| global::tracer_with_scope(crate::instrumentation_scope!()));

/// A unit of work of one's own, such as each cycle of a daemon: a new scope, with a request id
/// and, where something exports, a root span.
///
/// ```
/// use telemetry_core::UnitOfWork;
///
/// # async fn send_what_is_due() {}
/// # async fn example() {
/// UnitOfWork::new("check_notifications")
///     .with_field("batch", 50)
///     .run(send_what_is_due())
///     .await;
/// # }
/// ```
///
/// Within another unit of work the new one keeps its request id, and its span has a link to
/// the span that is current; nothing else is taken over. The span gets the fields of the scope
/// as attributes when it ends; [`record_error`] marks it as failed.
#[derive(Debug)]
#[must_use = "a unit of work does nothing until it is run"]
pub struct UnitOfWork {
    name: Cow<'static, str>,
    kind: SpanKind,
    scope: ScopeBuilder,
}

impl UnitOfWork {
    /// Names it, as its span: one of few names, without ids.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        let mut scope = Scope::builder();
        let inherited = with_current(|scope| scope.get(names::REQUEST_ID)).flatten();
        match inherited {
            Some(Value::String(id)) => scope.field(names::REQUEST_ID, id),
            _ => scope.field(names::REQUEST_ID, RandomId::new()),
        };
        Self {
            name: name.into(),
            kind: SpanKind::Internal,
            scope,
        }
    }

    /// Sets a field of its scope, as [`Scope::bind`] does.
    pub fn with_field(mut self, key: &str, value: impl FieldValue) -> Self {
        self.scope.field(key, value);
        self
    }

    /// Sets the kind of its span; internal by default.
    pub fn with_kind(mut self, kind: SpanKind) -> Self {
        self.kind = kind;
        self
    }

    /// Does the work in a scope of its own, and ends the span with it. A unit that panics or is
    /// dropped before it has ended is recorded as failed, and its panic is reported by a line,
    /// [`work_panicked`](names::event::WORK_PANICKED), before it goes on.
    pub async fn run<F: Future>(self, work: F) -> F::Output {
        let Self {
            name,
            kind,
            mut scope,
        } = self;
        let span = TRACER.get().map(|tracer| start(tracer, name, kind));
        if let Some(context) = &span {
            scope.trace(context);
        }
        let scope = scope.build();
        let mut ending = Ending {
            span,
            scope: scope.clone(),
            outcome: None,
        };
        panic::watch();
        let caught = panic::catch_async(work).in_scope(scope.clone()).await;
        ending.outcome = Some(caught.as_ref().map(drop).map_err(Failure::from_panic));
        drop(ending);
        caught.unwrap_or_else(|panic| scope.in_scope(|| panic::report_and_resume(panic)))
    }
}

/// Records an error on the current span: it has failed, with the error's message and those of what
/// caused it as its status, `error_type` as its `error.type`, and an event `exception`, as the span of
/// a unit of work that fails has one. Nothing where no span is recorded.
///
/// `error_type` is one of few values that distinguish classes of failures. The error is of any
/// type, or an `anyhow::Error`: see [`AsError`].
///
/// ```
/// use telemetry_core::{UnitOfWork, record_error};
///
/// # async fn send_what_is_due() -> anyhow::Result<()> { anyhow::bail!("the API did not answer") }
/// # async fn example() {
/// let cycle = async {
///     if let Err(error) = send_what_is_due().await {
///         record_error("not_sent", &error);
///     }
/// };
/// UnitOfWork::new("check_notifications").run(cycle).await;
/// # }
/// ```
pub fn record_error<Kind>(error_type: &'static str, error: &(impl AsError<Kind> + ?Sized)) {
    let Some(context) = trace::current() else {
        return;
    };
    let span = context.span();
    if span.is_recording() {
        let mut failure = Failure::from_error(error_type, error);
        failure.error = error_chain::sentence(error);
        span.set_attribute(failure.attribute());
        failure.record(&span, opentelemetry::time::now());
    }
}

/// Starts the root span.
fn start(tracer: &BoxedTracer, name: Cow<'static, str>, kind: SpanKind) -> Context {
    let mut builder = SpanBuilder::from_name(name).with_kind(kind);
    if let Some(current) = trace::current() {
        let of = current.span().span_context().clone();
        builder = builder.with_links(vec![Link::new(of, Vec::new(), 0)]);
    }
    let root = Context::new();
    let span = tracer.build_with_context(builder, &root);
    root.with_span(span)
}

/// Ends the span, however the unit ends.
struct Ending {
    span: Option<Context>,
    scope: Scope,
    /// Absent when it is dropped before it has ended.
    outcome: Option<Result<(), Failure>>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let Some(context) = self.span.take() else {
            return;
        };
        let outcome = self.outcome.take();
        let failure = outcome.unwrap_or_else(|| Err(Failure::cancelled())).err();
        instrument::end_span(&context, [], failure.as_ref(), &self.scope, &[], None);
    }
}
