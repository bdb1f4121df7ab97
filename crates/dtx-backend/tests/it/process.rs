//! Starting, failing to start, and ending.

use std::net::TcpListener;
use std::time::Duration;

use axum::http::StatusCode;
use http_body_util::BodyExt as _;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::program::{Ended, PATIENCE, Program, get, request};

/// Any port, and lines in JSON.
const VARIABLES: [(&str, &str); 2] = [("DTX_BIND", "127.0.0.1:0"), ("NODE_ENV", "test")];

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The variables of all programs and one more.
fn with<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut variables = VARIABLES.to_vec();
    variables.push((name, value));
    variables
}

/// Looks for a failure that is told in one line which holds all of `parts`.
#[track_caller]
fn assert_fails(ended: &Ended, parts: &[&str]) {
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let [line] = &*ended.stderr else {
        panic!("not one line: {ended:?}")
    };
    assert!(line.starts_with("dtx-backend: "), "{line}");
    for part in parts {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[tokio::test]
async fn it_starts_in_an_empty_directory_and_answers() {
    let directory = directory();
    let mut program = Program::start(&directory, &VARIABLES);
    let started = program.event("server_started").await;
    let url = program.url().await;
    assert_eq!(
        url,
        format!("http://{}", started["address"].as_str().unwrap())
    );
    let (status, body) = get(format!("{url}/api/tournaments/")).await;
    assert_eq!(status, 200);
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["count"], 4);
    // The transitioner has requests of its own.
    while program.event("request_completed").await["http.route"] != "/api/tournaments/" {}
    assert!(directory.path().join("data/dtx.sqlite").is_file());
}

#[tokio::test]
async fn it_starts_with_no_setting_at_all() {
    let directory = directory();
    let mut program = Program::start_with(&directory, &[], &["serve"]);
    // The default port may be in use: then that is what it says.
    let line = program.next_stderr().await;
    assert!(line.contains("127.0.0.1:8000"), "{line}");
}

#[tokio::test]
async fn it_says_where_it_listens_in_one_line_after_the_log_has_said_so() {
    let directory = directory();
    let mut program = Program::start_with(&directory, &VARIABLES, &["serve"]);
    let line = program.next_stderr().await;
    let (url, hint) = line.split_once(", try: curl ").unwrap();
    let url = url.strip_prefix("Listening on ").unwrap();
    assert_eq!(hint, format!("{url}/api/tournaments/"));
    program.signal(Signal::TERM);
    let ended = program.ended().await;
    assert!(ended.stderr.is_empty(), "{ended:?}");
    let events: Vec<_> = ended.stdout.iter().map(|line| event(line)).collect();
    let expected = [
        "telemetry_initialized",
        "sample_data_added",
        "server_started",
        "server_stopping",
        "server_stopped",
    ];
    assert_eq!(events, expected);
}

#[tokio::test]
async fn all_roles_are_played_without_a_command_and_each_alone_with_its_name() {
    let server = ["server_started", "server_stopping", "server_stopped"];
    let worker = ["worker_started", "worker_stopping", "worker_stopped"];
    let bot = ["bot_started", "bot_stopping", "bot_stopped"];
    let all = [server, worker, bot].concat();
    for (role, expected) in [
        (&[][..], &all[..]),
        (&["serve"], &server),
        (&["worker"], &worker),
        (&["bot"], &bot),
    ] {
        let directory = directory();
        let mut program = Program::start_with(&directory, &VARIABLES, role);
        let mut events = Vec::new();
        let starts = expected.iter().filter(|event| event.ends_with("_started"));
        while !starts
            .clone()
            .all(|start| events.iter().any(|event| event == start))
        {
            let line = program.line().await.unwrap();
            events.push(line["event"].as_str().unwrap().to_owned());
        }
        program.signal(Signal::TERM);
        let ended = program.ended().await;
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        events.extend(ended.stdout.iter().map(|line| event(line)));
        let of_roles = ["server_", "worker_", "bot_"];
        events.retain(|event| of_roles.iter().any(|prefix| event.starts_with(prefix)));
        // Roles are played side by side, in whichever order.
        events.sort_by_key(|event| expected.iter().position(|expected| event == expected));
        assert_eq!(events, expected);
    }
}

#[tokio::test]
async fn roles_that_start_at_once_on_an_empty_database_agree() {
    for _ in 0..5 {
        let directory = directory();
        let mut programs = [&["serve"], &["worker"], &["serve"], &["worker"]]
            .map(|role| Program::start_with(&directory, &VARIABLES, role));
        for (at, program) in programs.iter_mut().enumerate() {
            let started = ["server_started", "worker_started"][at % 2];
            program.event(started).await;
            program.signal(Signal::TERM);
        }
        for program in programs {
            let ended = program.ended().await;
            assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        }
    }
}

fn event(line: &str) -> String {
    let line: Value = serde_json::from_str(line).unwrap();
    line["event"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_second_start_finds_what_the_first_has_left() {
    let directory = directory();
    for has_sample_data_added in [true, false] {
        let mut program = Program::start(&directory, &VARIABLES);
        let url = program.url().await;
        let (_, body) = get(format!("{url}/api/users/")).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["count"], 8);
        program.signal(Signal::INT);
        let ended = program.ended().await;
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        let events: Vec<_> = ended.stdout.iter().map(|line| event(line)).collect();
        let is_added = events.contains(&"sample_data_added".to_owned());
        assert_eq!(is_added, has_sample_data_added, "{events:?}");
    }
}

#[tokio::test]
async fn a_port_in_use_is_told_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = directory();
    let program = Program::start(&directory, &with("DTX_BIND", &address));
    let ended = program.ended().await;
    assert_fails(
        &ended,
        &["cannot listen on", &address, "DTX_BIND", "in use"],
    );
    assert!(!directory.path().join("data").exists());
}

#[tokio::test]
async fn a_setting_that_cannot_be_is_told_in_one_line() {
    for (name, value, parts) in [
        ("DTX_BIND", "here", &["\"here\"", "127.0.0.1:8000"][..]),
        (
            "DATABASE_URL",
            "mysql://x:hidden@localhost/dtx",
            &["postgres://", "SQLite"],
        ),
        (
            "DATABASE_URL",
            "postgres://x:hidden@localhost:port/dtx",
            &["postgres://user:password@localhost/dtx"],
        ),
        ("DATABASE_URL", "garbage", &["sqlite:data/dtx.sqlite"]),
        ("DTX_DEBUG_ROUTES", "perhaps", &["true"]),
        ("DTX_SHUTDOWN_TIMEOUT", "soon", &["seconds"]),
    ] {
        let ended = Program::start(&directory(), &with(name, value))
            .ended()
            .await;
        assert_fails(&ended, &[name]);
        assert_fails(&ended, parts);
        assert!(!ended.stderr[0].contains("hidden"), "{ended:?}");
    }
}

#[tokio::test]
async fn debug_routes_are_refused_where_others_can_reach_them() {
    let variables = [("DTX_BIND", "0.0.0.0:0"), ("DTX_DEBUG_ROUTES", "true")];
    let ended = Program::start(&directory(), &variables).ended().await;
    assert_fails(&ended, &["DTX_DEBUG_ROUTES", "loopback"]);
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_told_in_one_line() {
    let directory = directory();
    let file = directory.path().join("file");
    std::fs::write(
        &file,
        "not a database, but long enough to be taken for one\n".repeat(100),
    )
    .unwrap();
    for (url, parts) in [
        (
            "sqlite:file",
            &["cannot use the database file", "not a database"][..],
        ),
        (
            "sqlite:file/dtx.sqlite",
            &["cannot use the database file/dtx.sqlite"],
        ),
        ("sqlite:.", &["cannot use the database ."]),
        ("sqlite:/proc/dtx/dtx.sqlite", &["/proc/dtx"]),
        ("sqlite:missing.sqlite?mode=ro", &["missing.sqlite"]),
        (
            "postgres://x:hidden@127.0.0.1:1/dtx",
            &["cannot use the database 127.0.0.1:1/dtx", "refused"],
        ),
    ] {
        let ended = Program::start(&directory, &with("DATABASE_URL", url))
            .ended()
            .await;
        assert_fails(&ended, &["DATABASE_URL"]);
        assert_fails(&ended, parts);
        assert!(!ended.stderr[0].contains("hidden"), "{ended:?}");
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_told_in_one_line() {
    let directory = directory();
    let mut program = Program::start(&directory, &VARIABLES);
    program.url().await;
    program.signal(Signal::TERM);
    program.ended().await;
    let path = directory.path().join("data/dtx.sqlite");
    let url = format!("sqlite:{}", path.display());
    let database = sqlx::SqlitePool::connect(&url).await.unwrap();
    let newer = "UPDATE _sqlx_migrations SET version = 9999 \
                 WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)";
    sqlx::query(newer).execute(&database).await.unwrap();
    database.close().await;
    let ended = Program::start(&directory, &VARIABLES).ended().await;
    assert_fails(&ended, &["DATABASE_URL", "migration 9999"]);
}

#[tokio::test]
async fn an_unknown_argument_is_told_in_one_line() {
    let ended = Program::start_with(&directory(), &[], &["sevre"])
        .ended()
        .await;
    assert_fails(&ended, &["sevre", "--help"]);
}

#[tokio::test]
async fn help_and_version_are_shown_without_starting() {
    let directory = directory();
    let ended = Program::start_with(&directory, &[], &["--help"])
        .ended()
        .await;
    assert_eq!(ended.status.code(), Some(0));
    let help = ended.stdout.join("\n");
    for name in ["serve", "DTX_BIND", "DATABASE_URL", "DTX_DEBUG_ROUTES"] {
        assert!(help.contains(name), "{help}");
    }
    let ended = Program::start_with(&directory, &[], &["--version"])
        .ended()
        .await;
    assert_eq!(
        ended.stdout,
        [concat!("dtx-backend ", env!("CARGO_PKG_VERSION"))]
    );
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// Starts a program that works on a request for so long.
async fn busy(
    directory: &TempDir,
    shutdown_timeout: &str,
    ms: u32,
) -> (Program, JoinHandle<(StatusCode, String)>) {
    let mut variables = with("DTX_SHUTDOWN_TIMEOUT", shutdown_timeout);
    variables.extend([("DTX_DEBUG_ROUTES", "true"), ("LOG_LEVEL", "debug")]);
    let mut program = Program::start_with(directory, &variables, &["serve"]);
    let url = program.url().await;
    let answer = telemetry_core::spawn(get(format!("{url}/api/debug/slow/?ms={ms}")));
    program.event("slow_response_begun").await;
    (program, answer)
}

#[tokio::test]
async fn a_request_in_flight_is_answered_before_the_end() {
    for signal in [Signal::TERM, Signal::INT] {
        let directory = directory();
        let (program, answer) = busy(&directory, "30", 3_000).await;
        program.signal(signal);
        let (status, body) = answer.await.unwrap();
        assert_eq!((status.as_u16(), &*body), (200, "{\"waited_ms\":3000}"));
        let ended = program.ended().await;
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        let events: Vec<_> = ended.stdout.iter().map(|line| event(line)).collect();
        assert_eq!(
            events,
            ["server_stopping", "request_completed", "server_stopped"]
        );
        let line: Value = serde_json::from_str(&ended.stdout[1]).unwrap();
        assert_eq!(line["http.route"], "/api/debug/slow/");
        assert_eq!(line["http.status_code"], 200);
    }
}

#[tokio::test]
async fn a_stream_in_flight_is_finished_before_the_end() {
    let directory = directory();
    let mut program = Program::start(&directory, &with("DTX_DEBUG_ROUTES", "true"));
    let url = program.url().await;
    let mut stream = request(format!("{url}/api/debug/stream/?chunks=20&ms=20")).await;
    stream.frame().await.unwrap().unwrap();
    program.signal(Signal::TERM);
    let rest = stream.collect().await.unwrap().to_bytes();
    assert!(rest.ends_with(b"{\"chunk\":20,\"of\":20}\n"), "{rest:?}");
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
}

#[tokio::test]
async fn a_request_that_takes_too_long_does_not_keep_the_program_from_ending() {
    let directory = directory();
    let (mut program, answer) = busy(&directory, "0", 60_000).await;
    program.signal(Signal::TERM);
    program.event("server_stop_timed_out").await;
    // It is cut off, and its line says so.
    let line = program.event("request_cancelled").await;
    assert_eq!(line["http.route"], "/api/debug/slow/");
    assert!(line["request.id"].is_string(), "{line}");
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    answer.await.unwrap_err();
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let directory = directory();
    let (mut program, answer) = busy(&directory, "60", 60_000).await;
    program.signal(Signal::TERM);
    program.event("server_stopping").await;
    program.signal(Signal::INT);
    assert_fails(&program.ended().await, &["second signal", "SIGINT"]);
    answer.await.unwrap_err();
}

#[tokio::test]
async fn the_same_signal_twice_within_100_ms_counts_as_one() {
    for signal in [Signal::TERM, Signal::INT] {
        let directory = directory();
        let (program, answer) = busy(&directory, "30", 2_000).await;
        program.signal(signal);
        tokio::time::sleep(Duration::from_millis(10)).await;
        program.signal(signal);
        let (status, _) = answer.await.unwrap();
        assert_eq!(status.as_u16(), 200);
        let ended = program.ended().await;
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    }
}

#[tokio::test]
async fn the_same_signal_later_ends_it_at_once() {
    let directory = directory();
    let (mut program, answer) = busy(&directory, "60", 60_000).await;
    program.signal(Signal::TERM);
    program.event("server_stopping").await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    program.signal(Signal::TERM);
    assert_fails(&program.ended().await, &["second signal", "SIGTERM"]);
    answer.await.unwrap_err();
}

#[tokio::test]
async fn nobody_new_is_let_in_once_it_is_ending() {
    let directory = directory();
    let mut program = Program::start(&directory, &with("DTX_DEBUG_ROUTES", "true"));
    let url = program.url().await;
    let stream = request(format!("{url}/api/debug/stream/?chunks=2&ms=60000")).await;
    program.signal(Signal::TERM);
    program.event("server_stopping").await;
    let address = url.strip_prefix("http://").unwrap();
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, refused).await.unwrap();
    program.signal(Signal::INT);
    program.ended().await;
    drop(stream);
}
