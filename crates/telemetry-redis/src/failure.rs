//! How a command failed, without what was in it.

use std::borrow::Cow;

use redis::{ErrorKind, RedisError, Value};

/// The `error.type` of what was dropped before it ended.
const CANCELLED: &str = "cancelled";
/// The `error.type` of an error that has no name here.
const OTHER: &str = "_OTHER";
/// How long a code is at most that is recorded.
const LONGEST_CODE: usize = 32;

/// How a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The code of Redis, or the class of the error.
    pub(crate) error_type: Cow<'static, str>,
    /// Whether that is the code of Redis.
    pub(crate) is_code: bool,
}

impl Failure {
    /// What was dropped before it was answered.
    pub(crate) fn dropped() -> Self {
        Self::class(CANCELLED)
    }

    pub(crate) fn of(error: &RedisError) -> Self {
        if let Some(code) = error.code() {
            return Self::of_server(code);
        }
        Self::class(match error.kind() {
            ErrorKind::Io if error.is_timeout() => "timeout",
            ErrorKind::Io => "io",
            ErrorKind::Parse => "parse",
            ErrorKind::AuthenticationFailed => "authentication_failed",
            ErrorKind::Client | ErrorKind::InvalidClientConfig => "client",
            ErrorKind::ClusterConnectionNotFound => "cluster",
            _ => OTHER,
        })
    }

    /// Redis answered with an error that begins with this code.
    pub(crate) fn of_server(code: &str) -> Self {
        // The first word of the message: scripts may say anything.
        let is_code = (1..=LONGEST_CODE).contains(&code.len())
            && code
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        if is_code {
            Self {
                error_type: code.to_owned().into(),
                is_code,
            }
        } else {
            Self::class(OTHER)
        }
    }

    /// The error that an answer is, or that is the first within it.
    pub(crate) fn within(value: &Value) -> Option<Self> {
        match value {
            Value::ServerError(error) => Some(Self::of_server(error.code())),
            // What a transaction answers.
            Value::Array(values) => values.iter().find_map(Self::within),
            _ => None,
        }
    }

    fn class(error_type: &'static str) -> Self {
        Self {
            error_type: error_type.into(),
            is_code: false,
        }
    }
}
