//! How much an iteration allocates and writes, which is the same on every machine.

use anyhow::Context as _;
use serde::Serialize;

use crate::bench::contender::Program;

/// How many iterations are counted: enough that what happens once in a while does not show.
const ITERATIONS: u32 = 2000;

/// What an iteration allocates and writes.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Allocations {
    pub(crate) count: f64,
    pub(crate) bytes: f64,
    /// The bytes of the lines that it writes.
    pub(crate) written: f64,
}

/// Counts what an iteration allocates and writes.
///
/// # Errors
///
/// When the contender fails or prints anything else.
pub(crate) fn count(
    program: &Program,
    suite: &str,
    contender: &str,
) -> anyhow::Result<Allocations> {
    let counts = program.counts(suite, contender, ITERATIONS)?;
    parse(&counts).with_context(|| format!("{suite} {contender} counted {counts:?}"))
}

fn parse(counts: &str) -> Option<Allocations> {
    let mut counts = counts
        .split_whitespace()
        .map(|total| Some(total.parse::<f64>().ok()? / f64::from(ITERATIONS)));
    Some(Allocations {
        count: counts.next()??,
        bytes: counts.next()??,
        written: counts.next()??,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_of_one_iteration() {
        let allocations = parse("4000 128000 0\n").unwrap();
        assert_eq!(allocations.count, 2.0);
        assert_eq!(allocations.bytes, 64.0);
        assert_eq!(allocations.written, 0.0);
        assert!(parse("4000 128000\n").is_none());
        assert!(parse("many\n").is_none());
    }
}
