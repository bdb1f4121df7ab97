//! Spans and lines where the registry of spans has no room or no thread-locals: on thousands of
//! threads at once, and on threads that are ending.
//!
//! A panic in the destructor of a thread-local aborts the process, so each case of that kind is
//! this program started again.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "support/kept.rs"]
mod kept;

use std::cell::RefCell;
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use kept::Kept;
use telemetry_core::{Config, Environment, LogFormat, Telemetry};
use tracing::Span;
use tracing::span::EnteredSpan;

/// The case that this program is started again for.
const CASE: &str = "TELEMETRY_CORE_TESTS_CASE";

struct AnotherLayer;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for AnotherLayer {}

/// The events and fields of the lines that `work` logs in this process.
fn lines_of(directives: &str, work: impl FnOnce()) -> Vec<serde_json::Value> {
    let kept = Kept::default();
    let variables = [("RUST_LOG", directives)];
    let config = Config::default()
        .with_format(LogFormat::Json)
        .with_environment(&Environment::from_iter(variables));
    let telemetry = Telemetry::builder()
        .with_config(config)
        .with_output(kept.clone())
        .with_layer(AnotherLayer)
        .install()
        .unwrap();
    work();
    assert!(telemetry.flush(Duration::from_secs(60)));
    let text = kept.take();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|line: &serde_json::Value| line["logger"] == "threads")
        .collect()
}

fn events(lines: &[serde_json::Value]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect()
}

/// Runs `case` in a process of its own, once for each set of directives.
fn in_a_process(name: &str, case: fn(&str)) {
    if let Ok(directives) = std::env::var(CASE) {
        // A thread that panics would leave the others waiting for it.
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            default(panic);
            std::process::abort();
        }));
        case(&directives);
        return;
    }
    for directives in ["info", "info,[never]=trace", "error,threads=info"] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(CASE, directives)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{directives}: {said}");
        assert!(!said.contains("panicked"), "{directives}: {said}");
    }
}

/// Logs, in and outside of a span of its own, when its thread ends.
struct LogsAtTheEnd;

impl Drop for LogsAtTheEnd {
    fn drop(&mut self) {
        tracing::info!("before");
        let span = tracing::info_span!("ending", a = 1);
        span.in_scope(|| {
            tracing::info!("within");
            tracing::info_span!("inner", b = 2).in_scope(|| tracing::info!("deeper"));
        });
        assert!(Span::current().is_none() || Span::current().metadata().is_some());
        drop(Span::current().entered());
        let _entered = tracing::info_span!(parent: &span, "entered").entered();
        tracing::info!(parent: &span, "after");
    }
}

thread_local! {
    static LOGS: LogsAtTheEnd = const { LogsAtTheEnd };
    static ENTERED: RefCell<Option<EnteredSpan>> = const { RefCell::new(None) };
    static SPAN: RefCell<Option<Span>> = const { RefCell::new(None) };
}

fn on_a_thread(work: impl FnOnce() + Send + 'static) {
    thread::spawn(work).join().unwrap();
}

#[test]
fn spans_of_a_thread_that_ends_cost_nothing_but_themselves() {
    in_a_process(
        "spans_of_a_thread_that_ends_cost_nothing_but_themselves",
        |directives| {
            let lines = lines_of(directives, || {
                // The destructor runs after those of the registry, before them, or without them.
                on_a_thread(|| {
                    LOGS.with(|_| ());
                    tracing::info_span!("first").in_scope(|| ());
                });
                on_a_thread(|| {
                    tracing::info_span!("first").in_scope(|| ());
                    LOGS.with(|_| ());
                });
                on_a_thread(|| LOGS.with(|_| ()));
                // It runs between them.
                on_a_thread(|| {
                    let span = tracing::info_span!("first");
                    LOGS.with(|_| ());
                    span.in_scope(|| ());
                });
                on_a_thread(|| {
                    let _span = tracing::info_span!("first", a = LOGS.with(|_| 1)).entered();
                });
                // It has logged, and made no span.
                on_a_thread(|| {
                    LOGS.with(|_| ());
                    tracing::debug!("looked at");
                });
            });
            assert_eq!(
                events(&lines),
                ["before", "within", "deeper", "after"].repeat(6),
                "{lines:?}"
            );
        },
    );
}

#[test]
fn a_span_that_is_entered_in_a_thread_local_ends_with_its_thread() {
    in_a_process(
        "a_span_that_is_entered_in_a_thread_local_ends_with_its_thread",
        |directives| {
            let lines = lines_of(directives, || {
                for _ in 0..3 {
                    on_a_thread(|| {
                        LOGS.with(|_| ());
                        ENTERED.with(|entered| {
                            *entered.borrow_mut() =
                                Some(tracing::info_span!("kept", kept = 1).entered());
                        });
                        SPAN.with(|span| *span.borrow_mut() = Some(Span::current()));
                        tracing::info!("logged");
                    });
                    on_a_thread(|| {
                        tracing::info_span!("first").in_scope(|| ());
                        let span = tracing::info_span!("kept", kept = 1);
                        ENTERED.with(|entered| *entered.borrow_mut() = Some(span.entered()));
                        tracing::info!("logged");
                    });
                }
                on_a_thread(|| tracing::info!("last"));
            });
            let (last, lines) = lines.split_last().unwrap();
            assert!(last.get("kept").is_none(), "{last}");
            let logged = lines.iter().filter(|line| line["event"] == "logged");
            assert_eq!(
                logged.filter(|line| line["kept"] == 1).count(),
                6,
                "{lines:?}"
            );
        },
    );
}

#[test]
fn a_span_that_another_thread_made_is_closed_by_one_that_ends() {
    in_a_process(
        "a_span_that_another_thread_made_is_closed_by_one_that_ends",
        |directives| {
            let lines = lines_of(directives, || {
                for _ in 0..100 {
                    let span = tracing::info_span!("handed over", a = 1);
                    on_a_thread(move || {
                        SPAN.with(|kept| *kept.borrow_mut() = Some(span.clone()));
                        span.in_scope(|| tracing::info!("within"));
                    });
                }
            });
            assert_eq!(lines.len(), 100);
            assert!(lines.iter().all(|line| line["a"] == 1));
        },
    );
}

#[test]
fn thousands_of_threads_at_once_log_with_a_span_or_without() {
    const THREADS: usize = 5_000;
    in_a_process(
        "thousands_of_threads_at_once_log_with_a_span_or_without",
        |directives| {
            let lines = lines_of(directives, || {
                let all_are_there = Arc::new(Barrier::new(THREADS));
                let threads: Vec<_> = (0..THREADS)
                    .map(|at| {
                        let all_are_there = Arc::clone(&all_are_there);
                        let thread = thread::Builder::new().stack_size(64 * 1024);
                        let work = move || {
                            tracing::info_span!("first", at).in_scope(|| ());
                            all_are_there.wait();
                            let span = tracing::info_span!("outer", at);
                            span.in_scope(|| {
                                let _inner = tracing::info_span!("inner", b = 1).entered();
                                tracing::info!(own = at, "logged");
                            });
                            drop(span);
                            all_are_there.wait();
                        };
                        thread.spawn(work).unwrap()
                    })
                    .collect();
                for thread in threads {
                    thread.join().unwrap();
                }
                // Once they are gone there is room again.
                on_a_thread(|| tracing::info_span!("s", at = 0).in_scope(|| tracing::info!("end")));
            });
            let (last, lines) = lines.split_last().unwrap();
            assert_eq!(last["at"], 0, "{last}");
            assert_eq!(lines.len(), THREADS);
            let with_span = lines.iter().filter(|line| line.get("at").is_some());
            assert!(with_span.clone().all(|line| line["at"] == line["own"]));
            let with_span = with_span.count();
            assert!((3_000..4_096).contains(&with_span), "{with_span}");
        },
    );
}
