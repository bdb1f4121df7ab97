//! How long an iteration takes.

use std::io::{self, IsTerminal as _, Write as _};

use crate::bench::contender::Program;

/// How much to measure.
#[derive(Debug)]
pub(crate) struct Effort {
    /// How often all contenders run, one after the other.
    rounds: u32,
    /// How many samples a contender gives each time.
    samples: u32,
    /// How long a sample is to take.
    sample_nanoseconds: f64,
}

impl Effort {
    pub(crate) const FULL: Self = Self {
        rounds: 12,
        samples: 25,
        sample_nanoseconds: 4e6,
    };
    pub(crate) const QUICK: Self = Self {
        rounds: 3,
        samples: 5,
        sample_nanoseconds: 1e6,
    };
}

/// How many iterations tell how many are to be in a sample.
const TRIAL: u64 = 200;

/// Gives each contender's median time of an iteration, in nanoseconds.
///
/// # Errors
///
/// When a contender fails.
pub(crate) fn measure(
    program: &Program,
    suite: &str,
    contenders: &[String],
    effort: &Effort,
) -> anyhow::Result<Vec<f64>> {
    let mut iterations = Vec::new();
    for contender in contenders {
        let trial = program.sample(suite, contender, TRIAL, 5)?;
        iterations
            .push((effort.sample_nanoseconds / median(trial).unwrap_or(f64::NAN)).max(1.0) as u64);
    }
    let mut samples = vec![Vec::new(); contenders.len()];
    for round in 1..=effort.rounds {
        show_progress(suite, round, effort.rounds)?;
        for (index, contender) in contenders.iter().enumerate() {
            let times = program.sample(suite, contender, iterations[index], effort.samples)?;
            samples[index].extend(times);
        }
    }
    Ok(samples
        .into_iter()
        .map(|samples| median(samples).unwrap_or(f64::NAN))
        .collect())
}

/// Shows the round: on a terminal, in place of the one before.
fn show_progress(suite: &str, round: u32, rounds: u32) -> io::Result<()> {
    let mut output = io::stdout().lock();
    let end = if output.is_terminal() && round < rounds {
        '\r'
    } else {
        '\n'
    };
    write!(output, "{suite}: round {round} of {rounds}{end}")?;
    output.flush()
}

/// The value in the middle; `None` of nothing.
pub(crate) fn median(mut samples: Vec<f64>) -> Option<f64> {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_slow_sample_does_not_move_the_median() {
        assert_eq!(median(vec![3.0, 1.0, 900.0, 2.0, 2.0]), Some(2.0));
    }
}
