//! `demo`: the tournament site.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::process;
use crate::workspace::cargo;

/// Runs the demo in place of this program.
///
/// # Errors
///
/// When cargo cannot be started.
pub(crate) fn run(arguments: &[OsString]) -> anyhow::Result<ExitCode> {
    let mut command = cargo(["run", "--package", "dtx-backend", "--"]);
    command.args(arguments);
    process::become_it(command)
}
