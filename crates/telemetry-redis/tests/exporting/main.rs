//! Spans and metrics, where something exports them. A binary of its own: the providers that
//! capture them are global, and `it` is without them.

#![allow(
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it left out"
)]

mod calls;
mod failures;
mod server;
mod texts;

use std::collections::VecDeque;

use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, RedisFuture, RedisResult, Value};
use telemetry_redis::TracedConnection;

const DURATION: &str = "db.client.operation.duration";

/// A connection whose answers are known. Without one it never answers.
#[derive(Default)]
struct Fake(VecDeque<RedisResult<Value>>);

impl Fake {
    fn answering(answer: RedisResult<Value>) -> TracedConnection<Self> {
        TracedConnection::new(Self([answer].into()))
    }

    fn answer(&mut self) -> RedisFuture<'static, Value> {
        match self.0.pop_front() {
            Some(answer) => Box::pin(async { answer }),
            None => Box::pin(std::future::pending()),
        }
    }
}

impl ConnectionLike for Fake {
    fn req_packed_command<'a>(&'a mut self, _: &'a Cmd) -> RedisFuture<'a, Value> {
        self.answer()
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        _: &'a Pipeline,
        _: usize,
        _: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let answer = self.answer();
        Box::pin(async { answer.await.map(|value| vec![value]) })
    }

    fn get_db(&self) -> i64 {
        3
    }
}
