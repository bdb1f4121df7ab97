//! Children that a process forks after telemetry was installed.

use std::io::{self, Write};
use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fork::{Fork, fork, waitpid_nohang};
use rustix::process::{Pid, Signal, kill_process};
use telemetry_core::{Telemetry, TelemetryGuard, statistics};

use crate::child::{Scenario, init, play, say};

/// How long the guard and `exit` may take in a child.
const END_TIMEOUT: Duration = Duration::from_millis(50);
/// How long a child may take before it counts as one that hangs.
const HANG_TIMEOUT: Duration = Duration::from_secs(10);
const FORKS: usize = 1_000;

pub(crate) const SCENARIOS: &[Scenario] = &[
    ("fork_once", || {
        let guard = init();
        tracing::info!("before");
        let guard = fork_child(guard, || tracing::info!("of_child"));
        tracing::info!("after");
        drop(guard);
    }),
    ("fork_of_a_fork", || {
        let guard = init();
        let guard = fork_child(guard, || {
            tracing::info!("of_child");
            drop(fork_child(TelemetryGuard::inert(), || {
                tracing::info!("of_child");
            }));
            let counted = statistics();
            assert_eq!((counted.written, counted.waiting), (1, 0));
        });
        drop(guard);
    }),
    ("forks_while_threads_log", forks_while_threads_log),
    ("forks_of_a_thread", || {
        thread::spawn(forks_while_threads_log).join().unwrap();
    }),
    ("fork_with_an_output_that_is_no_descriptor", || {
        let guard = Telemetry::builder().with_output(Opaque).install();
        let guard = fork_child(guard.unwrap(), || {
            tracing::info!("of_child");
            tracing::info!("of_child");
            assert_eq!(statistics().dropped, 2);
        });
        tracing::info!("of_parent");
        drop(guard);
    }),
    ("fork_with_an_output_that_stalls", || {
        let (_reader, writer) = io::pipe().unwrap();
        let guard = Telemetry::builder().with_output(writer).install().unwrap();
        let text = "x".repeat(1_000);
        for _ in 0..1_000 {
            tracing::info!(text, "of_parent");
        }
        let _guard = fork_child(guard, || {
            for _ in 0..100 {
                tracing::info!(text, "of_child");
            }
            assert!(statistics().dropped > 0);
        });
        exit(0);
    }),
];

/// An output that takes lines and has no descriptor.
struct Opaque;

impl Write for Opaque {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stdout().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Forks a child that does some work and ends as an application does, and waits for it. Gives the
/// guard back.
fn fork_child(guard: TelemetryGuard, work: impl FnOnce()) -> TelemetryGuard {
    let pid = match fork().unwrap() {
        Fork::Child => {
            work();
            let begun = Instant::now();
            drop(guard);
            let took = begun.elapsed();
            exit(if took < END_TIMEOUT { 0 } else { 9 });
        }
        Fork::Parent(pid) => pid,
    };
    let deadline = Instant::now() + HANG_TIMEOUT;
    loop {
        match waitpid_nohang(pid).unwrap() {
            Some(status) => {
                if status != 0 {
                    say(&format!("status {status}"));
                }
                return guard;
            }
            None if Instant::now() > deadline => {
                say("hang");
                let hanging = Pid::from_raw(pid).unwrap();
                kill_process(hanging, Signal::KILL).unwrap();
                return guard;
            }
            None => thread::yield_now(),
        }
    }
}

fn forks_while_threads_log() {
    static IS_OVER: AtomicBool = AtomicBool::new(false);
    let guard = init();
    let guard = thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !IS_OVER.load(Ordering::Relaxed) {
                    tracing::info!("of_thread");
                    tracing::warn!("of_thread");
                    thread::yield_now();
                }
            });
        }
        let guard = (0..FORKS).fold(guard, |guard, number| {
            fork_child(guard, || tracing::info!(number, "of_child"))
        });
        IS_OVER.store(true, Ordering::Relaxed);
        guard
    });
    drop(guard);
}

#[test]
fn a_forked_child_writes_its_lines_and_no_other() {
    let ended = play("fork_once");
    assert_eq!(ended.stderr, "");
    for event in ["before", "of_child", "after", "telemetry_initialized"] {
        assert_eq!(ended.count(event), 1, "{event}: {ended:?}");
    }
}

#[test]
fn a_child_of_a_child_writes_its_lines() {
    let ended = play("fork_of_a_fork");
    assert_eq!(ended.stderr, "");
    assert_eq!(ended.count("of_child"), 2);
}

#[test]
fn no_fork_hangs_while_threads_log() {
    let ended = play("forks_while_threads_log");
    assert_eq!(ended.stderr, "");
    assert_eq!(ended.count("of_child"), FORKS);
}

#[test]
fn no_fork_of_another_thread_hangs_while_threads_log() {
    let ended = play("forks_of_a_thread");
    assert_eq!(ended.stderr, "");
    assert_eq!(ended.count("of_child"), FORKS);
}

#[test]
fn a_child_that_cannot_write_reports_it_once() {
    let ended = play("fork_with_an_output_that_is_no_descriptor");
    let reported = "telemetry: log lines of this forked process are lost: its output is not a file \
                    descriptor\n";
    assert_eq!(ended.stderr, reported);
    assert_eq!((ended.count("of_child"), ended.count("of_parent")), (0, 1));
}

#[test]
fn a_child_does_not_wait_long_for_an_output_that_stalls() {
    let ended = play("fork_with_an_output_that_stalls");
    assert!(ended.status.success());
    let reports = ended.stderr.lines().count();
    assert_eq!(reports, 1, "{}", ended.stderr);
}
