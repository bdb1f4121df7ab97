//! Routes that go wrong on demand, to see what telemetry makes of it.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream::{self, Stream, StreamExt as _};
use reqwest_middleware::ClientWithMiddleware;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::ApiState;
use crate::api::error::Error;
use crate::api::extract::Query;
use crate::api::fields::FieldProblems;
use crate::api::routes::RouterExt as _;

const LONGEST_WAIT_MS: u64 = 60_000;
const MOST_CHUNKS: u32 = 1_000;

pub(super) fn add_routes(router: Router<ApiState>) -> Router<ApiState> {
    router
        .at("/api/debug/panic/", get(panic))
        .at("/api/debug/error/", get(error))
        .at("/api/debug/slow/", get(slow))
        .at("/api/debug/stream/", get(stream))
        .at("/api/debug/fan-out/", post(fan_out))
}

#[expect(clippy::panic, reason = "this is what the route is for")]
async fn panic() -> Json<Value> {
    panic!("a handler that panics on demand");
}

async fn error() -> Result<Json<Value>, Error> {
    let cause = anyhow!("connection reset by peer");
    Err(cause)
        .context("cannot read the profile of a player")
        .context("cannot compute the statistics of a match")?
}

#[derive(Debug, Deserialize)]
struct SlowQuery {
    /// How long the answer takes.
    #[serde(default = "one_second")]
    ms: u64,
}

async fn slow(Query(query): Query<SlowQuery>) -> Result<Json<Value>, Error> {
    let wait = bounded_wait(query.ms)?;
    tracing::debug!("slow_response_begun");
    tokio::time::sleep(wait).await;
    Ok(Json(json!({"waited_ms": query.ms})))
}

#[derive(Debug, Deserialize)]
struct StreamQuery {
    #[serde(default = "ten_chunks")]
    chunks: u32,
    /// How long each chunk takes.
    #[serde(default)]
    ms: u64,
}

async fn stream(Query(query): Query<StreamQuery>) -> Result<Body, Error> {
    let wait = bounded_wait(query.ms)?;
    if query.chunks > MOST_CHUNKS {
        return Err(FieldProblems::one("chunks", "must be at most 1000"));
    }
    Ok(Body::from_stream(chunks(query.chunks, wait)))
}

/// Lines of JSON, one after the other.
fn chunks(count: u32, wait: Duration) -> impl Stream<Item = Result<String, Infallible>> {
    stream::iter(1..=count).then(move |chunk| async move {
        tokio::time::sleep(wait).await;
        Ok(format!("{}\n", json!({"chunk": chunk, "of": count})))
    })
}

/// A request to send.
#[derive(Debug, Deserialize)]
struct Call {
    url: String,
    /// What is posted, as JSON.
    arguments: Value,
}

/// Posts to other services, one after the other, and answers when all have. What they
/// answer with does not matter; that they do, does. Any content type is taken.
async fn fan_out(
    State(client): State<ClientWithMiddleware>,
    body: Bytes,
) -> Result<Json<Value>, Error> {
    let calls: Vec<Call> = serde_json::from_slice(&body)
        .map_err(|error| Error::Malformed(format!("the body is no list of calls: {error}")))?;
    for call in &calls {
        let request = client
            .post(&call.url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(call.arguments.to_string());
        let sent = request.send().await;
        sent.map_err(|error| Error::BadGateway("a service", error.into()))?;
    }
    Ok(Json(json!({"calls": calls.len()})))
}

fn bounded_wait(ms: u64) -> Result<Duration, Error> {
    if ms > LONGEST_WAIT_MS {
        return Err(FieldProblems::one("ms", "must be at most 60000"));
    }
    Ok(Duration::from_millis(ms))
}

fn one_second() -> u64 {
    1_000
}

fn ten_chunks() -> u32 {
    10
}
