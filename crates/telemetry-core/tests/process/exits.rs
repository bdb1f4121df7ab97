//! How much a process loses when it ends without its guard.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Stdio, abort, exit};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Signal, getpid, kill_process};

use crate::child::{Scenario, command, ended, init, kill_self, play, say, spend};

/// How many processes end in each way.
const PROCESSES: usize = 50;
/// How long after an error line a process crashes: an error line takes 2 ms, and cores are shared.
const CRASH_DELAY: Duration = Duration::from_millis(50);
/// A shorter delay, in milliseconds, for a machine whose cores are free.
const CRASH_DELAY_VARIABLE: &str = "TEST_CRASH_DELAY";

pub(crate) const SCENARIOS: &[Scenario] = &[
    ("error_and_exit", || {
        let _guard = init();
        tracing::error!("last");
        exit(1);
    }),
    ("info_and_exit", || {
        let _guard = init();
        tracing::info!("last");
        exit(0);
    }),
    ("exit_of_another_thread", || {
        let _guard = init();
        let thread = thread::spawn(|| {
            tracing::info!("last");
            exit(0);
        });
        thread.join().unwrap();
    }),
    ("guard_that_is_forgotten", || {
        std::mem::forget(init());
        tracing::info!("last");
    }),
    ("guard_in_a_static", || {
        static GUARD: std::sync::OnceLock<telemetry_core::TelemetryGuard> =
            std::sync::OnceLock::new();
        GUARD.set(init()).unwrap();
        for _ in 0..1_000 {
            tracing::info!("before");
        }
        tracing::info!("last");
        exit(0);
    }),
    ("exit_while_others_log", || {
        let _guard = init();
        let is_started = Arc::new(AtomicBool::new(false));
        for _ in 0..2 {
            let is_started = Arc::clone(&is_started);
            thread::spawn(move || {
                loop {
                    tracing::info!("noise");
                    is_started.store(true, Ordering::Relaxed);
                }
            });
        }
        while !is_started.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        tracing::error!("last");
        exit(1);
    }),
    ("error_and_abort", || crash(abort_now)),
    ("error_and_kill", || crash(kill_self)),
    ("error_and_terminate", || {
        crash(|| kill_process(getpid(), Signal::TERM).unwrap());
    }),
    ("warning_while_lines_are_written_and_kill", || {
        let _guard = init();
        // Wakes the thread, which is then about to write.
        tracing::error!("first");
        spend(Duration::from_micros(200));
        tracing::info!("between");
        tracing::warn!("last");
        spend(crash_delay());
        kill_self();
    }),
    ("exit_while_stdout_stalls", || {
        let _guard = init();
        let text = "x".repeat(1_000);
        for _ in 0..1_000 {
            tracing::info!(text, "stalled");
        }
        say("exiting");
        exit(3);
    }),
];

fn abort_now() {
    abort();
}

fn crash_delay() -> Duration {
    let milliseconds = std::env::var(CRASH_DELAY_VARIABLE);
    let milliseconds = milliseconds.ok().and_then(|text| text.parse().ok());
    milliseconds.map_or(CRASH_DELAY, Duration::from_millis)
}

fn crash(how: fn()) {
    let _guard = init();
    tracing::error!("last");
    spend(crash_delay());
    how();
}

/// Plays a scenario many times; its last line is never lost.
#[track_caller]
fn assert_none_lost(scenario: &str) {
    let delay = crash_delay().as_millis().to_string();
    let written = (0..PROCESSES).map(|_| {
        let mut command = command(scenario);
        command.env(CRASH_DELAY_VARIABLE, &delay);
        ended(command.spawn().unwrap()).count("last")
    });
    assert_eq!(written.sum::<usize>(), PROCESSES);
}

#[test]
fn an_error_before_exit_is_never_lost() {
    assert_none_lost("error_and_exit");
}

#[test]
fn a_line_before_exit_is_never_lost() {
    assert_none_lost("info_and_exit");
}

#[test]
fn a_line_before_another_threads_exit_is_never_lost() {
    assert_none_lost("exit_of_another_thread");
}

#[test]
fn a_guard_that_is_never_dropped_loses_nothing() {
    assert_none_lost("guard_that_is_forgotten");
    let ended = play("guard_in_a_static");
    assert_eq!((ended.count("before"), ended.count("last")), (1_000, 1));
}

#[test]
fn a_line_before_exit_is_never_lost_while_other_threads_log() {
    assert_none_lost("exit_while_others_log");
}

#[test]
fn an_error_shortly_before_an_abort_is_never_lost() {
    assert_none_lost("error_and_abort");
}

#[test]
fn an_error_shortly_before_a_kill_is_never_lost() {
    assert_none_lost("error_and_kill");
}

#[test]
fn an_error_shortly_before_a_termination_is_never_lost() {
    assert_none_lost("error_and_terminate");
}

#[test]
fn a_warning_that_comes_while_others_are_written_is_never_lost() {
    assert_none_lost("warning_while_lines_are_written_and_kill");
}

#[test]
fn exit_waits_half_a_second_at_most_for_an_output_that_stalls() {
    let mut child = command("exit_while_stdout_stalls")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    assert_eq!(said, "exiting\n");
    let begun = Instant::now();
    let status = child.wait().unwrap();
    let took = begun.elapsed();
    assert_eq!(status.code(), Some(3));
    // Some of it is for the process itself, on a machine that does other things.
    assert!(took < Duration::from_millis(1_000), "{took:?}");
    assert!(took > Duration::from_millis(300), "{took:?}");
    // What was written until then is whole.
    let mut output = String::new();
    stdout.read_to_string(&mut output).unwrap();
    assert!(output.ends_with("\n"));
}
