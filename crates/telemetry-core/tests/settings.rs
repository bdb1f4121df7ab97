//! Every setting is in effect, however telemetry begins: each way in a process of its own.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "support/kept.rs"]
mod kept;

use std::io;
use std::process::Command;
use std::time::Duration;

use kept::Kept;
use serde_json::Value;
use telemetry_core::instrument::slow_statement;
use telemetry_core::testing::capture_logs;
use telemetry_core::{
    Config, HttpNames, LogFormat, Scope, Telemetry, client_value, http_names, is_sensitive,
    mask_query,
};

/// The variable that names the way of a child process.
const WAY: &str = "TEST_WAY";

/// A setting of what is recorded.
struct Setting {
    method: &'static str,
    set: fn(Config) -> Config,
    record: fn(),
    check: fn(&[Value]),
}

/// The settings that matter wherever something is recorded.
const RECORDED: [Setting; 5] = [
    Setting {
        method: "with_redacted_keys",
        set: |config| config.with_redacted_keys(["steamGuard"]),
        record: || {
            assert!(is_sensitive("account.steam_guard"));
            assert_eq!(
                mask_query("steam_guard=sesame&a=1"),
                "steam_guard=[redacted]&a=1"
            );
            let scope = Scope::builder().field("scope.steamGuard", "sesame").build();
            let span = tracing::info_span!("s", span.steam_guard = "sesame");
            let _entered = span.entered();
            scope.in_scope(|| {
                telemetry_core::bind("bound.steam-guard", 5);
                record_redacted();
                log::info!(steam_guard = "sesame"; "redacted_record");
            });
        },
        check: |lines| {
            let line = named(lines, "redacted");
            for key in [
                "steam_guard",
                "scope.steamGuard",
                "span.steam_guard",
                "bound.steam-guard",
            ] {
                assert_eq!(line[key], "[redacted]", "{line}");
            }
            for record in lines
                .iter()
                .filter(|line| line["event"] == "redacted_record")
            {
                assert_eq!(record["steam_guard"], "[redacted]");
            }
        },
    },
    Setting {
        method: "with_value_limit",
        set: |config| config.with_value_limit(64),
        record: || {
            let path = "/".repeat(100);
            tracing::info!(path = &*client_value(&path), "value_cut");
        },
        check: |lines| {
            assert_eq!(
                named(lines, "value_cut")["path"].as_str().unwrap().len(),
                64
            );
        },
    },
    Setting {
        method: "with_line_limit",
        set: |config| config.with_line_limit(1_000),
        record: || tracing::info!(text = "x".repeat(2_000), "line_cut"),
        check: |lines| {
            let line = named(lines, "line_cut");
            assert_eq!(line["line_truncated"], true);
            assert!(line.to_string().len() < 1_000, "{line}");
        },
    },
    Setting {
        method: "with_http_names",
        set: |config| config.with_http_names(HttpNames::Stable),
        record: || assert_eq!(http_names(), HttpNames::Stable),
        check: |_| {},
    },
    Setting {
        method: "with_slow_statement",
        set: |config| config.with_slow_statement(Duration::from_millis(70)),
        record: || assert_eq!(slow_statement(), Duration::from_millis(70)),
        check: |_| {},
    },
];

/// The settings of the lines that are written: which, what they look like, and where they go. Captures
/// have lines of every level, in JSON.
const OF_THE_OUTPUT: [&str; 13] = [
    "with_enabled",
    "with_structured",
    "with_deployment",
    "with_level",
    "with_directive",
    "with_format",
    "with_overflow",
    "with_buffer_capacity",
    "with_colors",
    "with_otel_enabled",
    "with_service_name",
    "with_field",
    "with_warnings",
];

/// Does not set anything itself.
const OTHERS: [&str; 1] = ["with_environment"];

/// A callsite that is used before the setting is in effect, and after.
fn record_redacted() {
    tracing::info!(steam_guard = "sesame", "redacted");
}

fn named<'a>(lines: &'a [Value], event: &str) -> &'a Value {
    let mut found = lines.iter().filter(|line| line["event"] == event);
    match (found.next_back(), found.count()) {
        (Some(line), _) => line,
        (None, _) => panic!("no {event} among {lines:#?}"),
    }
}

fn config() -> Config {
    let config = Config::default()
        .with_format(LogFormat::Json)
        .with_level(tracing::Level::INFO);
    RECORDED
        .iter()
        .fold(config, |config, setting| (setting.set)(config))
}

fn record_all() {
    for setting in &RECORDED {
        (setting.record)();
    }
}

/// A way to begin, by its name: returns the lines that it made of all that is recorded.
type Way = (&'static str, fn() -> String);

const WAYS: [Way; 6] = [
    ("installed", || {
        let kept = Kept::default();
        let builder = Telemetry::builder().with_config(config());
        let telemetry = builder.with_output(kept.clone()).install().unwrap();
        record_all();
        assert!(telemetry.flush(Duration::from_secs(10)));
        kept.take()
    }),
    ("installed with a layer", || {
        let kept = Kept::default();
        let builder = Telemetry::builder().with_config(config());
        let builder = builder.with_layer(tracing_subscriber::layer::Identity::new());
        let telemetry = builder.with_output(kept.clone()).install().unwrap();
        record_all();
        assert!(telemetry.flush(Duration::from_secs(10)));
        kept.take()
    }),
    ("run", || {
        let kept = Kept::default();
        let builder = Telemetry::builder().with_config(config());
        let telemetry = builder.with_output(kept.clone()).build().unwrap();
        telemetry.run(record_all);
        assert!(!is_sensitive("steam_guard"));
        assert_eq!(http_names(), HttpNames::Classic);
        assert_eq!(client_value(&"/".repeat(100)).len(), 100);
        assert!(telemetry.flush(Duration::from_secs(10)));
        kept.take()
    }),
    ("captured where telemetry is installed", || {
        let builder = Telemetry::builder().with_config(config());
        let _telemetry = builder.with_output(io::sink()).install().unwrap();
        let logs = capture_logs();
        record_all();
        tracing::debug!(target: "quiet", "of every level");
        logs.single("of every level");
        logs.text()
    }),
    ("captured before telemetry is installed", || {
        let logs = capture_logs();
        let builder = Telemetry::builder().with_config(config());
        let _inert = builder.with_output(io::sink()).install().unwrap();
        record_all();
        logs.text()
    }),
    ("captured where telemetry runs", || {
        let builder = Telemetry::builder().with_config(config());
        let telemetry = builder.with_output(io::sink()).build().unwrap();
        telemetry.run(|| {
            let logs = capture_logs();
            record_all();
            logs.text()
        })
    }),
];

#[test]
fn every_setting_of_what_is_recorded_is_in_effect_however_telemetry_begins() {
    for (way, _) in WAYS {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "one_way", "--nocapture"])
            .env(WAY, way)
            .output()
            .unwrap();
        assert!(
            child.status.success(),
            "{way}: {}{}",
            String::from_utf8_lossy(&child.stdout),
            String::from_utf8_lossy(&child.stderr)
        );
    }
}

/// The test of a child process; nothing without a way.
#[test]
fn one_way() {
    let Ok(way) = std::env::var(WAY) else { return };
    // What is kept of a callsite, and of keys, is made anew with other settings.
    assert!(!is_sensitive("steam_guard"));
    let kept = Kept::default();
    let before = Telemetry::builder().with_config(Config::default().with_format(LogFormat::Json));
    let before = before.with_output(kept.clone()).build().unwrap();
    before.run(record_redacted);
    assert!(before.flush(Duration::from_secs(10)));
    let text = kept.take();
    assert!(text.contains("sesame"), "{text}");

    let (_, begin) = WAYS.into_iter().find(|(name, _)| *name == way).unwrap();
    let text = begin();
    assert!(!text.contains("sesame"), "{text}");
    // To run sets nothing of the process, and so no logger.
    assert_eq!(text.contains("redacted_record"), way != "run", "{text}");
    let lines: Vec<_> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for setting in &RECORDED {
        (setting.check)(&lines);
    }
}

#[test]
fn every_setting_is_in_this_table() {
    let source = concat!(
        include_str!("../src/config.rs"),
        include_str!("../src/config/fields.rs")
    );
    let methods = source.lines().filter_map(|line| {
        let name = line.trim().strip_prefix("pub fn with_")?;
        Some(["with_", name.split(['(', '<']).next()?].concat())
    });
    let methods: Vec<_> = methods.collect();
    let recorded = RECORDED.iter().map(|setting| setting.method);
    let mut known: Vec<_> = recorded.chain(OF_THE_OUTPUT).chain(OTHERS).collect();
    assert_eq!(methods.len(), known.len(), "{methods:?}");
    known.retain(|name| !methods.iter().any(|method| method == name));
    assert!(known.is_empty(), "no setting: {known:?}");
}

#[test]
fn telemetry_that_runs_beside_another_has_settings_of_its_own() {
    let text = |keys: &[&str]| {
        let kept = Kept::default();
        let config = Config::default()
            .with_format(LogFormat::Json)
            .with_redacted_keys(keys.iter().copied());
        let builder = Telemetry::builder().with_config(config);
        let telemetry = builder.with_output(kept.clone()).build().unwrap();
        for _ in 0..100 {
            telemetry.run(|| tracing::info!(hero = "axe", item = "blink", "picked"));
        }
        assert!(telemetry.flush(Duration::from_secs(10)));
        kept.take()
    };
    std::thread::scope(|threads| {
        for keys in [&["hero"][..], &["item"], &["hero", "item"], &[]] {
            threads.spawn(move || {
                let text = text(keys);
                for (key, value) in [("hero", "axe"), ("item", "blink")] {
                    let count = if keys.contains(&key) { 0 } else { 100 };
                    assert_eq!(text.matches(value).count(), count, "{keys:?} {text}");
                }
            });
        }
    });
}

#[test]
fn settings_end_with_a_panic_too() {
    let config = Config::default().with_redacted_keys(["hero"]);
    let builder = Telemetry::builder().with_config(config);
    let telemetry = builder.with_output(io::sink()).build().unwrap();
    let run = || telemetry.run(|| telemetry.run(|| panic!("on purpose")));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err());
    assert!(!is_sensitive("hero"));
    telemetry.run(|| {
        telemetry.run(|| assert!(is_sensitive("hero")));
        assert!(is_sensitive("hero"));
    });
}
