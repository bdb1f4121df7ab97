//! The Python environment that builds the site.

use std::path::PathBuf;
use std::process::Command;
use std::{fs, io};

use anyhow::{Context as _, bail};

use crate::process;
use crate::workspace::{self, command};

const REQUIREMENTS: &str = "docs/requirements.txt";

/// Makes `.venv` from the requirements, unless it was made from the same already.
///
/// # Errors
///
/// When Python or its `venv` module is missing, or the packages cannot be installed.
pub(crate) fn prepare() -> anyhow::Result<()> {
    let requirements = fs::read_to_string(workspace::root().join(REQUIREMENTS))
        .with_context(|| format!("cannot read {REQUIREMENTS}"))?;
    // Written last, so that a half-made environment is made again.
    let stamp = directory().join("requirements.stamp");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == requirements) {
        println!("up to date with {REQUIREMENTS}");
        return Ok(());
    }
    run(command("python3").args(["-m", "venv", "--clear", ".venv"])).context(
        "the site is built with Python's venv module: install it \
         (on Debian and Ubuntu: apt-get install python3-venv)",
    )?;
    let python = directory().join("bin/python");
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    run(Command::new(python)
        .args(install)
        .arg("--requirement")
        .arg(workspace::root().join(REQUIREMENTS)))?;
    fs::write(&stamp, requirements).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Gives the `mkdocs` of the environment, which [`prepare`] makes.
pub(crate) fn mkdocs() -> Command {
    let mut command = Command::new(directory().join("bin/mkdocs"));
    command.current_dir(workspace::root());
    // Material announces its successor on each build otherwise.
    command.env("NO_MKDOCS_2_WARNING", "1");
    command
}

fn directory() -> PathBuf {
    workspace::root().join(".venv")
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = process::line(command);
    println!("$ {line}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("`{line}` failed with {status}"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("{} is not installed", command.get_program().display())
        }
        Err(error) => Err(error).with_context(|| format!("cannot run `{line}`")),
    }
}
