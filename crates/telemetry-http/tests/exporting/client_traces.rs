//! A trace through clients and servers.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get as on_get;
use http::Extensions;
use opentelemetry::global;
use opentelemetry::trace::{FutureExt as _, TraceContextExt as _, Tracer as _};
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, Middleware, Next, Result};
use telemetry_core::testing::capture_logs;
use telemetry_http::HttpClientTelemetry;
use telemetry_otel::testing::capture_spans;

use crate::network::{client, echo, ended, header, plain, serve};
use crate::{PARENT, TRACE, traceparent, with_telemetry};

/// A server that asks a second one, which tells the headers that arrive there.
async fn two_servers() -> SocketAddr {
    let second = serve(with_telemetry(echo())).await;
    let client = client(HttpClientTelemetry::new());
    let ask = async move || {
        let response = client.get(format!("http://{second}/echo")).send().await;
        tracing::info!("asked");
        response.unwrap().text().await.unwrap()
    };
    serve(with_telemetry(Router::new().route("/ask", on_get(ask)))).await
}

#[tokio::test]
async fn a_trace_goes_on_from_client_to_server_to_client_to_server() {
    let spans = capture_spans();
    let first = two_servers().await;
    let response = client(HttpClientTelemetry::new())
        .get(format!("http://{first}/ask"))
        .send()
        .await;
    let echoed = response.unwrap().text().await.unwrap();
    ended(&spans, 4).await;
    assert_eq!(spans.tree(), "GET\n  GET /ask\n    GET\n      GET /echo\n");
    let all = spans.spans();
    assert!(
        all.iter().all(|span| span.trace_id == all[0].trace_id),
        "{all:?}"
    );
    let inner = spans.single("GET /echo").parent_span_id.unwrap();
    let expected = format!("00-{}-{inner}-01", all[0].trace_id);
    assert_eq!(header(&echoed, "traceparent"), Some(&*expected));
}

#[tokio::test]
async fn a_sampled_trace_from_elsewhere_goes_on() {
    let spans = capture_spans();
    let first = two_servers().await;
    let request = plain().build().unwrap().get(format!("http://{first}/ask"));
    let request = request
        .header("traceparent", traceparent("01"))
        .header("tracestate", "a=1");
    let echoed = request.send().await.unwrap().text().await.unwrap();
    ended(&spans, 3).await;
    assert_eq!(spans.tree(), "GET /ask\n  GET\n    GET /echo\n");
    assert!(spans.spans().iter().all(|span| span.trace_id == TRACE));
    let client = spans.single("GET").span_id;
    let expected = format!("00-{TRACE}-{client}-01");
    assert_eq!(header(&echoed, "traceparent"), Some(&*expected));
    assert_eq!(header(&echoed, "tracestate"), Some("a=1"));
}

#[tokio::test]
async fn a_trace_that_is_not_sampled_passes_on_its_ids_without_spans() {
    let (spans, logs) = (capture_spans(), capture_logs());
    let first = two_servers().await;
    let request = plain().build().unwrap().get(format!("http://{first}/ask"));
    let request = request.header("traceparent", traceparent("00"));
    let echoed = request.send().await.unwrap().text().await.unwrap();
    let passed_on = header(&echoed, "traceparent").unwrap();
    assert!(
        passed_on.starts_with(&format!("00-{TRACE}-")),
        "{passed_on}"
    );
    assert!(passed_on.ends_with("-00"), "{passed_on}");
    assert!(!passed_on.contains(PARENT), "{passed_on}");
    assert_eq!(logs.single("asked")["trace_id"], TRACE);
    logs.wait_for("request_completed").await;
    ended(&spans, 0).await;
}

/// Logs beneath the client's telemetry.
struct Beneath;

#[async_trait::async_trait]
impl Middleware for Beneath {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        tokio::task::yield_now().await;
        tracing::info!("beneath");
        next.run(request, extensions).await
    }
}

#[tokio::test]
async fn the_span_is_current_for_the_request_and_for_nothing_else() {
    let (spans, logs) = (capture_spans(), capture_logs());
    let second = serve(echo()).await;
    let client = ClientBuilder::new(plain().build().unwrap())
        .with(HttpClientTelemetry::new())
        .with(Beneath)
        .build();
    let ask = async move || {
        let beside = async {
            for _ in 0..5 {
                tracing::info!("beside");
                tokio::task::yield_now().await;
            }
        };
        let asked = client.get(format!("http://{second}/echo")).send();
        tokio::join!(asked, beside).0.unwrap();
        tracing::info!("after");
    };
    let app = with_telemetry(Router::new().route("/api/teams/{id}/", on_get(ask)));
    crate::send(&app, crate::get("/api/teams/3/")).await;
    let server = spans.single("GET /api/teams/{id}/").span_id;
    let beneath = logs.single("beneath");
    assert_eq!(beneath["span_id"], *spans.single("GET").span_id);
    // The scope is the request's all along.
    assert_eq!(beneath["team.id"], 3);
    assert_eq!(logs.named("beside").len(), 5);
    for event in logs.named("beside").iter().chain(&logs.named("after")) {
        assert_eq!(event["span_id"], *server);
    }
}

#[tokio::test]
async fn a_client_without_a_scope_is_beneath_the_current_span() {
    let spans = capture_spans();
    let address = serve(echo()).await;
    let outside = global::tracer("test").start("outside");
    let context = opentelemetry::Context::new().with_span(outside);
    let sent = client(HttpClientTelemetry::new())
        .get(format!("http://{address}/echo"))
        .send();
    sent.with_context(context).await.unwrap();
    assert_eq!(spans.tree(), "outside\n  GET\n");
}

#[tokio::test]
async fn an_invalid_span_that_is_current_is_no_parent() {
    let spans = capture_spans();
    let address = serve(echo()).await;
    let invalid = opentelemetry::trace::SpanContext::NONE;
    let context = opentelemetry::Context::new().with_remote_span_context(invalid);
    let sent = client(HttpClientTelemetry::new())
        .get(format!("http://{address}/echo"))
        .send();
    sent.with_context(context).await.unwrap();
    assert_eq!(spans.single("GET").parent_span_id, None);
}
