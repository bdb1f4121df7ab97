//! One trace through the API, the database, the cache, the broker, the bot and the daemons.

use axum::http::Request;
use otlp_test_collector::{Collector, Span, SpanKind};
use serde_json::{Value, json};

use crate::export::exporting;
use crate::program::{get, succeed};
use crate::stack::Stack;
use crate::workers::{TRACE, TRACEPARENT};

/// What is recorded of one trace, by several processes: each tells its part when it comes to it.
struct Trace<'c> {
    collector: &'c Collector,
    id: String,
}

impl Trace<'_> {
    /// Waits for the one span that is like this.
    fn wait_for(&self, what: &str, is_it: impl Fn(&Span) -> bool) -> Span {
        let mut found = self.collector.wait_for(|collector| {
            let mut spans = collector.spans();
            spans.retain(|span| span.trace_id == self.id && is_it(span));
            (!spans.is_empty()).then_some(spans)
        });
        let span = found.remove(0);
        assert!(found.is_empty(), "{what} twice: {span:?} {found:?}");
        span
    }

    fn root(&self, name: &str) -> Span {
        self.wait_for(name, |span| span.name == name && span.parent_id.is_none())
    }

    /// The message that is published for this span. Any role relays an event that
    /// has waited for a second, as it does where the machine is busy.
    fn publish(&self, parent: &Span) -> Span {
        let name = "publish dtx.events";
        let span = self.wait_for(name, |span| {
            span.name == name && span.parent_id.as_ref() == Some(&parent.span_id)
        });
        assert_eq!(span.kind, SpanKind::Producer);
        span
    }

    /// The one child of a span that has this name, kind, and role.
    fn child(&self, parent: &Span, name: &str, kind: SpanKind, role: &str) -> Span {
        let span = self.wait_for(name, |span| {
            span.name == name && span.parent_id.as_ref() == Some(&parent.span_id)
        });
        assert_eq!(span.kind, kind, "{name}");
        assert_eq!(span.resource.attributes["service.name"], role, "{name}");
        span
    }
}

async fn stack(collector: &Collector) -> Option<Stack> {
    let endpoint = collector.endpoint();
    Stack::start(&exporting(&endpoint)).await
}

/// Looks at the lines of an event: they are of the span, and of the request.
fn assert_lines(lines: &[Value], event: &str, span: &Span, request_id: &str) {
    let mut lines = lines.iter().filter(|line| line["event"] == event);
    let line = lines.find(|line| line["trace_id"] == span.trace_id);
    let line = line.unwrap_or_else(|| panic!("no {event}"));
    assert_eq!(line["span_id"], span.span_id, "{line}");
    assert_eq!(line["request.id"], request_id, "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_its_queries_cache_commands_and_publication_and_the_bot_are_one_trace() {
    let collector = Collector::start();
    let Some(stack) = stack(&collector).await else {
        return;
    };
    let bot = stack.play("bot").await;
    let cookie = stack.captain().await;
    let request = Request::post(format!("{}/api/games/", stack.url));
    let request = request.header("traceparent", TRACEPARENT);
    let game = json!({
        "tournament_id": 2, "first_team_id": 1, "second_team_id": 2,
        "scheduled_at": "2030-01-01T00:00:00Z",
    });
    let response = succeed(request, &cookie, &game).await;
    let request_id = response.headers()["x-request-id"].to_str().unwrap();

    let trace = Trace {
        collector: &collector,
        id: TRACE.to_owned(),
    };
    let name = "POST /api/games/";
    let server = trace.wait_for(name, |span| span.name == name);
    assert_eq!(server.resource.attributes["service.name"], "serve");
    // The cache and the database.
    let command = trace.child(&server, "GET", SpanKind::Client, "serve");
    assert_eq!(command.attributes["db.system.name"], "redis");
    let query = trace.child(&server, "SELECT sessions users", SpanKind::Client, "serve");
    assert_eq!(query.attributes["db.system.name"], "postgresql");
    let create = trace.child(&server, "create_game", SpanKind::Internal, "serve");
    let insert = trace.child(
        &create,
        "INSERT games SELECT tournaments",
        SpanKind::Client,
        "serve",
    );
    let text = insert.attributes["db.query.text"].to_string();
    assert!(
        text.contains("INSERT INTO games (tournament_id, league_id"),
        "{text}"
    );
    trace.child(&create, "INSERT outbox", SpanKind::Client, "serve");
    // The broker, and the bot.
    let publish = trace.publish(&create);
    assert_eq!(publish.attributes["messaging.system"], "rabbitmq");
    let process = trace.child(
        &publish,
        "process dtx.events.bot",
        SpanKind::Consumer,
        "bot",
    );
    let announce = trace.child(&process, "announce_event", SpanKind::Internal, "bot");
    let claim = trace.child(&announce, "INSERT announcements", SpanKind::Client, "bot");
    assert_eq!(claim.attributes["db.system.name"], "postgresql");
    let post = "POST /api/webhooks/{id}/{token}";
    trace.child(&announce, post, SpanKind::Client, "bot");
    for span in [&server, &process] {
        assert_eq!(span.attributes["request.id"], request_id, "{}", span.name);
        assert_eq!(span.attributes["user.id"], 1, "{}", span.name);
    }
    // Of an answer from the cache too.
    let table = format!("{}/api/tournaments/1/standings/", stack.url);
    for _ in 0..2 {
        get(table.clone()).await;
    }
    collector.wait_for(|collector| {
        let spans = collector.spans();
        let sets: Vec<_> = spans.iter().filter(|span| span.name == "SET").collect();
        let answers = spans.iter().filter(|span| {
            span.name == "GET /api/tournaments/{id}/standings/"
                && sets
                    .iter()
                    .any(|set| set.parent_id.as_ref() == Some(&span.span_id))
        });
        (answers.count() == 1).then_some(())
    });

    let of_bot = bot.end().await;
    assert_lines(&of_bot, "event_announced", &announce, request_id);
    assert_lines(&of_bot, "message_processed", &process, request_id);
    let of_serve = stack.serve.end().await;
    assert_lines(&of_serve, "game_created", &create, request_id);
    assert_lines(&of_serve, "request_completed", &server, request_id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cycle_of_a_daemon_is_a_trace_with_its_queries_its_request_and_what_follows() {
    let collector = Collector::start();
    let Some(stack) = stack(&collector).await else {
        return;
    };
    let [bot, notifier, transitioner] = [
        stack.play("bot").await,
        stack.play("notifier").await,
        stack.play("transitioner").await,
    ];
    let cookie = stack.captain().await;
    let game = json!({"tournament_id": 2, "first_team_id": 1, "second_team_id": 2});
    let request = Request::post(format!("{}/api/games/", stack.url));
    let created = succeed(request, &cookie, &game).await;
    let id: i64 = crate::program::json(created).await["id"].as_i64().unwrap();

    let step = |name: &str| {
        collector.wait_for(|collector| {
            let mut spans = collector.spans().into_iter();
            spans.find(|span| span.name == name && span.attributes["game.id"] == id)
        })
    };
    let post = "POST /api/webhooks/{id}/{token}";
    // The notifier, by way of the API.
    let sent = step("send_notification");
    let trace = Trace {
        collector: &collector,
        id: sent.trace_id,
    };
    let check = trace.root("check_notifications");
    let due = "UPDATE notifications SELECT notifications";
    let due = trace.child(&check, due, SpanKind::Client, "notifier");
    let text = due.attributes["db.query.text"].to_string();
    assert!(
        text.contains("WHERE sent_at IS NULL AND next_attempt_at <= $1"),
        "{text}"
    );
    let send = trace.child(&check, "send_notification", SpanKind::Internal, "notifier");
    assert_eq!(send.attributes["game.id"], id);
    for key in ["notification.id", "game.scheduled_at"] {
        assert!(send.attributes.contains_key(key), "{send:?}");
    }
    let ask = trace.child(&send, "GET /api/games/{id}/", SpanKind::Client, "notifier");
    let answer = trace.child(&ask, "GET /api/games/{id}/", SpanKind::Server, "serve");
    trace.child(
        &answer,
        "SELECT games leagues organizations",
        SpanKind::Client,
        "serve",
    );
    let publish = trace.publish(&send);
    let process = trace.child(
        &publish,
        "process dtx.events.bot",
        SpanKind::Consumer,
        "bot",
    );
    let announce = trace.child(&process, "announce_event", SpanKind::Internal, "bot");
    trace.child(&announce, post, SpanKind::Client, "bot");
    let request_id = check.attributes["request.id"].to_string();
    for span in [&answer, &process] {
        assert_eq!(
            span.attributes["request.id"].to_string(),
            request_id,
            "{}",
            span.name
        );
    }

    // The transitioner.
    let moved = step("transition_game");
    let of_move = Trace {
        collector: &collector,
        id: moved.trace_id,
    };
    let cycle = of_move.root("transition_games");
    of_move.child(&cycle, "SELECT games", SpanKind::Client, "transitioner");
    let step = of_move.child(
        &cycle,
        "transition_game",
        SpanKind::Internal,
        "transitioner",
    );
    assert_eq!(step.attributes["game.old_status"], "scheduled");
    assert_eq!(step.attributes["game.new_status"], "running");
    assert!(step.attributes.contains_key("game.transitioned_at"));
    of_move.child(&step, "UPDATE games", SpanKind::Client, "transitioner");
    let told = of_move.publish(&step);
    let taken = of_move.child(&told, "process dtx.events.bot", SpanKind::Consumer, "bot");

    let of_notifier = notifier.end().await;
    let request_id = request_id.trim_matches('"');
    assert_lines(&of_notifier, "notification_sent", &send, request_id);
    assert_lines(
        &stack.serve.end().await,
        "request_completed",
        &answer,
        request_id,
    );
    let of_bot = bot.end().await;
    assert_lines(&of_bot, "event_announced", &announce, request_id);
    let of_cycle = cycle.attributes["request.id"].to_string();
    let of_cycle = of_cycle.trim_matches('"');
    assert_lines(&of_bot, "message_processed", &taken, of_cycle);
    assert_lines(
        &transitioner.end().await,
        "game_transitioned",
        &step,
        of_cycle,
    );
}
