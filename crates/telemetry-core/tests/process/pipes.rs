//! Lines on a pipe that others write to.

use std::io::{self, PipeReader, PipeWriter, Read as _};
use std::process::{Child, exit};
use std::thread;
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use telemetry_core::{Overflow, Telemetry};

use crate::child::{Scenario, command, init, lines};

const LINES: usize = 60_000;

pub(crate) const SCENARIOS: &[Scenario] = &[
    ("many_lines", many_lines),
    ("many_lines_to_stderr", many_lines_to_stderr),
    ("lines_beside_println", lines_beside_println),
    ("lines_while_stdout_is_locked", lines_while_stdout_is_locked),
    ("long_lines", long_lines),
];

/// Logs lines of every length up to about a kilobyte.
fn log_lines(count: usize) {
    let text = "x".repeat(900);
    for number in 0..count {
        tracing::info!(number, padding = &text[..number % 900], "piped");
    }
}

fn many_lines() {
    let guard = init();
    log_lines(LINES);
    drop(guard);
    exit(0);
}

fn many_lines_to_stderr() {
    let telemetry = Telemetry::builder().with_output(io::stderr());
    let guard = telemetry.install().unwrap();
    // Its lock belongs to others.
    let _locked = io::stderr().lock();
    log_lines(LINES);
    drop(guard);
    exit(0);
}

fn lines_beside_println() {
    let guard = init();
    let printing = thread::spawn(|| {
        // What is printed is atomic on a pipe below the 1,024 bytes of the buffer of stdout.
        let text = "y".repeat(900);
        for number in 0..LINES {
            let padding = &text[..number % 900];
            println!(r#"{{"event":"printed","padding":"{padding}"}}"#);
        }
    });
    log_lines(LINES);
    printing.join().unwrap();
    drop(guard);
    exit(0);
}

fn lines_while_stdout_is_locked() {
    let guard = init();
    let _locked = io::stdout().lock();
    tracing::info!("piped");
    exit(i32::from(!guard.flush(Duration::from_secs(10))));
}

fn long_lines() {
    let guard = init();
    let text = "x".repeat(20_000);
    for number in 0..200_usize {
        tracing::info!(number, padding = &text[..number * 100], "piped");
    }
    drop(guard);
    exit(0);
}

/// Starts a scenario that waits where its output is not taken, so that no line is dropped.
fn start(scenario: &str, output: &PipeWriter) -> Child {
    let mut command = command(scenario);
    command
        .env("LOG_OVERFLOW", Overflow::Block.to_string())
        .stdout(output.try_clone().unwrap())
        .stderr(output.try_clone().unwrap());
    command.spawn().unwrap()
}

/// Reads a little at a time, so that the pipe stays full: then the system takes a part of what is
/// written to it.
fn read_slowly(reader: &mut PipeReader) -> String {
    let mut output = Vec::new();
    let mut piece = [0; 1_000];
    loop {
        match reader.read(&mut piece).unwrap() {
            0 => return String::from_utf8(output).unwrap(),
            length => output.extend_from_slice(&piece[..length]),
        }
    }
}

/// Plays scenarios at the same time on one pipe, and counts their lines: none may be torn.
fn count_lines(scenarios: &[&str], (mut reader, writer): (PipeReader, PipeWriter)) -> usize {
    let children: Vec<_> = scenarios
        .iter()
        .map(|scenario| start(scenario, &writer))
        .collect();
    drop(writer);
    let output = read_slowly(&mut reader);
    for mut child in children {
        assert!(child.wait().unwrap().success(), "{output}");
    }
    let lines = lines(&output);
    let ours = ["piped", "printed"];
    let count = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    ours.into_iter().map(count).sum()
}

#[test]
fn two_processes_on_one_pipe_tear_no_line() {
    let pipe = io::pipe().unwrap();
    assert_eq!(count_lines(&["many_lines", "many_lines"], pipe), 2 * LINES);
}

#[test]
fn two_processes_on_one_pipe_that_does_not_block_tear_no_line() {
    let pipe = io::pipe().unwrap();
    let flags = fcntl_getfl(&pipe.1).unwrap();
    fcntl_setfl(&pipe.1, flags | OFlags::NONBLOCK).unwrap();
    assert_eq!(count_lines(&["many_lines", "many_lines"], pipe), 2 * LINES);
}

#[test]
fn the_standard_error_stream_as_output_is_a_pipe_like_any_other() {
    let pipe = io::pipe().unwrap();
    let scenarios = ["many_lines_to_stderr", "many_lines"];
    assert_eq!(count_lines(&scenarios, pipe), 2 * LINES);
}

#[test]
fn lines_and_what_is_printed_tear_each_other_not() {
    let pipe = io::pipe().unwrap();
    assert_eq!(count_lines(&["lines_beside_println"], pipe), 2 * LINES);
}

#[test]
fn a_held_lock_of_stdout_holds_up_no_line() {
    let pipe = io::pipe().unwrap();
    assert_eq!(count_lines(&["lines_while_stdout_is_locked"], pipe), 1);
}

#[test]
fn lines_longer_than_a_pipe_takes_at_once_are_whole() {
    let pipe = io::pipe().unwrap();
    assert_eq!(count_lines(&["long_lines"], pipe), 200);
}
