//! How a command failed, without what was in it.

use redis::{ErrorKind, RedisError, Value};
use telemetry_core::Failure;

/// The codes of Redis, of its clusters and of its sentinels. Sorted.
const CODES: [&str; 31] = [
    "ASK",
    "BUSY",
    "BUSYGROUP",
    "BUSYKEY",
    "CLUSTERDOWN",
    "CROSSSLOT",
    "DENIED",
    "ERR",
    "EXECABORT",
    "INPROG",
    "IOERR",
    "LOADING",
    "MASTERDOWN",
    "MISCONF",
    "MOVED",
    "NOAUTH",
    "NOGOODSLAVE",
    "NOGROUP",
    "NOMASTERLINK",
    "NOPERM",
    "NOPROTO",
    "NOREPLICAS",
    "NOSCRIPT",
    "NOTBUSY",
    "OOM",
    "READONLY",
    "TRYAGAIN",
    "UNBLOCKED",
    "UNKILLABLE",
    "WRONGPASS",
    "WRONGTYPE",
];

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

/// The failure of an answer of Redis that begins with this word. Of a word that is no code of Redis
/// nothing is known: scripts and modules choose any.
pub(crate) fn from_code(word: &str) -> Failure {
    match CODES.binary_search(&word) {
        Ok(index) => Failure::from_code(CODES[index]),
        Err(_) => Failure::new(Failure::OTHER),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_can_be_searched() {
        assert!(CODES.is_sorted());
        for code in CODES {
            assert_eq!(from_code(code).code(), Some(code));
        }
    }
}
