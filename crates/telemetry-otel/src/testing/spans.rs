//! Captured spans.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Event, Link, Span as _, SpanContext, SpanId, SpanKind, Status, TraceId,
};
use opentelemetry::{Array, Context, KeyValue, Value};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{IdGenerator, Span, SpanData, SpanProcessor};
use telemetry_core::testing::{CaptureId, captures};

use crate::redaction::redact;
use crate::testing::attributes::{AttributeValue, named, read_by_name};
use crate::testing::{Captured, Membership};

static SPANS: Captured<CapturedSpan> = Captured::new();

/// The attribute by which a span finds its captures when it ends, wherever that is. Taken
/// off it then.
const CAPTURES: &str = "telemetry.testing.captures";

/// The spans of one test that have ended, from
/// [`capture_spans`](crate::testing::capture_spans) until it is dropped.
#[derive(Debug)]
#[must_use = "spans are captured as long as the capture is kept"]
pub struct SpanCapture {
    membership: Membership,
}

/// A span that has ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CapturedSpan {
    /// Its name.
    pub name: String,
    /// 32 lower-case hexadecimal digits.
    pub trace_id: String,
    /// 16 lower-case hexadecimal digits.
    pub span_id: String,
    /// The same; `None` for a root.
    pub parent_span_id: Option<String>,
    /// Whether the parent is of another process.
    pub has_remote_parent: bool,
    /// Server, client, internal, producer or consumer.
    pub kind: SpanKind,
    /// Unset, ok, or an error with its description.
    pub status: Status,
    /// When it began.
    pub start: SystemTime,
    /// When it ended.
    pub end: SystemTime,
    /// In the order in which they were set.
    pub attributes: Vec<(String, AttributeValue)>,
    /// Events within the span.
    pub events: Vec<CapturedSpanEvent>,
    /// Other spans that it is connected with.
    pub links: Vec<CapturedLink>,
}

/// An event within a span.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CapturedSpanEvent {
    /// Its name.
    pub name: String,
    /// When it happened.
    pub timestamp: SystemTime,
    /// In the order in which they were set.
    pub attributes: Vec<(String, AttributeValue)>,
}

/// Another span that a span is connected with.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CapturedLink {
    /// The other span.
    pub span_context: SpanContext,
    /// In the order in which they were set.
    pub attributes: Vec<(String, AttributeValue)>,
}

read_by_name!(CapturedSpan, CapturedSpanEvent, CapturedLink);

impl SpanCapture {
    pub(super) fn new(membership: Membership) -> Self {
        SPANS.begin(membership.id);
        Self { membership }
    }

    /// All spans that have ended so far, in the order of their ends.
    #[must_use]
    pub fn spans(&self) -> Vec<CapturedSpan> {
        SPANS.of(self.membership.id)
    }

    /// The one span of this name.
    ///
    /// # Panics
    ///
    /// When there is none or more than one; the message shows all.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test has no better way to fail")]
    pub fn single(&self, name: &str) -> CapturedSpan {
        let mut spans = self.spans();
        spans.retain(|span| span.name == name);
        match (spans.len(), spans.pop()) {
            (1, Some(span)) => span,
            (count, _) => panic!("{count} spans {name:?} among these:\n{}", self.tree()),
        }
    }

    /// The names of all spans, a line for each, beneath their parents: for snapshots.
    #[must_use]
    pub fn tree(&self) -> String {
        let spans = self.spans();
        let mut tree = String::new();
        for root in &spans {
            let is_here = |id: &String| spans.iter().any(|span| span.span_id == *id);
            if !root.parent_span_id.as_ref().is_some_and(is_here) {
                write_tree(root, &spans, 0, &mut tree);
            }
        }
        tree
    }
}

impl Drop for SpanCapture {
    fn drop(&mut self) {
        SPANS.end(self.membership.id);
    }
}

fn write_tree(span: &CapturedSpan, spans: &[CapturedSpan], depth: usize, tree: &mut String) {
    // Writing to a string does not fail.
    let _infallible = writeln!(tree, "{}{}", "  ".repeat(depth), span.name);
    let mut children: Vec<_> = spans
        .iter()
        .filter(|child| child.parent_span_id.as_ref() == Some(&span.span_id))
        .collect();
    // Ids are counted: this is the order of their starts.
    children.sort_by(|a, b| a.span_id.cmp(&b.span_id));
    for child in children {
        write_tree(child, spans, depth + 1, tree);
    }
}

impl CapturedSpan {
    fn new(data: SpanData) -> Self {
        let is_root = data.parent_span_id == SpanId::INVALID;
        let attributes = data.attributes.into_iter();
        Self {
            name: data.name.into_owned(),
            trace_id: data.span_context.trace_id().to_string(),
            span_id: data.span_context.span_id().to_string(),
            parent_span_id: (!is_root).then(|| data.parent_span_id.to_string()),
            has_remote_parent: data.parent_span_is_remote,
            kind: data.span_kind,
            status: data.status,
            start: data.start_time,
            end: data.end_time,
            attributes: named(attributes.filter(|attribute| attribute.key.as_str() != CAPTURES)),
            events: data
                .events
                .into_iter()
                .map(CapturedSpanEvent::new)
                .collect(),
            links: data.links.into_iter().map(CapturedLink::new).collect(),
        }
    }

    /// The one event of this name.
    ///
    /// # Panics
    ///
    /// When there is none or more than one; the message shows the span.
    #[must_use]
    #[track_caller]
    #[expect(clippy::panic, reason = "a test has no better way to fail")]
    pub fn event(&self, name: &str) -> &CapturedSpanEvent {
        let mut events = self.events.iter().filter(|event| event.name == name);
        match (events.next(), events.count()) {
            (Some(event), 0) => event,
            (None, _) => panic!("no event {name:?} in {self:?}"),
            (Some(_), more) => panic!("{} events {name:?} in {self:?}", more + 1),
        }
    }
}

impl CapturedSpanEvent {
    fn new(event: Event) -> Self {
        Self {
            name: event.name.into_owned(),
            timestamp: event.timestamp,
            attributes: named(event.attributes),
        }
    }
}

impl CapturedLink {
    fn new(link: Link) -> Self {
        Self {
            span_context: link.span_context,
            attributes: named(link.attributes),
        }
    }
}

/// Gives spans that end to the captures in which they began.
#[derive(Debug)]
pub(super) struct CapturingProcessor;

impl SpanProcessor for CapturingProcessor {
    fn on_start(&self, span: &mut Span, _: &Context) {
        let ids = captures().into_iter().map(|id| id.get() as i64).collect();
        span.set_attribute(KeyValue::new(CAPTURES, Value::Array(Array::I64(ids))));
    }

    fn on_end(&self, mut span: SpanData) {
        redact(&mut span);
        let ids = span.attributes.iter().find_map(|attribute| {
            match (attribute.key.as_str(), &attribute.value) {
                (CAPTURES, Value::Array(Array::I64(ids))) => Some(ids.clone()),
                _ => None,
            }
        });
        let ids: Vec<_> = ids
            .into_iter()
            .flatten()
            .map(|id| CaptureId::from(id as u64))
            .collect();
        SPANS.push(&ids, &CapturedSpan::new(span));
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Counts ids from 1 in each capture.
#[derive(Debug)]
pub(super) struct CountingIds;

impl CountingIds {
    fn next(kind: &'static str) -> u64 {
        type Counters = HashMap<(Option<CaptureId>, &'static str), u64>;
        static COUNTERS: LazyLock<Mutex<Counters>> = LazyLock::new(Mutex::default);
        // The outermost, so that ids within one test are never the same.
        let capture = captures().last().copied();
        let mut counters = COUNTERS.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = counters.entry((capture, kind)).or_default();
        *counter += 1;
        *counter
    }
}

impl IdGenerator for CountingIds {
    fn new_trace_id(&self) -> TraceId {
        TraceId::from(u128::from(Self::next("trace")))
    }

    fn new_span_id(&self) -> SpanId {
        SpanId::from(Self::next("span"))
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{TraceContextExt as _, Tracer as _};
    use opentelemetry::{Context, global};
    use telemetry_core::Scope;
    use telemetry_core::testing::capture_logs;

    use crate::testing::capture_spans;

    #[tracing::instrument(target = "site")]
    fn draw_bracket(rounds: i64) {
        tracing::debug_span!("shuffle").in_scope(|| ());
        tracing::info!("bracket_drawn");
    }

    #[test]
    fn spans_of_tracing_are_captured_whichever_capture_comes_first() {
        let logs = capture_logs();
        let spans = capture_spans();
        let request = Context::new().with_span(global::tracer("test").start("request"));
        let mut scope = Scope::builder();
        scope.trace(&request).build().in_scope(|| draw_bracket(3));
        request.span().end();
        assert_eq!(spans.tree(), "request\n  draw_bracket\n");
        let span = spans.single("draw_bracket");
        assert_eq!(span["rounds"], 3);
        assert!(span.events.is_empty(), "{span:?}");
        assert_eq!(logs.single("bracket_drawn")["span_id"], *span.span_id);
    }
}
