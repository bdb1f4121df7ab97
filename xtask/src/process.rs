//! Running other programs.

use std::ffi::OsStr;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context as _;

/// Gives the line that a developer would type to run `command`.
pub(crate) fn line(command: &Command) -> String {
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", quoted(name), quoted(value?))));
    let words = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(quoted);
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

/// Says whether `command` is installed: it runs and succeeds. What it prints is not shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs `command` in place of this program, so that signals reach it alone and its exit
/// code is ours.
///
/// # Errors
///
/// When it cannot be started.
pub(crate) fn become_it(mut command: Command) -> anyhow::Result<ExitCode> {
    println!("$ {}", line(&command));
    #[cfg(unix)]
    let started = {
        use std::os::unix::process::CommandExt as _;
        Err(command.exec())
    };
    #[cfg(not(unix))]
    let started = command.status().map(|status| match status.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    });
    started.with_context(|| format!("cannot run {}", line(&command)))
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.contains(char::is_whitespace) {
        format!("'{word}'")
    } else {
        word.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_pasted_into_a_shell() {
        let mut command = Command::new("cargo");
        command.arg("doc").env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(line(&command), "RUSTDOCFLAGS='-D warnings' cargo doc");
    }
}
