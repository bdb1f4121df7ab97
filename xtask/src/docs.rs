//! `docs`: the API documentation, the generated reference page and the site.

use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail, ensure};

use crate::steps::Steps;
use crate::workspace::{self, cargo};
use crate::{process, virtualenv};

const REFERENCE: &str = "docs/dev/telemetry/reference.md";

/// What to do with the reference page.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reference {
    /// Generate it anew.
    Write,
    /// Fail when it is not what would be generated.
    Check,
}

/// Builds all documentation. Warnings are failures.
pub(crate) fn build(steps: &mut Steps, reference: Reference) {
    steps.run(
        cargo(["doc", "--workspace", "--all-features", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    );
    match reference {
        Reference::Write => steps.check(&format!("write {REFERENCE}"), write_reference),
        Reference::Check => steps.check(&format!("check {REFERENCE}"), check_reference),
    };
    if steps.check("prepare .venv", virtualenv::prepare) {
        steps.run(mkdocs().args(["build", "--strict"]));
    }
}

/// Serves the site in place of this program, and rebuilds it as its pages change.
///
/// # Errors
///
/// When `mkdocs` cannot be installed or started.
pub(crate) fn serve() -> anyhow::Result<ExitCode> {
    virtualenv::prepare()?;
    let mut command = mkdocs();
    command.args(["serve", "-a", "127.0.0.1:8001"]);
    process::become_it(command)
}

fn mkdocs() -> Command {
    let mut command = virtualenv::program("mkdocs");
    // Material announces its successor on each build otherwise.
    command.env("NO_MKDOCS_2_WARNING", "1");
    command
}

fn write_reference() -> anyhow::Result<()> {
    fs::write(workspace::root().join(REFERENCE), generated()?)
        .with_context(|| format!("cannot write {REFERENCE}"))
}

fn check_reference() -> anyhow::Result<()> {
    let page = fs::read(workspace::root().join(REFERENCE))
        .with_context(|| format!("cannot read {REFERENCE}"))?;
    if page != generated()? {
        bail!("{REFERENCE} is out of date: run `cargo xtask docs`");
    }
    Ok(())
}

fn generated() -> anyhow::Result<Vec<u8>> {
    let mut command = cargo(["run", "--quiet", "--package", "dtx-backend"]);
    command.args(["--example", "reference"]);
    let output = command.output().context("cannot run cargo")?;
    ensure!(
        output.status.success(),
        "`{}` failed: {}",
        process::line(&command),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}
