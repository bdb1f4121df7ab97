//! Live drafts and tournaments, over WebSockets.

use futures_util::{SinkExt as _, StreamExt as _};
use otlp_test_collector::Collector;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::program::{PATIENCE, Program, get, log_in, log_in_as, post};

/// The draft of the sample data whose teams have the captains `captain` and `mira`.
const DRAFT: &str = "/ws/draft/1/";

/// Somebody at a WebSocket.
struct Peer(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Peer {
    /// Connects, with the session of a cookie if it is not empty.
    async fn connect(url: &str, path: &str, cookie: &str) -> Self {
        let url = format!("{}{path}", url.replace("http", "ws"));
        let mut request = url.into_client_request().unwrap();
        if !cookie.is_empty() {
            let headers = request.headers_mut();
            headers.insert("cookie", cookie.parse().unwrap());
        }
        Self(connect_async(request).await.unwrap().0)
    }

    async fn next(&mut self) -> Option<Message> {
        let message = timeout(PATIENCE, self.0.next()).await.unwrap();
        message?.ok()
    }

    /// Waits for a message of which something holds.
    async fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            let Some(Message::Text(text)) = self.next().await else {
                panic!("the end came first");
            };
            let message: Value = serde_json::from_str(&text).unwrap();
            if holds(&message) {
                return message;
            }
        }
    }

    async fn say(&mut self, message: &Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    async fn pick(&mut self, hero: &str) {
        self.say(&json!({"type": "pick", "hero": hero})).await;
    }
}

fn start(directory: &TempDir, more: &[(&str, &str)]) -> Program {
    let mut variables = vec![("DTX_BIND", "127.0.0.1:0"), ("NODE_ENV", "test")];
    variables.extend(more);
    Program::start_with(directory, &variables, &["serve"])
}

fn picks(message: &Value) -> usize {
    message["picks"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn captains_pick_in_turn_and_everybody_sees_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = start(&directory, &[]);
    let url = program.url().await;
    let first = log_in(&url).await;
    let second = log_in_as(&url, "mira").await;
    let mut first = Peer::connect(&url, DRAFT, &first).await;
    let mut second = Peer::connect(&url, DRAFT, &second).await;
    let mut spectator = Peer::connect(&url, DRAFT, "").await;
    let welcome = first.until(|message| message["type"] == "welcome").await;
    assert_eq!(
        (&welcome["user_id"], &welcome["team_id"]),
        (&json!(1), &json!(1))
    );
    let welcome = spectator
        .until(|message| message["type"] == "welcome")
        .await;
    assert_eq!(
        (&welcome["user_id"], &welcome["team_id"]),
        (&json!(null), &json!(null))
    );
    let waiting = spectator.until(|message| message["type"] == "draft").await;
    assert_eq!(waiting["phase"], "waiting");

    first.say(&json!({"type": "start"})).await;
    for (position, hero) in [
        "Axe", "Io", "Lina", "Doom", "Luna", "Puck", "Sven", "Zeus", "Bane", "Tusk",
    ]
    .into_iter()
    .enumerate()
    {
        let captain = if position % 2 == 0 {
            &mut first
        } else {
            &mut second
        };
        captain
            .until(|message| message["turn"]["position"] == position + 1)
            .await;
        captain.pick(hero).await;
    }
    let end = spectator
        .until(|message| message["phase"] == "finished")
        .await;
    assert_eq!(picks(&end), 10);
    assert_eq!(end["picks"][1]["hero"], "Io");
    assert_eq!(end["picks"][1]["team_id"], 2);
    assert_eq!(end["turn"], json!(null));

    // Each pick is on a line with the whole context of its connection.
    let connected = program.event("ws_connected").await;
    let mut connections = vec![connected["ws.conn_id"].clone()];
    for position in 1..=10 {
        let line = program.event("hero_picked").await;
        assert_eq!(line["position"], position);
        assert_eq!(line["is_automatic"], false);
        assert_eq!(line["user.id"], if position % 2 == 1 { 1 } else { 3 });
        assert_eq!(line["labels"], json!(["draft"]));
        assert_eq!(line["draft.id"], 1);
        assert!(line["request.id"].is_string(), "{line}");
        connections.push(line["ws.conn_id"].clone());
    }
    connections.sort_by_key(ToString::to_string);
    connections.dedup();
    assert_eq!(connections.len(), 2, "{connections:?}");
}

#[tokio::test]
async fn what_may_not_be_is_answered_and_logged() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = start(&directory, &[]);
    let url = program.url().await;
    let mut captain = Peer::connect(&url, DRAFT, &log_in(&url).await).await;
    let mut spectator = Peer::connect(&url, DRAFT, "").await;
    for (message, code) in [
        (json!({"type": "start"}), "not_a_captain"),
        (json!({"type": "dance"}), "malformed"),
        (json!({"type": "pick", "hero": "Axe"}), "not_a_captain"),
    ] {
        spectator.say(&message).await;
        let answer = spectator.until(|message| message["type"] == "error").await;
        assert_eq!(answer["code"], code, "{message}");
        assert!(answer["message"].is_string());
        let line = program.event("command_refused").await;
        assert_eq!(line["code"], code);
    }
    captain.pick("Axe").await;
    let answer = captain.until(|message| message["type"] == "error").await;
    assert_eq!(answer["code"], "not_begun");
    captain.say(&json!({"type": "start"})).await;
    captain.until(|message| message["phase"] == "running").await;
    captain.pick("Roshan").await;
    let answer = captain.until(|message| message["type"] == "error").await;
    assert_eq!(answer["code"], "unknown_hero");
}

#[tokio::test]
async fn the_clock_picks_for_a_captain_who_does_not_as_a_unit_of_work() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = start(&directory, &[("DTX_PICK_SECONDS", "1")]);
    let url = program.url().await;
    let mut captain = Peer::connect(&url, DRAFT, &log_in(&url).await).await;
    captain.say(&json!({"type": "start"})).await;
    let state = captain.until(|message| picks(message) >= 2).await;
    assert_eq!(state["picks"][0]["is_automatic"], true);
    assert_eq!(state["picks"][0]["hero"], "Axe");
    let connected = program.event("ws_connected").await;
    let mut ids = vec![connected["request.id"].clone()];
    for _ in 0..2 {
        let line = program.event("hero_picked").await;
        assert_eq!(line["is_automatic"], true);
        assert_eq!(line["draft.id"], 1);
        assert_eq!(line["labels"], json!(["draft"]));
        // By nobody.
        for field in ["user.id", "ws.conn_id"] {
            assert_eq!(line[field], json!(null), "{line}");
        }
        assert_eq!(line["request.id"].as_str().unwrap().len(), 36);
        ids.push(line["request.id"].clone());
    }
    ids.sort_by_key(ToString::to_string);
    ids.dedup();
    // Neither that of the captain's request, nor the same for two picks.
    assert_eq!(ids.len(), 3, "{ids:?}");
}

#[tokio::test]
async fn a_draft_goes_on_after_the_program_was_killed() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = start(&directory, &[]);
    let url = program.url().await;
    let cookie = log_in(&url).await;
    let mut captain = Peer::connect(&url, DRAFT, &cookie).await;
    captain.say(&json!({"type": "start"})).await;
    captain.until(|message| message["phase"] == "running").await;
    captain.pick("Zeus").await;
    captain.until(|message| picks(message) == 1).await;
    program.signal(Signal::KILL);
    program.status().await;

    // Its clock goes on without anybody who watches.
    let mut program = start(&directory, &[("DTX_PICK_SECONDS", "1")]);
    let url = program.url().await;
    let line = program.event("hero_picked").await;
    assert_eq!(
        (&line["position"], &line["is_automatic"]),
        (&json!(2), &json!(true))
    );
    // Whoever comes back is told how it stands.
    let mut captain = Peer::connect(&url, DRAFT, &cookie).await;
    let welcome = captain.until(|message| message["type"] == "welcome").await;
    assert_eq!(welcome["team_id"], 1);
    // What is logged is told a moment later.
    let state = captain.until(|message| picks(message) >= 2).await;
    assert_eq!(state["phase"], "running");
    assert_eq!(state["picks"][0]["hero"], "Zeus");
}

#[tokio::test]
async fn a_tournament_shows_results_as_they_come() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = start(&directory, &[]);
    let url = program.url().await;
    let mut watcher = Peer::connect(&url, "/ws/tournament/2/", "").await;
    let before = watcher
        .until(|message| message["type"] == "tournament")
        .await;
    assert_eq!(before["name"], "Summer Draft");
    assert_eq!(before["rounds"][0]["games"][0]["first_score"], 41);
    let cookie = log_in(&url).await;
    let result = json!({"tournament_id": 2, "first_team_id": 1, "second_team_id": 2, "round": 9});
    post(format!("{url}/api/games/"), &cookie, &result).await;
    let after = watcher
        .until(|message| {
            let rounds = message["rounds"].as_array().unwrap();
            rounds.last().unwrap()["round"] == 9
        })
        .await;
    assert!(after["standings"].as_array().unwrap().len() >= 4);
}

#[tokio::test]
async fn open_sockets_are_told_to_go_when_the_program_ends() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = start(&directory, &[]);
    let url = program.url().await;
    let mut watcher = Peer::connect(&url, "/ws/tournament/2/", "").await;
    watcher
        .until(|message| message["type"] == "tournament")
        .await;
    program.signal(Signal::TERM);
    let close = loop {
        match watcher.next().await.unwrap() {
            Message::Close(close) => break close.unwrap(),
            _ => continue,
        }
    };
    assert_eq!(u16::from(close.code), 1001);
    assert_eq!(watcher.next().await, None);
    let line = program.event("ws_disconnected").await;
    assert_eq!(line["close_code"], 1001);
    assert_eq!(line["tournament.id"], 2);
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
}

#[tokio::test]
async fn the_upgrade_is_a_request_and_each_command_a_trace_linked_to_it() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let directory = tempfile::tempdir().unwrap();
    let mut program = start(
        &directory,
        &[
            ("OTEL_ENABLED", "true"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
        ],
    );
    let url = program.url().await;
    let cookie = log_in(&url).await;
    let mut request = format!("{}{DRAFT}", url.replace("http", "ws"))
        .into_client_request()
        .unwrap();
    let headers = request.headers_mut();
    headers.insert("cookie", cookie.parse().unwrap());
    headers.insert("x-request-id", "abc-123".parse().unwrap());
    let (socket, response) = connect_async(request).await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "abc-123");
    let mut captain = Peer(socket);
    captain.say(&json!({"type": "start"})).await;
    captain.until(|message| message["phase"] == "running").await;
    captain.say(&json!({"type": "start"})).await;
    captain.until(|message| message["type"] == "error").await;

    let upgrade = collector.wait_for_span("GET /ws/draft/{id}/");
    assert_eq!(upgrade.attributes["http.response.status_code"], 101);
    assert_eq!(upgrade.attributes["request.id"], "abc-123");
    let command = collector.wait_for_span("process /ws/draft/{id}/");
    assert_ne!(command.trace_id, upgrade.trace_id);
    assert_eq!(command.parent_id, None);
    let [link] = &*command.links else {
        panic!("{command:?}")
    };
    assert_eq!(
        (&link.trace_id, &link.span_id),
        (&upgrade.trace_id, &upgrade.span_id)
    );
    assert_eq!(command.attributes["request.id"], "abc-123");
    assert_eq!(command.attributes["user.id"], 1);
    // What a command does is logged in its trace, and with the context of the connection.
    let line = program.event("draft_started").await;
    assert_eq!(line["trace_id"], command.trace_id);
    assert_eq!(line["request.id"], "abc-123");
    assert_eq!(
        line["ws.conn_id"],
        command.attributes["ws.conn_id"].as_str().unwrap()
    );
    let metric = collector.wait_for_metric("websocket.server.active_connections");
    assert_eq!(metric.unit, "{connection}");
}

#[tokio::test]
async fn strangers_and_wrong_paths_are_refused_as_requests() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = start(&directory, &[]);
    let url = program.url().await;
    for (path, origin, status) in [
        (DRAFT, "https://evil.example", 403),
        ("/ws/draft/999/", "", 404),
        ("/ws/tournament/x/", "", 404),
    ] {
        let target = format!("{}{path}", url.replace("http", "ws"));
        let mut request = target.into_client_request().unwrap();
        if !origin.is_empty() {
            let headers = request.headers_mut();
            headers.insert("origin", origin.parse().unwrap());
        }
        let Err(Error::Http(response)) = connect_async(request).await else {
            panic!("{path} was not refused");
        };
        assert_eq!(response.status(), status, "{path}");
        let line = program.event("request_completed").await;
        assert_eq!(line["http.status_code"], status);
        assert_eq!(
            line["request.id"],
            response.headers()["x-request-id"].to_str().unwrap()
        );
    }
    // Not an upgrade at all.
    let (status, _) = get(format!("{url}{DRAFT}")).await;
    assert_eq!(status, 400);
}
