//! What a suite with servers or threads prints, for `cargo xtask bench` to make tables of.
//!
//! Each line has its parts between tabs: `note TEXT`, or `TABLE CONTENDER MEASURE VALUE…` with a
//! value for each turn. What is under way goes to the standard error.

use std::collections::BTreeMap;
use std::process::Command;

/// Says how it was measured.
pub(crate) fn note(text: &str) {
    println!("note\t{text}");
}

/// The values of all turns, by contender and measure.
#[derive(Debug, Default)]
pub(crate) struct Series {
    contenders: Vec<&'static str>,
    values: BTreeMap<(&'static str, String), Vec<f64>>,
}

impl Series {
    /// Adds the value of a turn.
    pub(crate) fn add(&mut self, contender: &'static str, measure: &str, value: f64) {
        if !self.contenders.contains(&contender) {
            self.contenders.push(contender);
        }
        let key = (contender, measure.to_owned());
        self.values.entry(key).or_default().push(value);
    }

    /// Prints all, contenders in the order in which they came first.
    pub(crate) fn print(&self, table: &str) {
        for contender in &self.contenders {
            for ((name, measure), values) in &self.values {
                if name == contender {
                    let values: Vec<_> = values.iter().map(f64::to_string).collect();
                    println!("{table}\t{contender}\t{measure}\t{}", values.join("\t"));
                }
            }
        }
    }
}

/// Runs this program with other arguments, and gives what it prints: a measure and its value on
/// each line, with a tab between them.
///
/// # Panics
///
/// When it fails.
pub(crate) fn of_process(arguments: &[&str]) -> Vec<(String, f64)> {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program)
        .args(arguments)
        .stderr(std::process::Stdio::inherit())
        .output()
        .expect("this program runs");
    assert!(output.status.success(), "{arguments:?} failed");
    let text = String::from_utf8_lossy(&output.stdout);
    let values = text.lines().map(|line| {
        let (measure, value) = line.split_once('\t')?;
        Some((measure.to_owned(), value.parse().ok()?))
    });
    values
        .collect::<Option<_>>()
        .unwrap_or_else(|| panic!("{arguments:?} printed {text}"))
}

/// A quantile of sorted values; 0 when there is none.
pub(crate) fn quantile<N: Copy + Default>(sorted: &[N], share: f64) -> N {
    let last = sorted.len().saturating_sub(1);
    let index = (last as f64 * share).round() as usize;
    sorted.get(index).copied().unwrap_or_default()
}
