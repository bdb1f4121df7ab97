//! Debian's packages, where they can be installed.

use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::process;
use crate::steps::Steps;

/// Programs that tests and checks use where they are, and the packages that have them.
const TOOLS: [(&str, &str); 5] = [
    ("chromium", "chromium"),
    (
        "prometheus-postgres-exporter",
        "prometheus-postgres-exporter",
    ),
    ("prometheus-redis-exporter", "prometheus-redis-exporter"),
    ("promtool", "prometheus"),
    ("valgrind", "valgrind"),
];

/// Says whether packages can be installed: on Debian and its like, by root.
pub(crate) fn can_install() -> bool {
    let is_root = Command::new("id").arg("-u").output();
    is_root.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
        && process::succeeds(Command::new("apt-get").arg("--version"))
}

/// Installs those that are missing; what packages merely recommend is left out.
///
/// # Errors
///
/// When that fails.
pub(crate) fn install(names: &[&str]) -> anyhow::Result<()> {
    let missing = names.iter().filter(|name| !is_installed(name));
    let missing: Vec<_> = missing.copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    // Lists that are there may be old, and then name files that are gone.
    apt_get(&["update"])?;
    apt_get(
        &[
            &["install", "--yes", "--no-install-recommends"],
            &missing[..],
        ]
        .concat(),
    )
}

/// Installs the tools that are missing; where it cannot, notes what is left out without them.
pub(crate) fn install_tools(steps: &mut Steps) {
    let missing = TOOLS.iter().filter(|(program, _)| !is_there(program));
    let missing: Vec<_> = missing.map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return;
    }
    let step = format!("install {}", missing.join(" "));
    if can_install() {
        steps.check(&step, || install(&missing));
    } else {
        steps.leave_out(
            &step,
            "it takes root on Debian or Ubuntu; what needs it is left out",
        );
    }
}

fn is_installed(package: &str) -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status}", package]);
    let status = query.output();
    status.is_ok_and(|output| output.stdout == b"installed")
}

fn is_there(program: &str) -> bool {
    process::succeeds(Command::new(program).arg("--version"))
}

fn apt_get(arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new("apt-get");
    command.args(["--quiet", "--quiet"]).args(arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    let line = process::line(&command);
    println!("$ {line}");
    let status = command.status().context("cannot run apt-get")?;
    ensure!(status.success(), "`{line}` failed with {status}");
    Ok(())
}
