//! A standard output that is closed, stalled or full: the site goes on.

use std::fs::OpenOptions;
use std::process::Stdio;
use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::program::{PATIENCE, Program, get, http_client, request_by};

/// Any port, and lines in JSON, with targets of any length.
const VARIABLES: [(&str, &str); 3] = [
    ("DTX_BIND", "127.0.0.1:0"),
    ("NODE_ENV", "test"),
    ("LOG_VALUE_LIMIT", "0"),
];
/// How many clients send requests at the same time.
const CLIENTS: usize = 4;
/// How often each of them sends one.
const PERIOD: Duration = Duration::from_millis(5);
/// How many requests there are while the standard output is not read: the lines of a third of them
/// are all that can wait.
const STALLED: usize = 3_000;

fn start() -> (TempDir, Program) {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::start(&directory, &VARIABLES);
    (directory, program)
}

#[tokio::test]
async fn a_closed_output_does_not_keep_requests_from_being_answered() {
    let (_directory, mut program) = start();
    let url = program.url().await;
    program.close_stdout();
    for _ in 0..100 {
        let (status, _) = get(format!("{url}/api/tournaments/5/")).await;
        assert_eq!(status, 404);
    }
    program.signal(Signal::TERM);
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let told = ["telemetry: cannot write log lines: Broken pipe (os error 32)"];
    assert_eq!(ended.stderr, told);
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_full_disk_does_not_keep_requests_from_being_answered() {
    let directory = tempfile::tempdir().unwrap();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut program = Program::start_into(&directory, &VARIABLES, Stdio::from(full));
    // The log says first that it cannot be written.
    let told = program.next_stderr().await;
    assert!(told.contains("No space left on device"), "{told}");
    let url = program.url().await;
    for _ in 0..100 {
        let (status, _) = get(format!("{url}/api/tournaments/5/")).await;
        assert_eq!(status, 404);
    }
    program.signal(Signal::TERM);
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.stderr.is_empty(), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_output_slows_no_request_and_every_line_is_written_or_counted() {
    let (_directory, mut program) = start();
    let url = program.url().await;
    program.event("server_started").await;

    // As usual: somebody reads.
    let usual = tokio::select! {
        usual = load(&url, 400) => usual,
        () = async { while program.line().await.is_some() {} } => panic!("it ended"),
    };
    // The last lines may still be on their way: this one comes after them.
    get(format!("{url}/api/users/1/")).await;
    while program.event("request_completed").await["http.route"] != "/api/users/1/" {}

    let stalled = load(&url, STALLED).await;
    let mut lines = 0;
    let mut dropped = 0;
    while dropped == 0 {
        let line = timeout(PATIENCE, program.line()).await.unwrap().unwrap();
        match line["event"].as_str().unwrap() {
            "request_completed" => lines += 1,
            "log_loss_started" => {}
            "log_loss_ended" => dropped = line["dropped_lines"].as_u64().unwrap(),
            other => panic!("{other}"),
        }
    }
    assert_eq!(lines + dropped, STALLED as u64, "{dropped} dropped");

    // Nobody reads before the last of them is answered: one that waited for that would have had to
    // wait for ever. Nor does the usual one wait for anything shorter.
    let (before, during) = (median(usual), median(stalled));
    assert!(
        during < before + Duration::from_millis(500),
        "half of the requests within {before:?} before, {during:?} during the stall"
    );

    // Lines come as before.
    get(format!("{url}/api/users/2/")).await;
    let line = program.event("request_completed").await;
    assert_eq!(line["http.route"], "/api/users/2/");
    program.signal(Signal::TERM);
    assert_eq!(program.ended().await.status.code(), Some(0));
}

#[tokio::test]
async fn a_stalled_output_does_not_keep_the_program_from_ending() {
    let (_directory, mut program) = start();
    let url = program.url().await;
    load(&url, 400).await;
    program.signal(Signal::TERM);
    assert_eq!(program.status().await.code(), Some(0));
}

/// Sends so many requests whose lines are long; how long each took.
async fn load(url: &str, requests: usize) -> Vec<Duration> {
    let path = format!("{url}/{}", "x".repeat(8_000));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let path = path.clone();
        clients.spawn(async move {
            let client = http_client();
            let mut ticks = interval(PERIOD);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut durations = Vec::new();
            for _ in 0..requests / CLIENTS {
                ticks.tick().await;
                let begun = Instant::now();
                let response = request_by(&client, path.clone()).await;
                assert_eq!(response.status(), 404);
                response.into_body().collect().await.unwrap();
                durations.push(begun.elapsed());
            }
            durations
        });
    }
    clients.join_all().await.concat()
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations[durations.len() / 2]
}
