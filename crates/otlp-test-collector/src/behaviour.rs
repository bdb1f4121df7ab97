//! What the collector does with those who come.

use std::time::Duration;

use crate::rejection::Rejection;

/// What the collector does, from now on, with connections and requests.
///
/// A request meets the behaviour that is set when its last byte has been read. `Refuse` and
/// `BlackHole` also meet all connections there are, and whatever is under way on them.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Behaviour {
    /// Keeps the records and answers with success.
    #[default]
    Accept,
    /// Refuses connections and closes those there are, as if the process had died. Any other
    /// behaviour set later comes back on the same port.
    Refuse,
    /// Accepts connections and requests and sends not a single byte, on old connections
    /// either. They are closed when the behaviour is changed.
    BlackHole,
    /// Answers with an error.
    Reject(Rejection),
    /// Answers with bytes that are no HTTP of any version, and closes the connection.
    Garbage,
    /// Answers with success and a body that is no protobuf.
    GarbageBody,
    /// Begins to answer with success, and closes the connection in the middle of the body.
    Truncate,
    /// Keeps the records and answers with success after this time, or as soon as the
    /// behaviour is changed.
    Delay(Duration),
    /// Keeps the records and answers that it has rejected some of them.
    PartialSuccess {
        /// How many spans, data points or log records it claims to have rejected.
        rejected: i64,
    },
    /// Refuses payloads of more than this many bytes: 413 over HTTP, `RESOURCE_EXHAUSTED` over gRPC,
    /// in the words of grpc-go. Keeps and accepts others.
    LimitSize(usize),
}

impl Behaviour {
    /// 503 over HTTP, `UNAVAILABLE` over gRPC.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::Reject(Rejection::unavailable())
    }

    /// Whether records are kept and the answer is a success.
    pub(crate) fn accepts(&self) -> bool {
        match self {
            Self::Accept | Self::Delay(_) | Self::PartialSuccess { .. } | Self::LimitSize(_) => {
                true
            }
            Self::Refuse
            | Self::BlackHole
            | Self::Reject(_)
            | Self::Garbage
            | Self::GarbageBody
            | Self::Truncate => false,
        }
    }
}
