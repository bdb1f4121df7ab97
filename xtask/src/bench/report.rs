//! What was measured, as tables and as JSON.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use crate::bench::chart::{self, Row};
use crate::bench::contender::{OURS, is_ours};
use crate::bench::goals;
use crate::workspace::root;

/// The contender that shows what a suite costs without any telemetry.
const BARE: &str = "bare-axum";

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
    pub(crate) nanoseconds: f64,
    /// None without valgrind.
    pub(crate) instructions: Option<u64>,
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

    /// Gives the nanoseconds that a contender adds to the bare one, where there is one.
    pub(crate) fn over_bare(&self, measurement: &Measurement) -> Option<f64> {
        Some(measurement.nanoseconds - self.find(BARE)?.nanoseconds)
    }

    /// Draws the times of all contenders.
    fn chart(&self) -> String {
        let row = |measurement: &Measurement| Row {
            name: measurement.contender.clone(),
            value: measurement.nanoseconds,
            highlighted: is_ours(&measurement.contender),
        };
        let rows: Vec<_> = self.measurements.iter().map(row).collect();
        chart::svg(title(&self.name), "ns", &rows)
    }

    fn row(&self, measurement: &Measurement) -> Vec<String> {
        let ratio = self
            .find(OURS)
            .map(|ours| format!("{:.2}", measurement.nanoseconds / ours.nanoseconds));
        let mut row = vec![
            measurement.contender.clone(),
            format!("{:.1}", measurement.nanoseconds),
            ratio.unwrap_or_default(),
        ];
        if let Some(added) = self.over_bare(measurement) {
            row.push(format!("{added:.1}"));
        }
        let instructions = measurement.instructions;
        row.push(instructions.map_or("not counted".to_owned(), |count| count.to_string()));
        row.push(goals::verdicts(self, measurement));
        row
    }
}

/// A Markdown table with a heading, which is aligned to be read as it is, too.
impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut head = vec!["contender", "ns", "of ours"];
        if self.find(BARE).is_some() {
            head.push("ns over bare");
        }
        head.extend(["instructions", "goal"]);
        let mut rows = vec![head.into_iter().map(str::to_owned).collect::<Vec<_>>()];
        rows.extend(self.measurements.iter().map(|m| self.row(m)));
        let widths: Vec<_> = (0..rows[0].len())
            .map(|column| rows.iter().map(|row| row[column].chars().count()).max())
            .map(Option::unwrap_or_default)
            .collect();

        writeln!(f, "## {}\n", self.name)?;
        for (index, row) in rows.iter().enumerate() {
            write_row(f, row, &widths)?;
            if index == 0 {
                write_rule(f, &widths)?;
            }
        }
        Ok(())
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

/// Writes the cells of a row: text in the first and last column, numbers between them.
fn write_row(f: &mut fmt::Formatter<'_>, row: &[String], widths: &[usize]) -> fmt::Result {
    for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
        if is_text(column, widths) {
            write!(f, "| {cell:width$} ")?;
        } else {
            write!(f, "| {cell:>width$} ")?;
        }
    }
    writeln!(f, "|")
}

/// Writes the line below the head.
fn write_rule(f: &mut fmt::Formatter<'_>, widths: &[usize]) -> fmt::Result {
    for (column, width) in widths.iter().enumerate() {
        let end = if is_text(column, widths) { '-' } else { ':' };
        write!(f, "|{:-<1$}{end}", "", width + 1)?;
    }
    writeln!(f, "|")
}

fn is_text(column: usize, widths: &[usize]) -> bool {
    column == 0 || column + 1 == widths.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_is_a_markdown_table() {
        let measurement = |contender: &str, nanoseconds, instructions| Measurement {
            contender: contender.to_owned(),
            nanoseconds,
            instructions,
        };
        let suite = Suite {
            name: "request".to_owned(),
            measurements: vec![
                measurement("bare-axum", 1000.0, Some(9000)),
                measurement("telemetry", 2000.0, None),
            ],
        };
        let expected = "\
## request

| contender |     ns | of ours | ns over bare | instructions | goal                       |
|-----------|-------:|--------:|-------------:|-------------:|----------------------------|
| bare-axum | 1000.0 |    0.50 |          0.0 |         9000 |                            |
| telemetry | 2000.0 |    1.00 |       1000.0 |  not counted | ≤ 600 ns over bare: MISSED |
";
        assert_eq!(suite.to_string(), expected);
    }
}
