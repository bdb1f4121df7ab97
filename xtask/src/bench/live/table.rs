//! The tables of a suite, with a verdict on each goal, in Markdown.

use crate::bench::chart;
use crate::bench::contender::is_ours;
use crate::bench::live::measured::{Measured, Table};
use crate::bench::markdown::aligned;
use crate::bench::timing::median;

/// How the tables of a suite look, and what our contenders are to reach.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) name: &'static str,
    /// How many turns contenders have.
    pub(crate) turns: u32,
    /// Whether the demo is what is measured.
    pub(crate) needs_demo: bool,
    /// The contender that others are compared with.
    pub(crate) base: &'static str,
    pub(crate) columns: &'static [Column],
    pub(crate) chart: Option<Chart>,
    pub(crate) goals: &'static [Goal],
}

/// A column that tables have where its measure was taken.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) head: &'static str,
    /// Written behind the head, unless it is empty.
    pub(crate) unit: &'static str,
    pub(crate) measure: &'static str,
    pub(crate) shown: Shown,
    pub(crate) digits: usize,
}

/// What of a measure a column shows: the median over all turns.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown {
    Itself,
    /// What it is more than the base's of the same turn.
    Over,
    /// What part it is of the base's of the same turn.
    Of,
}

/// What of a suite is drawn.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) title: &'static str,
    /// How the title of the table begins.
    pub(crate) table: &'static str,
    /// The head of the column.
    pub(crate) column: &'static str,
}

/// A goal of a contender. Goals are shown and fail nothing: times depend on the machine.
#[derive(Debug)]
pub(crate) struct Goal {
    /// How the titles of the tables begin that have it.
    pub(crate) tables: &'static str,
    pub(crate) contender: &'static str,
    /// The head of its column.
    pub(crate) column: &'static str,
    pub(crate) bound: Bound,
}

/// What is to be reached.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Layout {
    /// Gives all tables, with how they were measured.
    pub(crate) fn markdown(&self, measured: &Measured) -> String {
        let mut text = format!("# {}\n", self.name);
        for note in &measured.notes {
            text += &format!("\nMeasured so: {note}.\n");
        }
        for table in &measured.tables {
            text += &format!("\n## {}\n\n{}", table.title, self.table(table));
        }
        text
    }

    /// Draws the chart, if there is one.
    pub(crate) fn chart(&self, measured: &Measured) -> Option<String> {
        let chart = self.chart.as_ref()?;
        let mut tables = measured.tables.iter();
        let table = tables.find(|table| table.title.starts_with(chart.table))?;
        let mut columns = self.columns.iter();
        let column = columns.find(|column| column.head == chart.column)?;
        let rows = table.rows.iter().filter_map(|row| {
            Some(chart::Row {
                name: row.contender.clone(),
                value: self.value(table, &row.contender, column)?,
                highlighted: is_ours(&row.contender),
            })
        });
        let rows: Vec<_> = rows.collect();
        Some(chart::svg(chart.title, column.unit, &rows))
    }

    fn table(&self, table: &Table) -> String {
        let columns: Vec<_> = self
            .columns
            .iter()
            .filter(|column| {
                let mut rows = table.rows.iter();
                rows.any(|row| self.value(table, &row.contender, column).is_some())
            })
            .collect();
        let mut head = vec!["contender".to_owned()];
        head.extend(columns.iter().map(|column| match column.unit {
            "" => column.head.to_owned(),
            unit => format!("{} ({unit})", column.head),
        }));
        head.push("goal".to_owned());
        let mut rows = vec![head];
        for row in &table.rows {
            let contender = &*row.contender;
            let name = if is_ours(contender) {
                format!("**`{contender}`**")
            } else {
                format!("`{contender}`")
            };
            let values = columns.iter().map(|column| {
                let value = self.value(table, contender, column);
                value.map_or("–".to_owned(), |value| {
                    format!("{value:.*}", column.digits)
                })
            });
            let mut cells = vec![name];
            cells.extend(values);
            cells.push(self.verdicts(table, contender));
            rows.push(cells);
        }
        aligned(&rows)
    }

    fn value(&self, table: &Table, contender: &str, column: &Column) -> Option<f64> {
        let values = table.values(contender, column.measure)?;
        if let Shown::Itself = column.shown {
            return median(values.to_vec());
        }
        let bases = table.values(self.base, column.measure)?;
        let pairs = values.iter().zip(bases);
        median(match column.shown {
            Shown::Of => pairs.map(|(value, base)| value / base).collect(),
            Shown::Over | Shown::Itself => pairs.map(|(value, base)| value - base).collect(),
        })
    }

    /// Says of each goal that a contender has whether it is met.
    fn verdicts(&self, table: &Table, contender: &str) -> String {
        let goals = self
            .goals
            .iter()
            .filter(|goal| goal.contender == contender && table.title.starts_with(goal.tables));
        let verdicts = goals.filter_map(|goal| {
            let mut columns = self.columns.iter();
            let column = columns.find(|column| column.head == goal.column)?;
            let value = self.value(table, contender, column)?;
            let (bound, is_met) = match goal.bound {
                Bound::AtMost(most) => (format!("≤ {most}"), value <= most),
                Bound::AtLeast(least) => (format!("≥ {least}"), value >= least),
            };
            let verdict = if is_met { "met" } else { "MISSED" };
            Some(format!("{} {bound}: {verdict}", column.head))
        });
        verdicts.collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::live::measured::{Row, Series};

    const LAYOUT: Layout = Layout {
        name: "http",
        turns: 3,
        needs_demo: false,
        base: "bare",
        columns: &[
            Column {
                head: "P99",
                unit: "µs",
                measure: "p99",
                shown: Shown::Itself,
                digits: 1,
            },
            Column {
                head: "of bare",
                unit: "",
                measure: "p99",
                shown: Shown::Of,
                digits: 2,
            },
            Column {
                head: "rate",
                unit: "",
                measure: "rate",
                shown: Shown::Itself,
                digits: 0,
            },
        ],
        chart: Some(Chart {
            title: "P99",
            table: "fast",
            column: "P99",
        }),
        goals: &[
            Goal {
                tables: "",
                contender: "telemetry",
                column: "of bare",
                bound: Bound::AtMost(1.05),
            },
            Goal {
                tables: "fast",
                contender: "telemetry",
                column: "P99",
                bound: Bound::AtLeast(20.0),
            },
            Goal {
                tables: "slow",
                contender: "telemetry",
                column: "P99",
                bound: Bound::AtMost(0.0),
            },
        ],
    };

    fn row(contender: &str, values: [f64; 3]) -> Row {
        Row {
            contender: contender.to_owned(),
            series: vec![Series {
                measure: "p99".to_owned(),
                values: values.to_vec(),
            }],
        }
    }

    #[test]
    fn turns_are_compared_with_the_same_turn_of_the_base() {
        // The machine was slow in the second turn, for both.
        let measured = Measured {
            notes: vec!["on two cores".to_owned()],
            tables: vec![Table {
                title: "fast".to_owned(),
                rows: vec![
                    row("bare", [10.0, 90.0, 11.0]),
                    row("telemetry", [11.0, 99.0, 12.1]),
                ],
            }],
        };
        let expected = "\
# http

Measured so: on two cores.

## fast

| contender       | P99 (µs) | of bare | goal                                     |
|-----------------|---------:|--------:|------------------------------------------|
| `bare`          |     11.0 |    1.00 |                                          |
| **`telemetry`** |     12.1 |    1.10 | of bare ≤ 1.05: MISSED; P99 ≥ 20: MISSED |
";
        assert_eq!(LAYOUT.markdown(&measured), expected);
    }

    #[test]
    fn the_chart_is_of_its_table_and_column() {
        let table = |title: &str, values| Table {
            title: title.to_owned(),
            rows: vec![row("telemetry", values)],
        };
        let measured = Measured {
            notes: Vec::new(),
            tables: vec![table("slow", [1.0; 3]), table("fast and far", [2.5; 3])],
        };
        let chart = LAYOUT.chart(&measured).unwrap();
        assert!(chart.contains("2.50 µs"), "{chart}");
        assert!(!chart.contains("1.00 µs"), "{chart}");
    }
}
