//! The rules of the workspace, as tests. A failure says where, and what to do.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod attributes;
mod dependencies;
mod deployment;
mod files;
mod generated;
mod manifests;
mod names;
mod source;

use std::fmt::{self, Display};
use std::path::Path;
use std::process::Command;

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    /// Relative to the workspace's root.
    file: String,
    line: usize,
    problem: String,
}

impl Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.problem)
    }
}

/// Fails with all `violations`, one a line, and with what to do about them.
#[track_caller]
fn assert_none<V: Display>(violations: impl IntoIterator<Item = V>, what_to_do: &str) {
    let violations: Vec<_> = violations.into_iter().map(|v| v.to_string()).collect();
    assert!(
        violations.is_empty(),
        "{what_to_do}\n{}",
        violations.join("\n")
    );
}

/// The workspace's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Reads a file of the workspace.
fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Gives what cargo prints.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new("cargo")
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "cargo {} failed: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
