//! WebSocket connections with their context, their lines and their metrics.
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # mod example {
//! use axum::extract::ws::{Message, WebSocket};
//! use axum::response::Response;
//! use axum::{Router, routing::any};
//! use telemetry_ws::{TelemetrySocket, TelemetryUpgrade};
//!
//! async fn draft(ws: TelemetryUpgrade) -> Response {
//!     ws.on_upgrade(play)
//! }
//!
//! async fn play(mut socket: TelemetrySocket<WebSocket>) {
//!     while let Some(Ok(Message::Text(pick))) = socket.recv().await {
//!         tracing::info!(pick = pick.as_str(), "pick_made");
//!         if socket.send(Message::text("ok")).await.is_err() {
//!             break;
//!         }
//!     }
//! }
//!
//! # fn example() {
//! let app: Router = Router::new().route("/ws/draft/{id}/", any(draft));
//! # }
//! # }
//! ```
//!
//! ```text
//! {"timestamp":"2026-11-21T08:34:23.780378Z","level":"info","logger":"telemetry_ws","event":"ws_connected","ws.conn_id":"ac9c2807-6e2b-42a2-abd9-f41b8527c128","request.id":"c85b5e8d-bf71-4ede-8b78-568fab3a4edb","labels":["draft"],"draft.id":12}
//! {"timestamp":"2026-11-21T08:34:23.856101Z","level":"info","logger":"telemetry_ws","event":"ws_disconnected","close_code":1001,"duration_ms":75.59,"messages_received":2,"messages_sent":2,"bytes_received":15,"bytes_sent":4,"ws.conn_id":"ac9c2807-6e2b-42a2-abd9-f41b8527c128","request.id":"c85b5e8d-bf71-4ede-8b78-568fab3a4edb","labels":["draft"],"draft.id":12,"user.id":42}
//! ```
//!
//! `TelemetryUpgrade` takes the place of axum's `WebSocketUpgrade`. For tokio-tungstenite, with
//! the feature `tungstenite`, [`WebSocketTelemetry`] has `accept` for servers and `connect` for
//! clients. Both give a [`TelemetrySocket`], which behaves as the socket that it wraps.
//!
//! | to … | see |
//! |---|---|
//! | set limits, timeouts, origins | [`WebSocketTelemetry`], [`AllowedOrigins`] |
//! | end connections at shutdown | [`ConnectionTracker`] |
//! | give messages a context and a span | [`MessageHandling`] |
//!
//! # What it does to a connection
//!
//! - It opens a [`Scope`](telemetry_core::Scope) with `ws.conn_id`, a new UUID. The rest is a
//!   snapshot of the context of the handshake's request, where an HTTP layer has opened one:
//!   `request.id`, `user.id`, labels and trace. Otherwise it is made of the request itself:
//!   `X-Request-ID` when that is valid, `traceparent`, the labels and ids of the path. The handler
//!   and the tasks that it spawns with [`spawn`](telemetry_core::spawn) are within it.
//! - It closes what the handler leaves open: with the code 1000 when the handler has returned,
//!   1011 when it has panicked, 1001 when it was dropped. A peer that breaks the protocol or a
//!   limit is sent 1002, 1007 or 1009 before the socket is dropped (RFC 6455, section 7.1.7).
//! - It sets `X-Request-ID` on the response to the handshake, where no HTTP layer does.
//! - After a violation it keeps the TCP connection until the peer has answered the close frame or
//!   ended its half, where the stream beneath can be read, and for 100 ms otherwise.
//!
//! All frames else are those of the wrapped socket. It needs the timer of tokio's runtime.
//!
//! # What it records
//!
//! | event | level | when |
//! |---|---|---|
//! | `ws_connected` | info | a connection is open |
//! | `ws_receive` | debug | a message of text or bytes came in |
//! | `ws_disconnected` | info | a connection is closed, however it ended: exactly one for each `ws_connected` |
//! | `ws_error_unrecognized` | warning | the meaning of a library's error is not known: what it was is found by trying to close, with the code 1002; once in a process |
//!
//! | field | type | |
//! |---|---|---|
//! | `client_ip` | string | `ws_connected`: as the HTTP layer found it, or of the socket |
//! | `data_preview` | string | `ws_receive`: the first 100 characters of a text, without the values under the keys of secrets in JSON; never of bytes |
//! | `close_code` | integer | `ws_disconnected`: of the first close frame, whoever sent it; 1005 when it had none, 1006 when there was no close frame |
//! | `duration_ms` | float, two decimals | `ws_disconnected` |
//! | `messages_received`, `messages_sent` | integer | `ws_disconnected`: of text or bytes |
//! | `bytes_received`, `bytes_sent` | integer | `ws_disconnected`: of these messages |
//! | `error`, `exception` | string | `ws_disconnected`: what went wrong; the place and backtrace of a panic. A send that fails after a close frame has arrived, or was sent, is none |
//!
//! # Metrics and spans
//!
//! Made where something exports them. Those of clients are `websocket.client.…`:
//!
//! | metric | unit | attributes |
//! |---|---|---|
//! | `websocket.server.active_connections` | `{connection}` | none; an up-down counter |
//! | `websocket.server.messages` | `{message}` | `network.io.direction`: `receive` or `transmit`; a counter |
//! | `websocket.server.io` | `By` | `network.io.direction`; a counter |
//! | `websocket.server.connection.duration` | `s` | `websocket.close_code`; `http.route`, the template, in axum; a histogram |
//!
//! A code between 3000 and 4999 that the peer made up counts as 3000 or 4000. A field of the
//! context is never on a metric.
//!
//! A connection has no span: it may live for days. The upgrade is a request, whose server span
//! an HTTP layer makes. Each message that is [handled](MessageHandling::handle) has a span, where
//! [asked for](WebSocketTelemetry::with_message_spans): `process /ws/draft/{id}/`, of the kind
//! consumer, the root of a trace, linked to the span of the upgrade.
//!
//! | attribute | type | |
//! |---|---|---|
//! | `network.protocol.name` | string | `websocket` |
//! | `http.route` | string | the template, in axum |
//! | `websocket.message.type` | string | `text` or `binary` |
//! | `websocket.message.size` | int | bytes |
//! | `error.type` | string | `panic`, or `cancelled` when the work was dropped; the status and an event `exception` say more |
//! | all fields of the context | | |

#![cfg_attr(
    not(any(feature = "axum", feature = "tungstenite")),
    expect(dead_code, reason = "there are no sockets without a feature")
)]

#[cfg(feature = "axum")]
mod axum;
mod close_code;
mod connection;
mod discard;
mod failures;
mod handling;
mod handshake;
mod keep_alive;
mod line;
mod names;
mod origins;
mod recording;
mod settings;
mod socket;
mod stall;
mod state;
mod supervised;
mod tracker;
mod transport;
#[cfg(feature = "tungstenite")]
mod tungstenite;
mod wakers;

#[cfg(feature = "axum")]
pub use axum::{TelemetryUpgrade, UpgradeRejection};
pub use handling::{Handling, MessageHandling};
pub use origins::{AllowedOrigins, AllowedOriginsError};
pub use settings::WebSocketTelemetry;
pub use socket::TelemetrySocket;
pub use tracker::ConnectionTracker;
pub use transport::Transport;
