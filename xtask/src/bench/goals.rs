//! What our own contenders are to reach.

use crate::bench::contender::OURS;
use crate::bench::report::{Measurement, Suite};

/// A goal of one of our contenders in a suite. Goals are shown and fail nothing: times depend on
/// the machine.
#[derive(Clone, Copy, Debug)]
enum Goal {
    Nanoseconds(f64),
    Instructions(u64),
    NoAllocation,
    /// Nanoseconds added to the bare contender.
    OverBare(f64),
    /// Instructions added to the bare contender.
    InstructionsOverBare(u64),
    /// A multiple of what another contender adds to its bare one.
    AddsTimes(f64, &'static str),
    /// A multiple of another contender's time.
    Times(f64, &'static str),
    /// A multiple of another contender's time, divided by the second's of two others and the first's:
    /// by what the machine alone makes of it.
    Grows(f64, &'static str, [&'static str; 2]),
    /// A multiple of another contender's time for each byte that it writes.
    TimesPerByte(f64, &'static str),
    /// No other contender takes less time.
    Least,
}

/// The goals of a message, whichever way it goes.
const MESSAGE: &[Goal] = &[Goal::OverBare(1000.0)];

const GOALS: &[(&str, &str, &[Goal])] = &[
    (
        "line",
        OURS,
        &[
            Goal::Nanoseconds(130.0),
            Goal::Instructions(1700),
            Goal::Times(0.5, "slog-json"),
            Goal::Times(0.1, "tracing-subscriber-json"),
            Goal::Times(2.2, "floor"),
            Goal::NoAllocation,
        ],
    ),
    (
        "scope",
        OURS,
        &[
            Goal::Nanoseconds(80.0),
            Goal::Instructions(1000),
            Goal::Least,
        ],
    ),
    (
        "labels",
        OURS,
        &[
            Goal::Nanoseconds(30.0),
            Goal::Instructions(800),
            Goal::NoAllocation,
        ],
    ),
    (
        "request",
        OURS,
        &[Goal::OverBare(500.0), Goal::InstructionsOverBare(5500)],
    ),
    ("request", "telemetry-one-in-ten", &[Goal::OverBare(750.0)]),
    ("request", "telemetry-sampled", &[Goal::OverBare(1150.0)]),
    ("span", OURS, &[Goal::Nanoseconds(120.0)]),
    ("websocket", "telemetry-receive", MESSAGE),
    ("websocket", "telemetry-receive-measured", MESSAGE),
    ("websocket", "telemetry-send", MESSAGE),
    ("websocket", "telemetry-send-measured", MESSAGE),
    ("job", OURS, &[Goal::OverBare(3000.0)]),
    ("sql", "telemetry-sampled", &[Goal::OverBare(1500.0)]),
    ("sysmetrics", OURS, &[Goal::Nanoseconds(250_000.0)]),
    // More fields cost what their bytes cost.
    (
        "fields",
        "telemetry-64",
        &[Goal::TimesPerByte(1.0, "telemetry-4")],
    ),
    // A request costs the same whatever else is in flight.
    (
        "concurrency",
        "telemetry-10000",
        &[Goal::AddsTimes(1.5, "telemetry-1")],
    ),
    // Threads do not wait for each other: what they share is the machine.
    (
        "threads",
        "telemetry-2",
        &[Goal::Grows(1.1, "telemetry-1", ["floor-1", "floor-2"])],
    ),
];

/// Says of each goal that a contender has whether it is met.
pub(crate) fn verdicts(suite: &Suite, measurement: &Measurement) -> String {
    let goals = GOALS
        .iter()
        .filter(|(name, contender, _)| *name == suite.name && *contender == measurement.contender)
        .flat_map(|(_, _, goals)| *goals);
    let verdicts = goals.filter_map(|goal| verdict(goal, suite, measurement));
    verdicts.collect::<Vec<_>>().join("; ")
}

/// Gives none where what is to be compared was not measured.
fn verdict(goal: &Goal, suite: &Suite, measurement: &Measurement) -> Option<String> {
    let (text, is_met) = match *goal {
        Goal::Nanoseconds(most) => {
            let is_met = measurement.times.median <= most;
            (format!("≤ {most} ns"), is_met)
        }
        Goal::Instructions(most) => {
            let is_met = measurement.instructions? <= most;
            (format!("≤ {most} instructions"), is_met)
        }
        Goal::NoAllocation => {
            let is_met = measurement.allocations?.count == 0.0;
            ("no allocation".to_owned(), is_met)
        }
        Goal::OverBare(most) => {
            let is_met = suite.over_bare(measurement)? <= most;
            (format!("≤ {most} ns over bare"), is_met)
        }
        Goal::InstructionsOverBare(most) => {
            let bare = suite.bare_of(measurement)?.instructions?;
            let added = measurement.instructions?.saturating_sub(bare);
            let text = format!("≤ {most} instructions over bare ({added})");
            (text, added <= most)
        }
        Goal::AddsTimes(most, other) => {
            let times = suite.over_bare(measurement)? / suite.over_bare(suite.find(other)?)?;
            let text = format!("adds ≤ {most} times what {other} adds ({times:.2})");
            (text, times <= most)
        }
        Goal::Times(most, other) => {
            let times = measurement.times.of_the(&suite.find(other)?.times);
            (
                format!("≤ {most} times {other} ({times:.2})"),
                times <= most,
            )
        }
        Goal::Grows(most, other, [from, to]) => {
            let times = measurement.times.of_the(&suite.find(other)?.times);
            let machine = suite.find(to)?.times.of_the(&suite.find(from)?.times);
            let times = times / machine;
            let text = format!(
                "grows from {other} by ≤ {most} times what {to} grows from {from} ({times:.2})"
            );
            (text, times <= most)
        }
        Goal::TimesPerByte(most, other) => {
            let other_one = suite.find(other)?;
            let bytes = measurement.allocations?.written / other_one.allocations?.written;
            let times = measurement.times.of_the(&other_one.times) / bytes;
            let text = format!("≤ {most} times {other} for each byte ({times:.2})");
            (text, times <= most)
        }
        Goal::Least => {
            let mut others = suite.measurements.iter();
            let is_met = others.all(|other| measurement.times.of_the(&other.times) <= 1.0);
            ("the least of all".to_owned(), is_met)
        }
    };
    let verdict = if is_met { "met" } else { "MISSED" };
    Some(format!("{text}: {verdict}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::allocations::Allocations;
    use crate::bench::timing::Times;

    fn suite(name: &str, measurements: &[(&str, f64)]) -> Suite {
        Suite {
            name: name.to_owned(),
            measurements: measurements
                .iter()
                .map(|(contender, nanoseconds)| Measurement {
                    contender: (*contender).to_owned(),
                    times: Times::always(*nanoseconds),
                    instructions: Some(*nanoseconds as u64 * 10),
                    allocations: Some(Allocations {
                        count: 0.0,
                        bytes: 0.0,
                        written: 100.0,
                    }),
                })
                .collect(),
        }
    }

    #[test]
    fn a_goal_is_met_or_missed() {
        let suite = suite("line", &[("telemetry", 129.0), ("slog-json", 200.0)]);
        assert_eq!(
            verdicts(&suite, &suite.measurements[0]),
            "≤ 130 ns: met; ≤ 1700 instructions: met; ≤ 0.5 times slog-json (0.65): MISSED; \
             no allocation: met"
        );
        assert_eq!(verdicts(&suite, &suite.measurements[1]), "");
    }

    #[test]
    fn requests_are_measured_over_the_bare_one() {
        let suite = suite("request", &[("bare-axum", 1000.0), ("telemetry", 1550.0)]);
        assert_eq!(
            verdicts(&suite, &suite.measurements[1]),
            "≤ 500 ns over bare: MISSED; ≤ 5500 instructions over bare (5500): met"
        );
    }

    #[test]
    fn the_least_is_no_more_than_any_other() {
        for (other, verdict) in [(60.0, "MISSED"), (70.0, "met")] {
            let suite = suite(
                "scope",
                &[("telemetry", 65.0), ("slog-child-logger", other)],
            );
            let verdicts = verdicts(&suite, &suite.measurements[0]);
            let expected = format!("the least of all: {verdict}");
            assert!(verdicts.ends_with(&expected), "{verdicts}");
        }
    }

    #[test]
    fn growth_is_measured_against_the_smaller() {
        let requests = [
            ("bare-1", 1000.0),
            ("telemetry-1", 1500.0),
            ("bare-10000", 2000.0),
            ("telemetry-10000", 2600.0),
        ];
        let concurrency = suite("concurrency", &requests);
        assert_eq!(
            verdicts(&concurrency, &concurrency.measurements[3]),
            "adds ≤ 1.5 times what telemetry-1 adds (1.20): met"
        );
        let threads = suite(
            "threads",
            &[
                ("floor-1", 50.0),
                ("floor-2", 75.0),
                ("telemetry-1", 100.0),
                ("telemetry-2", 180.0),
            ],
        );
        assert_eq!(
            verdicts(&threads, &threads.measurements[3]),
            "grows from telemetry-1 by ≤ 1.1 times what floor-2 grows from floor-1 (1.20): MISSED"
        );
        let fields = suite("fields", &[("telemetry-4", 100.0), ("telemetry-64", 150.0)]);
        assert_eq!(
            verdicts(&fields, &fields.measurements[1]),
            "≤ 1 times telemetry-4 for each byte (1.50): MISSED"
        );
    }
}
