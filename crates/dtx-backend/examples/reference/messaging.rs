//! The tables of `telemetry-jobs` and `telemetry-amqp`.

/// The attributes of the spans of a job.
pub(crate) const JOBS: [(&str, &str, &str); 6] = [
    ("messaging.system", "string", "`apalis`."),
    ("messaging.operation.name", "string", "`send` or `process`."),
    ("messaging.operation.type", "string", "The same."),
    ("messaging.destination.name", "string", "The queue."),
    (
        "messaging.message.id",
        "string",
        "The id of the job; absent on a push where the backend makes it up.",
    ),
    (
        "error.type",
        "string",
        "`panic`, `cancelled`, `aborted` or `_OTHER`; absent on success.",
    ),
];

/// The attributes of the spans of a message.
pub(crate) const MESSAGES: [(&str, &str, &str); 12] = [
    ("messaging.system", "string", "`rabbitmq`."),
    (
        "messaging.operation.name",
        "string",
        "`publish` or `process`.",
    ),
    ("messaging.operation.type", "string", "`send` or `process`."),
    (
        "messaging.destination.name",
        "string",
        "Exchange, routing key and, of an attempt, queue: those that have a name, with colons \
         between.",
    ),
    (
        "messaging.destination.template",
        "string",
        "`amq.gen-*` and the like, where the broker made up the name.",
    ),
    (
        "messaging.destination.anonymous",
        "boolean",
        "`true` where the broker made up the name of the queue, as `amq.gen-…`.",
    ),
    (
        "messaging.rabbitmq.destination.routing_key",
        "string",
        "The routing key that it was published with.",
    ),
    (
        "messaging.message.id",
        "string",
        "The id of the message, where the sender gave it one.",
    ),
    (
        "messaging.message.body.size",
        "integer",
        "How many bytes its body has.",
    ),
    ("server.address", "string", "The host of the broker."),
    ("server.port", "integer", "The port of the broker."),
    (
        "error.type",
        "string",
        "Of publishing `away`, `connection_lost`, `timeout`, `unroutable`, `nack`, \
         `channel_closed` or `too_long`, of an attempt `panic`, `cancelled` or `_OTHER`; \
         absent on success.",
    ),
];

/// The name, unit, attributes and meaning of each metric.
pub(crate) const METRICS: [(&str, &str, &[&str], &str); 5] = [
    (
        "messaging.client.sent.messages",
        "{message}",
        OF_FAILING,
        "Pushes of jobs, and messages published.",
    ),
    (
        "messaging.client.operation.duration",
        "s",
        &[
            "messaging.system",
            "messaging.operation.name",
            "messaging.operation.type",
            "messaging.destination.name",
            "messaging.destination.template",
            "server.address",
            "server.port",
            "error.type",
        ],
        "How long publishing messages took, to the confirmation: a histogram.",
    ),
    (
        "messaging.client.consumed.messages",
        "{message}",
        OF_ALL,
        "Attempts at jobs and messages.",
    ),
    (
        "messaging.process.duration",
        "s",
        OF_FAILING,
        "How long attempts at jobs and messages took: a histogram.",
    ),
    (
        "messaging.queue.latency",
        "s",
        &[
            "messaging.system",
            "messaging.operation.name",
            "messaging.destination.name",
        ],
        "How long jobs waited, from when they were due to their first attempt: a histogram.",
    ),
];

/// Those of jobs, and of messages, which have a server.
const OF_ALL: &[&str] = &[
    "messaging.system",
    "messaging.operation.name",
    "messaging.destination.name",
    "messaging.destination.template",
    "server.address",
    "server.port",
];

/// The same of what can fail.
const OF_FAILING: &[&str] = &[
    "messaging.system",
    "messaging.operation.name",
    "messaging.destination.name",
    "messaging.destination.template",
    "server.address",
    "server.port",
    "error.type",
];
