//! A site whose jobs are done by another process, and what tests of jobs have in common.

use std::time::Instant;

use axum::http::Request;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{PATIENCE, Program, json as read, log_in_as, send, succeed};

/// What a caller says of its trace.
pub(crate) const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
pub(crate) const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Any port, lines in JSON, and jobs that are soon tried again.
const VARIABLES: [(&str, &str); 3] = [
    ("DTX_BIND", "127.0.0.1:0"),
    ("NODE_ENV", "test"),
    ("DTX_JOB_BACKOFF_MS", "20"),
];

/// Starts the program in one role, or in all.
pub(crate) fn start(directory: &TempDir, role: &[&str], more: &[(&str, &str)]) -> Program {
    let mut variables = VARIABLES.to_vec();
    variables.extend(more);
    Program::start_with(directory, &variables, role)
}

/// Starts a worker, which is at work.
pub(crate) async fn worker(directory: &TempDir, more: &[(&str, &str)]) -> Program {
    let mut worker = start(directory, &["worker"], more);
    worker.event("worker_started").await;
    worker
}

/// A site with the sample data that does no jobs itself.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) program: Program,
    pub(crate) url: String,
    /// Of the captain, who owns the first tournament.
    pub(crate) captain: String,
}

impl Server {
    pub(crate) async fn start(directory: &TempDir, more: &[(&str, &str)]) -> Self {
        Self::of(start(directory, &["serve"], more)).await
    }

    /// A program that serves, and may do more.
    pub(crate) async fn of(mut program: Program) -> Self {
        let url = program.url().await;
        Self {
            captain: log_in_as(&url, "captain").await,
            program,
            url,
        }
    }

    /// Says which match on Steam the first match is; the id of the request.
    pub(crate) async fn set_steam_match(&self, steam_match_id: i64) -> String {
        let request = Request::patch(format!("{}/api/matches/1/", self.url));
        let request = request.header("traceparent", TRACEPARENT);
        let change = json!({"steam_match_id": steam_match_id});
        let response = succeed(request, &self.captain, &change).await;
        response.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.get_as("", path).await
    }

    pub(crate) async fn get_as(&self, cookie: &str, path: &str) -> Value {
        let request = Request::get(format!("{}{path}", self.url));
        read(succeed(request, cookie, &json!({})).await).await
    }

    /// Logs in somebody of the staff.
    pub(crate) async fn staff(&self) -> String {
        log_in_as(&self.url, "organizer").await
    }

    /// Puts a dead job back; the status of the answer.
    pub(crate) async fn retry(&self, cookie: &str, id: &Value) -> u16 {
        let id = id.as_str().unwrap();
        let request = Request::post(format!("{}/api/jobs/{id}/retry/", self.url));
        send(request, cookie, &json!({})).await.status().as_u16()
    }

    /// Waits until something holds of what a path has.
    pub(crate) async fn until(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let found = self.get(path).await;
            if holds(&found) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "{found}");
        }
    }

    /// The stored table of the first tournament, once there is one.
    pub(crate) async fn stored_table(&self) -> Vec<String> {
        let path = "/api/tournaments/1/standings/";
        let table = self
            .until(path, |table| table["computed_at"].is_string())
            .await;
        let lines = table["standings"].as_array().unwrap().iter();
        let line = |line: &Value| {
            let numbers = [
                "played", "won", "drawn", "lost", "scored", "conceded", "points",
            ];
            let numbers = numbers.map(|key| line[key].to_string()).join(" ");
            format!("{} {numbers}", line["team"].as_str().unwrap())
        };
        lines.map(line).collect()
    }

    pub(crate) async fn end(self) {
        end(self.program).await;
    }
}

/// Ends a program, which must end in order.
pub(crate) async fn end(program: Program) -> Vec<Value> {
    program.signal(Signal::TERM);
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let lines = ended.stdout.iter();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What Steam has of a match: a win of the Dire, three players who are known, and one who hides.
pub(crate) fn details() -> Value {
    let player = |account_id: u32, kills: u32, deaths: u32, assists: u32| json!({"account_id": account_id, "kills": kills, "deaths": deaths, "assists": assists});
    json!({"result": {
        "match_id": 77,
        "radiant_win": false,
        "radiant_score": 12,
        "dire_score": 40,
        "players": [
            player(101, 7, 9, 3),
            player(202, 21, 2, 11),
            player(303, 19, 1, 17),
            player(u32::MAX, 5, 10, 2),
        ],
    }})
}

/// The table of the first tournament with what Steam has of its first match.
pub(crate) const TABLE: [&str; 4] = [
    "Ward Wardens 2 2 0 0 52 54 6",
    "Midlane Monks 2 1 1 0 59 31 4",
    "Creep Wave 2 0 1 1 49 46 1",
    "Roshan Raiders 2 0 0 2 36 65 0",
];

/// The totals of its players.
pub(crate) fn players() -> Value {
    let player = |account_id: u32, kills: u32, deaths: u32, assists: u32| json!({"account_id": account_id, "matches": 1, "kills": kills, "deaths": deaths, "assists": assists});
    json!({"tournament_id": 1, "players": [
        player(202, 21, 2, 11),
        player(303, 19, 1, 17),
        player(101, 7, 9, 3),
    ]})
}

/// Event, name and attempt of each line of a job.
pub(crate) fn attempts(lines: &[Value], name: &str) -> Vec<(String, i64)> {
    let of_job = lines.iter().filter(|line| line["task.name"] == name);
    let of_crate = of_job.filter(|line| line["logger"] == "telemetry_jobs");
    let of_attempt = of_crate.filter(|line| line["event"] != "task_enqueued");
    of_attempt
        .map(|line| {
            let event = line["event"].as_str().unwrap().to_owned();
            (event, line["task.attempt"].as_i64().unwrap())
        })
        .collect()
}
