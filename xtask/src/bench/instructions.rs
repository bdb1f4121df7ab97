//! How many instructions an iteration takes, which a busy machine does not change.

use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::bench::contender::Program;
use crate::process;

/// How many iterations are counted.
const ITERATIONS: u64 = 2000;

/// A suite whose work is on two threads. How often one waits for the other is a matter of chance,
/// and counts.
pub(crate) const BY_CHANCE: &str = "sql";

/// Suites whose instructions say nothing: most of the work is the kernel's, or another thread
/// runs on meanwhile.
const SAYING_NOTHING: [&str; 2] = ["sysmetrics", THREADS];

/// The suite in which another thread runs on while a contender is measured.
pub(crate) const THREADS: &str = "threads";

/// Says whether the instructions of a suite say anything.
pub(crate) fn say_something_of(suite: &str) -> bool {
    !SAYING_NOTHING.contains(&suite)
}

/// Says whether the instructions of a suite are the same from run to run.
pub(crate) fn are_certain_of(suite: &str) -> bool {
    say_something_of(suite) && suite != BY_CHANCE
}

/// Says whether valgrind is installed and works.
pub(crate) fn can_be_counted() -> bool {
    process::succeeds(callgrind().arg("true"))
}

/// Counts the instructions of an iteration: what twice the iterations add, divided among
/// them, so that setting up cancels.
///
/// # Errors
///
/// When valgrind or the contender fails.
pub(crate) fn count(program: &Program, suite: &str, contender: &str) -> anyhow::Result<u64> {
    println!("{suite} {contender}: counting instructions");
    let once = total(program, suite, contender, ITERATIONS)?;
    let twice = total(program, suite, contender, 2 * ITERATIONS)?;
    Ok(twice.saturating_sub(once) / ITERATIONS)
}

fn total(program: &Program, suite: &str, contender: &str, iterations: u64) -> anyhow::Result<u64> {
    let mut command = callgrind();
    command.args(program.arguments(suite, contender, iterations, 1));
    let output = command.output().context("cannot run valgrind")?;
    let log = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "`{}` failed: {log}",
        process::line(&command)
    );
    parse_total(&log).with_context(|| format!("callgrind did not say what it collected: {log}"))
}

fn callgrind() -> Command {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    // What runs before it is a matter of chance: a dependency measures the processor's clock.
    command.arg("--zero-before=main");
    command
}

/// Finds the count in a line such as `==7== Collected : 48151623`.
fn parse_total(log: &str) -> Option<u64> {
    log.lines()
        .find_map(|line| line.split_once("Collected :"))
        .and_then(|(_, counts)| counts.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_what_callgrind_prints() {
        let log = "==7== Events    : Ir\n==7== Collected : 48151623\n==7==\n";
        assert_eq!(parse_total(log), Some(48_151_623));
        assert_eq!(parse_total("==7== Events    : Ir\n"), None);
    }
}
