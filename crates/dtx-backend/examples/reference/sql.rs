//! The tables of `telemetry-sql`.

/// The attributes of a statement's span.
pub(crate) const STATEMENTS: [(&str, &str, &str); 12] = [
    (
        "db.system.name",
        "string",
        "`sqlite`, `postgresql`, `mysql` or `other_sql`.",
    ),
    (
        "db.namespace",
        "string",
        "The database; of SQLite the name of the file.",
    ),
    (
        "server.address",
        "string",
        "The host of the database, where it is a server.",
    ),
    (
        "server.port",
        "integer",
        "The port of the database, where it is a server.",
    ),
    (
        "db.query.text",
        "string",
        "The text without its values, at most 2,048 bytes.",
    ),
    (
        "db.query.summary",
        "string",
        "Operations and tables, in the order of the text.",
    ),
    (
        "db.operation.name",
        "string",
        "The operation, where the text is one statement.",
    ),
    (
        "db.collection.name",
        "string",
        "The table, where there is one.",
    ),
    (
        "db.response.returned_rows",
        "integer",
        "How many rows came.",
    ),
    (
        "sql.affected_rows",
        "integer",
        "How many rows were inserted, changed or deleted.",
    ),
    (
        "db.response.status_code",
        "string",
        "The code of a failure: SQLSTATE, or SQLite's.",
    ),
    (
        "error.type",
        "string",
        "That code, or `pool_timed_out`, `io` and their like; absent on success.",
    ),
];

/// The attribute of all metrics of a pool.
const OF_POOLS: &[&str] = &["db.client.connection.pool.name"];

/// The name, unit, attributes and meaning of each metric.
pub(crate) const METRICS: [(&str, &str, &[&str], &str); 7] = [
    (
        "db.client.operation.duration",
        "s",
        &[
            "db.system.name",
            "db.namespace",
            "server.address",
            "server.port",
            "db.query.summary",
            "db.operation.name",
            "db.collection.name",
            "db.response.status_code",
            "error.type",
        ],
        "How long statements took, with the wait for a connection, and commands of Redis: a \
         histogram.",
    ),
    (
        "db.client.connection.count",
        "{connection}",
        &[
            "db.client.connection.pool.name",
            "db.client.connection.state",
        ],
        "Connections of a pool that are used, or idle.",
    ),
    (
        "db.client.connection.max",
        "{connection}",
        OF_POOLS,
        "How many there may be.",
    ),
    (
        "db.client.connection.idle.min",
        "{connection}",
        OF_POOLS,
        "How many are kept.",
    ),
    (
        "db.client.connection.pending_requests",
        "{request}",
        OF_POOLS,
        "Who waits for one.",
    ),
    (
        "db.client.connection.wait_time",
        "s",
        OF_POOLS,
        "How long one waited that got one: a histogram.",
    ),
    (
        "db.client.connection.timeouts",
        "{timeout}",
        OF_POOLS,
        "Who waited for too long.",
    ),
];
