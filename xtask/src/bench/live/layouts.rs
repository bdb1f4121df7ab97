//! The suites: their columns and goals.

use crate::bench::live::table::{Bound, Chart, Column, Goal, Layout, Shown};

/// All of them, in the order in which they are worth running.
pub(crate) const LAYOUTS: [Layout; 5] = [
    Layout {
        name: "http",
        turns: 11,
        needs_demo: false,
        base: "bare-axum",
        columns: SERVER,
        chart: Some(Chart {
            title: "Processor time of a server for a request, as fast as the answers come",
            table: "as fast",
            column: "processor",
        }),
        goals: &[
            at_most(PACED, "telemetry", "processor over", 0.9),
            at_most(PACED, "telemetry", "P99 of", 1.05),
            at_most(PACED, "telemetry-one-in-ten", "processor over", 1.5),
            at_most(PACED, "telemetry-all", "processor over", 3.0),
            at_least(FULL, "telemetry", "rate of", 0.92),
        ],
    },
    Layout {
        name: "demo",
        turns: 11,
        needs_demo: true,
        base: "off",
        columns: SERVER,
        chart: None,
        goals: &[at_most("", "everything", "P99 of", 1.05)],
    },
    Layout {
        name: "writer",
        turns: 7,
        needs_demo: false,
        base: "no-writer",
        columns: &[
            column("median", "ns", "median", Shown::Itself, 0),
            column("over", "ns", "median", Shown::Over, 0),
            column("P99", "ns", "p99", Shown::Itself, 0),
            column("P99.99", "ns", "p99.99", Shown::Itself, 0),
            column("worst", "µs", "worst", Shown::Itself, 0),
            column("rate", "lines/s", "rate", Shown::Itself, 0),
            column("memory", "MiB", "memory", Shown::Itself, 1),
            column("written", "%", "written", Shown::Itself, 1),
            column("unaccounted", "lines", "unaccounted", Shown::Itself, 0),
            column("torn", "lines", "torn", Shown::Itself, 0),
        ],
        chart: Some(Chart {
            title: "Worst call while the output stalls for two seconds",
            table: "200,000 lines a second, and",
            column: "worst",
        }),
        goals: &[
            at_most("", "telemetry", "over", 60.0),
            at_most("", "telemetry", "worst", 200.0),
            at_most("", "telemetry", "memory", 8.0),
            at_most("", "telemetry", "unaccounted", 0.0),
            at_least("", "telemetry", "unaccounted", 0.0),
            at_most("two processes", "telemetry", "torn", 0.0),
        ],
    },
    Layout {
        name: "memory",
        turns: 3,
        needs_demo: false,
        base: "bare-axum",
        columns: &[
            column("after 10,000", "MiB", "few", Shown::Itself, 2),
            column("after 1,000,000", "MiB", "many", Shown::Itself, 2),
            column("part", "", "growth", Shown::Itself, 3),
            column("a response", "KiB", "each", Shown::Itself, 2),
        ],
        chart: None,
        goals: &[
            at_most("", "telemetry", "part", 1.05),
            at_most(STREAMS, "telemetry", "a response", 1.5),
            at_most(STREAMS, "telemetry-service", "a response", 1.5),
        ],
    },
    Layout {
        name: "load",
        turns: 31,
        needs_demo: true,
        base: "off",
        columns: SERVER,
        chart: None,
        goals: &[],
    },
];

/// How the titles of tables begin: at a pace, and without one.
const PACED: &str = "5000 ";
const FULL: &str = "as fast";
/// How the title of the table of open responses begins.
const STREAMS: &str = "10,000 streaming responses";

const SERVER: &[Column] = &[
    column("P50", "µs", "p50", Shown::Itself, 0),
    column("P95", "µs", "p95", Shown::Itself, 0),
    column("P99", "µs", "p99", Shown::Itself, 0),
    column("P99 of", "", "p99", Shown::Of, 2),
    column("rate", "requests/s", "rate", Shown::Itself, 0),
    column("rate of", "", "rate", Shown::Of, 2),
    column("processor", "µs", "processor", Shown::Itself, 2),
    column("processor over", "µs", "processor", Shown::Over, 2),
    column("spans", "a request", "spans", Shown::Itself, 2),
    column("resident", "MiB", "resident", Shown::Itself, 0),
];

const fn column(
    head: &'static str,
    unit: &'static str,
    measure: &'static str,
    shown: Shown,
    digits: usize,
) -> Column {
    Column {
        head,
        unit,
        measure,
        shown,
        digits,
    }
}

const fn at_most(
    tables: &'static str,
    contender: &'static str,
    column: &'static str,
    most: f64,
) -> Goal {
    Goal {
        tables,
        contender,
        column,
        bound: Bound::AtMost(most),
    }
}

const fn at_least(
    tables: &'static str,
    contender: &'static str,
    column: &'static str,
    least: f64,
) -> Goal {
    Goal {
        tables,
        contender,
        column,
        bound: Bound::AtLeast(least),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_goal_and_chart_is_of_a_column() {
        for layout in LAYOUTS {
            let goals = layout.goals.iter().map(|goal| goal.column);
            let chart = layout.chart.iter().map(|chart| chart.column);
            for head in goals.chain(chart) {
                let mut columns = layout.columns.iter();
                assert!(columns.any(|column| column.head == head), "{head:?}");
            }
        }
    }
}
