//! The site on PostgreSQL: the tests that tell most, run again there, and what is PostgreSQL's own.

use std::process::Command;
use std::time::{Duration, Instant};

use axum::http::{Request, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use test_servers::PostgresServer;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::database::{self, PREFIX, Temporary};
use crate::program::{PATIENCE, get, json as read, send};
use crate::stub::Stub;
use crate::workers::{self, Server, details, players, start};

/// The tests that a database can make a difference to, by the beginnings of their names.
const SUITE: [&str; 17] = [
    "errors::a_failure_of_the_database",
    "export::a_job_in_another_process",
    "export::the_queries_of_a_request",
    "games::",
    "health::",
    "job_list::",
    "jobs::",
    "joining::",
    "lists::",
    "live::",
    "permissions::",
    "process::roles_that_start_at_once",
    "resources::",
    "sample_data::",
    "sessions::",
    "standings::",
    "users::",
];
/// Not these: they are about a file.
const OF_FILES: [&str; 1] = ["sessions::the_database_holds_neither_tokens_nor_passwords"];
/// How many clients send requests at the same time.
const CLIENTS: usize = 4;
/// How long a request may take while there is no database: 2 s, and what a busy machine adds.
const TOLD_WITHIN: Duration = Duration::from_secs(20);

#[test]
fn the_site_behaves_alike_on_postgres() {
    let Some(server) = database::server() else {
        return;
    };
    let prefix = format!("{server}/dtx_test_{}_", std::process::id());
    let output = Command::new(std::env::current_exe().unwrap())
        .args(SUITE)
        .args(OF_FILES.iter().flat_map(|name| ["--skip", name]))
        .args(["--test-threads", "4"])
        .env(PREFIX, &prefix)
        .output()
        .unwrap();
    database::remove_all(&prefix);
    let output = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let summary = output.lines().find(|line| line.starts_with("test result:"));
    let summary = summary.unwrap_or_else(|| panic!("{output}"));
    assert!(
        summary.contains("ok. ") && !summary.contains("ok. 0 passed"),
        "{output}"
    );
}

#[tokio::test]
async fn a_table_is_stored_after_all_that_was_changed_before() {
    let Some(server) = database::server() else {
        return;
    };
    let url = format!("{server}/dtx_test_{}_table", std::process::id());
    let database = Temporary::create(url);
    let url = &database.0;
    let directory = tempfile::tempdir().unwrap();
    let variables = [("DATABASE_URL", &**url)];
    let server = Server::start(&directory, &variables).await;
    // The job that stores the table waits for a worker.
    server.set_steam_match(77).await;

    let mut other = PgConnection::connect(url).await.unwrap();
    let mut change = other.begin().await.unwrap();
    sqlx::query("UPDATE matches SET first_score = 99 WHERE id = 1")
        .execute(&mut *change)
        .await
        .unwrap();
    let worker = workers::worker(&directory, &variables).await;
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    // Within a transaction, who waits is looked up once.
    let mut observer = PgConnection::connect(url).await.unwrap();
    let begun = Instant::now();
    loop {
        let waiting: i64 = sqlx::query_scalar(waiting)
            .fetch_one(&mut observer)
            .await
            .unwrap();
        if waiting > 0 {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "nobody waits for the change");
    }
    change.commit().await.unwrap();
    let table = server.stored_table().await;
    let expected = "Roshan Raiders 2 1 0 1 123 46 3";
    assert!(table.iter().any(|line| line == expected), "{table:?}");

    workers::end(worker).await;
    server.end().await;
    for connection in [other, observer] {
        connection.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_under_load_and_comes_back_loses_nothing_and_needs_no_restart() {
    let Some(postgres) = PostgresServer::start() else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let steam = Stub::answering(details()).await;
    let database_url = postgres.url();
    let variables = [
        ("DATABASE_URL", &*database_url),
        ("STEAM_API_URL", &steam.url),
    ];
    let server = Server::of(start(&directory, &[], &variables)).await;

    let (stop, stopping) = watch::channel(false);
    // How often each client was told that the database is away.
    let (telling, mut told) = watch::channel([0; CLIENTS]);
    let mut load = JoinSet::new();
    for client in 0..CLIENTS {
        let (url, cookie) = (server.url.clone(), server.captain.clone());
        let (stopping, telling) = (stopping.clone(), telling.clone());
        load.spawn(async move {
            let mut requests = 0;
            let mut created = Vec::new();
            let mut slowest = Duration::ZERO;
            while !*stopping.borrow() {
                let name = format!("team {client} {requests}");
                let request = Request::post(format!("{url}/api/teams/"));
                let begun = Instant::now();
                let team = json!({"league_id": 1, "name": name});
                let response = send(request, &cookie, &team).await;
                slowest = slowest.max(begun.elapsed());
                requests += 1;
                match response.status() {
                    StatusCode::CREATED => created.push(name),
                    _ => {
                        let body = read(response).await;
                        let message = &body["error"]["message"];
                        assert_eq!(message, "the database does not answer", "{body}");
                        telling.send_modify(|told| told[client] += 1);
                    }
                }
            }
            (created, slowest)
        });
    }
    let ready = format!("{}/readyz", server.url);
    for _ in 0..2 {
        let before = *told.borrow();
        postgres.crash();
        let all =
            told.wait_for(|told| told.iter().zip(before).all(|(told, before)| *told > before));
        timeout(PATIENCE, all).await.unwrap().unwrap();
        until(&ready, StatusCode::SERVICE_UNAVAILABLE).await;
        let (alive, _) = get(format!("{}/healthz", server.url)).await;
        assert_eq!(alive, StatusCode::OK);
        postgres.start_again();
        until(&ready, StatusCode::OK).await;
    }
    stop.send_replace(true);

    let mut created = Vec::new();
    while let Some(ended) = load.join_next().await {
        let (names, slowest) = ended.unwrap();
        assert!(slowest < TOLD_WITHIN, "{slowest:?}");
        created.extend(names);
    }
    assert!(!created.is_empty());
    let mut other = PgConnection::connect(&database_url).await.unwrap();
    for name in created {
        let count = sqlx::query_scalar("SELECT COUNT(*) FROM teams WHERE name = $1").bind(&name);
        let count: i64 = count.fetch_one(&mut other).await.unwrap();
        assert_eq!(count, 1, "{name}");
    }
    other.close().await.unwrap();

    // The workers are back too.
    server.set_steam_match(77).await;
    let path = "/api/tournaments/1/players/";
    server.until(path, |found| *found == players()).await;
    server.program.signal(Signal::TERM);
    let ended = server.program.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.stderr.is_empty(), "{ended:?}");
    let lines: Vec<Value> = ended
        .stdout
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let failed = lines.iter().find(|line| line["event"] == "request_failed");
    assert_eq!(failed.unwrap()["error"], "the database does not answer");
}

/// Waits until a URL is answered so.
async fn until(url: &str, status: StatusCode) {
    let begun = Instant::now();
    loop {
        let (answered, body) = get(url.to_owned()).await;
        if answered == status {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{answered} {body}");
    }
}
