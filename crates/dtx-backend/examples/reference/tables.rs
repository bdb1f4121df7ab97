//! The tables of spans and metrics. `tests/tracing` compares them with what is recorded.

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

/// The name, unit, attributes and meaning of each metric.
pub(crate) const METRICS: [(&str, &str, &[&str], &str); 39] = [
    (
        "http.server.request.duration",
        "s",
        &[
            "http.request.method",
            "http.route",
            "http.response.status_code",
            "rpc.response.status_code",
            "url.scheme",
            "network.protocol.version",
            "error.type",
        ],
        "How long requests took, to the end of the body: a histogram.",
    ),
    (
        "http.server.active_requests",
        "{request}",
        &["http.request.method", "url.scheme"],
        "How many requests there are.",
    ),
    (
        "http.client.request.duration",
        "s",
        &[
            "http.request.method",
            "server.address",
            "server.port",
            "http.response.status_code",
            "network.protocol.version",
            "error.type",
        ],
        "How long outgoing requests took, to the head of the response: a histogram.",
    ),
    (
        "websocket.server.active_connections",
        "{connection}",
        &[],
        "How many WebSocket connections there are. Those of clients are \
         `websocket.client.…`, in this row and the next three.",
    ),
    (
        "websocket.server.messages",
        "{message}",
        &["network.io.direction"],
        "WebSocket messages of text or bytes.",
    ),
    (
        "websocket.server.io",
        "By",
        &["network.io.direction"],
        "The bytes of these messages.",
    ),
    (
        "websocket.server.connection.duration",
        "s",
        &["websocket.close_code", "http.route"],
        "How long WebSocket connections lasted: a histogram.",
    ),
    (
        "system.cpu.utilization",
        "1",
        &[],
        "The busy fraction of all CPUs of the host, in a container too.",
    ),
    (
        "system.memory.utilization",
        "1",
        &["system.memory.state"],
        "The used fraction of the host's memory.",
    ),
    (
        "system.memory.usage",
        "By",
        &["system.memory.state"],
        "The host's memory that is used, and that can be had.",
    ),
    (
        "process.cpu.time",
        "s",
        &["cpu.mode"],
        "CPU time of the process.",
    ),
    (
        "process.cpu.utilization",
        "1",
        &["cpu.mode"],
        "The same as a fraction of the CPUs that it may use: its affinity, and no more than its quota.",
    ),
    (
        "process.runtime.cpu.utilization",
        "1",
        &[],
        "The same, of all modes, under the name used before.",
    ),
    ("process.memory.usage", "By", &[], "Physical memory."),
    (
        "process.runtime.memory",
        "By",
        &[],
        "The same under the name used before.",
    ),
    ("process.memory.virtual", "By", &[], "Virtual memory."),
    (
        "process.thread.count",
        "{thread}",
        &[],
        "Threads; on Linux.",
    ),
    ("process.uptime", "s", &[], "How long the process has run."),
    (
        "container.memory.usage",
        "By",
        &[],
        "Memory of the control group with the lowest limit, caches of files included; where there is a limit.",
    ),
    ("container.memory.limit", "By", &[], "Its limit."),
    (
        "container.memory.available",
        "By",
        &[],
        "The limit without the working set: what is left before the kernel kills.",
    ),
    ("tokio.runtime.workers", "{worker}", &[], "Worker threads."),
    (
        "tokio.runtime.alive_tasks",
        "{task}",
        &[],
        "Tasks that have not ended.",
    ),
    (
        "tokio.runtime.global_queue_depth",
        "{task}",
        &[],
        "Tasks that wait in the global queue.",
    ),
    (
        "tokio.runtime.busy_time",
        "s",
        &[],
        "Time that all workers were busy.",
    ),
    (
        "tokio.runtime.parks",
        "{park}",
        &[],
        "Times that workers went idle.",
    ),
    (
        "telemetry.log.dropped_lines",
        "{line}",
        &[],
        "Log lines lost: the buffer was full, or the output refused them.",
    ),
    (
        "otel.sdk.processor.span.processed",
        "{span}",
        &["otel.component.type", "otel.component.name", "error.type"],
        "What was given to the exporter, or dropped because too many waited.",
    ),
    (
        "otel.sdk.processor.span.queue.size",
        "{span}",
        &["otel.component.type", "otel.component.name"],
        "What waits to be given to the exporter.",
    ),
    (
        "otel.sdk.processor.span.queue.capacity",
        "{span}",
        &["otel.component.type", "otel.component.name"],
        "How much may wait.",
    ),
    (
        "otel.sdk.processor.log.processed",
        "{log_record}",
        &["otel.component.type", "otel.component.name", "error.type"],
        "What was given to the exporter, or dropped because too many waited.",
    ),
    (
        "otel.sdk.processor.log.queue.size",
        "{log_record}",
        &["otel.component.type", "otel.component.name"],
        "What waits to be given to the exporter.",
    ),
    (
        "otel.sdk.processor.log.queue.capacity",
        "{log_record}",
        &["otel.component.type", "otel.component.name"],
        "How much may wait.",
    ),
    (
        "otel.sdk.exporter.span.exported",
        "{span}",
        &[
            "otel.component.type",
            "otel.component.name",
            "server.address",
            "server.port",
            "error.type",
        ],
        "What the collector took, or was lost after all tries.",
    ),
    (
        "otel.sdk.exporter.span.inflight",
        "{span}",
        &[
            "otel.component.type",
            "otel.component.name",
            "server.address",
            "server.port",
        ],
        "What is being exported.",
    ),
    (
        "otel.sdk.exporter.log.exported",
        "{log_record}",
        &[
            "otel.component.type",
            "otel.component.name",
            "server.address",
            "server.port",
            "error.type",
        ],
        "What the collector took, or was lost after all tries.",
    ),
    (
        "otel.sdk.exporter.log.inflight",
        "{log_record}",
        &[
            "otel.component.type",
            "otel.component.name",
            "server.address",
            "server.port",
        ],
        "What is being exported.",
    ),
    (
        "otel.sdk.exporter.metric_data_point.exported",
        "{data_point}",
        &[
            "otel.component.type",
            "otel.component.name",
            "server.address",
            "server.port",
            "error.type",
        ],
        "What the collector took, or was lost after all tries.",
    ),
    (
        "otel.sdk.exporter.metric_data_point.inflight",
        "{data_point}",
        &[
            "otel.component.type",
            "otel.component.name",
            "server.address",
            "server.port",
        ],
        "What is being exported.",
    ),
];
