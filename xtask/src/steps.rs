//! Steps that are announced, timed and summed up.

use std::fmt;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::process;

/// The steps of a command, in the order in which they ran.
///
/// A step that fails does not keep later ones from running: a developer sees all that is
/// wrong at once. [`finish`](Self::finish) tells.
#[derive(Debug)]
pub(crate) struct Steps {
    started: Instant,
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: String,
    outcome: Outcome,
    took: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    LeftOut,
}

impl Steps {
    /// Begins with none.
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            steps: Vec::new(),
        }
    }

    /// Runs a program and says whether it succeeded.
    pub(crate) fn run(&mut self, command: &mut Command) -> bool {
        self.check(&process::line(command), || {
            let status = command.status()?;
            anyhow::ensure!(status.success(), "{status}");
            Ok(())
        })
    }

    /// Runs a function and says whether it succeeded.
    pub(crate) fn check(&mut self, name: &str, check: impl FnOnce() -> anyhow::Result<()>) -> bool {
        println!("\n$ {name}");
        let started = Instant::now();
        let result = check();
        let took = started.elapsed();
        let outcome = match result {
            Ok(()) => Outcome::Passed,
            Err(error) => {
                eprintln!("error: {error:#}");
                Outcome::Failed
            }
        };
        println!("{outcome} in {:.1} s: {name}", took.as_secs_f64());
        self.steps.push(Step {
            name: name.to_owned(),
            outcome,
            took,
        });
        outcome == Outcome::Passed
    }

    /// Notes that a step did not run, and why.
    pub(crate) fn leave_out(&mut self, name: &str, why: &str) {
        let name = format!("{name} ({why})");
        println!("\n{}: {name}", Outcome::LeftOut);
        self.steps.push(Step {
            name,
            outcome: Outcome::LeftOut,
            took: Duration::ZERO,
        });
    }

    /// Prints the summary. The exit code is a failure when a step failed.
    pub(crate) fn finish(self) -> ExitCode {
        let count = |outcome| {
            self.steps
                .iter()
                .filter(|step| step.outcome == outcome)
                .count()
        };
        let failed = count(Outcome::Failed);
        if !self.steps.is_empty() {
            println!("\n{self}");
            println!(
                "{} passed, {failed} failed, {} left out, in {:.0} s",
                count(Outcome::Passed),
                count(Outcome::LeftOut),
                self.started.elapsed().as_secs_f64()
            );
        }
        if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Step {
            name,
            outcome,
            took,
        } in &self.steps
        {
            let outcome = outcome.to_string();
            writeln!(f, "{outcome:8} {:7.1} s  {name}", took.as_secs_f64())?;
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::LeftOut => "left out",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    fn fails() -> anyhow::Result<()> {
        anyhow::bail!("it does not work")
    }

    #[test]
    fn a_step_that_fails_does_not_stop_later_ones_and_fails_the_whole() {
        let mut steps = Steps::new();
        assert!(!steps.check("first", fails));
        assert!(steps.check("second", || Ok(())));
        steps.leave_out("third", "it is not installed");
        let summary = steps.to_string();
        let words: Vec<_> = summary.lines().map(|line| &line[..8]).collect();
        assert_eq!(words, ["FAILED  ", "passed  ", "left out"]);
        assert_eq!(steps.finish(), ExitCode::FAILURE);
    }

    #[test]
    fn what_is_left_out_fails_nothing() {
        let mut steps = Steps::new();
        steps.leave_out("first", "it is not installed");
        assert_eq!(steps.finish(), ExitCode::SUCCESS);
    }

    #[test]
    fn a_program_that_fails_or_does_not_exist_is_a_failure() {
        let mut steps = Steps::new();
        assert!(steps.run(Command::new("cargo").arg("--version").stdout(Stdio::null())));
        assert!(!steps.run(Command::new("cargo").arg("no-such").stderr(Stdio::null())));
        assert!(!steps.run(&mut Command::new("no-such-program")));
    }
}
