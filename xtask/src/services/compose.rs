//! Servers in containers: those of the site's own Compose file, as another project of it.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::Service;
use super::started::{self, Started};
use crate::process;
use crate::workspace::command;

/// Says whether an engine answers, and Docker has its Compose plugin.
pub(super) fn is_there() -> bool {
    process::succeeds(command("docker").arg("info"))
        && process::succeeds(command("docker").args(["compose", "version"]))
}

/// Starts them, and waits until they are healthy.
///
/// # Errors
///
/// When that fails.
pub(super) fn up(services: &[&Service]) -> anyhow::Result<()> {
    fs::create_dir_all(started::directory()).context("cannot make target/services")?;
    // Noted first, so that what is half up is taken down, too.
    for service in services {
        Started::ByCompose.note(service.key)?;
    }
    let mut compose = compose();
    compose.args(["up", "--detach", "--wait"]);
    run(compose.args(services.iter().map(|service| service.key)))
}

/// Stops all that [`up`] started, and removes what they stored.
///
/// # Errors
///
/// When that fails.
pub(super) fn down() -> anyhow::Result<()> {
    run(compose().args(["down", "--volumes"]))
}

/// Gives a `docker compose` with passwords for the files: those that tests know.
pub(crate) fn with_passwords() -> Command {
    let mut compose = command("docker");
    compose.arg("compose");
    for password in ["POSTGRES_PASSWORD", "REDIS_PASSWORD", "RABBITMQ_PASSWORD"] {
        compose.env(password, "tests");
    }
    compose
}

fn compose() -> Command {
    let mut compose = with_passwords();
    compose.arg("--project-name=telemetry-tests");
    compose.arg("--file=docker/docker-compose.yaml");
    compose
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = process::line(command);
    println!("$ {line}");
    let status = command.status().context("cannot run docker")?;
    ensure!(status.success(), "`{line}` failed with {status}");
    Ok(())
}
