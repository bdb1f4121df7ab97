//! A tower layer that gives every HTTP request its context, its completion line and its span.
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
//! default, it knows the matched route, the whole target in a nested router, and the address of the peer.
//! [`HttpTelemetryLayer::with_peer`] is for connections of other kinds: Unix sockets, TLS, tonic.
//!
//! # What it does to a request
//!
//! - It opens a [`Scope`](telemetry_core::Scope) with `request.id`, the labels and ids of
//!   the path, and `user.id` once [`bind_user`] tells it; the handler, the tasks it spawns
//!   and the body are within it. `trace_id` and `span_id` are those of the server span, or
//!   of an incoming `traceparent` when nothing exports.
//! - It sets `X-Request-ID` on the response, whatever that is, and on the request that the inner
//!   service sees, unless it came with that id. That is all it changes.
//! - It writes one line when the request ends, which is at the end of the body.
//! - It turns a panic of the handler into a 500.
//! - It keeps a mark among the request's extensions, by which a second layer further in knows it.
//!
//! # What it records
//!
//! | event | level | when |
//! |---|---|---|
//! | `request_completed` | info | the response went out whole, with a status below 500 |
//! | `request_failed` | error | a status of 500 or above, a [status of gRPC](#grpc) that is an error of the server, a panic, an error of the service or of the body, an error that is [marked](RecordedError::failing) |
//! | `request_cancelled` | warning | the client went away before the body ended |
//!
//! | field | type | |
//! |---|---|---|
//! | `http.method` | string | |
//! | `http.route` | string | the path, without the query |
//! | `http.status_code` | integer | absent when there was no response |
//! | `rpc.response.status_code` | string | of a [gRPC call](#grpc): `PERMISSION_DENIED` |
//! | `duration_ms` | float, two decimals | from the call to the end of the body |
//! | `error` | string | the message of a [`RecordedError`], whatever the status; on failures the panic's message, or the error of the service or body; the message of a [gRPC status](#grpc) other than `OK` |
//! | `exception` | string | its chain of causes, or the place and backtrace of the panic |
//! | `url.query` | string | [when asked for](HttpTelemetryLayer::with_query), without secrets |
//! | `client_ip` | string | [when asked for](HttpTelemetryLayer::with_client_ip) |
//!
//! With `OTEL_SEMCONV_STABILITY_OPT_IN=http` the names are those of OpenTelemetry's stable
//! conventions: `http.request.method`, `http.response.status_code`, `url.path`, and
//! `http.route` as the route's template; with `http/dup` there are both.
//!
//! # gRPC
//!
//! A response with the content type `application/grpc`, or `application/grpc+proto` and its like, ends by
//! its `grpc-status`, among the trailers of its body or among its headers. `UNKNOWN`,
//! `DEADLINE_EXCEEDED`, `UNIMPLEMENTED`, `INTERNAL`, `UNAVAILABLE`, `DATA_LOSS` and numbers that gRPC does
//! not define are `request_failed`, and an error of the span; all others are `request_completed`. One that
//! ends without a status has the code that clients make of its HTTP status, `UNKNOWN` for a 200. The
//! trailers of gRPC-Web, which are within the body, are not read.
//!
//! # Spans and metrics
//!
//! Made where something exports them, by the stable semantic conventions of OpenTelemetry:
//!
//! | span | kind | when |
//! |---|---|---|
//! | `GET /api/tournaments/{id}/`, or `GET` without a route | server | a request, to the end of its body |
//! | `GET`, or `GET /users/{id}` with a `UrlTemplate` | client | a request that [goes out](#outgoing-requests), to the head of the response |
//!
//! | attribute | type | server | client |
//! |---|---|---|---|
//! | `http.request.method` | string | span, metrics | span, metric |
//! | `http.request.method_original` | string | span, of a method that is `_OTHER` | the same |
//! | `http.response.status_code` | int | span, duration | span, metric |
//! | `rpc.response.status_code` | string | span, duration: the name of a [gRPC code](#grpc); another number as its digits on the span, `_OTHER` on the metric | |
//! | `http.route` | string | span, duration: the template | |
//! | `url.template`, `http.request.resend_count` | string, int | | span |
//! | `url.scheme` | string | span, metrics: of the client, behind [`TrustedProxies`]; `https` over [TLS](Peer::with_tls) | |
//! | `url.path` | string | span | |
//! | `url.query` | string | span, [when asked for](HttpTelemetryLayer::with_query) | |
//! | `url.full` | string | | span: `REDACTED` for the user, the password, the values of the query and the secrets of a [`UrlTemplate`] |
//! | `server.address`, `server.port` | string, int | span: what the client asked for, behind [`TrustedProxies`] too | span, metric |
//! | `client.address` | string | span, [when asked for](HttpTelemetryLayer::with_client_ip) | |
//! | `user_agent.original` | string | span | |
//! | `network.protocol.version` | string | span, duration | span, metric |
//! | `error.type` | string | span, duration | span, metric |
//! | all fields of the context, such as `request.id`, `user.id`, `labels` and `tournament.id` | | span | |
//!
//! A field of the context is never on a metric.
//!
//! | metric | unit | |
//! |---|---|---|
//! | `http.server.request.duration` | `s` | histogram, to the end of the body |
//! | `http.server.active_requests` | `{request}` | up-down counter; with method and scheme alone |
//! | `http.client.request.duration` | `s` | histogram, to the head of the response |
//!
//! A span has the status error where it has an `error.type`, which is the status code (from
//! 500 on of a server, from 400 on of a client), the name of a [gRPC code](#grpc) or one of these:
//!
//! | `error.type` | |
//! |---|---|
//! | a class of your own | server: of a [`RecordedError`] |
//! | `cancelled` | server: the client went away |
//! | `panic` | the handler, the body or middleware beneath panicked |
//! | `service_error`, `body_error` | server: the service gave an error and no response, or the body did |
//! | `_OTHER` | server: a gRPC code without a name |
//! | `timeout`, `connect`, `redirect`, `body`, `request`, `middleware`, `_OTHER` | client: what reqwest failed at, or middleware beneath |
//!
//! A caller that drops the future of its outgoing request makes no error of it.
//!
//! An error or panic of a handler is an `exception` event too, also an error that did not fail the
//! request, and so is a client's going away. What
//! is said there is the description of the span's status: `cancelled: dropped before it ended`.
//!
//! # Outgoing requests
//!
//! With the feature `client`, `HttpClientTelemetry` does for requests that go out what the layer
//! does for those that come in: a span, a metric, and the trace and the request id in their
//! headers.
//!
//! ```
//! # #[cfg(feature = "client")]
//! # fn client(client: reqwest::Client) -> Result<(), telemetry_http::TrustedHostsError> {
//! use telemetry_http::HttpClientTelemetry;
//!
//! let client = reqwest_middleware::ClientBuilder::new(client)
//!     .with(HttpClientTelemetry::new().with_trusted_hosts(["api.internal"])?)
//!     .build();
//! # Ok(())
//! # }
//! ```

mod attributes;
mod body;
mod call;
#[cfg(feature = "client")]
mod client;
mod error;
mod failure;
mod forwarded;
mod future;
mod grpc;
mod hooks;
mod instrumentation;
mod layer;
mod lifecycle;
mod line;
mod paths;
mod peer;
mod proxies;
mod request_id;
mod route;
mod served;
mod server;
mod service;
mod user;

pub use body::ResponseBody;
#[cfg(feature = "client")]
pub use client::{HttpClientTelemetry, TrustedHostsError, UrlTemplate};
pub use error::RecordedError;
pub use future::ResponseFuture;
pub use hooks::{HttpHooks, Outcome, RequestEnd, RequestHead, ResponseHead};
pub use layer::HttpTelemetryLayer;
pub use peer::Peer;
pub use proxies::{ForwardedHeader, TrustedProxies, TrustedProxiesError};
pub use request_id::rejected_request_ids;
pub use service::HttpTelemetry;
pub use user::{UserId, bind_user};
