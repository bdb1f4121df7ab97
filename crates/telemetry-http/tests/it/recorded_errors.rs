//! Errors that a handler records of its response, whatever the status.

use std::error::Error;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::routing::{get as on_get, post};
use http::{Request, Response, StatusCode};
use telemetry_core::testing::capture_logs;
use telemetry_core::{HttpNames, Scope};
use telemetry_http::{HttpHooks, HttpTelemetryLayer, Outcome, RecordedError, RequestEnd};
use tracing::Level;

use crate::{get, request, request_id, send, with_telemetry};

/// A response with an error recorded.
fn response(status: u16, error: RecordedError) -> Response<Body> {
    let mut response = Response::new(Body::from("{}"));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response.extensions_mut().insert(error);
    response
}

/// An application that answers each request so.
fn answering(status: u16, error: &RecordedError, layer: HttpTelemetryLayer) -> Router {
    let error = error.clone();
    let answer = async move || response(status, error.clone());
    Router::new().route("/", on_get(answer)).layer(layer)
}

/// An error with a cause.
fn no_standings() -> RecordedError {
    let cause = std::io::Error::other("pool timed out");
    RecordedError::new(&anyhow::Error::new(cause).context("no standings"))
}

#[tokio::test]
async fn a_recorded_error_is_on_the_line_whatever_the_status_and_the_settings() {
    let plain = HttpTelemetryLayer::new();
    let layers = [
        ("plain", plain.clone()),
        (
            "with the client's address",
            plain.clone().with_client_ip(true),
        ),
        ("with the query", plain.clone().with_query(true)),
        ("with both names", plain.with_names(HttpNames::Both)),
    ];
    for (settings, layer) in layers {
        for status in [200, 204, 302, 304, 404, 422, 503] {
            let logs = capture_logs();
            let app = answering(status, &no_standings(), layer.clone());
            send(&app, get("/")).await;
            let line = &logs.events()[0];
            let case = format!("{settings}, {status}: {}", line.line);
            let (event, level) = match status {
                503 => ("request_failed", Level::ERROR),
                _ => ("request_completed", Level::INFO),
            };
            assert_eq!((&*line.event, line.level), (event, level), "{case}");
            assert_eq!(line["error"], "no standings", "{case}");
            let exception = "no standings\ncaused by: pool timed out";
            assert_eq!(line["exception"], exception, "{case}");
            assert_eq!(logs.events().len(), 1, "{case}");
        }
    }
}

#[tokio::test]
async fn with_stable_names_it_is_error_message_and_a_class_is_only_that_of_a_failure() {
    let layer = HttpTelemetryLayer::new().with_names(HttpNames::Stable);
    let error = no_standings().with_error_type("NO_STANDINGS");
    for (status, class) in [(200, None), (404, None), (503, Some("NO_STANDINGS"))] {
        let logs = capture_logs();
        send(&answering(status, &error, layer.clone()), get("/")).await;
        let line = &logs.events()[0];
        assert_eq!(line["error.message"], "no standings", "{status}");
        let shown = line.get("error.type").and_then(|class| class.as_str());
        assert_eq!(shown, class, "{status}");
    }
}

#[tokio::test]
async fn the_response_to_head_and_one_that_the_client_leaves_have_it_too() {
    let logs = capture_logs();
    let app = answering(200, &no_standings(), HttpTelemetryLayer::new());
    send(&app, request("HEAD", "/")).await;
    assert_eq!(logs.single("request_completed")["error"], "no standings");

    let left = tower::ServiceExt::oneshot(app, get("/")).await.unwrap();
    drop(left);
    assert_eq!(logs.single("request_cancelled")["error"], "no standings");
}

/// Notes how requests ended.
#[derive(Clone, Default)]
struct Ends(Arc<Mutex<Vec<Outcome>>>);

impl HttpHooks for Ends {
    fn on_end(&self, end: &RequestEnd, _scope: &Scope) {
        self.0.lock().unwrap().push(end.outcome);
    }
}

/// Answers as GraphQL does: with 200, and the errors in the body.
async fn graphql(State(fails): State<bool>, query: Bytes) -> Response<Body> {
    if query.as_ref() == b"{ standings { team } }" {
        return Response::new(Body::from(r#"{"data":{"standings":[]}}"#));
    }
    let error = RecordedError::message("unknown field `standing`");
    let error = error.with_error_type("GRAPHQL_VALIDATION");
    let error = if fails { error.failing() } else { error };
    response(200, error)
}

fn query(text: &'static str) -> Request<Body> {
    let mut request = request("POST", "/graphql");
    *request.body_mut() = Body::from(text);
    request
}

#[tokio::test]
async fn an_error_can_mark_a_200_as_failed() {
    let (logs, ends) = (capture_logs(), Ends::default());
    let layer = HttpTelemetryLayer::new()
        .with_hooks(ends.clone())
        .without_lines_for(["/graphql"]);
    let app = Router::new()
        .route("/graphql", post(graphql))
        .with_state(true);
    let app = app.layer(layer);
    let good = send(&app, query("{ standings { team } }")).await;
    assert_eq!(good.status(), 200);
    let bad = send(&app, query("{ standing }")).await;
    assert_eq!((bad.status(), bad.body().as_str()), (StatusCode::OK, "{}"));

    let failed = logs.single("request_failed");
    assert_eq!(failed.level, Level::ERROR);
    assert_eq!(failed["http.status_code"], 200);
    assert_eq!(failed["error"], "unknown field `standing`");
    assert_eq!(failed["request.id"], request_id(&bad));
    // A path without lines has one where it fails.
    assert_eq!(logs.events().len(), 1);
    assert_eq!(
        *ends.0.lock().unwrap(),
        [Outcome::Completed, Outcome::Failed]
    );
}

#[tokio::test]
async fn an_error_that_does_not_mark_it_leaves_a_200_completed() {
    let logs = capture_logs();
    let app = Router::new()
        .route("/graphql", post(graphql))
        .with_state(false);
    send(&with_telemetry(app), query("{ standing }")).await;
    let completed = logs.single("request_completed");
    assert_eq!(completed["error"], "unknown field `standing`");
    assert_eq!(logs.events().len(), 1);
}

#[tokio::test]
async fn a_redirect_and_a_404_can_be_marked_as_failed_too() {
    for status in [304, 307, 404] {
        let logs = capture_logs();
        let error = no_standings().failing();
        send(
            &answering(status, &error, HttpTelemetryLayer::new()),
            get("/"),
        )
        .await;
        let failed = logs.single("request_failed");
        assert_eq!(failed["http.status_code"], i64::from(status));
        assert_eq!(failed["error"], "no standings");
    }
}

#[tokio::test]
async fn whatever_holds_an_error_is_recorded_with_its_causes() {
    let error = || std::io::Error::new(std::io::ErrorKind::TimedOut, NoAnswer);
    let object: &dyn Error = &error();
    let boxed: Box<dyn Error + Send + Sync> = Box::new(error());
    let shared: Arc<dyn Error + Send + Sync> = Arc::new(error());
    for recorded in [
        RecordedError::new(&error()),
        RecordedError::new(object),
        RecordedError::new(&boxed),
        RecordedError::new(&*boxed),
        RecordedError::new(&shared),
        RecordedError::new(&anyhow::Error::new(error())),
        RecordedError::new(&eyre::Report::new(error())),
    ] {
        let logs = capture_logs();
        send(
            &answering(500, &recorded, HttpTelemetryLayer::new()),
            get("/"),
        )
        .await;
        let failed = logs.single("request_failed");
        assert_eq!(failed["error"], "no answer");
        assert_eq!(
            failed["exception"],
            "no answer\ncaused by: the peer is gone"
        );
    }
}

#[derive(Debug)]
struct NoAnswer;

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no answer")
    }
}

impl Error for NoAnswer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&PeerIsGone)
    }
}

#[derive(Debug)]
struct PeerIsGone;

impl std::fmt::Display for PeerIsGone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the peer is gone")
    }
}

impl Error for PeerIsGone {}
