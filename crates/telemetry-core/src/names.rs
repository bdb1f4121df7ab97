//! The one home of every field and event name.
//!
//! Names that OpenTelemetry's semantic conventions define are taken from
//! `opentelemetry-semantic-conventions`; the others are the contract of this workspace.

pub use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE, URL_PATH, URL_QUERY,
};

/// RFC 3339, UTC, microseconds, `Z`. On every line.
pub const TIMESTAMP: &str = "timestamp";
/// `trace`, `debug`, `info`, `warning` or `error`. On every line.
pub const LEVEL: &str = "level";
/// The target of the `tracing` event. On every line.
pub const LOGGER: &str = "logger";
/// The message of the `tracing` event. On every line.
pub const EVENT: &str = "event";
/// What a user's field is kept under when its name is one of the four above, which it
/// cannot overwrite: `field.level`.
pub const FIELD_PREFIX: &str = "field.";

/// The id of the request that a unit of work belongs to: a string.
pub const REQUEST_ID: &str = "request.id";
/// The acting user, as the application's authentication gives it: an integer or string.
pub const USER_ID: &str = "user.id";
/// What the URL path is about: a list of strings, in path order.
pub const LABELS: &str = "labels";
/// 32 lower-case hexadecimal digits, from the current span context when that is valid.
pub const TRACE_ID: &str = "trace_id";
/// 16 lower-case hexadecimal digits, from the current span context when that is valid.
pub const SPAN_ID: &str = "span_id";

/// The request method on HTTP events: a string.
pub const HTTP_METHOD: &str = "http.method";
/// The response status on HTTP events: an integer.
pub const HTTP_STATUS_CODE: &str = "http.status_code";
/// How long a unit of work took, in milliseconds: a float with two decimals.
pub const DURATION_MS: &str = "duration_ms";
/// The address of the client: a string.
pub const CLIENT_IP: &str = "client_ip";

/// What went wrong, in one line: a string.
pub const ERROR: &str = "error";
/// The source chain of an error, or the place and backtrace of a panic: a string.
pub const EXCEPTION: &str = "exception";

/// The environment variable that a warning is about: a string.
pub const VARIABLE: &str = "variable";
/// What is wrong with a setting: a string.
pub const PROBLEM: &str = "problem";
/// The value used in place of a bad setting: a string.
pub const USING: &str = "using";
/// Whether OpenTelemetry export is on: a boolean.
pub const OTEL_ENABLED: &str = "otel_enabled";
/// `json`, `pretty` or `text`.
pub const LOG_FORMAT: &str = "log_format";
/// The level from `LOG_LEVEL`, in the words that [`LEVEL`] uses.
pub const LOG_LEVEL: &str = "log_level";
/// The service name: a string.
pub const SERVICE_NAME: &str = "service_name";
/// How many log lines were lost: an integer.
pub const DROPPED_LINES: &str = "dropped_lines";

/// The event names.
pub mod event {
    /// Telemetry is installed.
    pub const TELEMETRY_INITIALIZED: &str = "telemetry_initialized";
    /// A setting is bad or misspelt.
    pub const TELEMETRY_CONFIG_WARNING: &str = "telemetry_config_warning";
    /// Log lines begin to be dropped.
    pub const LOG_LOSS_STARTED: &str = "log_loss_started";
    /// Log lines are no longer dropped.
    pub const LOG_LOSS_ENDED: &str = "log_loss_ended";

    /// A response went out whole.
    pub const REQUEST_COMPLETED: &str = "request_completed";
    /// A request ended in a 5xx, a panic or a broken body.
    pub const REQUEST_FAILED: &str = "request_failed";
    /// The client went away before the body ended.
    pub const REQUEST_CANCELLED: &str = "request_cancelled";
}
