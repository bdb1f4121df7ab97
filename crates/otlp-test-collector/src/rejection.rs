//! Answers that are errors.

use std::time::Duration;

/// An error as the collector answers it over either protocol.
///
/// ```
/// use std::time::Duration;
///
/// use otlp_test_collector::Rejection;
///
/// let throttled = Rejection::throttled(Duration::from_secs(2));
/// assert_eq!((throttled.http, throttled.grpc), (429, 8));
/// assert_eq!(Rejection::status(403).grpc, 7);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// The HTTP status.
    pub http: u16,
    /// The number of the gRPC status.
    pub grpc: i32,
    /// The message, in either.
    pub message: String,
    /// When to try again: `Retry-After` in whole seconds, rounded up, or `RetryInfo`.
    pub retry_after: Option<Duration>,
}

impl Rejection {
    /// This HTTP status, and the gRPC status that fits it best.
    ///
    /// # Panics
    ///
    /// When it is not between 200 and 599: other statuses do not end a request.
    #[must_use]
    pub fn status(http: u16) -> Self {
        assert!((200..600).contains(&http), "{http} is no final HTTP status");
        let grpc = match http {
            400 => 3,
            401 => 16,
            403 => 7,
            404 | 405 | 415 | 501 => 12,
            408 | 504 => 4,
            409 => 10,
            413 | 429 => 8,
            500 => 13,
            502 | 503 => 14,
            _ => 2,
        };
        Self {
            http,
            grpc,
            message: format!("the test asked for {http}"),
            retry_after: None,
        }
    }

    /// 503, `UNAVAILABLE`.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::status(503)
    }

    /// 429, `RESOURCE_EXHAUSTED`, with a time to wait.
    #[must_use]
    pub fn throttled(retry_after: Duration) -> Self {
        Self::status(429).with_retry_after(retry_after)
    }

    /// Sets the number of the gRPC status.
    #[must_use]
    pub fn with_grpc(mut self, code: i32) -> Self {
        self.grpc = code;
        self
    }

    /// Sets the message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }
}
