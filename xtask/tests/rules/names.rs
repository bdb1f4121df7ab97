//! Field and event names have one home.

use std::collections::BTreeSet;

use crate::source::Source;
use crate::{Violation, assert_none, read};

const HOME: &str = "crates/telemetry-core/src/names.rs";

/// The names that the workspace defines, and the constants that it takes from OpenTelemetry's
/// semantic conventions.
struct Names {
    defined: BTreeSet<String>,
    taken: BTreeSet<String>,
}

#[test]
fn field_and_event_names_are_constants() {
    let names = Names::new(&Source::new(HOME, &read(HOME)));
    assert!(names.is_name("request.id") && names.is_name("request_completed"));
    assert!(names.is_name("http.route"), "of the semantic conventions");
    assert!(
        !names.is_name("."),
        "in the macros of the home, and no name"
    );
    assert_none(
        Source::all()
            .iter()
            .filter(|source| may_not_spell_names(&source.path))
            .flat_map(|source| violations(source, &names)),
        "use the constant of `telemetry_core::names`:",
    );
}

impl Names {
    fn new(home: &Source) -> Self {
        let defined = home.literals().into_iter().map(|literal| literal.text);
        let code = home.text.lines().filter(|line| !line.starts_with("//"));
        let words = code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
        let taken = words.filter(|word| {
            word.starts_with(|c: char| c.is_ascii_uppercase()) && *word == word.to_uppercase()
        });
        Self {
            defined: defined.filter(|name| is_distinct(name)).collect(),
            taken: taken.map(str::to_owned).collect(),
        }
    }

    /// Says whether `text` is a name. The constant for `http.response.status_code` is
    /// `HTTP_RESPONSE_STATUS_CODE`.
    fn is_name(&self, text: &str) -> bool {
        let constant = text.replace('.', "_").to_uppercase();
        self.defined.contains(text) || text.contains('.') && self.taken.contains(&constant)
    }
}

/// Says whether a string is unlikely to mean anything but the name. `level`, `event`,
/// `error` and other single words are also words of messages, settings and other formats.
fn is_distinct(name: &str) -> bool {
    name.contains(['.', '_']) && name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Tests say literally what they expect, and benchmarks also what others write.
fn may_not_spell_names(path: &str) -> bool {
    let is_source = path.starts_with("crates/") && path.contains("/src/");
    is_source && path != HOME && !path.ends_with("/tests.rs")
}

fn violations(source: &Source, names: &Names) -> Vec<Violation> {
    let lines: Vec<_> = source.text.lines().collect();
    let literals = source.literals().into_iter();
    literals
        .filter(|literal| names.is_name(&literal.text))
        .filter(|literal| !is_rust_field(lines[literal.line - 1], &literal.text))
        .map(|literal| source.violation(literal.line, format!("spells {:?}", literal.text)))
        .collect()
}

/// Says whether a line of a `Debug` implementation shows a Rust field, which happens to be
/// called as a field of log lines is.
fn is_rust_field(line: &str, name: &str) -> bool {
    line.contains(&format!(".field(\"{name}\", &self.{name})"))
}

#[test]
fn a_name_that_is_spelt_out_is_found() {
    let home = "pub use conventions::{URL_PATH};
        pub const LEVEL: &str = \"level\";
        pub const OTHER_ID: &str = \"user_id\";
        pub const USER_ID: &str = \"user.id\";";
    let names = Names::new(&Source::new(HOME, home));
    let text = "/// Binds `user.id`.
        fn f() {
            bind(\"user.id\", \"level\");
            info!({ \"url.path\" } = 1, \"users\");
            debug.field(\"user_id\", &self.user_id);
        }";
    let violations = violations(&Source::new("crates/a/src/lib.rs", text), &names);
    let lines: Vec<_> = violations.iter().map(|violation| violation.line).collect();
    assert_eq!(lines, [3, 4]);
}
