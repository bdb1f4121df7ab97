//! Processes of their own: this binary once more, with one test that plays a scenario.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use telemetry_core::TelemetryGuard;

const SCENARIO: &str = "TEST_SCENARIO";
const TIMEOUT: Duration = Duration::from_secs(180);

/// A scenario, with its name.
pub(crate) type Scenario = (&'static str, fn());

/// All scenarios.
const SCENARIOS: &[&[Scenario]] = &[
    crate::exits::SCENARIOS,
    crate::forks::SCENARIOS,
    crate::guards::SCENARIOS,
    crate::pipes::SCENARIOS,
];

/// What a process left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The log lines: each must be whole.
    pub(crate) fn lines(&self) -> Vec<Value> {
        lines(&self.stdout)
    }

    /// How many lines there are of an event.
    pub(crate) fn count(&self, event: &str) -> usize {
        let lines = self.lines();
        lines.iter().filter(|line| line["event"] == event).count()
    }
}

/// The log lines of an output: each must be whole.
pub(crate) fn lines(output: &str) -> Vec<Value> {
    let lines = output.lines().filter(|line| line.contains('{'));
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("torn: {line}")))
        .collect()
}

/// Prepares a process that plays a scenario.
pub(crate) fn command(scenario: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "child::plays_a_scenario",
            "--nocapture",
            "--quiet",
        ])
        .env_clear()
        .env("NODE_ENV", "test")
        .env(SCENARIO, scenario)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Plays a scenario to its end.
pub(crate) fn play(scenario: &str) -> Ended {
    ended(command(scenario).spawn().unwrap())
}

/// Waits for the end of a process, and kills one that hangs.
pub(crate) fn ended(child: Child) -> Ended {
    let pid = Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(TIMEOUT) else {
        kill_process(pid, Signal::KILL).unwrap();
        panic!("the process hangs");
    };
    let output = output.unwrap();
    Ended {
        status: output.status,
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Installs telemetry on the standard output.
pub(crate) fn init() -> TelemetryGuard {
    telemetry_core::init().unwrap()
}

/// Keeps the thread busy: what happens meanwhile is part of a scenario.
pub(crate) fn spend(time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        thread::yield_now();
    }
}

/// Ends this process on the spot.
pub(crate) fn kill_self() {
    kill_process(rustix::process::getpid(), Signal::KILL).unwrap();
}

/// Writes to the standard error stream, as a scenario does to its test.
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

/// Does nothing unless it is the process of a scenario.
#[test]
fn plays_a_scenario() {
    if let Ok(scenario) = std::env::var(SCENARIO) {
        let mut scenarios = SCENARIOS.iter().copied().flatten();
        let known = scenarios.find(|(name, _)| *name == scenario);
        known.unwrap_or_else(|| panic!("no scenario {scenario}")).1();
    }
}
