//! What is logged at the level of development.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::discord::public_key;
use crate::program::Program;
use crate::stub::Stub;
use crate::workers::Server;

/// The settings of development, which Compose and `docker run` take from a file.
const DEVELOPMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docker/.env.dev");

#[tokio::test]
async fn all_roles_log_nothing_of_libraries_while_they_are_developed() {
    let directory = tempfile::tempdir().unwrap();
    let steam = Stub::answering(json!({"result": {}})).await;
    let key = public_key();
    let file = std::fs::read_to_string(DEVELOPMENT).unwrap();
    let settings = file.lines().filter(|line| !line.starts_with('#'));
    let mut variables: Vec<_> = settings.filter_map(|line| line.split_once('=')).collect();
    assert!(variables.contains(&("LOG_LEVEL", "DEBUG")), "{file}");
    variables.extend([
        ("LOG_FORMAT", "json"),
        ("DTX_BIND", "127.0.0.1:0"),
        ("DTX_BOT_BIND", "127.0.0.1:0"),
        ("DISCORD_PUBLIC_KEY", &*key),
        ("STEAM_API_URL", &*steam.url),
    ]);
    let server = Server::of(Program::start(&directory, &variables)).await;
    server.set_steam_match(77).await;
    steam.requested(1).await;
    server.program.signal(Signal::TERM);
    let ended = server.program.ended().await;

    let lines = ended.stdout.iter().map(|line| serde_json::from_str(line));
    let lines: Vec<Value> = lines.map(Result::unwrap).collect();
    for line in &lines {
        let logger = line["logger"].as_str().unwrap();
        let is_own = ["dtx_backend", "telemetry_"].map(|own| logger.starts_with(own));
        assert!(is_own.contains(&true), "{line}");
    }
    // All roles were there, at this level.
    for event in [
        "server_started",
        "worker_started",
        "interactions_started",
        "task_started",
        "bot_started",
        "notifier_started",
        "transitioner_started",
    ] {
        assert!(lines.iter().any(|line| line["event"] == event), "{event}");
    }
    assert_eq!(lines[0]["log_level"], "debug");
}
