//! Prints the reference page of the documentation, `docs/dev/telemetry/reference.md`.

mod messaging;
mod metrics;
mod redis;
mod sql;
mod tables;

use std::fmt::Write as _;
use std::io::{self, Write as _};

use telemetry_core::Variable;
use telemetry_core::names::{EVENTS, FIELD_PREFIX, FIELDS};

use crate::metrics::METRICS;
use crate::tables::SPANS;

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
    standard_variables(&mut page)?;
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

With `telemetry-otel`, for traces that are sampled. The context comes on top, as on the lines:
`request.id`, `user.id`, `labels`, ids and all that was bound; but for what is beneath that: outgoing
requests, pushes, publishing, statements and commands. What fails has the status error. A request, an
attempt at a job or a message, or the work on a WebSocket message that fails, and a unit of work of the
application's own that panics or is dropped, has an event `exception` too, with `exception.message`, and
where there is more to say `exception.type` and `exception.stacktrace`.
",
    );
    for (heading, about, attributes) in SPANS {
        write!(
            page,
            "\n### {heading}\n\n{about}\n\n| attribute | type | meaning |\n|---|---|---|\n"
        )?;
        for (name, kind, meaning) in attributes {
            writeln!(page, "| `{name}` | {kind} | {meaning} |")?;
        }
    }
    Ok(())
}

fn metrics(page: &mut String) -> std::fmt::Result {
    page.push_str(
        "
## Metrics

With `telemetry-otel`. The context is never on a metric. Those of the host, the process and the
runtime are of `telemetry-sysmetrics`, those of telemetry itself of `telemetry-otel`. Jobs have no
`server.address` and `server.port`, messages have.

| metric | unit | attributes | meaning |
|---|---|---|---|
",
    );
    let metrics = METRICS.into_iter();
    let metrics = metrics.chain(messaging::METRICS).chain(sql::METRICS);
    for (name, unit, attributes, meaning) in metrics {
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

/// Lists the variables of the specification, with what becomes of each.
fn standard_variables(page: &mut String) -> std::fmt::Result {
    page.push_str(
        "
### The variables of OpenTelemetry's specification

All of them, by the page that has them: `sdk` is `sdk-environment-variables.md`, `otlp` the OTLP
exporter, `otlp-metrics` its part for metrics, `semconv` the opt-ins of the semantic conventions,
`jaeger` what older versions have for Jaeger, and `rust` what the SDK for Rust has beyond these. The
versions are in `crates/telemetry-core/src/config/standard_variables.txt`. What is not supported is a
`telemetry_config_warning` that says what to use in its place.

| variable | page | |
|---|---|---|
",
    );
    for variable in telemetry_otel::standard_variables() {
        let telemetry_otel::StandardVariable {
            name,
            page: of,
            support,
        } = variable;
        writeln!(page, "| `{name}` | {of} | {support} |")?;
    }
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("`{name}`")
}
