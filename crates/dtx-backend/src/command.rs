//! The command line.

use std::ffi::OsString;
use std::fmt::Write as _;

use anyhow::bail;
use lexopt::{Arg, Parser};
use telemetry_core::Variable;

use crate::roles::Role;
use crate::settings::VARIABLES;

/// What the program is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// To play these roles.
    Run(&'static [Role]),
    Doctor,
    Help,
    Version,
}

impl Command {
    /// Reads the arguments, without the name of the program.
    ///
    /// # Errors
    ///
    /// When there is one that is not known.
    pub(crate) fn parse<I>(arguments: I) -> anyhow::Result<Self>
    where
        I: IntoIterator<Item: Into<OsString>, IntoIter: 'static>,
    {
        let mut parser = Parser::from_args(arguments);
        let mut command = None;
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Short('h') | Arg::Long("help") => return Ok(Self::Help),
                Arg::Short('V') | Arg::Long("version") => return Ok(Self::Version),
                Arg::Value(value) if command.is_none() => {
                    command = value.to_str().and_then(Self::named);
                    if command.is_none() {
                        bail!("{}; see dtx-backend --help", Arg::Value(value).unexpected());
                    }
                }
                other => bail!("{}; see dtx-backend --help", other.unexpected()),
            }
        }
        Ok(command.unwrap_or(Self::Run(Role::ALL)))
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "serve" => Some(Self::Run(&[Role::Serve])),
            "worker" => Some(Self::Run(&[Role::Worker])),
            "bot" => Some(Self::Run(&[Role::Bot])),
            "notifier" => Some(Self::Run(&[Role::Notifier])),
            "transitioner" => Some(Self::Run(&[Role::Transitioner])),
            "doctor" => Some(Self::Doctor),
            _ => None,
        }
    }
}

/// What `--help` shows.
pub(crate) fn help() -> String {
    let variables = VARIABLES.iter().fold(String::new(), |mut text, variable| {
        let Variable {
            name,
            default,
            meaning,
        } = variable;
        // Writing to a string does not fail.
        let _infallible = write!(text, "\n  {name}\n      {meaning} [{default}]");
        text
    });
    format!(
        "\
The DTX tournament site.

Usage: dtx-backend [serve | worker | bot | notifier | transitioner | doctor]

Without a command it does what all but doctor do, in one process.

Commands:
  serve         Serve the HTTP API and WebSockets
  worker        Do background jobs
  bot           Answer commands of a chat, by interactions as Discord's, and announce games there
  notifier      Send notices of games that are about to begin
  transitioner  Begin and end games when their time has come
  doctor        Show the settings of telemetry and find out whether export can work; exits with 1
                when export is on and cannot

Options:
  -h, --help       Show this
  -V, --version    Show the version

Settings come from the environment:{variables}
and those of telemetry, such as LOG_LEVEL, LOG_FORMAT and NODE_ENV.
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_arguments_all_roles_are_played() {
        for (arguments, roles) in [
            (&[][..], Role::ALL),
            (&["serve"], &[Role::Serve]),
            (&["worker"], &[Role::Worker]),
            (&["bot"], &[Role::Bot]),
            (&["notifier"], &[Role::Notifier]),
            (&["transitioner"], &[Role::Transitioner]),
        ] {
            let command = Command::parse(arguments.iter().copied()).unwrap();
            assert_eq!(command, Command::Run(roles), "{arguments:?}");
        }
    }

    #[test]
    fn the_doctor_is_called_alone() {
        assert_eq!(Command::parse(["doctor"]).unwrap(), Command::Doctor);
        assert!(Command::parse(["doctor", "serve"]).is_err());
        assert!(Command::parse(["serve", "doctor"]).is_err());
    }

    #[test]
    fn help_and_version_are_shown_on_request() {
        for (argument, command) in [
            ("-h", Command::Help),
            ("--help", Command::Help),
            ("-V", Command::Version),
            ("--version", Command::Version),
        ] {
            assert_eq!(Command::parse([argument]).unwrap(), command);
            assert_eq!(Command::parse(["serve", argument]).unwrap(), command);
        }
    }

    #[test]
    fn an_unknown_argument_is_named() {
        for argument in ["sevre", "--port", "-x"] {
            let error = Command::parse([argument]).unwrap_err().to_string();
            assert!(error.contains(argument), "{error}");
        }
        assert!(Command::parse(["serve", "serve"]).is_err());
    }
}
