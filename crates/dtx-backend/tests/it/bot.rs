//! The bot: what it takes, what it says, and the traces of its commands.

use std::time::Instant;

use axum::http::Request;
use otlp_test_collector::{Collector, Span, SpanKind};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::discord::{ACCOUNT, CHANNEL, Discord, GUILD, public_key};
use crate::export::exporting;
use crate::program::{Program, json as read, log_in_as, succeed};
use crate::stub::{Reply, Stub};

const TOKEN: &str = "0123456789-s3cret";

/// The variables of a bot at any port, and more.
fn variables<'a>(key: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut variables = vec![
        ("DTX_BIND", "127.0.0.1:0"),
        ("DTX_BOT_BIND", "127.0.0.1:0"),
        ("NODE_ENV", "test"),
        ("DISCORD_PUBLIC_KEY", key),
    ];
    variables.extend(more);
    variables
}

/// A bot alone, with the API at a URL.
async fn bot(url: &str, more: &[(&str, &str)]) -> (TempDir, Program, Discord) {
    let key = public_key();
    let directory = tempfile::tempdir().unwrap();
    let mut variables = variables(&key, &[("DTX_API_URL", url)]);
    variables.extend(more);
    let mut program = Program::start_with(&directory, &variables, &["bot"]);
    let discord = Discord::of(&mut program).await;
    (directory, program, discord)
}

/// Says that a user of the sample data has the account which commands come from.
async fn link(url: &str, username: &str) {
    let cookie = log_in_as(url, username).await;
    let request = Request::patch(format!("{url}/api/users/me/"));
    succeed(request, &cookie, &json!({"discord_id": ACCOUNT})).await;
}

async fn end(program: Program) {
    program.signal(Signal::TERM);
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
}

#[tokio::test]
async fn a_ping_is_answered_and_what_is_not_signed_just_now_is_refused() {
    let (_directory, program, discord) = bot("http://127.0.0.1:9", &[]).await;
    let ping = json!({"type": 1});
    for seconds in [-290, 0, 290] {
        let answer = discord.send(Discord::sign(&ping, seconds)).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(read(answer).await, ping);
    }
    let good = Discord::sign(&ping, 0);
    let change = |change: &dyn Fn(&mut crate::discord::Signed)| {
        let mut signed = good.clone();
        change(&mut signed);
        signed
    };
    for (name, signed) in [
        ("old", Discord::sign(&ping, -310)),
        ("of the future", Discord::sign(&ping, 310)),
        ("another body", change(&|it| it.body.push(' '))),
        ("another time", change(&|it| it.timestamp.insert(0, '0'))),
        ("no signature", change(&|it| it.signature.clear())),
        ("a short one", change(&|it| it.signature.truncate(126))),
        (
            "no hexadecimal",
            change(&|it| it.signature = "x".repeat(128)),
        ),
        ("no time", change(&|it| it.timestamp = "now".to_owned())),
    ] {
        let answer = discord.send(signed).await;
        assert_eq!(answer.status(), 401, "{name}");
        assert!(answer.headers().contains_key("x-request-id"));
        let body = read(answer).await;
        assert_eq!(body["error"]["code"], "unauthenticated", "{name}");
    }
    end(program).await;
}

#[tokio::test]
async fn what_is_signed_and_no_interaction_is_malformed_and_a_large_body_too_large() {
    let (_directory, program, discord) = bot("http://127.0.0.1:9", &[]).await;
    for interaction in [
        json!("x"),
        json!({}),
        json!({"type": "2"}),
        json!({"type": 2}),
        json!({"type": 3, "data": {"name": "games"}}),
        json!({"type": 2, "data": {"options": []}}),
    ] {
        let answer = discord.send(Discord::sign(&interaction, 0)).await;
        assert_eq!(answer.status(), 400, "{interaction}");
        assert_eq!(read(answer).await["error"]["code"], "malformed");
    }
    let large = json!({"type": 1, "x": "x".repeat(64 * 1024)});
    let answer = discord.send(Discord::sign(&large, 0)).await;
    assert_eq!(answer.status(), 413);
    assert_eq!(read(answer).await["error"]["code"], "too_large");
    end(program).await;
}

#[tokio::test]
async fn commands_are_answered_in_one_process() {
    let key = public_key();
    let directory = tempfile::tempdir().unwrap();
    let mut program = Program::start(&directory, &variables(&key, &[]));
    let discord = Discord::of(&mut program).await;
    let url = program.url().await;
    let said = async |name, options: &[(&str, Value)]| discord.command(name, options).await.1;

    let games = said("games", &[]).await;
    let lines: Vec<_> = games.lines().collect();
    assert_eq!(lines.len(), 2, "{games}");
    let first = "**7** Roshan Raiders – Midlane Monks (Summer Draft), <t:";
    assert!(lines[0].starts_with(first), "{games}");
    let standings = said("standings", &[("tournament", json!(1))]).await;
    let first = "1. Ward Wardens: 6 points (2 won, 0 drawn, 0 lost)";
    assert_eq!(standings.lines().next(), Some(first));

    // Nobody has the account yet.
    let join = [("game", json!(7))];
    let refused = said("join", &join).await;
    assert!(refused.contains("set discord_id"), "{refused}");
    link(&url, "captain").await;
    let joined = said("join", &join).await;
    assert_eq!(joined, "You take part in game **7**.");
    let joined = said("join", &join).await;
    assert_eq!(joined, "You take part in game **7** already.");
    let refused = said("join", &[("game", json!(1))]).await;
    assert_eq!(refused, "That is not possible: the game is finished.");

    let mut create = vec![
        ("tournament", json!(2)),
        ("first_team", json!(3)),
        ("second_team", json!(4)),
        ("at", json!("2026-12-05T18:00:00Z")),
    ];
    let created = said("create", &create).await;
    assert_eq!(created, "Game **12** is scheduled for <t:1796493600:f>.");
    create[2].1 = json!(99);
    let refused = said("create", &create).await;
    let reason = "second_team_id there is no such team in the league";
    assert_eq!(refused, format!("That is not possible: {reason}."));
    create[3].1 = json!("tomorrow");
    let refused = said("create", &create).await;
    assert!(refused.contains("scheduled_at"), "{refused}");
    end(program).await;
}

#[tokio::test]
async fn a_command_that_is_not_right_is_told_so_without_asking_the_api() {
    let (_directory, mut program, discord) = bot("http://127.0.0.1:9", &[]).await;
    for (name, options, expected) in [
        (
            "dance",
            vec![],
            "I know no such command. There are `/games`",
        ),
        ("join", vec![], "`/join` needs `game`, a number."),
        (
            "join",
            vec![("game", json!("7"))],
            "`/join` needs `game`, a number.",
        ),
        (
            "standings",
            vec![("tournament", json!(-1))],
            "`/standings` needs `tournament`, a number.",
        ),
        (
            "create",
            vec![("tournament", json!(1)), ("first_team", json!(1))],
            "`/create` needs `second_team`, a number.",
        ),
    ] {
        let (id, said) = discord.command(name, &options).await;
        assert!(said.starts_with(expected), "{said}");
        let line = program.event("bot_command_misused").await;
        assert_eq!(line["request.id"], id);
        assert_eq!(line["discord.command.name"], name);
    }
    end(program).await;
}

#[tokio::test]
async fn an_api_that_is_away_or_silent_is_told_in_time_and_is_a_warning() {
    let silent = Stub::start(|_| Reply::Silence).await;
    let failing = Stub::start(|_| Reply::Failure).await;
    for url in ["http://127.0.0.1:9", &failing.url, &silent.url] {
        let (_directory, mut program, discord) = bot(url, &[]).await;
        let begun = Instant::now();
        let (id, said) = discord.command("games", &[]).await;
        // Its bound is 2.5 s; without one it would wait for ever.
        assert!(begun.elapsed().as_secs() < 20, "{url}");
        assert!(said.starts_with("The site does not answer"), "{said}");
        let line = program.event("bot_command_failed").await;
        assert_eq!(line["level"], "warning");
        assert_eq!(line["request.id"], id);
        assert_eq!(line["discord.user.id"], ACCOUNT);
        let error = line["error"].as_str().unwrap();
        let beginning = "the site does not answer as it should: ";
        assert!(error.starts_with(beginning), "{error}");
        end(program).await;
    }
}

#[tokio::test]
async fn a_bot_of_another_process_without_the_token_can_only_read() {
    let directory = tempfile::tempdir().unwrap();
    let serving = variables("", &[]);
    let mut server = Program::start_with(&directory, &serving, &["serve"]);
    let url = server.url().await;
    link(&url, "captain").await;
    let (_directory, program, discord) = bot(&url, &[]).await;
    let (_, said) = discord.command("games", &[]).await;
    assert!(said.contains("Roshan Raiders"), "{said}");
    let (_, said) = discord.command("join", &[("game", json!(7))]).await;
    assert!(said.starts_with("I can only read here"), "{said}");
    end(program).await;
    end(server).await;
}

#[tokio::test]
async fn without_a_key_the_bot_says_once_that_it_takes_no_interactions() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = Program::start_with(&directory, &[("NODE_ENV", "test")], &["bot"]);
    let line = program.event("interactions_off").await;
    assert_eq!(line["level"], "info");
    let problem = line["problem"].as_str().unwrap();
    assert!(problem.contains("DISCORD_PUBLIC_KEY"), "{problem}");
    program.signal(Signal::TERM);
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let again = ended
        .stdout
        .iter()
        .any(|line| line.contains("interactions"));
    assert!(!again, "{ended:?}");
}

/// Looks at all that came of a command: its span is a root, and what the API did is beneath.
#[track_caller]
fn assert_is_a_trace(collector: &Collector, command: &str, request: &str, id: &str) -> Span {
    let spans = collector.wait_for(|collector| {
        let spans = collector.spans();
        let root = spans.iter().find(|span| span.name == command)?;
        let of_trace = spans.iter().filter(|span| span.trace_id == root.trace_id);
        let of_trace: Vec<_> = of_trace.cloned().collect();
        // The API's comes from another process, maybe later.
        let has_server = of_trace.iter().any(|span| span.kind == SpanKind::Server);
        has_server.then_some(of_trace)
    });
    let single = |kind: SpanKind, name: &str| {
        let mut found = spans
            .iter()
            .filter(|span| span.kind == kind && span.name == name);
        let span = found.next();
        assert!(found.next().is_none(), "{name} twice");
        span.unwrap_or_else(|| panic!("no {name}: {}", collector.summary()))
    };
    let root = single(SpanKind::Internal, command);
    assert_eq!(root.parent_id, None);
    for (name, value) in [
        ("discord.guild.id", GUILD),
        ("discord.channel.id", CHANNEL),
        ("discord.user.id", ACCOUNT),
        ("discord.command.name", command),
        ("request.id", id),
    ] {
        assert_eq!(root.attributes[name], value, "{command}");
    }
    let client = single(SpanKind::Client, request);
    assert_eq!(client.parent_id.as_ref(), Some(&root.span_id));
    let server = single(SpanKind::Server, request);
    assert_eq!(server.parent_id.as_ref(), Some(&client.span_id));
    assert_eq!(server.attributes["request.id"], id);
    // Discord's request is another trace, which the command has a link to.
    let of_discord = collector.wait_for(|collector| {
        let mut spans = collector.spans().into_iter();
        spans.find(|span| span.name == "POST /interactions" && span.attributes["request.id"] == id)
    });
    assert_ne!(of_discord.trace_id, root.trace_id);
    let links: Vec<_> = root.links.iter().map(|link| &link.span_id).collect();
    assert_eq!(links, [&of_discord.span_id]);
    root.clone()
}

/// Sends all commands, and looks at what they leave in the collector and on the lines.
async fn assert_commands_are_traces(collector: &Collector, discord: &Discord, url: &str) {
    link(url, "captain").await;
    for (command, options, request, event) in [
        ("games", vec![], "GET /api/games/upcoming/", None),
        (
            "standings",
            vec![("tournament", json!(1))],
            "GET /api/tournaments/{id}/standings/",
            None,
        ),
        (
            "join",
            vec![("game", json!(7))],
            "POST /api/games/{id}/join/",
            Some("game_joined"),
        ),
        (
            "create",
            vec![
                ("tournament", json!(2)),
                ("first_team", json!(3)),
                ("second_team", json!(4)),
                ("at", json!("2026-12-05T18:00:00Z")),
            ],
            "POST /api/games/",
            Some("game_created"),
        ),
    ] {
        let (id, said) = discord.command(command, &options).await;
        assert!(!said.contains("not"), "{said}");
        let root = assert_is_a_trace(collector, command, request, &id);
        let Some(event) = event else { continue };
        let line = collector.wait_for_log(event);
        assert_eq!(line.trace_id.as_ref(), Some(&root.trace_id), "{event}");
        assert_eq!(line.attributes["request.id"], *id, "{event}");
        assert_eq!(line.attributes["user.id"], 1, "{event}");
    }
    // The lines of the bot: in the trace of the command.
    let (id, _) = discord.command("join", &[("game", json!(1))]).await;
    let line = collector.wait_for_log("bot_command_failed");
    assert_eq!(line.attributes["request.id"], *id);
    let root = collector.wait_for(|collector| {
        let spans = collector.spans().into_iter();
        let mut spans = spans.filter(|span| span.name == "join");
        spans.find(|span| span.attributes["request.id"] == *id)
    });
    assert_eq!(line.trace_id.as_ref(), Some(&root.trace_id));
    assert_eq!(line.span_id.as_ref(), Some(&root.span_id));
    assert_eq!(root.attributes["error.type"], "refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_is_a_trace_of_its_own_in_one_process() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let key = public_key();
    let directory = tempfile::tempdir().unwrap();
    let variables = variables(&key, &exporting(&endpoint));
    let mut program = Program::start(&directory, &variables);
    let discord = Discord::of(&mut program).await;
    let url = program.url().await;
    assert_commands_are_traces(&collector, &discord, &url).await;
    end(program).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_is_a_trace_of_its_own_through_both_processes() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let mut more = exporting(&endpoint);
    more.push(("DTX_API_TOKEN", TOKEN));
    let directory = tempfile::tempdir().unwrap();
    let mut server = Program::start_with(&directory, &variables("", &more), &["serve"]);
    let url = server.url().await;
    let (_directory, program, discord) = bot(&url, &more).await;
    assert_commands_are_traces(&collector, &discord, &url).await;
    let joined = server.event("game_joined").await;
    let of_server = server.event("request_completed").await;
    assert_eq!(of_server["trace_id"], joined["trace_id"]);
    assert_eq!(of_server["request.id"], joined["request.id"]);
    end(program).await;
    end(server).await;
}
