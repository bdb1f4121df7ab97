//! What a suite with servers or threads has measured. See `bench/src/series.rs`.

use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde::Serialize;

use crate::process;

/// The tables of a suite, and how they were measured.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct Measured {
    pub(crate) notes: Vec<String>,
    pub(crate) tables: Vec<Table>,
}

/// The contenders at one pace, or with one request.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
}

/// A contender with what was measured of it.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Row {
    pub(crate) contender: String,
    pub(crate) series: Vec<Series>,
}

/// A measure, with a value for each turn.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Series {
    pub(crate) measure: String,
    pub(crate) values: Vec<f64>,
}

impl Measured {
    /// Runs a program and reads what it prints.
    ///
    /// # Errors
    ///
    /// When it fails, or prints anything else.
    pub(crate) fn by(command: &mut Command) -> anyhow::Result<Self> {
        let output = command.stderr(Stdio::inherit()).output()?;
        ensure!(
            output.status.success(),
            "`{}` failed",
            process::line(command)
        );
        Self::parse(&String::from_utf8(output.stdout)?)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut measured = Self::default();
        for line in text.lines() {
            measured
                .add(line)
                .with_context(|| format!("the benchmarks printed {line:?}"))?;
        }
        Ok(measured)
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let (first, rest) = line.split_once('\t')?;
        if first == "note" {
            self.notes.push(rest.to_owned());
            return Some(());
        }
        let mut parts = rest.split('\t');
        let (contender, measure) = (parts.next()?, parts.next()?);
        let values: Result<_, _> = parts.map(str::parse).collect();
        let table = match self.tables.iter().position(|table| table.title == first) {
            Some(known) => &mut self.tables[known],
            None => self.tables.push_mut(Table {
                title: first.to_owned(),
                rows: Vec::new(),
            }),
        };
        let row = match table.rows.iter().position(|row| row.contender == contender) {
            Some(known) => &mut table.rows[known],
            None => table.rows.push_mut(Row {
                contender: contender.to_owned(),
                series: Vec::new(),
            }),
        };
        row.series.push(Series {
            measure: measure.to_owned(),
            values: values.ok()?,
        });
        Some(())
    }
}

impl Table {
    /// Finds the values of a measure.
    pub(crate) fn values(&self, contender: &str, measure: &str) -> Option<&[f64]> {
        let row = self.rows.iter().find(|row| row.contender == contender)?;
        let series = row.series.iter().find(|series| series.measure == measure)?;
        Some(&series.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_tables() {
        let text = "note\ton two cores\n\
                    fast\tbare\tp99\t1\t2.5\nfast\tbare\trate\t7\nslow\tbare\tp99\t3\n";
        let measured = Measured::parse(text).unwrap();
        assert_eq!(measured.notes, ["on two cores"]);
        assert_eq!(measured.tables.len(), 2);
        assert_eq!(
            measured.tables[0].values("bare", "p99"),
            Some(&[1.0, 2.5][..])
        );
        assert_eq!(measured.tables[1].values("bare", "rate"), None);
    }

    #[test]
    fn anything_else_is_an_error_that_tells_it() {
        let error = Measured::parse("fast\tbare\tp99\tquick\n").unwrap_err();
        assert!(error.to_string().contains("quick"), "{error}");
    }
}
