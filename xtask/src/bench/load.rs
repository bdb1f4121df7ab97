//! The demo under load. See `bench/src/load.rs`.

use anyhow::{Context as _, ensure};

use crate::bench::contender::Program;
use crate::process;
use crate::workspace::{cargo, root};

/// What it is called among the suites.
pub(crate) const SUITE: &str = "load";

/// Far from what the demo can do, and all that it can.
const PACES: [&str; 2] = ["2000", "full"];

/// Builds the demo and measures it. Prints the tables as they come.
///
/// # Errors
///
/// When the demo does not build, or does not answer.
pub(crate) fn run(program: &Program) -> anyhow::Result<()> {
    let mut build = cargo(["build", "--release", "--package", "dtx-backend"]);
    build.arg("--target-dir").arg(root().join("target"));
    let status = build.status().context("cannot run cargo")?;
    ensure!(status.success(), "`{}` failed", process::line(&build));
    let name = format!("dtx-backend{}", std::env::consts::EXE_SUFFIX);
    let demo = root().join("target/release").join(name);
    let mut load = program.command();
    load.arg(SUITE).arg(demo).args(PACES);
    let status = load.status().context("cannot run the benchmarks")?;
    ensure!(status.success(), "`{}` failed", process::line(&load));
    Ok(())
}
