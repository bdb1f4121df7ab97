//! The instructions that our contenders took when they were last looked at.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::bench::contender::is_ours;
use crate::bench::instructions::BY_CHANCE;
use crate::bench::report::Report;
use crate::workspace::root;

const PATH: &str = "bench/baseline.json";

/// By how many per cent a count may exceed the baseline. The C library chooses its copying
/// functions by the CPU's features, and hash maps their seeds by chance: counts differ a
/// little from one machine and run to the next.
const TOLERANCE: u64 = 5;

/// The committed counts.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Baseline {
    /// The compiler that made what was counted. Another one makes other code, so that
    /// its counts are shown and not enforced.
    toolchain: String,
    /// By suite and contender.
    instructions: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Baseline {
    /// Makes one of what was measured.
    ///
    /// # Errors
    ///
    /// When `rustc` does not say what it is.
    pub(crate) fn of(report: &Report) -> anyhow::Result<Self> {
        let mut instructions = BTreeMap::<_, BTreeMap<_, _>>::new();
        for (suite, contender, count) in ours(report) {
            let suite = instructions.entry(suite.to_owned()).or_default();
            suite.insert(contender.to_owned(), count);
        }
        Ok(Self {
            toolchain: toolchain()?,
            instructions,
        })
    }

    /// Reads the committed one.
    ///
    /// # Errors
    ///
    /// When there is none, or it is not what `--save-baseline` writes.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(root().join(PATH)).with_context(|| {
            format!("cannot read {PATH}: write it with `cargo xtask bench --save-baseline`")
        })?;
        serde_json::from_str(&text).with_context(|| format!("{PATH} is not a baseline"))
    }

    /// Writes it where [`load`](Self::load) reads.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn save(&self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(root().join(PATH), text).with_context(|| format!("cannot write {PATH}"))?;
        println!("written to {PATH}");
        Ok(())
    }

    /// Compares what was measured with it.
    ///
    /// # Errors
    ///
    /// When a contender of ours took more instructions than is tolerated, or is not in it,
    /// and the toolchain is the same.
    pub(crate) fn compare(&self, report: &Report) -> anyhow::Result<()> {
        let problems = self.problems(report);
        for problem in &problems {
            println!("{problem}");
        }
        let toolchain = toolchain()?;
        if toolchain != self.toolchain {
            let made = &self.toolchain;
            println!("{PATH} was made with {made} and is not enforced with {toolchain}");
            return Ok(());
        }
        ensure!(
            problems.is_empty(),
            "instruction counts exceed {PATH}: make the code faster, or accept the counts \
             with `cargo xtask bench --save-baseline`"
        );
        println!("instruction counts are within {TOLERANCE} % of {PATH}");
        Ok(())
    }

    fn problems(&self, report: &Report) -> Vec<String> {
        ours(report)
            .filter_map(|(suite, contender, found)| {
                let expected = self.instructions.get(suite).and_then(|s| s.get(contender));
                let Some(&expected) = expected else {
                    return Some(format!("{suite} {contender}: not in {PATH}"));
                };
                let most = expected + expected * TOLERANCE / 100;
                (found > most).then(|| {
                    format!(
                        "{suite} {contender}: expected {expected} instructions (at most {most}), \
                         found {found}"
                    )
                })
            })
            .collect()
    }
}

/// The counts of our contenders that are always the same, each with its suite and name.
fn ours(report: &Report) -> impl Iterator<Item = (&str, &str, u64)> {
    let suites = report.suites.iter();
    suites
        .filter(|suite| suite.name != BY_CHANCE)
        .flat_map(|suite| {
            let ours = suite.measurements.iter().filter(|m| is_ours(&m.contender));
            ours.filter_map(|m| Some((&*suite.name, &*m.contender, m.instructions?)))
        })
}

/// The release of the compiler and the machine that it compiles for.
fn toolchain() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8(output.stdout)?;
    let field = |name| text.lines().find_map(|line| line.strip_prefix(name));
    match (field("release: "), field("host: ")) {
        (Some(release), Some(host)) => Ok(format!("rustc {release} {host}")),
        _ => bail!("`rustc -vV` says neither release nor host: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::{Measurement, Suite};
    use crate::bench::timing::Times;

    #[test]
    fn what_is_a_matter_of_chance_is_not_compared() {
        let report = Report {
            suites: vec![Suite {
                name: BY_CHANCE.to_owned(),
                measurements: vec![Measurement {
                    contender: "telemetry".to_owned(),
                    times: Times::always(1.0),
                    instructions: Some(u64::MAX),
                    allocations: None,
                }],
            }],
        };
        assert_eq!(ours(&report).count(), 0);
    }

    fn report(contender: &str, instructions: u64) -> Report {
        let measurement = Measurement {
            contender: contender.to_owned(),
            times: Times::always(1.0),
            instructions: Some(instructions),
            allocations: None,
        };
        Report {
            suites: vec![Suite {
                name: "line".to_owned(),
                measurements: vec![measurement],
            }],
        }
    }

    #[test]
    fn more_instructions_than_tolerated_are_an_error_that_tells_them() {
        let baseline = Baseline::of(&report("telemetry", 1000)).unwrap();
        assert!(baseline.compare(&report("telemetry", 1050)).is_ok());
        assert!(baseline.compare(&report("telemetry", 1051)).is_err());
        assert_eq!(
            baseline.problems(&report("telemetry", 1051)),
            ["line telemetry: expected 1000 instructions (at most 1050), found 1051"]
        );
        assert_eq!(
            baseline.problems(&report("telemetry-new", 1)),
            ["line telemetry-new: not in bench/baseline.json"]
        );
    }

    #[test]
    fn another_toolchain_is_not_held_to_the_counts() {
        let mut baseline = Baseline::of(&report("telemetry", 1000)).unwrap();
        baseline.toolchain = "rustc 1.0.0 of-another-machine".to_owned();
        assert!(baseline.compare(&report("telemetry", 2000)).is_ok());
    }

    #[test]
    fn other_contenders_are_not_in_it() {
        let baseline = Baseline::of(&report("slog-json", 1000)).unwrap();
        assert!(baseline.instructions.is_empty());
    }
}
