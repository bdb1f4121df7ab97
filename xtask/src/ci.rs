//! `ci`: everything that CI checks.

use crate::bench::{self, instructions};
use crate::steps::Steps;
use crate::{deployment, docs, lint, test};

/// Runs all checks; those of `test` unless the caller has run them already.
///
/// # Errors
///
/// When the crates cannot be listed.
pub(crate) fn run(steps: &mut Steps, with_tests: bool) -> anyhow::Result<()> {
    lint::check(steps);
    if with_tests {
        test::run(steps, &[])?;
    } else {
        steps.leave_out("cargo xtask test", "--without-tests");
    }
    deployment::check(steps);
    docs::build(steps, docs::Reference::Check);
    let quick = bench::Options {
        quick: true,
        ..bench::Options::default()
    };
    if instructions::can_be_counted() {
        steps.check("cargo xtask bench --quick", || bench::run(&quick));
    } else {
        steps.leave_out("cargo xtask bench --quick", "valgrind is missing");
    }
    Ok(())
}
