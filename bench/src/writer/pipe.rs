//! Two processes that log to one pipe: how many lines come through whole, and how fast.
//!
//! The reader takes a little at a time, so that the pipe stays full. Lines are of every length up to
//! 3,000 bytes, less than a pipe takes at once.

use std::io::{self, PipeReader, Read as _};
use std::process::Command;
use std::time::{Duration, Instant};

use telemetry_core::{Config, Overflow, Telemetry};
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::NonBlockingBuilder;

use crate::series::Series;

/// What the last argument of such a process is.
pub(super) const REGIME: &str = "pipe";
const TITLE: &str = "two processes on one pipe, 60,000 lines each";
const PROCESSES: usize = 2;
const LINES: usize = 60_000;
const MAX_PADDING: usize = 2_600;
/// How long the end waits for what is not yet written.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(60);

/// A contender, and what logs all lines to the standard output.
type Contender = (&'static str, fn());

const CONTENDERS: [Contender; 3] = [
    ("telemetry", telemetry),
    ("tracing-subscriber", tracing_subscriber),
    ("tracing-appender-blocking", tracing_appender),
];

/// Measures all contenders.
pub(super) fn run(turns: u32) {
    let mut series = Series::default();
    for turn in 1..=turns {
        eprintln!("{TITLE}: turn {turn} of {turns}");
        for (name, _) in CONTENDERS {
            for (measure, value) in measure(name) {
                series.add(name, measure, value);
            }
        }
    }
    series.print(TITLE);
}

/// Is one of the processes of a contender.
///
/// # Panics
///
/// When there is none of such a name.
pub(super) fn log(name: &str) {
    let contender = CONTENDERS.iter().find(|(known, _)| *known == name);
    let (_, log) = contender.unwrap_or_else(|| panic!("no contender {name:?}"));
    log();
}

fn measure(name: &str) -> [(&'static str, f64); 3] {
    let (mut reader, writer) = io::pipe().expect("a pipe");
    let begun = Instant::now();
    let children: Vec<_> = (0..PROCESSES)
        .map(|_| {
            let program = std::env::current_exe().expect("this program");
            Command::new(program)
                .args(["one-of", "writer", name, REGIME])
                .stdout(writer.try_clone().expect("a descriptor"))
                .spawn()
                .expect("this program runs")
        })
        .collect();
    drop(writer);
    let output = read_slowly(&mut reader);
    let took = begun.elapsed();
    for mut child in children {
        assert!(child.wait().expect("a process").success(), "{name} failed");
    }
    let whole = output.lines().filter(|line| is_whole(line)).count();
    let emitted = PROCESSES * LINES;
    [
        ("rate", emitted as f64 / took.as_secs_f64()),
        ("written", whole as f64 / emitted as f64 * 100.0),
        ("torn", (output.lines().count() - whole) as f64),
    ]
}

fn read_slowly(reader: &mut PipeReader) -> String {
    let mut output = Vec::new();
    let mut piece = [0; 1_000];
    loop {
        match reader.read(&mut piece).expect("a pipe that can be read") {
            0 => return String::from_utf8_lossy(&output).into_owned(),
            length => output.extend_from_slice(&piece[..length]),
        }
    }
}

/// Says whether a line is one of those that were logged, with nothing of another.
fn is_whole(line: &str) -> bool {
    const START: &str = "{\"timestamp\"";
    line.starts_with(START) && line.ends_with('}') && line.matches(START).count() == 1
}

fn log_lines() {
    let text = "x".repeat(MAX_PADDING);
    for number in 0..LINES {
        tracing::info!(number, padding = &text[..number % MAX_PADDING], "piped");
    }
}

fn telemetry() {
    let config = Config::default()
        .with_deployment("prod")
        .with_level(LevelFilter::INFO)
        .with_overflow(Overflow::Block);
    let guard = Telemetry::builder().with_config(config).install();
    let guard = guard.expect("telemetry");
    log_lines();
    assert!(guard.flush(FLUSH_TIMEOUT), "lines are left");
}

fn tracing_subscriber() {
    tracing_subscriber::fmt().json().init();
    log_lines();
}

fn tracing_appender() {
    let (writer, _guard) = NonBlockingBuilder::default()
        .lossy(false)
        .finish(io::stdout());
    tracing_subscriber::fmt().json().with_writer(writer).init();
    log_lines();
}
