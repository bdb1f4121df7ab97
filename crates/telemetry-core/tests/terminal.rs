//! What people see at a terminal: this program started again on a pseudo-terminal.

#![cfg(unix)]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use telemetry_core::{Scope, Telemetry, TelemetryGuard};

/// Set in the process that logs.
const LOGS: &str = "TELEMETRY_CORE_TESTS_LOGS";
const TIMEOUT: Duration = Duration::from_secs(30);

/// A process that logs one request for each line of its input, and its terminal.
struct Program {
    child: Child,
    terminal: BufReader<File>,
    size: OwnedFd,
}

fn set_columns(terminal: &OwnedFd, columns: u16) {
    let size = Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).unwrap();
}

impl Program {
    fn start(test: &str, columns: u16, variables: &[(&str, &str)]) -> Self {
        let size = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&size).unwrap();
        unlockpt(&size).unwrap();
        set_columns(&size, columns);
        let path = ptsname(&size, Vec::new()).unwrap();
        let output = File::options()
            .read(true)
            .write(true)
            .open(path.to_str().unwrap())
            .unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture", "--quiet"])
            .env_clear()
            .env(LOGS, "1")
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(output)
            .spawn()
            .unwrap();
        let terminal = BufReader::new(File::from(size.try_clone().unwrap()));
        Self {
            child,
            terminal,
            size,
        }
    }

    /// Has a request logged, and reads its rows up to the one that has `last`.
    fn request(&mut self, last: &str) -> Vec<String> {
        writeln!(self.child.stdin.as_ref().unwrap()).unwrap();
        let mut rows = Vec::new();
        loop {
            let mut row = String::new();
            assert_ne!(self.terminal.read_line(&mut row).unwrap(), 0, "{rows:?}");
            let row = row.trim_end_matches(['\r', '\n']).to_owned();
            let is_last = row.contains(last);
            // The test harness of the process writes to the terminal too.
            let is_first = row.contains("request_completed");
            if is_first || !rows.is_empty() {
                rows.push(row);
            }
            if is_last {
                return rows;
            }
        }
    }

    fn end(mut self) {
        drop(self.child.stdin.take());
        // What it still writes has to be read, or it waits.
        let _all_read = self.terminal.read_to_end(&mut Vec::new());
        assert!(self.child.wait().unwrap().success());
    }
}

/// In the process that is started: logs a request for each line of the input.
fn log_if_started() -> bool {
    if std::env::var_os(LOGS).is_none() {
        return false;
    }
    let telemetry: TelemetryGuard = Telemetry::builder().install().unwrap();
    let scope = Scope::builder()
        .field("request.id", "deb323c9-7d3a-4476-9777-5f48e5d56432")
        .field("user.id", 42)
        .field("labels", ["tournament"])
        .field("tournament.id", 5)
        .build();
    for _line in std::io::stdin().lines() {
        scope.in_scope(|| {
            tracing::info!(
                target: "telemetry_http",
                message = "request_completed",
                http.method = "GET",
                http.route = "/api/tournaments/5/",
                http.status_code = 200,
                duration_ms = 12.34,
            );
        });
        assert!(telemetry.flush(TIMEOUT));
    }
    true
}

/// A row without its escapes of colours.
fn plain(row: &str) -> String {
    let mut parts = row.split('\u{1b}');
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once('m').map_or(part, |(_, rest)| rest)
    })
}

#[test]
fn a_request_on_eighty_columns_is_three_rows_with_nothing_broken() {
    if log_if_started() {
        return;
    }
    let test = "a_request_on_eighty_columns_is_three_rows_with_nothing_broken";
    let mut program = Program::start(test, 80, &[]);
    let rows = program.request("tournament.id=");
    program.end();
    assert!(rows[0].contains('\u{1b}'), "{rows:?}");
    let rows: Vec<_> = rows.iter().map(|row| plain(row)).collect();
    assert!(rows.iter().all(|row| row.chars().count() <= 80), "{rows:?}");
    let (time, first) = rows[0].split_at(12);
    let shape = time.replace(|character: char| character.is_ascii_digit(), "0");
    assert_eq!(shape, "00:00:00.000");
    assert_eq!(
        (first, &rows[1..]),
        (
            " info    request_completed [telemetry_http] http.method=GET",
            &[
                "    http.route=/api/tournaments/5/ http.status_code=200 duration_ms=12.34"
                    .to_owned(),
                "    request.id=deb323c9… user.id=42 labels=['tournament'] tournament.id=5".into(),
            ][..]
        )
    );
}

#[test]
fn rows_follow_the_width_of_the_terminal() {
    if log_if_started() {
        return;
    }
    let test = "rows_follow_the_width_of_the_terminal";
    let mut program = Program::start(test, 80, &[("NO_COLOR", "1")]);
    assert_eq!(program.request("tournament.id=").len(), 3);
    set_columns(&program.size, 200);
    let start = Instant::now();
    let rows = loop {
        let rows = program.request("tournament.id=");
        if rows.len() == 2 {
            break rows;
        }
        assert!(start.elapsed() < TIMEOUT, "{rows:?}");
    };
    program.end();
    assert!(rows[0].ends_with("duration_ms=12.34"), "{rows:?}");
    assert!(rows[1].contains("request.id=deb323c9-7d3a-4476-9777-5f48e5d56432 "));
    assert!(!rows.concat().contains('\u{1b}'));
}

#[test]
fn columns_says_the_width_where_the_terminal_does_not() {
    if log_if_started() {
        return;
    }
    let test = "columns_says_the_width_where_the_terminal_does_not";
    for (columns, rows) in [("200", 2), ("80", 3), ("many", 3), ("0", 3), ("", 3)] {
        let mut program = Program::start(test, 0, &[("COLUMNS", columns), ("NO_COLOR", "1")]);
        assert_eq!(program.request("tournament.id=").len(), rows, "{columns}");
        program.end();
    }
}
