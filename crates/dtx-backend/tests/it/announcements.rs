//! What the bot announces, without any server: SQLite, and events by way of the database.

use axum::http::Request;
use otlp_test_collector::Collector;
use serde_json::{Value, json};

use crate::export::exporting;
use crate::program::{Program, json as read, log_in, succeed};
use crate::stub::{Reply, Stub};
use crate::workers::{Server, TRACE, TRACEPARENT, end, start};

/// A game that is due at once.
pub(crate) async fn create_game(url: &str) -> i64 {
    let cookie = log_in(url).await;
    let game = json!({"tournament_id": 2, "first_team_id": 1, "second_team_id": 2});
    let request = Request::post(format!("{url}/api/games/"));
    let request = request.header("traceparent", TRACEPARENT);
    let created = read(succeed(request, &cookie, &game).await).await;
    created["id"].as_i64().unwrap()
}

/// The texts that were posted of a game, up to the time in them, in order of the alphabet.
fn posts_of(chat: &Stub, game: i64) -> Vec<String> {
    let name = format!("Game **{game}**");
    let texts = chat.requests().into_iter().map(|request| {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        body["content"].as_str().unwrap().to_owned()
    });
    let of_game = texts.filter(|text| text.starts_with(&name));
    let mut of_game: Vec<_> = of_game
        .map(|text| text.split(" <t:").next().unwrap().to_owned())
        .collect();
    of_game.sort_unstable();
    of_game
}

/// Waits until the program has announced these events, in any order.
async fn announced(program: &mut Program, events: &[String]) {
    let mut left = events.to_vec();
    while !left.is_empty() {
        let line = program.event("event_announced").await;
        left.retain(|event| line["announcement.id"] != **event);
    }
}

#[tokio::test]
async fn one_process_without_a_server_moves_notifies_and_announces_each_once() {
    let directory = tempfile::tempdir().unwrap();
    let collector = Collector::start();
    let chat = Stub::answering(Value::Null).await;
    let (endpoint, webhook) = (collector.endpoint(), format!("{}/t0ken", chat.url));
    let mut variables = exporting(&endpoint);
    variables.extend([
        ("DISCORD_WEBHOOK_URL", &*webhook),
        ("DTX_CYCLE_SECONDS", "1"),
    ]);
    let mut program = start(&directory, &[], &variables);
    let url = program.url().await;
    let game = create_game(&url).await;
    let created = format!("game-{game}-created");
    let running = format!("game-{game}-running");
    announced(&mut program, &[created.clone(), running]).await;
    // The notice too, and nothing of it again in the next cycles.
    let about_to_begin = format!("Game **{game}** of tournament 2 begins at");
    while !posts_of(&chat, game).contains(&about_to_begin) {
        program.line().await.unwrap();
    }
    let trace = collector.wait_for(|collector| {
        let mut spans = collector.spans();
        spans.retain(|span| span.trace_id == TRACE);
        // The last to end.
        let is_told = spans.iter().any(|span| span.name == "POST /api/games/")
            && spans.iter().any(|span| span.name == "announce_event");
        is_told.then_some(spans)
    });
    let single = |name: &str| trace.iter().find(|span| span.name == name).unwrap();
    let announce = single("announce_event");
    assert_eq!(announce.attributes["announcement.id"], *created);
    let create = single("create_game");
    assert_eq!(announce.parent_id.as_ref(), Some(&create.span_id));
    end(program).await;
    let expected = [
        format!("Game **{game}** has begun."),
        about_to_begin,
        format!("Game **{game}** of tournament 2 is set for"),
    ];
    assert_eq!(posts_of(&chat, game), expected);
}

#[tokio::test]
async fn what_happened_while_no_bot_was_there_is_announced_by_the_next_in_the_same_trace() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(&directory, &[]).await;
    let game = create_game(&server.url).await;
    server.end().await;
    let mut bot = start(&directory, &["bot"], &[]);
    let line = bot.event("event_announced").await;
    assert_eq!(line["announcement.id"], format!("game-{game}-created"));
    assert_eq!(line["trace_id"], TRACE);
    assert_eq!(line["user.id"], 1);
    end(bot).await;
}

#[tokio::test]
async fn a_chat_that_fails_is_told_again_and_no_more_than_once_in_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let chat = Stub::start(|before| match before {
        0 | 1 => Reply::Failure,
        _ => Reply::Json(Value::Null),
    });
    let chat = chat.await;
    let webhook = format!("{}/t0ken", chat.url);
    let server = Server::start(&directory, &[]).await;
    let game = create_game(&server.url).await;
    server.end().await;
    let mut bot = start(&directory, &["bot"], &[("DISCORD_WEBHOOK_URL", &webhook)]);
    let delayed = bot.event("events_delayed").await;
    assert_eq!(
        delayed["error"],
        "the chat answered with 503 Service Unavailable"
    );
    let mut events = Vec::new();
    while events.last().is_none_or(|event| event != "events_resumed") {
        let line = bot.line().await.unwrap();
        assert!(!line.to_string().contains("t0ken"), "{line}");
        events.push(line["event"].as_str().unwrap().to_owned());
    }
    assert_eq!(events, ["event_announced", "events_resumed"]);
    assert_eq!(posts_of(&chat, game).len(), 3);
    end(bot).await;
}
