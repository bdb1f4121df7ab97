//! What the program exports of a request, over both protocols.

use std::collections::BTreeSet;

use otlp_test_collector::{Collector, Span, SpanKind, Value as OtlpValue};
use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;

use crate::program::{Program, get, get_in_trace, log_in, post};
use crate::stub::Stub;
use crate::workers;

/// What makes a program export all there is, soon.
pub(crate) fn exporting(endpoint: &str) -> Vec<(&str, &str)> {
    vec![
        ("DTX_BIND", "127.0.0.1:0"),
        ("NODE_ENV", "test"),
        ("OTEL_ENABLED", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "50"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
    ]
}

/// Starts the site, which exports to the collector.
pub(crate) fn start(collector: &Collector, more: &[(&str, &str)]) -> (TempDir, Program) {
    let directory = tempfile::tempdir().unwrap();
    let endpoint = collector.endpoint();
    let mut variables = exporting(&endpoint);
    variables.extend(more);
    // Alone: other roles have requests and spans of their own.
    let program = Program::start_with(&directory, &variables, &["serve"]);
    (directory, program)
}

#[tokio::test]
async fn a_request_is_exported_with_its_span_metrics_and_lines_over_both_protocols() {
    for protocol in ["grpc", "http/protobuf"] {
        for compression in ["none", "gzip"] {
            let collector = Collector::start();
            let (_directory, mut program) = start(
                &collector,
                &[
                    ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                    ("OTEL_EXPORTER_OTLP_COMPRESSION", compression),
                    ("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=s3cret"),
                ],
            );
            let url = program.url().await;
            get(format!("{url}/api/tournaments/2/")).await;
            let line = program.event("request_completed").await;

            let span = collector.wait_for_span("GET /api/tournaments/{id}/");
            assert_eq!(span.kind, SpanKind::Server);
            assert_eq!(line["trace_id"], span.trace_id);
            assert_eq!(line["span_id"], span.span_id);
            assert_eq!(span.attributes["http.request.method"], "GET");
            assert_eq!(span.attributes["http.route"], "/api/tournaments/{id}/");
            assert_eq!(span.attributes["url.path"], "/api/tournaments/2/");
            assert_eq!(span.attributes["http.response.status_code"], 200);
            assert_eq!(span.attributes["tournament.id"], 2);
            let request_id = line["request.id"].as_str().unwrap();
            assert_eq!(span.attributes["request.id"], request_id);
            assert_eq!(
                span.attributes["labels"],
                OtlpValue::Array(vec![OtlpValue::Text("tournament".into())])
            );
            assert_eq!(span.resource.attributes["service.name"], "dtx-backend");

            let log = collector.wait_for_log("request_completed");
            assert_eq!(log.trace_id.as_ref(), Some(&span.trace_id));
            assert_eq!(log.span_id.as_ref(), Some(&span.span_id));
            assert_eq!(log.attributes["http.status_code"], 200);
            assert_eq!(log.attributes["tournament.id"], 2);
            assert_eq!(log.attributes["request.id"], request_id);

            let metric = collector.wait_for_metric("http.server.request.duration");
            assert_eq!(metric.unit, "s");
            let point = metric
                .point_with("http.route", &"/api/tournaments/{id}/")
                .unwrap();
            assert_eq!(point.value.count(), Some(1));
            collector.wait_for_metric("process.memory.usage");

            for request in collector.requests() {
                assert_eq!(request.header("x-api-key"), Some("s3cret"));
            }
            program.signal(Signal::TERM);
            let ended = program.ended().await;
            assert_eq!(ended.status.code(), Some(0), "{ended:?}");
            assert!(ended.stderr.is_empty(), "{ended:?}");
            // The last lines too.
            collector.wait_for_log("server_stopped");
        }
    }
}

#[tokio::test]
async fn what_the_site_does_has_spans_beneath_the_requests() {
    let collector = Collector::start();
    let (_directory, mut program) = start(&collector, &[]);
    let url = program.url().await;
    let cookie = log_in(&url).await;
    let tournament = json!({"league_id": 1, "name": "Autumn Draft"});
    let game = json!({"tournament_id": 2, "first_team_id": 1, "second_team_id": 2});
    for (path, body, request, name, event, ids) in [
        (
            "/api/tournaments/",
            &tournament,
            "POST /api/tournaments/",
            "create_tournament",
            "tournament_created",
            ["league.id", "tournament.id"],
        ),
        (
            "/api/games/",
            &game,
            "POST /api/games/",
            "create_game",
            "game_created",
            ["tournament.id", "game.id"],
        ),
        (
            "/api/drafts/",
            &game,
            "POST /api/drafts/",
            "create_draft",
            "draft_created",
            ["tournament.id", "draft.id"],
        ),
    ] {
        post(format!("{url}{path}"), &cookie, body).await;
        let parent = collector.wait_for_span(request);
        let span = collector.wait_for_span(name);
        assert_eq!(span.trace_id, parent.trace_id, "{name}");
        assert_eq!(span.parent_id.as_ref(), Some(&parent.span_id), "{name}");
        for id in ids {
            let id = &span.attributes[id];
            assert!(matches!(id, OtlpValue::Integer(1..)), "{name}: {id:?}");
        }
        // What is logged within it says so.
        let log = collector.wait_for_log(event);
        assert_eq!(log.trace_id.as_ref(), Some(&span.trace_id));
        assert_eq!(parent.attributes["user.id"], 1);
    }
    program.signal(Signal::TERM);
    assert_eq!(program.ended().await.status.code(), Some(0));
}

#[tokio::test]
async fn a_trace_goes_on_through_outgoing_requests() {
    let collector = Collector::start();
    let (_directory, mut program) = start(&collector, &[("DTX_DEBUG_ROUTES", "true")]);
    let url = program.url().await;
    let fan_out = format!("{url}/api/debug/fan-out/");
    // The site calls itself, and that calls nobody.
    let calls = json!([{"url": fan_out, "arguments": []}]);
    let response = post(fan_out, "", &calls).await;
    let id = response.headers()["x-request-id"].to_str().unwrap();

    let mut spans = collector.wait_for(|collector| {
        let mut spans = collector.spans();
        // Without what the program asks its database by itself.
        let of_request = |span: &Span| {
            span.attributes
                .get("request.id")
                .is_some_and(|of| *of == *id)
        };
        let trace = spans.iter().find(|span| of_request(span))?.trace_id.clone();
        spans.retain(|span| span.trace_id == trace);
        (spans.len() == 3).then_some(spans)
    });
    // In the order of their starts: the caller, its request, the callee.
    spans.sort_by_key(|span| span.start);
    let [caller, request, callee] = &spans[..] else {
        panic!("{}", collector.summary());
    };
    assert_eq!(request.kind, SpanKind::Client);
    assert_eq!(request.parent_id.as_ref(), Some(&caller.span_id));
    assert_eq!(callee.kind, SpanKind::Server);
    assert_eq!(callee.parent_id.as_ref(), Some(&request.span_id));
    for span in [request, callee] {
        assert_eq!(span.trace_id, caller.trace_id);
    }
    for span in [caller, callee] {
        assert_eq!(span.attributes["request.id"], id);
    }
    program.signal(Signal::TERM);
    assert_eq!(program.ended().await.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_in_another_process_and_the_job_that_it_enqueues_are_of_the_trace_of_the_request() {
    let collector = Collector::start();
    let steam = Stub::answering(workers::details()).await;
    let endpoint = collector.endpoint();
    let mut variables = exporting(&endpoint);
    variables.push(("STEAM_API_URL", &steam.url));
    let directory = tempfile::tempdir().unwrap();
    let server = workers::Server::start(&directory, &variables).await;
    let worker = workers::worker(&directory, &variables).await;
    let request_id = server.set_steam_match(77).await;
    // Of both, those by the request and those by the job.
    collector.wait_for(|collector| {
        let spans = collector.spans();
        let standings = "process recompute_standings";
        let done = spans.iter().filter(|span| span.name == standings);
        (done.count() == 2).then_some(())
    });
    workers::end(worker).await;
    server.end().await;

    let spans = collector.spans();
    let spans: Vec<_> = spans
        .iter()
        .filter(|span| span.trace_id == workers::TRACE)
        .collect();
    let child = |name: &str, parent: &Span| {
        let mut found = spans
            .iter()
            .filter(|span| span.name == name && span.parent_id.as_ref() == Some(&parent.span_id));
        let span = found.next();
        assert!(found.next().is_none(), "{name} twice");
        *span.unwrap_or_else(|| panic!("no {name}: {}", collector.summary()))
    };
    let find = |name: &str| *spans.iter().find(|span| span.name == name).unwrap();
    let request = find("PATCH /api/matches/{id}/");
    let send = child("send process_match_stats", request);
    let process = child("process process_match_stats", send);
    let fetch = child("fetch_match_details", process);
    let steam = child("GET /IDOTA2Match_570/GetMatchDetails/v1/", fetch);
    let send_next = child("send recompute_standings", process);
    let process_next = child("process recompute_standings", send_next);
    // The request asks for the table too.
    let other = child("send recompute_standings", request);
    child("process recompute_standings", other);
    for (span, kind) in [
        (send, SpanKind::Producer),
        (process, SpanKind::Consumer),
        (steam, SpanKind::Client),
        (send_next, SpanKind::Producer),
        (process_next, SpanKind::Consumer),
    ] {
        assert_eq!(span.kind, kind, "{}", span.name);
    }
    for span in [request, process, process_next] {
        assert_eq!(span.attributes["request.id"], *request_id);
        assert_eq!(span.attributes["user.id"], 1);
    }
    assert_eq!(
        send.attributes["messaging.destination.name"],
        "process_match_stats"
    );
    assert_eq!(process.attributes["messaging.system"], "apalis");
    assert_eq!(process.attributes["task.attempt"], 1);
    assert_eq!(process_next.attributes["tournament.id"], 1);
    let id = &send.attributes["messaging.message.id"];
    assert_eq!(process.attributes["task.id"], *id);
    let log = collector.wait_for_log("standings_recomputed");
    assert_eq!(log.trace_id.as_deref(), Some(workers::TRACE));
    for name in [
        "messaging.client.sent.messages",
        "messaging.client.consumed.messages",
        "messaging.process.duration",
        "messaging.queue.latency",
        "http.client.request.duration",
    ] {
        collector.wait_for_metric(name);
    }
}

#[tokio::test]
async fn the_queries_of_a_request_are_client_spans_beneath_it_with_their_text() {
    let collector = Collector::start();
    let (directory, mut program) = start(&collector, &[]);
    let is_postgres = crate::database::url_for(directory.path()).is_some();
    let url = program.url().await;
    let cookie = log_in(&url).await;
    let team = json!({"league_id": 1, "name": "Secret Shop"});
    post(format!("{url}/api/teams/"), &cookie, &team).await;
    let request = collector.wait_for_span("POST /api/teams/");
    let beneath = |name: &str| {
        let spans = collector.spans();
        let mut found = spans
            .into_iter()
            .filter(|span| span.name == name && span.parent_id.as_ref() == Some(&request.span_id));
        found
            .next()
            .unwrap_or_else(|| panic!("no {name}: {}", collector.summary()))
    };
    for (name, operation, text) in [
        (
            "SELECT sessions users",
            "SELECT",
            "SELECT users.id, username, is_staff, discord_id, users.created_at, expires_at \
             FROM sessions JOIN users ON users.id = user_id WHERE token_hash = $1",
        ),
        (
            "INSERT teams",
            "INSERT",
            "INSERT INTO teams (league_id, name, captain_id, created_at) \
             VALUES ($1, $2, $3, $4) RETURNING id",
        ),
    ] {
        let span = beneath(name);
        assert_eq!(span.kind, SpanKind::Client, "{name}");
        assert_eq!(span.trace_id, request.trace_id, "{name}");
        let system = if is_postgres { "postgresql" } else { "sqlite" };
        assert_eq!(span.attributes["db.system.name"], system);
        assert_eq!(span.attributes["db.operation.name"], operation);
        assert_eq!(span.attributes["db.query.text"], text);
        // Which database, and of PostgreSQL where.
        assert!(span.attributes.contains_key("db.namespace"), "{span:?}");
        assert_eq!(span.attributes.contains_key("server.address"), is_postgres);
        // Whoever reads traces learns nothing of what is stored.
        assert!(!format!("{span:?}").contains("Secret Shop"), "{span:?}");
    }
    for name in ["db.client.operation.duration", "db.client.connection.count"] {
        collector.wait_for_metric(name);
    }
    program.signal(Signal::TERM);
    assert_eq!(program.ended().await.status.code(), Some(0));
}

#[tokio::test]
async fn the_level_of_lines_does_not_keep_spans_from_being_exported() {
    let collector = Collector::start();
    let (_directory, mut program) = start(&collector, &[("LOG_LEVEL", "ERROR")]);
    let url = program.url().await;
    get(format!("{url}/api/tournaments/2/")).await;
    collector.wait_for_span("GET /api/tournaments/{id}/");
    program.signal(Signal::TERM);
    assert!(program.ended().await.stdout.is_empty());
    assert!(collector.logs().is_empty());
}

#[tokio::test]
async fn what_a_caller_has_decided_about_its_trace_is_kept() {
    let collector = Collector::start();
    // Of its own, the program samples nothing.
    let none = [
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0"),
    ];
    let (_directory, mut program) = start(&collector, &none);
    let url = program.url().await;
    let [sampled, unsampled] = ["01", "00"]
        .map(|flags| format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}"));
    get(format!("{url}/api/teams/1/")).await;
    get_in_trace(format!("{url}/api/leagues/1/"), &unsampled).await;
    get_in_trace(format!("{url}/api/games/1/"), &sampled).await;
    let span = collector.wait_for_span("GET /api/games/{id}/");
    assert_eq!(span.trace_id, "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(span.parent_id.as_deref(), Some("b7ad6b7169203331"));

    // Each line has the ids of its trace, sampled or not.
    let [team, league, game] = [
        program.event("request_completed").await,
        program.event("request_completed").await,
        program.event("request_completed").await,
    ];
    assert!(team["trace_id"].is_string(), "{team}");
    assert_eq!(league["trace_id"], span.trace_id);
    assert_ne!(league["span_id"], "b7ad6b7169203331");
    assert_eq!(game["span_id"], span.span_id);
    program.signal(Signal::TERM);
    assert_eq!(program.ended().await.status.code(), Some(0));
    // What it asked the database is decided with it.
    let traces = collector.spans().into_iter().map(|span| span.trace_id);
    assert_eq!(traces.collect::<BTreeSet<_>>().len(), 1);
    assert!(
        collector
            .spans()
            .iter()
            .any(|span| span.name == "SELECT games leagues organizations"),
        "{}",
        collector.summary()
    );
}
