//! Processes of their own: this binary once more, with one test that plays a scenario.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use otlp_test_collector::Collector;
use serde_json::Value;

use crate::scenarios;

const SCENARIO: &str = "TEST_SCENARIO";

/// What a process left.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The log lines.
    pub(crate) lines: Vec<Value>,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Ended {
    /// The events of the lines.
    pub(crate) fn events(&self) -> Vec<&str> {
        let events = self.lines.iter();
        events.map(|line| line["event"].as_str().unwrap()).collect()
    }

    /// The one line of this event.
    #[track_caller]
    pub(crate) fn single(&self, event: &str) -> &Value {
        let mut lines = self.lines.iter().filter(|line| line["event"] == event);
        match (lines.next(), lines.next()) {
            (Some(line), None) => line,
            _ => panic!("not one {event}: {self:#?}"),
        }
    }

    /// The lines of this event.
    pub(crate) fn all(&self, event: &str) -> Vec<&Value> {
        let lines = self.lines.iter();
        lines.filter(|line| line["event"] == event).collect()
    }

    /// What the scenario said under this name.
    #[track_caller]
    pub(crate) fn said(&self, name: &str) -> &str {
        let mut said = self.stderr.lines();
        let said = said.find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        said.unwrap_or_else(|| panic!("no {name}: {self:#?}"))
    }
}

/// Plays a scenario with export to a collector, over HTTP.
pub(crate) fn play(scenario: &str, collector: &Collector, more: &[(&str, &str)]) -> Ended {
    let endpoint = collector.endpoint();
    let mut variables = vec![
        ("OTEL_ENABLED", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
        ("OTEL_TRACES_SAMPLER", "always_on"),
    ];
    variables.extend(more);
    play_with(scenario, &variables)
}

/// Plays a scenario with these variables, lines in JSON, and no other variables.
pub(crate) fn play_with(scenario: &str, variables: &[(&str, &str)]) -> Ended {
    let begun = Instant::now();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "child::plays_a_scenario",
            "--nocapture",
            "--test-threads=1",
        ])
        .env_clear()
        .env("NODE_ENV", "test")
        .env(SCENARIO, scenario)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let took = begun.elapsed();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{scenario}: {stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    // The harness writes there too, and ends no line of its own first.
    let lines = stdout
        .lines()
        .filter_map(|line| line.find('{').map(|at| &line[at..]));
    Ended {
        lines: lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        stderr,
        took,
    }
}

/// Does nothing unless it is the process of a scenario.
#[test]
fn plays_a_scenario() {
    if let Ok(scenario) = std::env::var(SCENARIO) {
        scenarios::play(&scenario);
    }
}
