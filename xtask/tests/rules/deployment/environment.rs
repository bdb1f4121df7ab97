//! Variables: those that the Compose files set, and those that they are filled with.

use std::collections::{BTreeMap, BTreeSet};

use super::{OBSERVABILITY, SITE, keys, services};
use crate::generated::{TABLES, variables};
use crate::{assert_none, read};

const EXAMPLE: &str = "docker/.env.example";

#[test]
fn what_a_role_is_given_is_what_the_program_reads() {
    let read: BTreeSet<_> = TABLES
        .iter()
        .flat_map(|table| variables(&read(table)))
        .collect();
    let given = services(SITE)
        .into_iter()
        .filter(|(_, service)| !service["build"].is_null());
    let given = given.flat_map(|(name, service)| {
        let names = keys(&service["environment"]).into_iter();
        names
            .map(|variable| (name.clone(), variable.to_owned()))
            .collect::<Vec<_>>()
    });
    let given: Vec<_> = given.collect();
    assert!(given.len() > 40, "five roles were not found");
    let unknown = given
        .iter()
        .filter(|(_, variable)| !read.contains(variable));
    assert_none(
        unknown.map(|(service, variable)| format!("{service}: {variable}")),
        "the program reads no such variable:",
    );
}

#[test]
fn the_example_has_what_the_files_are_filled_with() {
    let mut filled = BTreeSet::new();
    for file in [SITE, OBSERVABILITY] {
        filled.extend(interpolated(&read(file)));
    }
    assert!(filled.contains("POSTGRES_PASSWORD"));
    assert_eq!(filled, assigned(&read(EXAMPLE)).into_keys().collect());
}

#[test]
fn each_environment_has_its_log_lines_and_no_export() {
    for (name, format, level) in [
        ("dev", "pretty", "DEBUG"),
        ("test", "json", "INFO"),
        ("prod", "json", "ERROR"),
    ] {
        let expected = [
            ("LOG_FORMAT", format),
            ("LOG_LEVEL", level),
            ("NODE_ENV", name),
            ("OTEL_ENABLED", "false"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(
            assigned(&read(&format!("docker/.env.{name}"))),
            expected.into()
        );
    }
}

/// Gives the names between `${` and what follows them; `$${` is no interpolation.
fn interpolated(text: &str) -> BTreeSet<String> {
    let text = text.replace("$$", "");
    let after = text.split("${").skip(1);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = after.map(|rest| rest.split(|c| !is_name(c)).next().unwrap());
    names.map(str::to_owned).collect()
}

/// Gives the assignments, those in comments too: `#NAME=value`.
fn assigned(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().map(|line| line.trim_start_matches('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    let is_name = |name: &str| {
        name.chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    let pairs = pairs.filter(|(name, _)| is_name(name));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn names_are_found() {
    let text = "a: ${ONE:?set it}-${TWO_2:-x} $${THREE}";
    let names = ["ONE", "TWO_2"].map(str::to_owned);
    assert_eq!(interpolated(text), names.into());
    let assigned = assigned("# A comment with = in it.\n#ONE=1\nTWO=\n");
    assert_eq!(assigned.into_keys().collect::<Vec<_>>(), ["ONE", "TWO"]);
}
