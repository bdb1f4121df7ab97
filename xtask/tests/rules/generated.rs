//! What is written beside the code says what the code says.

use std::collections::BTreeSet;

use crate::{assert_none, cargo, read};

/// Where the tables of environment variables are.
pub(crate) const TABLES: [&str; 3] = [
    "crates/telemetry-core/src/config/variables.rs",
    "crates/telemetry-otel/src/config/variables.rs",
    "crates/dtx-backend/src/settings/variables.rs",
];

#[test]
fn the_reference_page_is_up_to_date() {
    let generated = cargo(&[
        "run",
        "--quiet",
        "--package=dtx-backend",
        "--example=reference",
    ]);
    let page = read("docs/dev/telemetry/reference.md");
    assert!(
        page == generated,
        "docs/dev/telemetry/reference.md:1: is out of date: run `cargo xtask docs`"
    );
}

#[test]
fn the_environment_example_names_each_variable() {
    let example = read(".env.example");
    for table in TABLES {
        let variables = variables(&read(table));
        assert!(variables.len() > 3, "{table} was not understood");
        assert_none(
            variables.iter().filter(|name| !names(&example, name)),
            &format!(".env.example:1: add these variables of {table}:"),
        );
    }
}

/// Gives the variables of a table: rows such as `"NAME", "default", …` or `name: "NAME"`.
pub(crate) fn variables(table: &str) -> BTreeSet<String> {
    let rows = table.lines().map(str::trim_start);
    let names = rows.filter_map(|row| match row.strip_prefix("name: \"") {
        Some(rest) => rest.split_once('"'),
        None => row.strip_prefix('"')?.split_once("\", \""),
    });
    names.map(|(name, _)| name.to_owned()).collect()
}

/// Says whether a line sets a variable, or does so but for being a comment.
fn names(example: &str, variable: &str) -> bool {
    example.lines().any(|line| {
        let line = line.trim_start_matches(['#', ' ']);
        line.strip_prefix(variable)
            .is_some_and(|rest| rest.starts_with('='))
    })
}

#[test]
fn a_variable_that_is_not_named_is_found() {
    let table = "    \"RUST_LOG\", \"unset\", \"Directives.\";\n        name: \"DTX_BIND\",\n";
    let variables = variables(table);
    let example = "# RUST_LOG=debug\nDTX_BINDING=1\n";
    let missing: Vec<_> = variables
        .iter()
        .filter(|name| !names(example, name))
        .collect();
    assert_eq!(missing, ["DTX_BIND"]);
}
