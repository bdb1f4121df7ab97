//! `bench`: measures against other loggers.
//!
//! Each contender of a suite runs in a process of its own, many times over. Its time is the
//! median over all its samples; the contenders alternate in rounds, so that a machine that
//! slows down meanwhile slows them all. Its instructions are counted under valgrind, its
//! allocations by the program itself.

mod allocations;
mod baseline;
mod chart;
mod contender;
mod goals;
pub(crate) mod instructions;
mod live;
mod markdown;
mod report;
mod timing;

use anyhow::ensure;

use crate::bench::baseline::Baseline;
use crate::bench::contender::{Program, is_ours};
use crate::bench::report::{Measurement, Report, Suite};
use crate::bench::timing::Effort;

/// What to measure, and what to do with it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Fewer rounds, and compare the instructions with the baseline.
    pub(crate) quick: bool,
    /// Make the instructions the new baseline.
    pub(crate) save_baseline: bool,
    /// Write the charts to the documentation.
    pub(crate) save_charts: bool,
    /// The suites to measure; when there is none, all that run in one thread.
    pub(crate) suites: Vec<String>,
}

/// Measures, prints a table for each suite, and writes `results.json`, `results.md` and a chart
/// for each suite to `target/bench`.
///
/// # Errors
///
/// When the benchmarks cannot be built or run, or the instructions of `--quick` exceed the
/// baseline.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let counted = instructions::can_be_counted();
    if !counted {
        ensure!(
            !options.save_baseline,
            "a baseline is of instructions, which valgrind counts: install valgrind"
        );
        println!("valgrind is missing: instructions are left out");
    }
    let program = Program::build()?;
    let is_live = |suite: &&String| live::names().any(|name| name == *suite);
    let (live, suites): (Vec<&String>, Vec<&String>) = options.suites.iter().partition(is_live);
    for suite in &live {
        live::run(&program, suite, options)?;
    }
    if suites.is_empty() && !live.is_empty() {
        return Ok(());
    }
    let wanted: Vec<String> = suites.into_iter().cloned().collect();
    let mut suites = program.suites(&wanted)?;
    if options.quick && wanted.is_empty() {
        suites.retain(|(suite, _)| instructions::are_certain_of(suite));
    }
    let count = suites.len();
    let mut measured = Vec::new();
    for (index, (name, contenders)) in suites.into_iter().enumerate() {
        println!("{name}: suite {} of {count}", index + 1);
        let suite = measure(&program, name, contenders, options.quick, counted)?;
        println!("\n{suite}");
        measured.push(suite);
    }
    let report = Report { suites: measured };
    report.write()?;
    if options.save_charts {
        report.save_charts()?;
    }
    if options.save_baseline {
        Baseline::of(&report)?.save()?;
    }
    if options.quick && counted {
        Baseline::load()?.compare(&report)?;
    }
    if wanted.is_empty() && !options.quick {
        let names: Vec<_> = live::names().collect();
        println!(
            "with servers and threads, when asked for: {}",
            names.join(", ")
        );
    }
    Ok(())
}

/// Measures the contenders of a suite that runs in one thread.
fn measure(
    program: &Program,
    name: String,
    contenders: Vec<String>,
    is_quick: bool,
    are_counted: bool,
) -> anyhow::Result<Suite> {
    let effort = if is_quick {
        Effort::QUICK
    } else {
        Effort::FULL
    };
    let times = timing::measure(program, &name, &contenders, &effort)?;
    let are_counted = are_counted && instructions::say_something_of(&name);
    let mut measurements = Vec::new();
    for (contender, times) in contenders.into_iter().zip(times) {
        let is_counted = are_counted && (!is_quick || is_ours(&contender));
        measurements.push(Measurement {
            times,
            instructions: is_counted
                .then(|| instructions::count(program, &name, &contender))
                .transpose()?,
            allocations: (name != instructions::THREADS)
                .then(|| allocations::count(program, &name, &contender))
                .transpose()?,
            contender,
        });
    }
    Ok(Suite { name, measurements })
}
