//! The one home of every field and event name.
//!
//! A constant and its row in [`FIELDS`] or [`EVENTS`] are one entry here, so neither can
//! exist without the other; the reference page is made from the two tables. Names that
//! OpenTelemetry's semantic conventions define are taken from
//! `opentelemetry-semantic-conventions`; the others are the contract of this workspace.

use opentelemetry_semantic_conventions::attribute as standard;

/// A field that these crates put on log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// The type of its value.
    pub kind: &'static str,
    /// What it says and where it comes from.
    pub meaning: &'static str,
}

/// An event that these crates log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its name.
    pub name: &'static str,
    /// Its level, in the words of the [`LEVEL`] field.
    pub level: &'static str,
    /// When it is logged.
    pub when: &'static str,
    /// The names of its own fields, each of which it has where there is a value. Those of
    /// the context come on top.
    pub fields: &'static [&'static str],
}

/// What a user's field is kept under when a line cannot have it under its own name:
/// `field.level`, `field.user`.
pub const FIELD_PREFIX: &str = "field.";

/// The first words of names that lines have: `user` could not stand beside `user.id`.
const FAMILIES: [&str; 10] = [
    "cache", "db", "http", "messages", "pool", "queue", "request", "task", "user", "ws",
];

/// Says whether a key is the first word of names that lines have.
#[inline(always)]
pub(crate) fn is_family(key: &str) -> bool {
    // No such word is longer, and nearly every key is.
    key.len() <= 8 && FAMILIES.contains(&key)
}

/// Declares fields: the documentation of each is its meaning in the table.
macro_rules! fields {
    ($($(#[doc = $meaning:literal])+ $constant:ident: $kind:literal = $name:expr;)*) => {
        $($(#[doc = $meaning])+ #[doc = concat!("\n\nType: ", $kind, ".")]
        pub const $constant: &str = $name;)*

        /// Every field that has a fixed name. The ids of resources, such as `tournament.id`,
        /// are named after these by `telemetry-labels`.
        pub static FIELDS: &[Field] = &[$(Field {
            name: $constant,
            kind: $kind,
            meaning: concat!($($meaning),+).trim_ascii(),
        }),*];
    };
}

/// Declares events: the documentation of each is when it is logged.
macro_rules! events {
    ($($(#[doc = $when:literal])+ $constant:ident: $level:literal = $name:literal, $fields:expr;)*) => {
        /// The event names.
        pub mod event {
            $($(#[doc = $when])+ #[doc = concat!("\n\nLevel: ", $level, ".")]
            pub const $constant: &str = $name;)*
        }

        /// Every event.
        pub static EVENTS: &[Event] = &[$(Event {
            name: $name,
            level: $level,
            when: concat!($($when),+).trim_ascii(),
            fields: &$fields,
        }),*];
    };
}

fields! {
    /// RFC 3339 in UTC, with microseconds and `Z`. On every line.
    TIMESTAMP: "string" = "timestamp";
    /// `trace`, `debug`, `info`, `warning` or `error`. On every line.
    LEVEL: "string" = "level";
    /// The target of the `tracing` event. On every line.
    LOGGER: "string" = "logger";
    /// The message of the `tracing` event. On every line.
    EVENT: "string" = "event";

    /// The id of the request that a unit of work belongs to: the client's `X-Request-ID` when
    /// that is valid, else a new UUID.
    REQUEST_ID: "string" = "request.id";
    /// The acting user, as the application's authentication gives it; never from a header or
    /// a path.
    USER_ID: "integer or string" = "user.id";
    /// What the URL path is about, in path order.
    LABELS: "list of strings" = "labels";
    /// 32 lower-case hexadecimal digits, from the current span context when that is valid.
    TRACE_ID: "string" = "trace_id";
    /// 16 lower-case hexadecimal digits, from the current span context when that is valid.
    SPAN_ID: "string" = "span_id";

    /// The request method on HTTP events, unless `OTEL_SEMCONV_STABILITY_OPT_IN=http`.
    HTTP_METHOD: "string" = "http.method";
    /// The request path on HTTP events; the route's template with
    /// `OTEL_SEMCONV_STABILITY_OPT_IN`.
    HTTP_ROUTE: "string" = standard::HTTP_ROUTE;
    /// The response status on HTTP events, unless `OTEL_SEMCONV_STABILITY_OPT_IN=http`. Absent
    /// when there was no response.
    HTTP_STATUS_CODE: "integer" = "http.status_code";
    /// The request method on HTTP events, with `OTEL_SEMCONV_STABILITY_OPT_IN`.
    HTTP_REQUEST_METHOD: "string" = standard::HTTP_REQUEST_METHOD;
    /// The response status on HTTP events, with `OTEL_SEMCONV_STABILITY_OPT_IN`.
    HTTP_RESPONSE_STATUS_CODE: "integer" = standard::HTTP_RESPONSE_STATUS_CODE;
    /// The request path on HTTP events, with `OTEL_SEMCONV_STABILITY_OPT_IN`.
    URL_PATH: "string" = standard::URL_PATH;
    /// The query string on HTTP events, without secrets, where the layer is asked for it.
    URL_QUERY: "string" = standard::URL_QUERY;
    /// The address of the client, where the layer is asked for it.
    CLIENT_IP: "string" = "client_ip";
    /// The name of a gRPC call's status, such as `PERMISSION_DENIED`, on HTTP events, spans and
    /// metrics: its digits where gRPC defines no name. Absent when it is no gRPC, or was cancelled.
    RPC_RESPONSE_STATUS_CODE: "string" = standard::RPC_RESPONSE_STATUS_CODE;
    /// How long a unit of work took, in milliseconds, with two decimals.
    DURATION_MS: "float" = "duration_ms";

    /// What went wrong, in one line.
    ERROR: "string" = "error";
    /// What went wrong, on HTTP events with `OTEL_SEMCONV_STABILITY_OPT_IN=http`: in place of
    /// `error`.
    ERROR_MESSAGE: "string" = "error.message";
    /// The class of what went wrong, on HTTP events with `OTEL_SEMCONV_STABILITY_OPT_IN=http`, and
    /// on spans and metrics.
    ERROR_TYPE: "string" = standard::ERROR_TYPE;
    /// The source chain of an error, or the place and backtrace of a panic.
    EXCEPTION: "string" = "exception";
    /// The name of the thread that panicked; absent where it has none.
    THREAD_NAME: "string" = standard::THREAD_NAME;

    /// The WebSocket connection that a unit of work belongs to: a UUID.
    WS_CONN_ID: "string" = "ws.conn_id";
    /// The status code that a WebSocket connection was closed with, by either side: RFC 6455
    /// section 7.4. 1006 when the peer went away without one.
    CLOSE_CODE: "integer" = "close_code";
    /// The beginning of a text message, at most 100 characters, without the values under the keys
    /// of secrets in JSON. Never of a binary one.
    DATA_PREVIEW: "string" = "data_preview";
    /// How many messages a WebSocket connection received.
    MESSAGES_RECEIVED: "integer" = "messages_received";
    /// How many messages a WebSocket connection sent.
    MESSAGES_SENT: "integer" = "messages_sent";
    /// How many bytes the messages had that a WebSocket connection received.
    BYTES_RECEIVED: "integer" = "bytes_received";
    /// How many bytes the messages had that a WebSocket connection sent.
    BYTES_SENT: "integer" = "bytes_sent";

    /// The background job that a unit of work is, as its queue names it.
    TASK_ID: "string" = "task.id";
    /// The kind of background job that a unit of work is.
    TASK_NAME: "string" = "task.name";
    /// How many times a background job was begun, this time included: 1 at first.
    TASK_ATTEMPT: "integer" = "task.attempt";
    /// The background job that was put on a queue.
    CHILD_TASK_ID: "string" = "child_task_id";
    /// The kind of the background job that was put on a queue.
    CHILD_TASK_NAME: "string" = "child_task_name";

    /// The message that a unit of work handles, as its sender named it.
    MESSAGE_ID: "string" = "message.id";
    /// The queue that a message was taken from.
    MESSAGE_QUEUE: "string" = "message.queue";
    /// The routing key that a message was published with.
    MESSAGE_ROUTING_KEY: "string" = "message.routing_key";
    /// How many times a message was tried, this time included: 1 at first.
    MESSAGE_ATTEMPT: "integer" = "message.attempt";
    /// Where a message broker is: host, port and virtual host.
    BROKER: "string" = "broker";

    /// The environment variable that a warning is about.
    VARIABLE: "string" = "variable";
    /// What is wrong with a setting.
    PROBLEM: "string" = "problem";
    /// The value used in place of a bad setting.
    USING: "string" = "using";
    /// Whether OpenTelemetry export is on.
    OTEL_ENABLED: "boolean" = "otel_enabled";
    /// `json`, `pretty` or `text`.
    LOG_FORMAT: "string" = "log_format";
    /// The level from `LOG_LEVEL`, in the words that `level` uses.
    LOG_LEVEL: "string" = "log_level";
    /// The service name.
    SERVICE_NAME: "string" = "service_name";
    /// Which traces are recorded, in the words of `OTEL_TRACES_SAMPLER`, while export is on.
    SAMPLER: "string" = "sampler";
    /// The part of the traces that the sampler records where nobody has decided yet, from 0 to 1.
    SAMPLER_RATIO: "float" = "sampler_ratio";
    /// How many keys a scope has at most.
    KEY_LIMIT: "integer" = "key_limit";
    /// `true` on a line that was longer than `LOG_LINE_LIMIT`, and was cut.
    LINE_TRUNCATED: "boolean" = "line_truncated";
    /// How many log lines were lost.
    DROPPED_LINES: "integer" = "dropped_lines";
    /// `traces`, `metrics` or `logs`, on events about export.
    EXPORT_SIGNAL: "string" = "export.signal";
    /// How many exports failed.
    FAILED_EXPORTS: "integer" = "failed_exports";
    /// How many spans, data points or log records were lost while export failed.
    DROPPED_RECORDS: "integer" = "dropped_records";
    /// How many of them a collector refused.
    REJECTED_RECORDS: "integer" = "rejected_records";
    /// How many spans did not reach the collector.
    LOST_SPANS: "integer" = "lost_spans";
    /// How many points of metrics did not reach the collector.
    LOST_DATA_POINTS: "integer" = "lost_data_points";
    /// How many log records did not reach the collector.
    LOST_LOG_RECORDS: "integer" = "lost_log_records";
}

/// The fields of an HTTP event that tell the request from others.
macro_rules! request_fields {
    ($($more:ident),*) => {
        [
            HTTP_METHOD, HTTP_ROUTE, HTTP_STATUS_CODE, HTTP_REQUEST_METHOD,
            HTTP_RESPONSE_STATUS_CODE, RPC_RESPONSE_STATUS_CODE, URL_PATH, URL_QUERY, CLIENT_IP,
            DURATION_MS, $($more),*
        ]
    };
}

events! {
    /// Telemetry is installed.
    TELEMETRY_INITIALIZED: "info" = "telemetry_initialized",
        [OTEL_ENABLED, LOG_FORMAT, LOG_LEVEL, SERVICE_NAME, SAMPLER, SAMPLER_RATIO];
    /// A setting is bad or misspelt.
    TELEMETRY_CONFIG_WARNING: "warning" = "telemetry_config_warning",
        [VARIABLE, PROBLEM, USING];
    /// Log lines begin to be dropped.
    LOG_LOSS_STARTED: "warning" = "log_loss_started", [DROPPED_LINES];
    /// No log line was dropped for a second.
    LOG_LOSS_ENDED: "warning" = "log_loss_ended", [DROPPED_LINES, DURATION_MS];
    /// A field was not bound because its scope has as many keys as it may have. Once in a process.
    CONTEXT_LIMIT_REACHED: "warning" = "context_limit_reached", [KEY_LIMIT];
    /// Code panicked, and no request, connection, job or message reports it on a line of its own.
    WORK_PANICKED: "error" = "work_panicked", [ERROR, EXCEPTION, THREAD_NAME];
    /// Export is asked for, and there is nowhere to export to (a warning), or a setting keeps it
    /// from working (an error).
    OTEL_EXPORT_OFF: "warning" = "otel_export_off", [PROBLEM];
    /// The export of a signal begins to fail.
    OTEL_EXPORT_FAILING: "warning" = "otel_export_failing", [EXPORT_SIGNAL, ERROR];
    /// The export of a signal works again.
    OTEL_EXPORT_RECOVERED: "warning" = "otel_export_recovered",
        [EXPORT_SIGNAL, FAILED_EXPORTS, DROPPED_RECORDS, DURATION_MS];
    /// The collector takes a part of what it is sent, or warns of it.
    OTEL_RECORDS_REJECTED: "warning" = "otel_records_rejected",
        [EXPORT_SIGNAL, REJECTED_RECORDS, ERROR];
    /// At the end of the process: what did not reach the collector, and why.
    OTEL_RECORDS_LOST: "warning" = "otel_records_lost",
        [LOST_SPANS, LOST_DATA_POINTS, LOST_LOG_RECORDS, ERROR];

    /// A response went out whole, with a status below 500, and with a status of gRPC that is no error
    /// of the server.
    REQUEST_COMPLETED: "info" = "request_completed", request_fields![ERROR, EXCEPTION];
    /// A request ended in a status of 500 or above, a status of gRPC that is an error of the server, a
    /// panic, an error of the service or of the body, or an error that marks it as failed.
    REQUEST_FAILED: "error" = "request_failed", request_fields![ERROR, EXCEPTION];
    /// The client went away before the body ended.
    REQUEST_CANCELLED: "warning" = "request_cancelled", request_fields![ERROR, EXCEPTION];

    /// A WebSocket connection is open.
    WS_CONNECTED: "info" = "ws_connected", [CLIENT_IP];
    /// A WebSocket message came in.
    WS_RECEIVE: "debug" = "ws_receive", [DATA_PREVIEW];
    /// A WebSocket connection is closed, however it ended.
    WS_DISCONNECTED: "info" = "ws_disconnected",
        [
            CLOSE_CODE, DURATION_MS, MESSAGES_RECEIVED, MESSAGES_SENT, BYTES_RECEIVED,
            BYTES_SENT, ERROR, EXCEPTION
        ];
    /// The meaning of a WebSocket library's error is not known: what it was is found by trying
    /// to close. Once in a process.
    WS_ERROR_UNRECOGNIZED: "warning" = "ws_error_unrecognized", [ERROR];

    /// A background job was put on a queue.
    TASK_ENQUEUED: "info" = "task_enqueued", [CHILD_TASK_ID, CHILD_TASK_NAME];
    /// An attempt at a background job begins.
    TASK_STARTED: "info" = "task_started", [];
    /// A background job succeeded.
    TASK_COMPLETED: "info" = "task_completed", [DURATION_MS];
    /// An attempt at a background job failed, and there will be another.
    TASK_RETRYING: "warning" = "task_retrying", [ERROR, TASK_ATTEMPT, DURATION_MS];
    /// A background job failed, and will not be tried again.
    TASK_FAILED: "error" = "task_failed", [ERROR, EXCEPTION, DURATION_MS];

    /// A connection to the message broker is there, for the first time or again.
    BROKER_CONNECTED: "info" = "broker_connected", [BROKER, DURATION_MS];
    /// The connection to the message broker is lost, or cannot be had. Once in each outage.
    BROKER_DISCONNECTED: "warning" = "broker_disconnected", [BROKER, ERROR];
    /// A consumer begins to take messages, or does so again.
    CONSUMER_STARTED: "info" = "consumer_started", [MESSAGE_QUEUE];
    /// A consumer cannot take messages although the broker is there. Once until it can.
    CONSUMER_INTERRUPTED: "warning" = "consumer_interrupted", [MESSAGE_QUEUE, ERROR];
    /// An attempt at a message begins.
    MESSAGE_RECEIVED: "debug" = "message_received", [];
    /// A message was handled.
    MESSAGE_PROCESSED: "info" = "message_processed", [DURATION_MS];
    /// An attempt at a message failed, and there will be another.
    MESSAGE_RETRYING: "warning" = "message_retrying", [ERROR, MESSAGE_ATTEMPT, DURATION_MS];
    /// A message failed, and will not be tried again.
    MESSAGE_FAILED: "error" = "message_failed", [ERROR, EXCEPTION, DURATION_MS];
    /// The broker could not be told what became of a message, and will deliver it again.
    MESSAGE_UNSETTLED: "warning" = "message_unsettled", [ERROR];
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use tracing::Level;

    use super::*;
    use crate::VARIABLES;
    use crate::line::level_name;

    /// The page that `dtx-backend/examples/reference` prints.
    const PAGE: &str = include_str!("../../../docs/dev/telemetry/reference.md");

    /// What an operator copies and changes.
    const EXAMPLE: &str = include_str!("../../../.env.example");

    #[test]
    fn no_name_stands_for_two_things() {
        let fields: HashSet<_> = FIELDS.iter().map(|field| field.name).collect();
        assert_eq!(fields.len(), FIELDS.len());
        let events: HashSet<_> = EVENTS.iter().map(|event| event.name).collect();
        assert_eq!(events.len(), EVENTS.len());
    }

    #[test]
    fn no_name_extends_another() {
        for field in FIELDS {
            let extends = |other: &Field| {
                let more = field.name.strip_prefix(other.name);
                more.is_some_and(|more| more.starts_with('.'))
            };
            // These two are never beside `error`.
            if ![ERROR_MESSAGE, ERROR_TYPE].contains(&field.name) {
                let others: Vec<_> = FIELDS.iter().filter(|other| extends(other)).collect();
                assert!(others.is_empty(), "{field:?} extends {others:?}");
            }
            assert!(!is_family(field.name), "{field:?}");
        }
        assert!(FAMILIES.iter().all(|family| is_family(family)));
    }

    #[test]
    fn names_are_of_lower_case_words() {
        let is_word = |c: char| c.is_ascii_lowercase() || c == '_';
        for field in FIELDS {
            let mut words = field.name.split('.');
            assert!(
                words.all(|word| !word.is_empty() && word.chars().all(is_word)),
                "{field:?}"
            );
        }
        for event in EVENTS {
            assert!(
                event.name.contains('_') && event.name.chars().all(is_word),
                "{event:?}"
            );
        }
    }

    #[test]
    fn meanings_are_sentences_that_fit_a_table() {
        let fields = FIELDS.iter().map(|field| field.meaning);
        for sentence in fields.chain(EVENTS.iter().map(|event| event.when)) {
            assert!(
                sentence.ends_with('.') && !sentence.contains("  "),
                "{sentence}"
            );
            assert!(!sentence.contains(['|', '\n']), "{sentence}");
        }
    }

    #[test]
    fn events_have_fields_and_levels_that_there_are() {
        let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG].map(level_name);
        for event in EVENTS {
            assert!(levels.contains(&event.level), "{event:?}");
            for name in event.fields {
                assert!(FIELDS.iter().any(|field| field.name == *name), "{name}");
            }
        }
    }

    #[test]
    fn the_documentation_of_the_crate_has_its_own_events() {
        let documentation = include_str!("lib.rs");
        let of_others = [
            "broker_",
            "consumer_",
            "message_",
            "otel_",
            "request_",
            "task_",
            "ws_",
        ];
        let own = EVENTS.iter().filter(|event| {
            !of_others
                .iter()
                .any(|prefix| event.name.starts_with(prefix))
        });
        for Event {
            name,
            level,
            fields,
            ..
        } in own
        {
            let fields: Vec<_> = fields.iter().map(|field| format!("`{field}`")).collect();
            let row = format!("| `{name}` | {level} | {} |", fields.join(", "));
            assert!(documentation.contains(&row), "{row}");
        }
    }

    #[test]
    fn the_reference_page_has_every_name() {
        let fields = FIELDS.iter().map(
            |Field {
                 name,
                 kind,
                 meaning,
             }| format!("| `{name}` | {kind} | {meaning} |"),
        );
        let events = EVENTS.iter().map(
            |Event {
                 name, level, when, ..
             }| format!("| `{name}` | {level} | {when} |"),
        );
        let variables = VARIABLES
            .iter()
            .map(|variable| format!("| `{}` |", variable.name));
        for row in fields.chain(events).chain(variables) {
            assert!(
                PAGE.contains(&row),
                "not in docs/dev/telemetry/reference.md: {row}"
            );
        }
    }

    #[test]
    fn the_example_environment_has_every_variable() {
        for variable in VARIABLES {
            let line = format!("\n#{}=", variable.name);
            assert!(
                EXAMPLE.contains(&line),
                "not in .env.example: {}",
                variable.name
            );
        }
    }
}
