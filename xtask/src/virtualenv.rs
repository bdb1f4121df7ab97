//! The Python environment with what builds the site and looks at the files under `docker/`.

use std::path::PathBuf;
use std::process::Command;
use std::{fs, io};

use anyhow::{Context as _, bail};

use crate::process;
use crate::workspace::{self, command};

const REQUIREMENTS: [&str; 2] = ["docs/requirements.txt", "docker/requirements.txt"];

/// Makes `.venv` from the requirements, unless it was made from the same already.
///
/// # Errors
///
/// When Python or its `venv` module is missing, or the packages cannot be installed.
pub(crate) fn prepare() -> anyhow::Result<()> {
    let mut requirements = String::new();
    let mut install = Command::new(directory().join("bin/python"));
    install.args(["-m", "pip", "install", "--quiet"]);
    install.arg("--disable-pip-version-check");
    for file in REQUIREMENTS {
        let path = workspace::root().join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {file}"))?;
        requirements.push_str(&text);
        install.arg("--requirement").arg(path);
    }
    // Written last, so that a half-made environment is made again.
    let stamp = directory().join("requirements.stamp");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == requirements) {
        println!("up to date with {}", REQUIREMENTS.join(" and "));
        return Ok(());
    }
    run(command("python3").args(["-m", "venv", "--clear", ".venv"])).context(
        "it takes Python's venv module: install it \
         (on Debian and Ubuntu: apt-get install python3-venv)",
    )?;
    run(&mut install)?;
    fs::write(&stamp, requirements).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Gives a program of the environment, which [`prepare`] makes.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(directory().join("bin").join(name));
    command.current_dir(workspace::root());
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
