//! What was measured, as tables and as JSON.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use crate::bench::allocations::Allocations;
use crate::bench::chart::{self, Row};
use crate::bench::contender::{OURS, is_ours};
use crate::bench::goals;
use crate::bench::markdown::aligned;
use crate::bench::timing::Times;
use crate::workspace::root;

/// How a contender begins that does the work of a suite without any telemetry.
const BARE: &str = "bare-";

/// Where the pages of the documentation find charts.
pub(crate) const DOCUMENTATION: &str = "docs/img/bench";

/// All that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) suites: Vec<Suite>,
}

/// The contenders of a suite.
#[derive(Debug, Serialize)]
pub(crate) struct Suite {
    pub(crate) name: String,
    pub(crate) measurements: Vec<Measurement>,
}

/// What an iteration of a contender's work took.
#[derive(Debug, Serialize)]
pub(crate) struct Measurement {
    pub(crate) contender: String,
    pub(crate) times: Times,
    /// None without valgrind, and where it would tell nothing.
    pub(crate) instructions: Option<u64>,
    /// None where other threads allocate meanwhile.
    pub(crate) allocations: Option<Allocations>,
}

impl Report {
    /// Writes `results.json`, `results.md` and a chart for each suite to `target/bench`.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let directory = root().join("target/bench");
        let tables: Vec<_> = self.suites.iter().map(Suite::to_string).collect();
        fs::create_dir_all(&directory)
            .and_then(|()| {
                fs::write(
                    directory.join("results.json"),
                    serde_json::to_string_pretty(self)?,
                )
            })
            .and_then(|()| fs::write(directory.join("results.md"), tables.join("\n")))
            .and_then(|()| self.write_charts(&directory))
            .with_context(|| format!("cannot write results to {}", directory.display()))?;
        println!("written to {}", directory.display());
        Ok(())
    }

    /// Writes the charts to where the documentation has them.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub(crate) fn save_charts(&self) -> anyhow::Result<()> {
        let directory = root().join(DOCUMENTATION);
        fs::create_dir_all(&directory)
            .and_then(|()| self.write_charts(&directory))
            .with_context(|| format!("cannot write charts to {DOCUMENTATION}"))?;
        println!("charts written to {DOCUMENTATION}");
        Ok(())
    }

    fn write_charts(&self, directory: &Path) -> io::Result<()> {
        self.suites.iter().try_for_each(|suite| {
            let file = directory.join(&suite.name).with_extension("svg");
            fs::write(file, suite.chart())
        })
    }
}

impl Suite {
    /// Finds a contender.
    pub(crate) fn find(&self, contender: &str) -> Option<&Measurement> {
        self.measurements.iter().find(|m| m.contender == contender)
    }

    /// Finds the contender that does the work of another without any telemetry: `bare-1` for
    /// `telemetry-1`, or the only one that there is.
    pub(crate) fn bare_of(&self, measurement: &Measurement) -> Option<&Measurement> {
        let mut bare = self
            .measurements
            .iter()
            .filter_map(|found| Some((found.contender.strip_prefix(BARE)?, found)));
        let is_of = |work: &str| measurement.contender.split('-').any(|part| part == work);
        let first = bare.next()?;
        let mut others = bare.peekable();
        if is_of(first.0) || others.peek().is_none() {
            return Some(first.1);
        }
        others.find(|(work, _)| is_of(work)).map(|(_, found)| found)
    }

    /// Gives the nanoseconds that a contender adds to the bare one, where there is one.
    pub(crate) fn over_bare(&self, measurement: &Measurement) -> Option<f64> {
        Some(measurement.times.over(&self.bare_of(measurement)?.times))
    }

    /// Says whether any contender writes lines.
    fn writes(&self) -> bool {
        let mut allocations = self.measurements.iter().filter_map(|m| m.allocations);
        allocations.any(|counted| counted.written > 0.0)
    }

    fn has_bare(&self) -> bool {
        let mut measurements = self.measurements.iter();
        measurements.any(|m| m.contender.starts_with(BARE))
    }

    /// Draws the times of all contenders.
    fn chart(&self) -> String {
        let row = |measurement: &Measurement| Row {
            name: measurement.contender.clone(),
            value: measurement.times.median,
            highlighted: is_ours(&measurement.contender),
        };
        let rows: Vec<_> = self.measurements.iter().map(row).collect();
        chart::svg(title(&self.name), "ns", &rows)
    }

    fn head(&self) -> Vec<String> {
        let mut head = vec!["contender", "ns"];
        if self.find(OURS).is_some() {
            head.push("of ours");
        }
        if self.has_bare() {
            head.push("ns over bare");
        }
        head.extend(["instructions", "allocations", "bytes allocated"]);
        if self.writes() {
            head.push("bytes written");
        }
        head.push("goal");
        head.into_iter().map(str::to_owned).collect()
    }

    fn row(&self, measurement: &Measurement) -> Vec<String> {
        let mut row = vec![
            measurement.contender.clone(),
            format!("{:.1}", measurement.times.median),
        ];
        if let Some(ours) = self.find(OURS) {
            row.push(format!("{:.2}", measurement.times.of_the(&ours.times)));
        }
        if self.has_bare() {
            let added = self.over_bare(measurement);
            row.push(added.map_or(String::new(), |added| format!("{added:.1}")));
        }
        let counted = |count: Option<f64>| count.map_or("not counted".to_owned(), average);
        let allocations = measurement.allocations;
        row.push(counted(measurement.instructions.map(|count| count as f64)));
        row.push(counted(allocations.map(|counted| counted.count)));
        row.push(counted(allocations.map(|counted| counted.bytes)));
        if self.writes() {
            row.push(counted(allocations.map(|counted| counted.written)));
        }
        row.push(goals::verdicts(self, measurement));
        row
    }
}

/// A Markdown table with a heading, which is aligned to be read as it is, too.
impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![self.head()];
        rows.extend(self.measurements.iter().map(|m| self.row(m)));
        write!(f, "## {}\n\n{}", self.name, aligned(&rows))
    }
}

/// Writes what is whole without decimals, and what happens once in a while with two.
fn average(value: f64) -> String {
    if value.fract() == 0.0 || value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

/// Says what an iteration of a suite is.
fn title(suite: &str) -> &str {
    match suite {
        "line" => "One log line with the reference context",
        "scope" => "A unit of work opened, given four fields, and closed",
        "labels" => "The labels and ids of a path",
        "request" => "One request through an axum router",
        "span" => "A span of the application beneath a request that is not sampled",
        "websocket" => "One WebSocket message",
        "job" => "One job through the service of a worker",
        "sql" => "One SQL statement",
        "sysmetrics" => "One collection of the metrics of host and process",
        "fields" => "One log line, by the number of fields of its context",
        "concurrency" => "One request, by the number of requests in flight",
        "threads" => "One log line, by the number of threads that write lines",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measurement(contender: &str, nanoseconds: f64, instructions: Option<u64>) -> Measurement {
        Measurement {
            contender: contender.to_owned(),
            times: Times::always(nanoseconds),
            instructions,
            allocations: Some(Allocations {
                count: 12.5,
                bytes: 2048.25,
                written: 0.0,
            }),
        }
    }

    fn suite(measurements: Vec<Measurement>) -> Suite {
        Suite {
            name: "request".to_owned(),
            measurements,
        }
    }

    #[test]
    fn a_suite_is_a_markdown_table() {
        let suite = suite(vec![
            measurement("bare-axum", 1000.0, Some(9000)),
            measurement("telemetry", 2000.0, None),
        ]);
        let expected = "\
## request

| contender |     ns | of ours | ns over bare | instructions | allocations | bytes allocated | goal                       |
|-----------|-------:|--------:|-------------:|-------------:|------------:|----------------:|----------------------------|
| bare-axum | 1000.0 |    0.50 |          0.0 |         9000 |       12.50 |            2048 |                            |
| telemetry | 2000.0 |    1.00 |       1000.0 |  not counted |       12.50 |            2048 | ≤ 500 ns over bare: MISSED |
";
        assert_eq!(suite.to_string(), expected);
    }

    #[test]
    fn bytes_written_are_told_where_lines_are() {
        let mut line = measurement("telemetry", 130.0, None);
        if let Some(allocations) = &mut line.allocations {
            allocations.written = 321.0;
        }
        let table = suite(vec![line]).to_string();
        assert!(table.contains("bytes written"), "{table}");
        assert!(table.contains(" 321 "), "{table}");
    }

    #[test]
    fn each_contender_is_compared_with_the_bare_one_of_its_work() {
        let names = [
            "bare-1",
            "telemetry-1",
            "bare-10",
            "telemetry-10-measured",
            "other",
        ];
        let suite = suite(names.map(|name| measurement(name, 1.0, None)).into());
        let bare = |index: usize| {
            let bare = suite.bare_of(&suite.measurements[index]);
            bare.map(|bare| &*bare.contender)
        };
        assert_eq!(bare(1), Some("bare-1"));
        assert_eq!(bare(3), Some("bare-10"));
        assert_eq!(bare(4), None);
    }

    #[test]
    fn the_only_bare_contender_is_that_of_all() {
        let names = ["telemetry", "bare-axum"];
        let suite = suite(names.map(|name| measurement(name, 1.0, None)).into());
        let bare = suite.bare_of(&suite.measurements[0]);
        assert_eq!(bare.map(|bare| &*bare.contender), Some("bare-axum"));
    }
}
