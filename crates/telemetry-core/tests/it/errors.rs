//! Errors and values that fail, panic or have no end: the line is written, and its size bounded.

use std::error::Error;
use std::fmt::{self, Display};

use serde_json::Value;
use telemetry_core::{FieldValue, Scope, ValueEncoder, error_chain};

use crate::lines_of;

/// A value or an error whose text cannot be had.
#[derive(Clone, Copy, Debug)]
enum Broken {
    Fails,
    Panics,
}

impl Broken {
    /// What stands in its place.
    fn mark(self) -> &'static str {
        match self {
            Self::Fails => "[failed while formatting]",
            Self::Panics => "[panicked while formatting]",
        }
    }
}

impl Display for Broken {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails => Err(fmt::Error),
            Self::Panics => panic!("on purpose"),
        }
    }
}

impl Error for Broken {}

/// An error whose cause is broken.
#[derive(Debug)]
struct Outer(Broken);

impl Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outer")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// An error that panics when it is asked for its cause.
#[derive(Debug)]
struct Sourceless;

impl Display for Sourceless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sourceless")
    }
}

impl Error for Sourceless {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        panic!("on purpose")
    }
}

/// An error that is its own cause.
#[derive(Debug)]
struct Circle;

impl Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("round")
    }
}

impl Error for Circle {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self)
    }
}

/// An error with causes by their number.
#[derive(Debug)]
struct Numbered(u32, Option<&'static Self>);

impl Numbered {
    /// Kept for ever: the destructor of a chain calls itself for each cause.
    fn chain(causes: u32) -> &'static Self {
        let first: &Self = Box::leak(Box::new(Self(causes, None)));
        (0..causes).rev().fold(first, |cause, number| {
            Box::leak(Box::new(Self(number, Some(cause))))
        })
    }
}

impl Display for Numbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no {}", self.0)
    }
}

impl Error for Numbered {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let cause = self.1?;
        Some(cause)
    }
}

/// The lines that `work` logs.
fn parsed(work: impl FnOnce()) -> Vec<Value> {
    let lines = lines_of(work);
    let lines = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[test]
fn a_record_of_log_whose_value_fails_or_panics_is_a_line() {
    for broken in [Broken::Fails, Broken::Panics] {
        let lines = parsed(|| {
            let arguments = format_args!("{broken}");
            let mut record = log::Record::builder();
            record.target("old::library").level(log::Level::Info);
            tracing_log::format_trace(&record.args(arguments).build()).unwrap();
            tracing::info!("after");
        });
        assert_eq!(lines[0]["event"], broken.mark());
        assert_eq!(lines[0]["logger"], "old::library");
        assert_eq!(lines[1]["event"], "after");
    }
}

#[test]
fn a_message_that_fails_or_panics_is_replaced_wherever_it_stands() {
    for broken in [Broken::Fails, Broken::Panics] {
        let lines = parsed(|| {
            tracing::info!(x = 1, message = %broken);
            tracing::info!(message = %broken, x = 1);
            tracing::info!(x = 1, "{broken}");
            tracing::info!(x = 1, x = 1, message = ?format_args!("{broken}"));
        });
        assert_eq!(lines.len(), 4);
        for line in lines {
            assert_eq!(line["event"], broken.mark(), "{line}");
            assert_eq!(line["x"], 1);
        }
    }
}

#[test]
fn a_field_that_fails_or_panics_is_replaced_on_events_spans_and_scopes() {
    struct Bound(Broken);
    impl FieldValue for Bound {
        fn encode(&self, encoder: ValueEncoder<'_>) {
            encoder.display(&self.0);
        }
    }
    for broken in [Broken::Fails, Broken::Panics] {
        let lines = parsed(|| {
            let scope = Scope::builder().field("bound", Bound(broken)).build();
            scope.in_scope(|| {
                let span =
                    tracing::info_span!("s", span = %broken, recorded = tracing::field::Empty);
                span.record("recorded", tracing::field::display(broken));
                span.in_scope(|| tracing::info!(own = %broken, "x"));
            });
        });
        for key in ["bound", "span", "recorded", "own"] {
            assert_eq!(lines[0][key], broken.mark(), "{key}");
        }
    }
}

#[test]
fn an_error_that_fails_or_panics_or_whose_cause_does_is_replaced() {
    for broken in [Broken::Fails, Broken::Panics] {
        let outer = Outer(broken);
        let lines = parsed(|| {
            tracing::error!(error = &outer as &dyn Error, "straight");
            tracing::error!(x = 1, error = &outer as &dyn Error, "mixed");
            tracing::error!(error = &broken as &dyn Error, "itself");
            tracing::error_span!("s", error = &outer as &dyn Error)
                .in_scope(|| tracing::error!("of_span"));
        });
        for line in &lines[..2] {
            assert_eq!(line["error"], "outer");
            assert_eq!(
                line["exception"],
                format!("outer\ncaused by: {}", broken.mark())
            );
        }
        assert_eq!(lines[2]["error"], broken.mark());
        assert_eq!(lines[3]["error"], "outer");
    }
}

#[test]
fn an_error_that_panics_when_it_is_asked_for_its_cause_is_a_line() {
    let lines = parsed(|| tracing::error!(error = &Sourceless as &dyn Error, "x"));
    assert_eq!(lines[0]["error"], "sourceless");
    assert_eq!(
        lines[0]["exception"],
        "sourceless\ncaused by: [panicked in source]"
    );
}

#[test]
fn an_error_with_causes_without_end_is_a_line_with_a_mark() {
    for error in [&Circle as &dyn Error, Numbered::chain(100_000)] {
        let lines = parsed(|| tracing::error!(error, "x"));
        let exception = lines[0]["exception"].as_str().unwrap();
        assert_eq!(exception.matches("\ncaused by: ").count(), 33);
        assert!(exception.ends_with("\ncaused by: … more causes"));
        assert!(exception.len() <= error_chain::MAX_BYTES);
    }
}

#[test]
fn an_error_with_megabytes_of_text_is_cut() {
    #[derive(Debug)]
    struct Long;
    impl Display for Long {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&"x".repeat(10_000_000))
        }
    }
    impl Error for Long {}
    let lines = parsed(|| tracing::error!(error = &Long as &dyn Error, "x"));
    let error = lines[0]["error"].as_str().unwrap();
    assert!(error.ends_with("x…"));
    assert!(error.len() <= error_chain::MAX_BYTES);
}

#[test]
fn secrets_in_the_urls_of_errors_are_masked() {
    #[derive(Debug)]
    struct Unreachable(&'static str);
    impl Display for Unreachable {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "cannot reach {}", self.0)
        }
    }
    impl Error for Unreachable {}
    for (url, masked) in [
        ("postgres://app:sesame@db/x", "postgres://[redacted]@db/x"),
        (
            "amqps://app:sesame@mq:5671/%2f",
            "amqps://[redacted]@mq:5671/%2f",
        ),
        (
            "redis://:sesame@cache:6379/0",
            "redis://[redacted]@cache:6379/0",
        ),
        (
            "http://h/prices/4?key=sesame",
            "http://h/prices/4?key=[redacted]",
        ),
    ] {
        let error = Unreachable(url);
        let lines = parsed(|| {
            tracing::error!(%error, "straight");
            tracing::error!(at = 1, %error, "mixed");
            tracing::error!(error = error.to_string(), exception = ?error, "text");
            tracing::error!(error = &error as &dyn Error, "error");
            tracing::error_span!("s", %error).in_scope(|| tracing::error!("of_span"));
        });
        for line in &lines {
            assert_eq!(line["error"], format!("cannot reach {masked}"), "{line}");
            assert!(!line.to_string().contains("sesame"), "{line}");
        }
    }
}
