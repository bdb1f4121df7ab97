//! Why a request was not taken by the collector.

use std::error::Error;
use std::io;
use std::time::Duration;

use http::StatusCode;
use telemetry_core::instrument::grpc_status_name;
use telemetry_core::{Failure, error_chain};
use tonic::Code;

use crate::config::Protocol;

/// The longest reason of a collector's that is shown, in characters.
const MAX_REASON_LENGTH: usize = 300;

/// Why a request did not come through, or was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExportError {
    #[error("cannot connect: {0}")]
    Connect(String),
    #[error("cannot secure the connection: {0}")]
    Tls(String),
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    #[error("HTTP status {status}{}", with_reason(.reason))]
    Http {
        status: StatusCode,
        /// What the collector says; empty where it says nothing.
        reason: String,
        retry_after: Option<Duration>,
    },
    #[error("gRPC status {}{}", grpc_name(*.code), with_reason(.reason))]
    Grpc {
        code: Code,
        /// What the collector says; empty where it says nothing.
        reason: String,
        retry_after: Option<Duration>,
    },
    /// The connection ended, or had something else than the protocol on it.
    #[error("the port does not speak {protocol}: {error}")]
    Protocol { protocol: Protocol, error: String },
    /// The answer is none that a collector gives.
    #[error("the answer is not one of a collector: {0}")]
    Answer(String),
    #[error("cannot make the request: {0}")]
    Request(String),
}

/// Why items are lost: the `error.type` of metrics. All of them have a series from the start, so that
/// the first loss is seen as an increase; what exactly a collector answered is on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LossCause {
    Connection,
    Tls,
    Timeout,
    Protocol,
    /// A status that is an error.
    Refused,
    /// A part of a request that was taken.
    Rejected,
    Other,
}

impl LossCause {
    pub(crate) const ALL: [Self; 7] = [
        Self::Connection,
        Self::Tls,
        Self::Timeout,
        Self::Protocol,
        Self::Refused,
        Self::Rejected,
        Self::Other,
    ];

    pub(crate) fn error_type(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Other => Failure::OTHER,
        }
    }
}

impl From<&ExportError> for LossCause {
    fn from(error: &ExportError) -> Self {
        match error {
            ExportError::Connect(_) => Self::Connection,
            ExportError::Tls(_) => Self::Tls,
            ExportError::TimedOut(_) => Self::Timeout,
            ExportError::Protocol { .. } | ExportError::Answer(_) => Self::Protocol,
            ExportError::Http { .. } | ExportError::Grpc { .. } => Self::Refused,
            ExportError::Request(_) => Self::Other,
        }
    }
}

impl ExportError {
    /// Classifies an error of a connection that is not an answer.
    pub(super) fn from_connection(
        error: &(dyn Error + 'static),
        protocol: Protocol,
        is_connecting: bool,
    ) -> Self {
        let text = one_line(&error_chain::message(innermost(error)));
        if chain(error).any(is_of_tls) {
            Self::Tls(text)
        } else if is_connecting {
            Self::Connect(text)
        } else {
            let error = text;
            Self::Protocol { protocol, error }
        }
    }

    /// How long to wait at least before the request may be sent again; `None` where that is of no
    /// use (OTLP specification, "Failures").
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Connect(_) | Self::Protocol { .. } => Some(Duration::ZERO),
            Self::Http {
                status,
                retry_after,
                ..
            } => {
                let is_passing = matches!(status.as_u16(), 429 | 502 | 503 | 504);
                is_passing.then(|| retry_after.unwrap_or_default())
            }
            Self::Grpc {
                code, retry_after, ..
            } => match code {
                Code::Cancelled
                | Code::DeadlineExceeded
                | Code::Aborted
                | Code::Unavailable
                | Code::DataLoss => Some(retry_after.unwrap_or_default()),
                Code::OutOfRange if !self.is_too_large() => Some(retry_after.unwrap_or_default()),
                // Only where the collector says that it recovers.
                Code::ResourceExhausted => *retry_after,
                _ => None,
            },
            Self::TimedOut(_) | Self::Tls(_) | Self::Answer(_) | Self::Request(_) => None,
        }
    }

    /// Says whether the request was refused for its size.
    pub(super) fn is_too_large(&self) -> bool {
        match self {
            Self::Http { status, .. } => *status == StatusCode::PAYLOAD_TOO_LARGE,
            // grpc-go, and so the OpenTelemetry Collector, gives the first; tonic the second.
            Self::Grpc {
                code: Code::ResourceExhausted | Code::OutOfRange,
                reason,
                retry_after: None,
            } => reason.contains("larger than max") || reason.contains("too large"),
            _ => false,
        }
    }
}

/// What a collector says, cut, and in one line.
pub(super) fn reason(text: &str) -> String {
    let mut reason: String = text.trim().chars().take(MAX_REASON_LENGTH).collect();
    if reason.len() < text.trim().len() {
        reason.push('…');
    }
    one_line(&reason)
}

/// Writes control characters as escapes: a terminal would obey them.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

fn with_reason(reason: &str) -> String {
    if reason.is_empty() {
        String::new()
    } else {
        format!(": {reason}")
    }
}

/// The name of a code: each code of tonic's has one.
fn grpc_name(code: Code) -> &'static str {
    let number = u32::try_from(i32::from(code)).unwrap_or_default();
    grpc_status_name(number).unwrap_or_default()
}

/// An error and its causes.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::once(error).chain(error_chain::causes(error))
}

/// The cause of all causes: those around it repeat it, or show the URL.
fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    error_chain::causes(error).last().unwrap_or(error)
}

/// Says whether an error is one of TLS, or has one within: an error of the system is often wrapped in
/// another, which does not name it as its cause.
fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    if error.is::<rustls::Error>() {
        return true;
    }
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    wrapped.is_some_and(|wrapped| is_of_tls(wrapped))
}
