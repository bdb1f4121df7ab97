//! Telemetry ends with its last guard, and lines that come later are still written.

use std::time::Duration;

use telemetry_core::{Telemetry, statistics};

use crate::child::{Scenario, init, kill_self, play};

pub(crate) const SCENARIOS: &[Scenario] = &[
    ("line_after_shutdown", || {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let ended = init().shutdown(Duration::from_secs(10));
        assert!(runtime.unwrap().block_on(ended));
        tracing::info!("last");
        kill_self();
    }),
    ("line_after_the_guard_is_dropped", || {
        drop(init());
        tracing::info!("last");
        kill_self();
    }),
    ("lines_without_a_guard", || {
        let _ = init();
        for _ in 0..100 {
            tracing::info!("last");
        }
        kill_self();
    }),
    ("line_after_the_first_of_two_guards", || {
        let first = init();
        let second = init();
        drop(first);
        for _ in 0..100 {
            tracing::info!("before");
        }
        // Lines wait for their batch again: telemetry has not ended.
        assert!(statistics().waiting > 0);
        drop(second);
        kill_self();
    }),
    ("line_after_both_of_two_guards", || {
        let first = init();
        let second = Telemetry::builder().install().unwrap();
        drop(second);
        drop(first);
        tracing::info!("last");
        kill_self();
    }),
    ("guards_one_after_another", || {
        for _ in 0..20 {
            let _guard = init();
            tracing::info!("before");
        }
        kill_self();
    }),
    ("lines_of_threads_after_the_end", || {
        drop(init());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        tracing::info!("last");
                    }
                });
            }
        });
        kill_self();
    }),
];

#[test]
fn a_line_after_shutdown_is_written_before_the_call_returns() {
    assert_eq!(play("line_after_shutdown").count("last"), 1);
}

#[test]
fn a_line_after_the_guard_is_written_before_the_call_returns() {
    assert_eq!(play("line_after_the_guard_is_dropped").count("last"), 1);
    assert_eq!(play("lines_of_threads_after_the_end").count("last"), 100);
}

#[test]
fn without_a_guard_no_line_is_lost() {
    assert_eq!(play("lines_without_a_guard").count("last"), 100);
}

#[test]
fn telemetry_ends_with_its_last_guard() {
    let ended = play("line_after_the_first_of_two_guards");
    assert_eq!(ended.count("before"), 100, "{ended:?}");
    assert_eq!(play("line_after_both_of_two_guards").count("last"), 1);
}

#[test]
fn a_guard_after_the_end_begins_anew() {
    let ended = play("guards_one_after_another");
    assert_eq!(ended.count("before"), 20);
    assert_eq!(ended.count("telemetry_initialized"), 1);
}
