//! Whatever is logged, wherever its fields come from: a line is one strict JSON object, in which
//! no key is there twice or extends another, and it is no longer than the limit.
//!
//! `PROPTEST_CASES` says how many cases are tried.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "any_line/expected.rs"]
mod expected;
#[path = "any_line/input.rs"]
mod input;
#[path = "any_line/strict.rs"]
mod strict;

use std::cell::RefCell;
use std::sync::LazyLock;

use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use proptest::prelude::*;
use telemetry_core::{LineLayer, LogFormat, Scope};
use tracing::Dispatch;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::input::Input;
use crate::strict::Strict;

/// How many cases are tried, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 20_000;
/// The limits that lines are made with; the first is none.
const LIMITS: [usize; 4] = [0, 1_000, 2_000, 16_000];

thread_local! {
    static LINES: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

static DISPATCHES: LazyLock<[Dispatch; LIMITS.len()]> = LazyLock::new(|| {
    LIMITS.map(|limit| {
        let sink = |line: &[u8], _level| LINES.with_borrow_mut(|lines| lines.push(line.to_vec()));
        let layer = LineLayer::new(LogFormat::Json, sink).with_line_limit(limit);
        tracing_subscriber::registry().with(layer).into()
    })
});

/// The one line of this input.
fn line_of(input: &Input, limit: usize) -> String {
    let mut scope = Scope::builder();
    for (key, value) in &input.scope {
        scope.field(key, value);
    }
    let scope = scope.build();
    let log = || {
        let spans: Vec<_> = input.spans.iter().map(input::SpanFields::enter).collect();
        input.event.log();
        // The last one entered is left first.
        spans.into_iter().rev().for_each(drop);
    };
    let attached = input.has_trace.then(|| {
        let context = SpanContext::new(
            TraceId::from(1),
            SpanId::from(2),
            TraceFlags::SAMPLED,
            true,
            TraceState::default(),
        );
        opentelemetry::Context::new()
            .with_remote_span_context(context)
            .attach()
    });
    tracing::dispatcher::with_default(&DISPATCHES[limit], || scope.in_scope(log));
    drop(attached);
    let mut lines = LINES.take();
    assert_eq!(lines.len(), 1);
    String::from_utf8(lines.remove(0)).unwrap()
}

/// Checks that a line is one strict object, and returns its fields.
fn fields_of(line: &str) -> Result<Strict, TestCaseError> {
    prop_assert!(line.ends_with("}\n"), "{}", line);
    prop_assert!(
        !line[..line.len() - 1].contains(char::is_control),
        "{}",
        line
    );
    let fields = serde_json::from_str::<Strict>(line);
    let fields = fields.map_err(|error| TestCaseError::fail(format!("{error}: {line}")))?;
    let first: Vec<_> = fields.0.iter().take(4).map(|(key, _)| &**key).collect();
    prop_assert_eq!(first, ["timestamp", "level", "logger", "event"]);
    if let Some((shorter, longer)) = fields.extended() {
        return Err(TestCaseError::fail(format!(
            "{shorter:?}, {longer:?}: {line}"
        )));
    }
    Ok(fields)
}

fn check(input: &Input, limit: usize) -> Result<(), TestCaseError> {
    let whole = line_of(input, 0);
    let fields = fields_of(&whole)?;
    prop_assert_eq!(fields.own(), expected::fields(input), "{}", whole);

    let line = line_of(input, limit);
    let cut = fields_of(&line)?;
    // The two differ in their timestamps, which are of one length.
    if LIMITS[limit] == 0 || whole.len() <= LIMITS[limit] {
        prop_assert_eq!(cut.own(), fields.own());
        return Ok(());
    }
    prop_assert!(line.len() <= LIMITS[limit], "{}: {}", line.len(), line);
    prop_assert_eq!(cut.get("line_truncated"), Some(&true.into()), "{}", line);
    for (key, value) in fields.0.iter().skip(1) {
        let is_needed = ["level", "logger", "event", "trace_id", "span_id"].contains(&&**key)
            || key.ends_with(".id");
        // Where those are too long by themselves they are cut too, and what clashes with the mark
        // of a cut line gives way to it.
        let gives_way = key.starts_with("line_truncated");
        if is_needed && !gives_way && fields.needed_length() <= LIMITS[limit] - 100 {
            prop_assert_eq!(cut.get(key), Some(value), "{}: {}", key, line);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES")
            .ok()
            .and_then(|cases| cases.parse().ok())
            .unwrap_or(CASES),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_event_in_any_context_is_one_strict_object(
        input in input::any_input(), limit in 0..LIMITS.len(),
    ) {
        check(&input, limit)?;
    }
}
