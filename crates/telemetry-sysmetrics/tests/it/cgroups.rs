//! The CPUs of a process whose control group has a quota. A group has whole processes as members:
//! each test starts this program again, as the process that is measured.
//!
//! Making a group takes privileges. Without them a test prints why it was skipped and passes.

mod group;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use group::Group;

use crate::collector::{Collector, Exported};

/// Set in the environment of a measured process.
const MEASURED: &str = "TELEMETRY_TEST_MEASURED";

/// How long a measured process is busy between its two readings. A reading is reused for 200 ms.
const BUSY_TIME: Duration = Duration::from_millis(700);

/// What a process with one busy thread found out between two readings.
struct Measurement {
    /// CPUs that it used at a time, on average.
    used: f64,
    utilization: f64,
}

impl Measurement {
    /// The CPUs that the utilisation is a fraction of.
    fn bound(&self) -> f64 {
        self.used / self.utilization
    }
}

/// This program, started again, with one thread that is busy on request.
struct Measured {
    child: Child,
    answers: BufReader<File>,
    /// The groups that it was moved into: a group can be removed once the process has ended.
    groups: Vec<Group>,
}

impl Measured {
    fn start() -> Self {
        let (answers, output) = io::pipe().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "cgroups::measured_process",
                "--nocapture",
                "--quiet",
            ])
            .env(MEASURED, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .unwrap();
        Self {
            child,
            answers: BufReader::new(File::from(OwnedFd::from(answers))),
            groups: Vec::new(),
        }
    }

    /// Starts a process in a group with a quota. `None`, with a reason on stdout, where that
    /// takes privileges that are missing.
    fn with_quota(test: &str, cpus: f64) -> Option<Self> {
        let mut measured = Self::start();
        let moved = Group::new(test).and_then(|group| measured.enter(group, Some(cpus)));
        match moved {
            Ok(()) => Some(measured),
            Err(reason) => {
                println!("skipped: a control group with a quota cannot be made: {reason}");
                None
            }
        }
    }

    /// Moves the process into a group, which gets a quota if there is one.
    fn enter(&mut self, group: Group, cpus: Option<f64>) -> io::Result<()> {
        self.groups.push(group);
        let group = self.group();
        if let Some(cpus) = cpus {
            group.set_quota(cpus)?;
        }
        group.add(self.child.id())
    }

    /// The group that the process is in.
    fn group(&self) -> &Group {
        self.groups.last().unwrap()
    }

    fn measure(&mut self) -> Measurement {
        let requests = self.child.stdin.as_mut().unwrap();
        requests.write_all(b"measure\n").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let (used, utilization) = answer.trim().split_once(' ').expect(&answer);
        Measurement {
            used: used.parse().unwrap(),
            utilization: utilization.parse().unwrap(),
        }
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let killed = self.child.kill();
        let ended = self.child.wait();
        assert!(killed.is_ok() && ended.is_ok(), "{killed:?} {ended:?}");
        while let Some(innermost) = self.groups.pop() {
            innermost.remove();
        }
    }
}

/// Not a test of its own: the process that the tests measure.
#[test]
fn measured_process() {
    if std::env::var_os(MEASURED).is_none() {
        return;
    }
    let mut collector = None;
    for _ in io::stdin().lines() {
        // Registered only now, in the group that the test moved this process to.
        let collector = collector.get_or_insert_with(Collector::registered);
        burn(BUSY_TIME);
        let before = collector.collect();
        burn(BUSY_TIME);
        let after = collector.collect();
        let grown = |name| sum(&after, name) - sum(&before, name);
        let used = grown("process.cpu.time") / grown("process.uptime");
        let utilization = sum(&after, "process.runtime.cpu.utilization");
        writeln!(io::stderr(), "{used} {utilization}").unwrap();
    }
}

fn sum(metrics: &[Exported], name: &str) -> f64 {
    let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
    metric.points.iter().map(|point| point.value).sum()
}

fn burn(time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

fn cpus() -> f64 {
    available_parallelism().unwrap().get() as f64
}

#[track_caller]
fn assert_bound(measurement: &Measurement, bound: f64) {
    if measurement.utilization < 1.0 {
        let found = measurement.bound();
        assert!((found / bound - 1.0).abs() < 0.01, "{found}");
    } else {
        // A group uses more than its quota within a period that it ends.
        assert!(measurement.used > 0.95 * bound, "{}", measurement.used);
    }
}

#[test]
fn a_quota_counts_as_the_fraction_of_cpus_that_it_is() {
    let Some(mut measured) = Measured::with_quota("fraction", 1.5) else {
        return;
    };
    assert_bound(&measured.measure(), cpus().min(1.5));
}

#[test]
fn a_process_that_is_throttled_uses_all_of_its_cpus() {
    let Some(mut measured) = Measured::with_quota("throttled", 0.25) else {
        return;
    };
    let measurement = measured.measure();
    assert_bound(&measurement, 0.25);
    assert!(measurement.utilization > 0.5, "{}", measurement.utilization);
}

#[test]
fn a_quota_that_is_changed_counts_from_the_next_reading_on() {
    let Some(mut measured) = Measured::with_quota("changed", 0.5) else {
        return;
    };
    assert_bound(&measured.measure(), 0.5);
    measured.group().set_quota(2.0).unwrap();
    assert_bound(&measured.measure(), cpus().min(2.0));
    measured.group().set_quota(0.75).unwrap();
    assert_bound(&measured.measure(), 0.75);
    measured.group().remove_quota().unwrap();
    assert_bound(&measured.measure(), cpus());
}

#[test]
fn the_quota_of_an_outer_group_counts_where_it_is_tighter() {
    let Some(mut measured) = Measured::with_quota("outer", 0.75) else {
        return;
    };
    let inner = measured.group().inner("inner").unwrap();
    measured.enter(inner, None).unwrap();
    assert_bound(&measured.measure(), 0.75);
    measured.group().set_quota(0.5).unwrap();
    assert_bound(&measured.measure(), 0.5);
}

#[test]
fn a_process_that_is_moved_has_the_quota_of_its_new_group() {
    let Some(mut measured) = Measured::with_quota("first", 0.5) else {
        return;
    };
    assert_bound(&measured.measure(), 0.5);
    measured
        .enter(Group::new("second").unwrap(), Some(0.75))
        .unwrap();
    assert_bound(&measured.measure(), 0.75);
}
