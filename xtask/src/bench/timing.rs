//! How long an iteration takes.

use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

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

/// How long an iteration of a contender's work takes, in nanoseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Times {
    /// The median of all samples.
    pub(crate) median: f64,
    /// The median of each round's samples.
    pub(crate) rounds: Vec<f64>,
}

impl Times {
    fn of(rounds: Vec<Vec<f64>>) -> Self {
        let middle = |samples| median(samples).unwrap_or(f64::NAN);
        Self {
            median: middle(rounds.concat()),
            rounds: rounds.into_iter().map(middle).collect(),
        }
    }

    /// The same in the only round.
    #[cfg(test)]
    pub(crate) fn always(nanoseconds: f64) -> Self {
        Self::of(vec![vec![nanoseconds]])
    }

    /// The median of what each round says of this contender beside another: a machine that is faster
    /// or slower for some rounds is so for both.
    fn beside(&self, other: &Self, compare: impl Fn(f64, f64) -> f64) -> f64 {
        let rounds = self.rounds.iter().zip(&other.rounds);
        let compared = rounds.map(|(own, other)| compare(*own, *other));
        median(compared.collect()).unwrap_or(f64::NAN)
    }

    /// How many nanoseconds more than another it takes.
    pub(crate) fn over(&self, other: &Self) -> f64 {
        self.beside(other, |own, other| own - other)
    }

    /// Which part of another's time it takes.
    pub(crate) fn of_the(&self, other: &Self) -> f64 {
        self.beside(other, |own, other| own / other)
    }
}

/// Gives each contender's times.
///
/// # Errors
///
/// When a contender fails.
pub(crate) fn measure(
    program: &Program,
    suite: &str,
    contenders: &[String],
    effort: &Effort,
) -> anyhow::Result<Vec<Times>> {
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
            samples[index].push(times);
        }
    }
    Ok(samples.into_iter().map(Times::of).collect())
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

    #[test]
    fn a_slow_spell_does_not_move_what_is_compared() {
        let fast_then_slow =
            |time: f64| Times::of([1.0, 1.0, 2.0].map(|by| vec![time * by]).into());
        let slow_then_fast = Times::of([2.0, 2.0, 1.0].map(|by| vec![100.0 * by]).into());
        let (own, other) = (fast_then_slow(150.0), fast_then_slow(100.0));
        assert_eq!(own.median, 150.0);
        assert_eq!(own.over(&other), 50.0);
        assert_eq!(own.of_the(&other), 1.5);
        assert_eq!(own.of_the(&slow_then_fast), 0.75);
    }
}
