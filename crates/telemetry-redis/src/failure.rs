//! How a command failed, without what was in it.

use redis::{ErrorKind, RedisError, Value};
use telemetry_core::Failure;

/// How long a code is at most that is recorded.
const MAX_CODE_BYTES: usize = 32;

/// The failure of a command that gave this error. The code of Redis is its class.
pub(crate) fn from_error(error: &RedisError) -> Failure {
    if let Some(code) = error.code() {
        return from_code(code);
    }
    Failure::new(match error.kind() {
        ErrorKind::Io if error.is_timeout() => "timeout",
        ErrorKind::Io => "io",
        ErrorKind::Parse => "parse",
        ErrorKind::AuthenticationFailed => "authentication_failed",
        ErrorKind::Client | ErrorKind::InvalidClientConfig => "client",
        ErrorKind::ClusterConnectionNotFound => "cluster",
        _ => Failure::OTHER,
    })
}

/// The failure of an answer of Redis that begins with this code.
pub(crate) fn from_code(code: &str) -> Failure {
    // The first word of the message: scripts may say anything.
    let is_code = (1..=MAX_CODE_BYTES).contains(&code.len())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    if is_code {
        Failure::from_code(code.to_owned())
    } else {
        Failure::new(Failure::OTHER)
    }
}

/// The failure that an answer is, or that is the first within it.
pub(crate) fn from_value(value: &Value) -> Option<Failure> {
    match value {
        Value::ServerError(error) => Some(from_code(error.code())),
        // What a transaction answers.
        Value::Array(values) => values.iter().find_map(from_value),
        _ => None,
    }
}
