//! A wrapper over asynchronous connections of [redis-rs](https://docs.rs/redis) that makes each
//! command and pipeline a span and a measurement.
//!
//! ```
//! use redis::AsyncCommands as _;
//! use telemetry_redis::TracedConnection;
//!
//! # async fn example() -> redis::RedisResult<()> {
//! let client = redis::Client::open("redis://127.0.0.1:6379/")?;
//! let mut cache = TracedConnection::builder()
//!     .with_connection_info(client.get_connection_info())
//!     .build(client.get_multiplexed_async_connection().await?);
//! let _: () = cache.set_ex("standings:5", "…", 60).await?; // as with redis-rs
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//! otel: span "SETEX" 0191ffc8a6106bcbe71e8ed34562eabd db624763bd42ab2b parent=0c8fe8d4278d8d1d 0.33 ms db.system.name=redis db.namespace=0 server.address=127.0.0.1 server.port=6379 db.operation.name=SETEX
//! ```
//!
//! Any connection of redis-rs that implements its asynchronous `ConnectionLike` will do: a
//! multiplexed one, a `ConnectionManager`, one of a cluster. So does what takes such a
//! connection, a storage of apalis for one.
//!
//! # What it records
//!
//! Where something exports it, by OpenTelemetry's semantic conventions for Redis; else commands go
//! straight to the connection. It writes no lines.
//!
//! | span | kind | when |
//! |---|---|---|
//! | `GET`, … | client | a command, to its answer: a child of the current span |
//! | `PIPELINE GET`, `PIPELINE`, `MULTI SET`, `MULTI` | client | a pipeline, or one that is atomic, with the command that all of it is |
//!
//! | attribute | type | |
//! |---|---|---|
//! | `db.system.name` | string | `redis`; span, metric |
//! | `db.namespace` | string | the index of the database; span, metric |
//! | `db.operation.name` | string | as the span's name; `_OTHER` for what is no command's name, and on the metric for more than 200; span, metric |
//! | `db.operation.batch.size` | integer | of a pipeline of more than one; span |
//! | `db.query.text` | string | [when asked for](TracedConnectionBuilder::with_query_text); span |
//! | `server.address`, `server.port` | string, integer | [as told](TracedConnectionBuilder::with_connection_info); span, metric |
//! | `db.response.status_code` | string | of failures: the prefix of Redis' error, such as `WRONGTYPE`, if it is one of Redis' own; span, metric |
//! | `error.type` | string | of failures: that code, or the class below; span, metric |
//!
//! | metric | unit | |
//! |---|---|---|
//! | `db.client.operation.duration` | `s` | histogram of commands and pipelines |
//!
//! A field of the context is never on a metric. Messages of Redis quote arguments: they are not
//! recorded.
//!
//! | `error.type` | |
//! |---|---|
//! | the code of Redis, such as `WRONGTYPE` | it answered with an error; in a pipeline, the first |
//! | `timeout`, `io` | the connection failed |
//! | `parse`, `authentication_failed`, `client`, `cluster` | |
//! | `_OTHER` | any other error of redis-rs; an error whose word a script or a module chose |
//! | `panic` | a panic of the caller dropped the future before the answer came |
//!
//! A caller that drops the future for another reason makes no error of it.

mod builder;
mod command;
mod connection;
mod failure;
mod instruments;
mod recording;
mod text;

pub use builder::TracedConnectionBuilder;
pub use connection::TracedConnection;
pub use text::QueryText;
