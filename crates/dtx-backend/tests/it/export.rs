//! What the program exports of a request, over both protocols.

use std::time::{Duration, Instant};

use otlp_test_collector::{Behaviour, Collector, SpanKind, Value as OtlpValue};
use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;

use crate::program::{Program, get, get_in_trace, log_in, post};
use crate::stub::Stub;
use crate::workers;

/// What makes a program export all there is, soon.
fn exporting(endpoint: &str) -> Vec<(&str, &str)> {
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

fn start(collector: &Collector, more: &[(&str, &str)]) -> (TempDir, Program) {
    let directory = tempfile::tempdir().unwrap();
    let endpoint = collector.endpoint();
    let mut variables = exporting(&endpoint);
    variables.extend(more);
    let program = Program::start(&directory, &variables);
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
        let spans = collector.spans();
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
    let child = |name: &str, parent: &otlp_test_collector::Span| {
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
    assert_eq!(collector.spans().len(), 1);
}

/// A collector that does not work, in every way that there is.
fn failures(protocol: &str) -> Vec<(&'static str, Behaviour)> {
    let mut failures = vec![
        ("refuses", Behaviour::Refuse),
        ("is silent", Behaviour::BlackHole),
        ("is unavailable", Behaviour::unavailable()),
        ("answers with nonsense", Behaviour::Garbage),
        ("ends midway", Behaviour::Truncate),
    ];
    // Over HTTP the status is the answer, and the body that of a success.
    if protocol == "grpc" {
        failures.push(("answers with a body of nonsense", Behaviour::GarbageBody));
    }
    failures
}

async fn assert_failure_and_recovery_are_one_line_each(protocol: &str) {
    for (name, behaviour) in failures(protocol) {
        let collector = Collector::start();
        collector.set_behaviour(behaviour);
        let (_directory, mut program) = start(
            &collector,
            &[
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                ("OTEL_EXPORTER_OTLP_TIMEOUT", "300"),
            ],
        );
        let url = program.url().await;
        get(format!("{url}/api/tournaments/1/")).await;
        let line = program.event("otel_export_failing").await;
        assert!(line["error"].is_string(), "{name}: {line}");
        // Long enough for more exports to fail.
        let failing = Instant::now();
        while failing.elapsed() < Duration::from_millis(700) {
            get(format!("{url}/api/tournaments/1/")).await;
        }

        collector.set_behaviour(Behaviour::Accept);
        let recovered = loop {
            get(format!("{url}/api/leagues/1/")).await;
            let line = program.line().await.unwrap();
            match line["event"].as_str().unwrap() {
                "otel_export_recovered" => break line,
                "otel_export_failing" => panic!("{name}: said twice"),
                _ => {}
            }
        };
        let failed = recovered["failed_exports"].as_u64();
        assert!(failed > Some(1), "{name}: {recovered}");
        assert_eq!(recovered["dropped_records"], 0, "{name}");
        get(format!("{url}/api/teams/1/")).await;
        collector.wait_for_span("GET /api/teams/{id}/");

        // Export itself is not exported.
        for log in collector.logs() {
            assert!(!log.is("otel_export_failing"), "{log:?}");
            assert!(!log.is("otel_export_recovered"), "{log:?}");
        }
        program.signal(Signal::TERM);
        assert_eq!(program.ended().await.status.code(), Some(0));
    }
}

#[tokio::test]
async fn a_collector_that_fails_over_grpc_is_one_line_and_another_when_it_recovers() {
    assert_failure_and_recovery_are_one_line_each("grpc").await;
}

#[tokio::test]
async fn a_collector_that_fails_over_http_is_one_line_and_another_when_it_recovers() {
    assert_failure_and_recovery_are_one_line_each("http/protobuf").await;
}

#[tokio::test]
async fn the_program_ends_in_time_whatever_the_collector_does() {
    for protocol in ["grpc", "http/protobuf"] {
        for (name, behaviour) in failures(protocol) {
            let collector = Collector::start();
            collector.set_behaviour(behaviour);
            let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
            let (_directory, mut program) = start(&collector, &[protocol]);
            let url = program.url().await;
            get(format!("{url}/api/tournaments/1/")).await;
            let begun = Instant::now();
            program.signal(Signal::TERM);
            assert_eq!(program.ended().await.status.code(), Some(0));
            // Five seconds for export, and what a busy machine adds.
            let took = begun.elapsed();
            assert!(took < Duration::from_secs(8), "{name}: {took:?}");
        }
    }
}
