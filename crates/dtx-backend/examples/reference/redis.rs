//! The table of `telemetry-redis`. Its metric is that of `telemetry-sql`.

/// The attributes of the span of a command or pipeline.
pub(crate) const COMMANDS: [(&str, &str, &str); 9] = [
    ("db.system.name", "string", "`redis`."),
    ("db.namespace", "string", "The index of the database."),
    (
        "server.address",
        "string",
        "The host, or the path of the socket, as `with_connection_info` was told.",
    ),
    ("server.port", "integer", "The port, told likewise."),
    (
        "db.operation.name",
        "string",
        "As the span is called; `_OTHER` for what is no command's name.",
    ),
    (
        "db.operation.batch.size",
        "integer",
        "How many commands a pipeline has, if more than one.",
    ),
    (
        "db.query.text",
        "string",
        "What is sent, where that is asked for, with or without values; at most 1,024 bytes.",
    ),
    (
        "db.response.status_code",
        "string",
        "The code of a failure that Redis answered with, such as `WRONGTYPE`.",
    ),
    (
        "error.type",
        "string",
        "That code, `timeout`, `io`, `parse`, `authentication_failed`, `client`, `cluster` or \
         `_OTHER`; absent on success.",
    ),
];
