//! What our own contenders are to reach.

use crate::bench::contender::OURS;
use crate::bench::report::{Measurement, Suite};

/// A goal of one of our contenders in a suite. Goals are shown and fail nothing: times depend on
/// the machine.
#[derive(Clone, Copy, Debug)]
enum Goal {
    Nanoseconds(f64),
    Instructions(u64),
    /// Nanoseconds added to the bare contender.
    OverBare(f64),
    /// A part of what another contender adds to the bare one.
    PartOf(f64, &'static str),
    /// Nanoseconds added to another contender.
    Over(f64, &'static str),
}

const GOALS: [(&str, &str, &[Goal]); 10] = [
    (
        "line",
        OURS,
        &[Goal::Nanoseconds(130.0), Goal::Instructions(1900)],
    ),
    ("scope", OURS, &[Goal::Nanoseconds(80.0)]),
    ("labels", OURS, &[Goal::Nanoseconds(40.0)]),
    (
        "request",
        OURS,
        &[
            Goal::OverBare(600.0),
            Goal::PartOf(0.2, "tower-http-trace-json"),
        ],
    ),
    ("trace", "telemetry-unsampled", &[Goal::Over(300.0, OURS)]),
    ("trace", "telemetry-sampled", &[Goal::Over(750.0, OURS)]),
    ("span", OURS, &[Goal::Nanoseconds(120.0)]),
    (
        "websocket",
        "telemetry-receive",
        &[Goal::Over(1000.0, "bare-receive")],
    ),
    (
        "websocket",
        "telemetry-send",
        &[Goal::Over(1000.0, "bare-send")],
    ),
    (
        "job",
        "telemetry-without-lines",
        &[Goal::Over(3_000.0, "bare-service")],
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

fn verdict(goal: &Goal, suite: &Suite, measurement: &Measurement) -> Option<String> {
    let (text, is_met) = match *goal {
        Goal::Nanoseconds(most) => {
            let is_met = measurement.nanoseconds <= most;
            (format!("≤ {most} ns"), is_met)
        }
        Goal::Instructions(most) => {
            let is_met = measurement.instructions? <= most;
            (format!("≤ {most} instructions"), is_met)
        }
        Goal::OverBare(most) => {
            let is_met = suite.over_bare(measurement)? <= most;
            (format!("≤ {most} ns over bare"), is_met)
        }
        Goal::PartOf(most, other) => {
            let part = suite.over_bare(measurement)? / suite.over_bare(suite.find(other)?)?;
            (format!("≤ {most} of {other} ({part:.2})"), part <= most)
        }
        Goal::Over(most, other) => {
            let over = measurement.nanoseconds - suite.find(other)?.nanoseconds;
            (
                format!("≤ {most} ns over {other} ({over:.0})"),
                over <= most,
            )
        }
    };
    let verdict = if is_met { "met" } else { "MISSED" };
    Some(format!("{text}: {verdict}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(name: &str, measurements: &[(&str, f64)]) -> Suite {
        Suite {
            name: name.to_owned(),
            measurements: measurements
                .iter()
                .map(|(contender, nanoseconds)| Measurement {
                    contender: (*contender).to_owned(),
                    nanoseconds: *nanoseconds,
                    instructions: Some(1901),
                })
                .collect(),
        }
    }

    #[test]
    fn a_goal_is_met_or_missed() {
        let suite = suite("line", &[("telemetry", 129.0), ("slog-json", 400.0)]);
        assert_eq!(
            verdicts(&suite, &suite.measurements[0]),
            "≤ 130 ns: met; ≤ 1900 instructions: MISSED"
        );
        assert_eq!(verdicts(&suite, &suite.measurements[1]), "");
    }

    #[test]
    fn requests_are_measured_over_the_bare_one() {
        let suite = suite(
            "request",
            &[
                ("bare-axum", 1000.0),
                ("telemetry", 1500.0),
                ("tower-http-trace-json", 3000.0),
            ],
        );
        assert_eq!(
            verdicts(&suite, &suite.measurements[1]),
            "≤ 600 ns over bare: met; ≤ 0.2 of tower-http-trace-json (0.25): MISSED"
        );
    }
}
