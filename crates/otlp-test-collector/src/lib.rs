//! An OTLP collector for tests, which misbehaves on request.
//!
//! It serves OTLP over gRPC and over HTTP with protobuf or JSON on one port, with and without gzip,
//! keeps what arrives as typed records, and can be told at any time to refuse connections,
//! to fall silent, to answer with an error or with nonsense.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::TcpStream;
//!
//! use otlp_test_collector::{Behaviour, Collector, Protocol, Rejection};
//!
//! let collector = Collector::start();
//! collector.set_behaviour(Behaviour::Reject(Rejection::unavailable()));
//!
//! // An exporter would be given `collector.endpoint()`.
//! let mut client = TcpStream::connect(collector.address())?;
//! client.write_all(
//!     b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
//!       content-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n",
//! )?;
//! let mut answer = Vec::new();
//! client.read_to_end(&mut answer)?;
//!
//! assert!(answer.starts_with(b"HTTP/1.1 503 Service Unavailable\r\n"));
//! assert_eq!(collector.requests()[0].protocol, Protocol::Http);
//! assert!(collector.spans().is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What is kept
//!
//! | | |
//! |---|---|
//! | [`Collector::spans`], [`metrics`](Collector::metrics), [`logs`](Collector::logs) | what was accepted, in the order in which it came |
//! | [`Collector::requests`] | every request that was read to its end, whatever the behaviour, with headers, sizes and payload |
//! | [`Collector::connections`], [`open_connections`](Collector::open_connections) | how many were accepted, and how many of them are open |
//!
//! # Behaviours
//!
//! | [`Behaviour`] | over HTTP | over gRPC | records are kept |
//! |---|---|---|---|
//! | `Accept` | 200 | OK | yes |
//! | `PartialSuccess` | 200 with `partial_success` | OK with `partial_success` | yes |
//! | `LimitSize` | 413 where the payload is larger, else 200 | `RESOURCE_EXHAUSTED`, else OK | what is accepted |
//! | `Delay` | 200, late | OK, late | yes, on arrival |
//! | `Reject` | the status, with `Retry-After` | the code, with `RetryInfo` | no |
//! | `GarbageBody` | 200, a body that is no protobuf | OK, a message that is no protobuf | no |
//! | `Garbage` | bytes that are no HTTP, then the end | the same | no |
//! | `Truncate` | a part of a body, then the end | a part of a message, then the end | no |
//! | `BlackHole` | not a byte | not a byte | no |
//! | `Refuse` | connections refused | the same | no |
//!
//! The collector runs on a thread of its own, so that a test may block, use any runtime, or
//! none.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test kit has no better way to fail a test"
)]

mod answer;
mod behaviour;
mod collector;
mod connection;
mod decode;
mod grpc;
mod http;
mod messages;
mod received;
mod rejection;
mod request;
mod server;
mod service;
mod signal;
mod store;
mod value;

pub use behaviour::Behaviour;
pub use collector::Collector;
pub use received::{
    Buckets, Exemplar, Link, LogRecord, Metric, MetricKind, Number, Point, PointValue, Resource,
    Scope, Span, SpanEvent, SpanKind, SpanStatus, Temporality,
};
pub use rejection::Rejection;
pub use request::{Protocol, Request};
pub use signal::Signal;
pub use value::{Attributes, Value};
