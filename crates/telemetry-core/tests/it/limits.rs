//! Lines are no longer than the limit, and none is lost for its size.

use std::fmt;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use telemetry_core::{Config, FieldValue, LineLayer, LogFormat, Scope, ValueEncoder};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::{line_of, lines_of, text_of};

const LIMIT: usize = 16_000;

/// The one line that `work` logs, which was cut.
fn cut_line_of(work: impl FnOnce()) -> Value {
    let text = text_of(Config::default().with_format(LogFormat::Json), work);
    assert!(text.len() <= LIMIT, "{}", text.len());
    assert_eq!(text.lines().count(), 1);
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["line_truncated"], true, "{text}");
    line
}

#[test]
fn a_value_of_ten_megabytes_is_cut_and_its_line_is_written() {
    let body = "é\n".repeat(10 * 1024 * 1024 / 3);
    let line = cut_line_of(|| {
        let scope = Scope::builder().field("request.id", "abc-123").build();
        scope.in_scope(|| tracing::info!(body, after = 5, "stored"));
    });
    assert_eq!(line["event"], "stored");
    assert_eq!(line["after"], 5);
    assert_eq!(line["request.id"], "abc-123");
    let kept = line["body"].as_str().unwrap();
    assert!(kept.starts_with("é\né\n") && kept.ends_with('…'));
    assert!(kept.len() > 10_000, "{}", kept.len());
}

#[test]
fn a_long_text_of_an_error_is_cut_before_it_is_on_the_line() {
    let long = "x".repeat(1_000_000);
    let line = line_of(|| {
        let error = std::io::Error::other(long.as_str());
        tracing::info!(value = &error as &dyn std::error::Error, "x");
    });
    let line: Value = serde_json::from_str(&line).unwrap();
    let kept = line["value"].as_str().unwrap();
    assert!(kept.len() > 8_000 && kept.len() < 8_300 && kept.ends_with('…'));
    assert_eq!(line.get("line_truncated"), None);
}

#[test]
fn a_long_value_is_cut_wherever_it_comes_from() {
    #[derive(Debug)]
    struct Long;
    impl fmt::Display for Long {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            (0..1_000_000).try_for_each(|number| write!(f, "\"{number}"))
        }
    }
    impl std::error::Error for Long {}
    let long = "x".repeat(1_000_000);
    let list = vec!["text"; 100_000];
    let scopes = [
        Scope::builder().field("value", &long).build(),
        Scope::builder().field("value", &list).build(),
    ];
    for scope in scopes {
        let line = cut_line_of(|| scope.in_scope(|| tracing::info!("x")));
        assert!(line["value"].to_string().len() > 15_000);
    }
    for line in [
        cut_line_of(|| tracing::info!(value = %Long, "x")),
        cut_line_of(|| tracing::info!(value = ?list, "x")),
        cut_line_of(|| tracing::info!(a = 1, value = long, a = 2, "x")),
        cut_line_of(|| {
            let _span = tracing::info_span!("s", value = %Long).entered();
            tracing::info!("x");
        }),
    ] {
        assert_eq!(line["event"], "x");
        let kept = line["value"].as_str().unwrap();
        assert!(kept.len() > 10_000 && kept.ends_with('…'), "{}", kept.len());
    }
}

#[test]
fn a_formatter_is_stopped_where_nothing_more_is_of_use() {
    struct Endless;
    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("more ")?;
            }
        }
    }
    let line = cut_line_of(|| tracing::info!(value = %Endless, "x"));
    assert!(line["value"].as_str().unwrap().starts_with("more more"));
    let line = cut_line_of(|| tracing::info!("{Endless}"));
    assert!(line["event"].as_str().unwrap().ends_with('…'));
}

#[test]
fn an_event_that_is_longer_than_a_line_is_cut_beside_its_fields() {
    let long = "x".repeat(20_000);
    let line = cut_line_of(|| {
        let scope = Scope::builder().field("user.id", 42).build();
        scope.in_scope(|| tracing::info!(answer = 1, "{long}"));
    });
    assert_eq!(line["answer"], 1);
    assert_eq!(line["user.id"], 42);
    assert!(line["event"].as_str().unwrap().ends_with("xxx…"));
}

#[test]
fn a_line_of_exactly_the_limit_is_whole() {
    let length_of = |extra: usize| {
        let value = "x".repeat(15_800 + extra);
        text_of(Config::default().with_format(LogFormat::Json), || {
            tracing::info!(value, "x");
        })
    };
    let room = LIMIT - length_of(0).len();
    let whole = length_of(room);
    assert_eq!(whole.len(), LIMIT);
    assert!(!whole.contains("line_truncated"));
    let cut = length_of(room + 1);
    assert!(cut.len() <= LIMIT && cut.contains("line_truncated"));
}

#[test]
fn the_limit_is_a_setting_and_zero_is_none() {
    let long = "x".repeat(100_000);
    for (limit, range) in [(0, 100_000..101_000), (2000, 1900..2001), (5, 900..1001)] {
        let config = Config::default()
            .with_format(LogFormat::Json)
            .with_line_limit(limit);
        let text = text_of(config, || tracing::info!(long, "x"));
        assert!(range.contains(&text.len()), "{limit}: {}", text.len());
    }
}

#[test]
fn lines_after_a_long_one_are_whole() {
    let long = "x".repeat(50_000);
    let lines = lines_of(|| {
        tracing::info!(long, "x");
        tracing::info!(a = 1, "x");
    });
    assert!(lines[0].len() < LIMIT);
    assert!(lines[1].ends_with(r#""event":"x","a":1}"#));
}

#[test]
fn a_sink_that_panics_or_logs_costs_its_own_line_alone() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let layer = LineLayer::new(LogFormat::Json, move |line: &[u8], _level| {
        let line = String::from_utf8(line.to_vec()).unwrap();
        tracing::warn!("of the sink itself");
        assert!(!line.contains("bad"), "on purpose");
        sink.lock().unwrap().push(line);
    });
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("good");
        tracing::info!("bad");
        tracing::info!("good again");
    });
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen[1].contains("good again"));
}

#[test]
fn copies_of_lines_whose_sink_panics_leave_the_lines_as_they_are() {
    let kept = crate::Kept::default();
    let telemetry = telemetry_core::Telemetry::builder()
        .with_config(Config::default().with_format(LogFormat::Json))
        .with_output(kept.clone())
        .with_copies_of_lines(|_: &[u8], _: tracing::Level| panic!("on purpose"))
        .build()
        .unwrap();
    telemetry.run(|| {
        tracing::info!("first");
        tracing::info!("second");
    });
    assert!(telemetry.flush(std::time::Duration::from_secs(10)));
    let text = kept.take();
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn a_value_of_the_applications_own_type_that_panics_is_replaced() {
    struct Panicking;
    impl FieldValue for Panicking {
        fn encode(&self, encoder: ValueEncoder<'_>) {
            // What was written is taken back.
            encoder.string("half");
            panic!("on purpose")
        }
    }
    struct Late;
    impl AsRef<str> for Late {
        fn as_ref(&self) -> &str {
            panic!("on purpose")
        }
    }
    let lines = lines_of(|| {
        let scope = Scope::builder()
            .field("built", Panicking)
            .field("b", 1)
            .build();
        scope.in_scope(|| {
            telemetry_core::bind("bound", Panicking);
            telemetry_core::bind("list", [Late]);
            tracing::info!("x");
        });
    });
    // Each panic is a line, too, which another thread writes.
    let line = lines.iter().find(|line| line.contains("\"event\":\"x\""));
    let line: Value = serde_json::from_str(line.unwrap()).unwrap();
    for key in ["built", "bound", "list"] {
        assert_eq!(line[key], "[panicked while formatting]", "{key}");
    }
    assert_eq!(line["b"], 1);
}
