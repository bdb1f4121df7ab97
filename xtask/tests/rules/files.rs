//! Rules of each file by itself.

use crate::source::Source;
use crate::{Violation, assert_none};

const MOST_LINES: usize = 400;

/// Spelt in parts, so that this file keeps the rule.
const MARKERS: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

#[test]
fn each_file_begins_with_its_purpose() {
    assert_none(
        Source::all().iter().filter_map(without_purpose),
        "say what the file is for in a `//!` comment, before all else:",
    );
}

#[test]
fn no_file_is_too_long() {
    assert_none(
        Source::all().iter().filter_map(too_long),
        "give each concern a file of its own:",
    );
}

#[test]
fn no_module_is_a_mod_rs() {
    assert_none(
        Source::all().iter().filter_map(mod_rs),
        "name the file as its module, beside the folder:",
    );
}

#[test]
fn nothing_is_left_to_be_done() {
    assert_none(
        Source::all().iter().flat_map(markers),
        "do it, or write an issue:",
    );
}

fn without_purpose(source: &Source) -> Option<Violation> {
    (!source.text.starts_with("//!")).then(|| source.violation(1, "does not begin with `//!`"))
}

fn too_long(source: &Source) -> Option<Violation> {
    let lines = source.lines_of_code();
    (lines > MOST_LINES).then(|| {
        source.violation(
            1,
            format!("has {lines} lines of code, more than {MOST_LINES}"),
        )
    })
}

fn mod_rs(source: &Source) -> Option<Violation> {
    let is_one = source.path.ends_with("/mod.rs");
    is_one.then(|| source.violation(1, "is a mod.rs"))
}

fn markers(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let mut words = line.split(|c: char| !c.is_alphanumeric());
        if let Some(marker) = words.find(|word| MARKERS.contains(word)) {
            violations.push(source.violation(index + 1, format!("says {marker}")));
        }
    }
    violations
}

#[test]
fn a_file_that_breaks_a_rule_is_found() {
    let text = format!("\n//! Late.\n// {}: more\n", MARKERS[0]);
    let source = Source::new("src/late/mod.rs", &text);
    assert!(without_purpose(&source).is_some());
    assert!(mod_rs(&source).is_some());
    assert_eq!(markers(&source)[0].line, 3);

    let lines = |count| Source::new("src/long.rs", &"const A: u8 = 1;\n\n// why\n".repeat(count));
    assert!(too_long(&lines(MOST_LINES)).is_none());
    assert!(too_long(&lines(MOST_LINES + 1)).is_some());
}
