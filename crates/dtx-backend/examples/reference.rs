//! Prints the reference page of the documentation, `docs/dev/telemetry/reference.md`.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use telemetry_core::Variable;
use telemetry_core::names::{EVENTS, FIELD_PREFIX, FIELDS};

/// The attributes of the span of a request, and when it has them. `tests/tracing.rs` compares
/// these tables with what is recorded.
const SPAN_ATTRIBUTES: [(&str, &str, &str); 13] = [
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
        "error.type",
        "string",
        "The status of a 5xx, `panic`, `service_error` or `cancelled`; absent on success.",
    ),
];

/// The name, unit, attributes and meaning of each metric.
const METRICS: [(&str, &str, &[&str], &str); 18] = [
    (
        "http.server.request.duration",
        "s",
        &[
            "http.request.method",
            "http.route",
            "http.response.status_code",
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
        "system.cpu.utilization",
        "1",
        &[],
        "The busy fraction of all CPUs.",
    ),
    (
        "system.memory.utilization",
        "1",
        &["system.memory.state"],
        "The used fraction of memory.",
    ),
    (
        "system.memory.usage",
        "By",
        &["system.memory.state"],
        "Memory that is used, and that can be had.",
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
        "The same as a fraction of the CPUs that it may use.",
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
];

fn main() -> io::Result<()> {
    let page = page().map_err(io::Error::other)?;
    io::stdout().write_all(page.as_bytes())
}

fn page() -> Result<String, std::fmt::Error> {
    let mut page = String::from(
        "\
# Reference

Every variable, field, event, span and metric. This page is made from the tables in the code, by
`cargo run -p dtx-backend --example reference`.

## Variables

An unset or empty variable is its default. A bad value is the default too, with a
`telemetry_config_warning`. What each does in operation is in
[Runtime configuration](../../RUNTIME_CONFIG.md).

",
    );
    variables(&mut page, telemetry_core::VARIABLES)?;
    page.push_str(
        "
### Export

With `telemetry-otel` and `OTEL_ENABLED=true`.

",
    );
    variables(&mut page, telemetry_otel::VARIABLES)?;
    page.push_str(
        "
Booleans are `true`, `1`, `yes` and `false`, `0`, `no`, in any case.

## Fields

| field | type | meaning |
|---|---|---|
",
    );
    for field in FIELDS {
        writeln!(
            page,
            "| `{}` | {} | {} |",
            field.name, field.kind, field.meaning
        )?;
    }
    write!(
        page,
        "
Beside these, a path with an id gives `<resource>.id` (`tournament.id`, `draft.id`, …), an
integer, or a string for ids that are UUIDs or slugs; see
[Labels for new paths](context.md#labels-for-new-paths). What you bind or log yourself keeps
its name. The first four of the table cannot be overwritten: a field that you call `level` is
kept as `{FIELD_PREFIX}level`.

## Events

| event | level | when | its own fields |
|---|---|---|---|
"
    )?;
    for event in EVENTS {
        let fields: Vec<_> = event.fields.iter().map(|name| quoted(name)).collect();
        let fields = fields.join(", ");
        writeln!(
            page,
            "| `{}` | {} | {} | {fields} |",
            event.name, event.level, event.when
        )?;
    }
    page.push_str(
        "
A field is left out where there is no value for it. The context of the unit of work comes on
top: `request.id`, `user.id`, `labels`, ids and all that was bound.
",
    );
    spans(&mut page)?;
    metrics(&mut page)?;
    Ok(page)
}

fn spans(page: &mut String) -> std::fmt::Result {
    page.push_str(
        "
## Spans

With `telemetry-otel`, for traces that are sampled. The span of a request is of the kind
server and is called `GET /api/tournaments/{id}/`: the method and the template of the route, or
the method alone where no route matched. What it is about is in [Tracing](tracing.md).

| attribute | type | meaning |
|---|---|---|
",
    );
    for (name, kind, meaning) in SPAN_ATTRIBUTES {
        writeln!(page, "| `{name}` | {kind} | {meaning} |")?;
    }
    page.push_str(
        "
The context of the request comes on top, as on its lines: `request.id`, `user.id`, `labels`,
ids and all that was bound. A request that fails has the status error, and an event
`exception` with `exception.message`, and where there is more to say `exception.type` and
`exception.stacktrace`.
",
    );
    Ok(())
}

fn metrics(page: &mut String) -> std::fmt::Result {
    page.push_str(
        "
## Metrics

With `telemetry-otel`. The context is never on a metric. Those of the host, the process and the
runtime are of `telemetry-sysmetrics`.

| metric | unit | attributes | meaning |
|---|---|---|---|
",
    );
    for (name, unit, attributes, meaning) in METRICS {
        let attributes: Vec<_> = attributes.iter().map(|name| quoted(name)).collect();
        let attributes = attributes.join(", ");
        writeln!(page, "| `{name}` | `{unit}` | {attributes} | {meaning} |")?;
    }
    Ok(())
}

fn variables(page: &mut String, variables: &[Variable]) -> std::fmt::Result {
    page.push_str("| variable | default | meaning |\n|---|---|---|\n");
    for variable in variables {
        let default = match variable.default {
            // Words about a default rather than the default itself.
            words if words.contains(['`', '\'']) || words == "unset" => words.to_owned(),
            value => quoted(value),
        };
        let (name, meaning) = (variable.name, variable.meaning);
        writeln!(page, "| `{name}` | {default} | {meaning} |")?;
    }
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("`{name}`")
}
