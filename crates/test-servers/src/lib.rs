//! PostgreSQL, Redis and RabbitMQ for tests, which may stop them.
//!
//! Each is a server of the test's own, on a free port of the loopback address, with its data in a
//! directory of its own. Both are gone when it is dropped.
//!
//! ```
//! use std::net::TcpStream;
//!
//! use test_servers::RedisServer;
//!
//! // Where there is no Redis, the standard error says that the test was left out.
//! let Some(redis) = RedisServer::start() else {
//!     return;
//! };
//! let url = redis.url();
//! let address = url.trim_start_matches("redis://").trim_end_matches('/');
//! assert!(TcpStream::connect(address).is_ok());
//!
//! redis.crash();
//! assert!(TcpStream::connect(address).is_err());
//!
//! redis.start_again();
//! assert!(TcpStream::connect(address).is_ok());
//! ```
//!
//! | | is there if there is | keeps over a crash |
//! |---|---|---|
//! | [`PostgresServer`] | `initdb` in the search path, or where Debian has it | what was committed |
//! | [`RedisServer`] | `redis-server` in the search path | nothing |
//! | [`RabbitMqServer`] | RabbitMQ where Debian has it | what is durable |
//!
//! Starting takes until the server answers: some seconds for PostgreSQL and RabbitMQ. The calls
//! block and need no runtime; in a test that goes on meanwhile, make them on another thread.
//!
//! What needs no server of its own uses the one that all tests share, by [`PostgresServer::shared`]
//! and its like.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test kit has no better way to fail a test"
)]

mod port;
mod postgres;
mod process;
mod rabbitmq;
mod redis;
mod server;
mod shared;

pub use postgres::PostgresServer;
pub use rabbitmq::RabbitMqServer;
pub use redis::RedisServer;

use std::io::Write as _;

/// Says on the standard error what was left out.
fn leave_out(why: &str) {
    // Not by `eprintln`, which shows nothing of a test that passes.
    let _ = writeln!(std::io::stderr(), "left out: {why}");
}
