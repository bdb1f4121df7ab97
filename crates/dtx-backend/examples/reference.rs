//! Prints the reference page of the documentation, `docs/dev/telemetry/reference.md`.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use telemetry_core::Variable;
use telemetry_core::names::{EVENTS, FIELD_PREFIX, FIELDS};

fn main() -> io::Result<()> {
    let page = page().map_err(io::Error::other)?;
    io::stdout().write_all(page.as_bytes())
}

fn page() -> Result<String, std::fmt::Error> {
    let mut page = String::from(
        "\
# Reference

Every variable, field and event. This page is made from the tables in the code, by
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
    Ok(page)
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
