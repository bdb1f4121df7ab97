//! Panics of whole programs: this program starts itself again, and reads what it writes.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and this one has no harness that prints"
)]

use std::process::{Command, ExitStatus};
use std::thread;

use serde_json::Value;

/// What this program does when it is started again.
const PROGRAMS: [(&str, fn()); 6] = [
    ("main", || {
        let _telemetry = telemetry_core::init().unwrap();
        panic!("of main");
    }),
    ("thread", || {
        let _telemetry = telemetry_core::init().unwrap();
        let named = thread::Builder::new().name("importer".into());
        let work = || {
            telemetry_core::Scope::builder()
                .field("batch", 3)
                .build()
                .in_scope(|| {
                    panic!("of a thread");
                })
        };
        named.spawn(work).unwrap().join().unwrap_err();
    }),
    ("hook_before", || {
        color_eyre::install().unwrap();
        let _telemetry = telemetry_core::init().unwrap();
        panic!("of main");
    }),
    ("hook_after", || {
        let _telemetry = telemetry_core::init().unwrap();
        color_eyre::install().unwrap();
        panic!("of main");
    }),
    ("hooks_replaced_often", || {
        let _telemetry = telemetry_core::init().unwrap();
        for _ in 0..3 {
            std::panic::set_hook(Box::new(|_| {}));
        }
        drop(std::panic::take_hook());
        std::panic::set_hook(Box::new(|_| eprintln!("the last hook")));
        panic!("of main");
    }),
    ("guard_of_a_result", || {
        // Telemetry ends by a guard that is dropped while `main` unwinds.
        let _telemetry = telemetry_core::init().unwrap();
        let _number: u8 = "none".parse().expect("a good result");
    }),
];

struct Run {
    status: ExitStatus,
    lines: Vec<Value>,
    stderr: String,
}

/// Runs one of the programs to its end.
fn run(program: &str) -> Run {
    let output = Command::new(std::env::current_exe().unwrap())
        .env_clear()
        .env("PROGRAM", program)
        .env("LOG_FORMAT", "json")
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    Run {
        status: output.status,
        lines: stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Run {
    /// The one line of a panic.
    fn panicked(&self) -> &Value {
        let lines = self.lines.iter();
        let mut panicked = lines.filter(|line| line["event"] == "work_panicked");
        match (panicked.next(), panicked.next()) {
            (Some(line), None) => line,
            other => panic!("{other:?} in {:?}\n{}", self.lines, self.stderr),
        }
    }
}

fn a_panic_of_main_is_one_line_before_the_process_ends() {
    let run = run("main");
    assert_eq!(run.status.code(), Some(101));
    let line = run.panicked();
    assert_eq!(line["error"], "panic: of main");
    assert_eq!(line["thread.name"], "main");
    assert_eq!(line["level"], "error");
    let exception = line["exception"].as_str().unwrap();
    let rows: Vec<_> = exception.lines().collect();
    assert!(
        rows[0].starts_with("panicked at ") && rows[0].contains("tests/panics_of_a_process.rs:")
    );
    assert!(
        rows[1].contains(" at ./tests/panics_of_a_process.rs:"),
        "{exception}"
    );
    assert!(rows.len() < 20);
    // The hook that was there before still runs.
    assert!(run.stderr.contains("of main"), "{}", run.stderr);
}

fn a_panic_of_a_plain_thread_is_one_line_with_its_context() {
    let run = run("thread");
    assert!(run.status.success());
    let line = run.panicked();
    assert_eq!(line["error"], "panic: of a thread");
    assert_eq!(line["thread.name"], "importer");
    assert_eq!(line["batch"], 3);
}

fn a_panic_is_one_line_beside_color_eyre_that_was_installed_before_or_after() {
    for program in ["hook_before", "hook_after"] {
        let run = run(program);
        assert_eq!(run.panicked()["error"], "panic: of main");
        assert!(
            run.stderr.contains("The application panicked"),
            "{}",
            run.stderr
        );
    }
}

fn a_panic_is_one_line_whichever_hooks_replaced_ours() {
    let run = run("hooks_replaced_often");
    assert_eq!(run.panicked()["error"], "panic: of main");
    assert_eq!(run.stderr.trim(), "the last hook");
}

fn an_expected_result_in_main_is_one_line() {
    let line = &run("guard_of_a_result").panicked().clone();
    assert_eq!(
        line["error"],
        "panic: a good result: ParseIntError { kind: InvalidDigit }"
    );
}

fn main() {
    if let Ok(program) = std::env::var("PROGRAM") {
        let (_, run) = PROGRAMS.iter().find(|(name, _)| *name == program).unwrap();
        return run();
    }
    let tests: [(&str, fn()); 5] = [
        (
            "a_panic_of_main_is_one_line_before_the_process_ends",
            a_panic_of_main_is_one_line_before_the_process_ends,
        ),
        (
            "a_panic_of_a_plain_thread_is_one_line_with_its_context",
            a_panic_of_a_plain_thread_is_one_line_with_its_context,
        ),
        (
            "a_panic_is_one_line_beside_color_eyre_that_was_installed_before_or_after",
            a_panic_is_one_line_beside_color_eyre_that_was_installed_before_or_after,
        ),
        (
            "a_panic_is_one_line_whichever_hooks_replaced_ours",
            a_panic_is_one_line_whichever_hooks_replaced_ours,
        ),
        (
            "an_expected_result_in_main_is_one_line",
            an_expected_result_in_main_is_one_line,
        ),
    ];
    for (name, test) in tests {
        test();
        println!("test {name} ... ok");
    }
    println!("{} passed, 0 failed", tests.len());
}
