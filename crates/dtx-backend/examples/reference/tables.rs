//! The tables of spans. `tests/tracing` compares them with what is recorded.

use crate::messaging::{JOBS, MESSAGES};
use crate::redis::COMMANDS;
use crate::sql::STATEMENTS;

/// A kind of spans: a heading, what it is about, and its attributes with their types and meanings.
pub(crate) type Spans = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str, &'static str)],
);

/// The kinds of spans.
pub(crate) const SPANS: [Spans; 8] = [
    (
        "Requests",
        "\
The span of a request is of the kind server and is called `GET /api/tournaments/{id}/`: the method
and the template of the route, or the method alone where no route matched. What it is about is in
[Tracing](tracing.md).",
        &REQUESTS,
    ),
    (
        "Outgoing requests",
        "\
With the feature `client` of `telemetry-http`. The span is of the kind client and is called `GET`, or
`GET /users/{id}` where the request has a `UrlTemplate`. It ends with the head of the response. See
[Outgoing requests](http.md#outgoing-requests).",
        &OUTGOING_REQUESTS,
    ),
    (
        "Jobs",
        "\
With `telemetry-jobs`. A push is a span `send {queue}` of the kind producer, an attempt a span
`process {queue}` of the kind consumer, its child; that of a job for later begins a trace of its own,
with a link. See [Jobs](jobs.md).",
        &JOBS,
    ),
    (
        "Messages",
        "\
With `telemetry-amqp`. Publishing is a span `publish {exchange}` of the kind producer, to the broker's
confirmation; for the default exchange it has the name of the queue. An attempt is a span
`process {queue}` of the kind consumer, its child. See [Messages](amqp.md).",
        &MESSAGES,
    ),
    (
        "WebSocket messages",
        "\
With `telemetry-ws`, where it is asked for. The work on a message is a span
`process /ws/draft/{id}/` of the kind consumer, the root of a trace, with a link to the span of the
upgrade. A connection has none. See [WebSockets](websockets.md).",
        &WEBSOCKET_MESSAGES,
    ),
    (
        "Statements",
        "\
With `telemetry-sql`. The span of a statement is of the kind client and is called by its summary, such
as `SELECT teams`; so are `BEGIN`, `COMMIT` and their like, with fewer attributes. See
[SQL](sql.md).",
        &STATEMENTS,
    ),
    (
        "Commands of Redis",
        "\
With `telemetry-redis`. The span of a command is of the kind client and is called by it, such as `GET`;
that of a pipeline `PIPELINE`, or `MULTI` where it is atomic, and `PIPELINE GET` where all of it is one
command. See [Redis](redis.md).",
        &COMMANDS,
    ),
    (
        "Units of work",
        "\
With `telemetry-core`: the span of a `UnitOfWork` of the application, with the name that this has. It is
the root of a trace, with a link where there is a span already, and of the kind internal unless told
otherwise. See [A unit of work of your own](context.md#a-unit-of-work-of-your-own).",
        &UNITS,
    ),
];

const UNITS: [(&str, &str, &str); 1] = [(
    "error.type",
    "string",
    "`panic`, `cancelled`, or what `record_error` was given; absent on success.",
)];

const OUTGOING_REQUESTS: [(&str, &str, &str); 10] = [
    (
        "http.request.method",
        "string",
        "The method; `_OTHER` for one that the conventions do not know.",
    ),
    (
        "http.request.method_original",
        "string",
        "The method as it was sent, where that is `_OTHER`.",
    ),
    (
        "http.request.resend_count",
        "integer",
        "How often the request was sent before, by middleware above.",
    ),
    (
        "url.full",
        "string",
        "The URL, without user, password, the values of the query and the secrets of the `UrlTemplate`.",
    ),
    (
        "url.template",
        "string",
        "The `UrlTemplate` of the request.",
    ),
    ("server.address", "string", "The host."),
    ("server.port", "integer", "The port."),
    (
        "http.response.status_code",
        "integer",
        "The status; absent when there was no response.",
    ),
    (
        "network.protocol.version",
        "string",
        "`1.0`, `1.1`, `2` or `3`.",
    ),
    (
        "error.type",
        "string",
        "The status of a 4xx or 5xx, `timeout`, `connect`, `redirect`, `body`, `request`, \
         `middleware` or `_OTHER`; absent on success.",
    ),
];

const WEBSOCKET_MESSAGES: [(&str, &str, &str); 5] = [
    ("network.protocol.name", "string", "`websocket`."),
    (
        "http.route",
        "string",
        "The template of the route, in axum.",
    ),
    ("websocket.message.type", "string", "`text` or `binary`."),
    (
        "websocket.message.size",
        "integer",
        "How many bytes it has.",
    ),
    (
        "error.type",
        "string",
        "`panic` or `cancelled`; absent on success.",
    ),
];

const REQUESTS: [(&str, &str, &str); 14] = [
    (
        "http.request.method",
        "string",
        "The method; `_OTHER` for one that the conventions do not know.",
    ),
    (
        "http.request.method_original",
        "string",
        "The method as it was sent, where that is `_OTHER`.",
    ),
    (
        "http.route",
        "string",
        "The template of the route; absent where none matched.",
    ),
    ("url.scheme", "string", "`http` or `https`."),
    ("url.path", "string", "The path, without the query."),
    (
        "url.query",
        "string",
        "The query string, without secrets, where the layer is asked for it.",
    ),
    (
        "network.protocol.version",
        "string",
        "`1.0`, `1.1`, `2` or `3`.",
    ),
    (
        "server.address",
        "string",
        "The host that the client asked for.",
    ),
    (
        "server.port",
        "integer",
        "The port that the client asked for, where it names one.",
    ),
    (
        "client.address",
        "string",
        "The address of the client, where the layer is asked for it.",
    ),
    ("user_agent.original", "string", "The header `User-Agent`."),
    (
        "http.response.status_code",
        "integer",
        "The status; absent when there was no response.",
    ),
    (
        "rpc.response.status_code",
        "string",
        "The name of a gRPC call's status; its digits where gRPC defines none.",
    ),
    (
        "error.type",
        "string",
        "The status of a 5xx, the gRPC code of a call that failed, `panic`, `service_error`, `body_error`, `cancelled` or that of a `RecordedError`; absent on success.",
    ),
];
