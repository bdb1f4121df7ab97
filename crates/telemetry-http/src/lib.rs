//! A tower layer that gives every HTTP request its context and its completion line.
//!
//! ```
//! use axum::{Router, routing::get};
//! use telemetry_http::HttpTelemetryLayer;
//!
//! async fn show() -> &'static str {
//!     tracing::info!(players = 12, "tournament_shown");
//!     "…"
//! }
//!
//! let app: Router = Router::new()
//!     .route("/api/tournaments/{id}/", get(show))
//!     .layer(HttpTelemetryLayer::new());
//! ```
//!
//! ```text
//! {"timestamp":"2026-11-21T08:15:30.482913Z","level":"info","logger":"example","event":"tournament_shown","players":12,"request.id":"0e3f5a52-9b70-4c6e-8a4f-2f4b1c7d9e10","labels":["tournament"],"tournament.id":5}
//! {"timestamp":"2026-11-21T08:15:30.483064Z","level":"info","logger":"telemetry_http","event":"request_completed","http.method":"GET","http.route":"/api/tournaments/5/","http.status_code":200,"duration_ms":0.21,"request.id":"0e3f5a52-9b70-4c6e-8a4f-2f4b1c7d9e10","labels":["tournament"],"tournament.id":5}
//! ```
//!
//! It works with any tower service of HTTP requests. With the feature `axum`, which is on by
//! default, it knows the matched route and the address of the peer.
//!
//! # What it does to a request
//!
//! - It opens a [`Scope`](telemetry_core::Scope) with `request.id`, the labels and ids of
//!   the path, and `user.id` once [`bind_user`] tells it; the handler, the tasks it spawns
//!   and the body are within it. An incoming `traceparent` gives `trace_id` and `span_id`.
//! - It sets `X-Request-ID` on the response, whatever that is. That is all it changes.
//! - It writes one line when the request ends, which is at the end of the body.
//! - It turns a panic of the handler into a 500.
//!
//! # What it records
//!
//! | event | level | when |
//! |---|---|---|
//! | `request_completed` | info | the response went out whole, with a status below 500 |
//! | `request_failed` | error | a status of 500 or above, a panic, an error of the service or of the body |
//! | `request_cancelled` | warning | the client went away before the body ended |
//!
//! | field | type | |
//! |---|---|---|
//! | `http.method` | string | |
//! | `http.route` | string | the path, without the query |
//! | `http.status_code` | integer | absent when there was no response |
//! | `duration_ms` | float, two decimals | from the call to the end of the body |
//! | `error` | string | on failures: what [`RecordedError`] tells, the panic's message, or the error of the service or body |
//! | `exception` | string | on failures: the chain of causes, or the place and backtrace of the panic |
//! | `url.query` | string | [when asked for](HttpTelemetryLayer::with_query), without secrets |
//! | `client_ip` | string | [when asked for](HttpTelemetryLayer::with_client_ip) |
//!
//! With `OTEL_SEMCONV_STABILITY_OPT_IN=http` the names are those of OpenTelemetry's stable
//! conventions: `http.request.method`, `http.response.status_code`, `url.path`, and
//! `http.route` as the route's template; with `http/dup` there are both.

mod attributes;
mod body;
#[cfg(feature = "client")]
mod client;
mod client_ip;
mod error;
mod future;
mod hooks;
mod instrumentation;
mod layer;
mod lifecycle;
mod line;
mod query;
mod request_id;
mod route;
mod server;
mod service;
mod user;

pub use body::ResponseBody;
#[cfg(feature = "client")]
pub use client::{HttpClientTelemetry, UrlTemplate};
pub use client_ip::{ForwardedHeader, TrustedProxies, TrustedProxiesError};
pub use error::RecordedError;
pub use future::ResponseFuture;
pub use hooks::{HttpHooks, Outcome, RequestEnd, RequestHead, ResponseHead};
pub use layer::HttpTelemetryLayer;
pub use request_id::rejected_request_ids;
pub use service::HttpTelemetry;
pub use user::{UserId, bind_user};
