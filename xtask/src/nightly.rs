//! `nightly`: what is too long for `ci`.

mod tungstenite;

use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::process;
use crate::steps::Steps;
use crate::workspace::{self, cargo};

/// How much room a part may need for what it builds.
const MIN_FREE_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// One part, by its name.
struct Part {
    name: &'static str,
    run: fn(&mut Steps),
}

const PARTS: [Part; 7] = [
    Part {
        name: "lines",
        run: random_lines,
    },
    Part {
        name: "writer",
        run: model_of_the_writer,
    },
    Part {
        name: "crashes",
        run: crashes,
    },
    Part {
        name: "outages",
        run: lost_packets,
    },
    Part {
        name: "abort",
        run: panics_that_abort,
    },
    Part {
        name: "log",
        run: records_of_tracing,
    },
    Part {
        name: "tungstenite",
        run: tungstenite::other_versions_in_axum,
    },
];

/// Runs the parts of these names, or all.
///
/// # Errors
///
/// When there is no part of a name, or the free room cannot be determined.
pub(crate) fn run(steps: &mut Steps, names: &[String]) -> anyhow::Result<()> {
    for name in names {
        ensure!(
            PARTS.iter().any(|part| part.name == name),
            "there is no part {name:?}; there are {}",
            PARTS.map(|part| part.name).join(", ")
        );
    }
    let is_chosen = |part: &&Part| names.is_empty() || names.iter().any(|name| name == part.name);
    for part in PARTS.iter().filter(is_chosen) {
        let free = free_bytes()?;
        if free < MIN_FREE_BYTES {
            let why = format!("{} MB are free, and 5 GB may be needed", free / 1_000_000);
            steps.leave_out(part.name, &why);
        } else {
            (part.run)(steps);
        }
    }
    Ok(())
}

fn free_bytes() -> anyhow::Result<u64> {
    let filesystem = rustix::fs::statvfs(workspace::root()).context("statvfs failed")?;
    Ok(filesystem.f_bavail * filesystem.f_frsize)
}

/// A million random events in random contexts.
fn random_lines(steps: &mut Steps) {
    let mut test = core_test(["--release", "--test", "any_line"]);
    steps.run(test.env("PROPTEST_CASES", "1000000"));
}

/// A hundred thousand orders of each scenario of the writer's buffer.
fn model_of_the_writer(steps: &mut Steps) {
    let mut test = core_test(["--release", "--lib", "model"]);
    steps.run(test.env("TEST_MODEL_ITERATIONS", "100000"));
}

/// Programs that are ended 5 ms after an error, on a machine that is otherwise idle.
fn crashes(steps: &mut Steps) {
    let mut test = core_test(["--release", "--test", "process"]);
    test.args(["exits", "--", "--test-threads=1"]);
    steps.run(test.env("TEST_CRASH_DELAY", "5"));
}

/// The packets of each connection of the demo are lost for a minute, side by side.
fn lost_packets(steps: &mut Steps) {
    let mut test = cargo([
        "test",
        "--package",
        "dtx-backend",
        "--test",
        "it",
        "half_open",
    ]);
    steps.run(test.env("TEST_OUTAGE_SECONDS", "60"));
}

/// A program that a panic aborts has written the line of that panic.
fn panics_that_abort(steps: &mut Steps) {
    let mut program = cargo(["run", "--package", "telemetry-core", "--example", "panics"]);
    program.args(["--config", "profile.dev.panic='abort'"]);
    program.args(["--target-dir", "target/abort"]);
    program.env("LOG_FORMAT", "json");
    steps.check(&process::line(&program), || {
        let output = program.output()?;
        ensure!(!output.status.success(), "the program was not aborted");
        let lines = String::from_utf8(output.stdout)?;
        let panicked = lines.lines().find(|line| line.contains("work_panicked"));
        let panicked = panicked.with_context(|| format!("no line of a panic in {lines:?}"))?;
        ensure!(panicked.contains("\"batch\":3"), "no context: {panicked}");
        Ok(())
    });
}

/// No line is made of the records that `tracing` makes of its own events.
fn records_of_tracing(steps: &mut Steps) {
    let mut test = core_test(["--features", "tracing/log-always", "--test"]);
    test.arg("log_records");
    test.args(["--target-dir", "target/log-always"]);
    steps.run(&mut test);
}

fn core_test<const N: usize>(arguments: [&str; N]) -> Command {
    let mut test = cargo(["test", "--package", "telemetry-core"]);
    test.args(arguments);
    test
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_part_is_named_with_those_that_there_are() {
        let error = run(&mut Steps::new(), &["lnies".to_owned()]).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("\"lnies\"") && error.contains("lines, writer"),
            "{error}"
        );
    }

    #[test]
    fn there_is_room_on_a_filesystem() {
        assert!(free_bytes().unwrap() > 0);
    }
}
