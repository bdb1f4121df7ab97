//! The suites that run servers and threads. Each is measured by the program of all contenders,
//! and takes minutes.

mod layouts;
mod measured;
mod table;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};

use crate::bench::Options;
use crate::bench::contender::Program;
use crate::bench::live::layouts::LAYOUTS;
use crate::bench::live::measured::Measured;
use crate::bench::live::table::Layout;
use crate::bench::report::DOCUMENTATION;
use crate::process;
use crate::workspace::{cargo, root};

/// How many turns contenders have when it is to be quick.
const QUICK_TURNS: u32 = 2;

/// What they are called.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    LAYOUTS.iter().map(|layout| layout.name)
}

/// Measures a suite, prints its tables, and writes them to `target/bench`, as Markdown and as
/// JSON, and its chart, if it has one. Does nothing when there is no such suite.
///
/// # Errors
///
/// When it cannot be run.
pub(crate) fn run(program: &Program, name: &str, options: &Options) -> anyhow::Result<()> {
    let Some(layout) = LAYOUTS.iter().find(|layout| layout.name == name) else {
        return Ok(());
    };
    let mut command = program.command();
    let turns = if options.quick {
        QUICK_TURNS
    } else {
        layout.turns
    };
    command.args(["in-turns", name]).arg(turns.to_string());
    if layout.needs_demo {
        command.arg(build_demo()?);
    }
    let measured = Measured::by(&mut command)?;
    let text = layout.markdown(&measured);
    println!("\n{text}");
    write(layout, &measured, &text)?;
    write_chart(layout, &measured, options.save_charts)
}

fn build_demo() -> anyhow::Result<PathBuf> {
    let mut build = cargo(["build", "--release", "--package", "dtx-backend"]);
    build.arg("--target-dir").arg(root().join("target"));
    let status = build.status().context("cannot run cargo")?;
    ensure!(status.success(), "`{}` failed", process::line(&build));
    let name = format!("dtx-backend{}", std::env::consts::EXE_SUFFIX);
    Ok(root().join("target/release").join(name))
}

fn write(layout: &Layout, measured: &Measured, text: &str) -> anyhow::Result<()> {
    let directory = root().join("target/bench");
    let path = directory.join(layout.name);
    fs::create_dir_all(&directory)
        .and_then(|()| fs::write(path.with_extension("md"), text))
        .and_then(|()| {
            let json = serde_json::to_string_pretty(measured)?;
            fs::write(path.with_extension("json"), json)
        })
        .with_context(|| format!("cannot write results to {}", directory.display()))?;
    println!("written to {}.md and .json", path.display());
    Ok(())
}

fn write_chart(layout: &Layout, measured: &Measured, is_saved: bool) -> anyhow::Result<()> {
    let Some(chart) = layout.chart(measured) else {
        return Ok(());
    };
    let documentation = is_saved.then_some(DOCUMENTATION);
    for directory in ["target/bench"].into_iter().chain(documentation) {
        let path = root().join(directory);
        fs::create_dir_all(&path)
            .and_then(|()| fs::write(path.join(layout.name).with_extension("svg"), &chart))
            .with_context(|| format!("cannot write the chart to {directory}"))?;
    }
    Ok(())
}
