//! `lint`: formatting, lints and dependencies.

use crate::process;
use crate::steps::Steps;
use crate::workspace::cargo;

/// Makes cargo work on the workspace of benchmarks, which the root's excludes.
const BENCH: &str = "--manifest-path=bench/Cargo.toml";

/// Checks without changing anything.
pub(crate) fn check(steps: &mut Steps) {
    steps.run(&mut cargo(["fmt", "--all", "--check"]));
    steps.run(&mut cargo(["fmt", BENCH, "--check"]));
    for scope in ["--workspace", BENCH] {
        steps.run(
            cargo(["clippy", scope, "--all-targets", "--all-features"]).args(["--", "-Dwarnings"]),
        );
    }
    if process::succeeds(&mut cargo(["deny", "--version"])) {
        steps.run(&mut cargo(["deny", "check"]));
    } else {
        steps.leave_out("cargo deny check", "cargo-deny is not installed");
    }
}

/// Formats, and applies the changes that clippy proposes.
pub(crate) fn fix(steps: &mut Steps) {
    for scope in ["--workspace", BENCH] {
        steps.run(
            cargo(["clippy", scope, "--all-targets", "--all-features"]).args([
                "--fix",
                "--allow-dirty",
                "--allow-staged",
            ]),
        );
    }
    steps.run(&mut cargo(["fmt", "--all"]));
    steps.run(&mut cargo(["fmt", BENCH]));
}
