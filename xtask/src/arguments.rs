//! The command line.

use std::ffi::OsString;

use anyhow::bail;
use lexopt::{Arg, Parser, ValueExt as _};

use crate::bench;
use crate::services::Action;

/// What `--help` shows.
pub(crate) const HELP: &str = "\
The developers' commands.

Usage: cargo xtask COMMAND

Commands:
  ci [--without-tests]    Run everything that CI checks: lint, test, the files under
                          docker, docs and bench --quick
  test [ARGUMENT…]        Start what tests need (services up), run every test, then build
                          every combination of features; arguments go to cargo test, which
                          is then all that runs: cargo xtask test -- NAME
  nightly [PART…]         What is too long for ci: lines (a million random events), writer
                          (its buffer by a model checker), crashes (programs that end 5 ms
                          after an error), abort (panic = \"abort\"), log (tracing's feature
                          log-always), tungstenite (other versions inside axum); without
                          a PART all of them
  lint [--fix]            Check formatting, lints and dependencies, or mend what can be
  docs [--serve]          Build the API documentation, the reference page and the site, or
                          serve the site on http://127.0.0.1:8001
  bench [--quick | --save-baseline] [--save-charts] [SUITE…]
                          Measure against other loggers, without a SUITE all that need no
                          server: http, demo, writer, memory and load run when they are
                          asked for. --quick: fewer rounds, and fails
                          when instruction counts exceed bench/baseline.json, which
                          --save-baseline writes. --save-charts: write the charts to
                          docs/img/bench
  services up | down | status
                          PostgreSQL, Redis and RabbitMQ for tests. up: those that answer on
                          their usual ports, or at TEST_POSTGRES_URL, TEST_REDIS_URL and
                          TEST_AMQP_URL; else by Docker Compose; else, when root, from
                          Debian's packages. down: stop what up has started. status: say
                          which answer
  demo [ARGUMENT…]        Run the tournament site; arguments go to dtx-backend

Options:
  -h, --help              Show this
";

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Help,
    Ci { with_tests: bool },
    Test(Vec<OsString>),
    Nightly(Vec<String>),
    Lint { fix: bool },
    Docs { serve: bool },
    Bench(bench::Options),
    Services(Action),
    Demo(Vec<OsString>),
}

impl Task {
    /// Reads the arguments, without the name of the program.
    ///
    /// # Errors
    ///
    /// When a command or an option is not known.
    pub(crate) fn parse<I>(arguments: I) -> anyhow::Result<Self>
    where
        I: IntoIterator<Item: Into<OsString>, IntoIter: 'static>,
    {
        let mut parser = Parser::from_args(arguments);
        let command = match parser.next()? {
            None | Some(Arg::Short('h') | Arg::Long("help")) => return Ok(Self::Help),
            Some(Arg::Value(value)) => value.string()?,
            Some(other) => return Err(other.unexpected().into()),
        };
        match &*command {
            "ci" => Ok(Self::Ci {
                with_tests: !flag(parser, "without-tests")?,
            }),
            "test" => Ok(Self::Test(parser.raw_args()?.collect())),
            "nightly" => values(parser).map(Self::Nightly),
            "lint" => Ok(Self::Lint {
                fix: flag(parser, "fix")?,
            }),
            "docs" => Ok(Self::Docs {
                serve: flag(parser, "serve")?,
            }),
            "bench" => bench_options(parser).map(Self::Bench),
            "services" => action(parser).map(Self::Services),
            "demo" => Ok(Self::Demo(
                parser
                    .raw_args()?
                    .enumerate()
                    .filter(|(index, argument)| *index > 0 || argument != "--")
                    .map(|(_, argument)| argument)
                    .collect(),
            )),
            _ => bail!("there is no command {command:?}"),
        }
    }
}

/// Reads the rest of a command line on which only the option `name` may be.
fn flag(mut parser: Parser, name: &str) -> anyhow::Result<bool> {
    let mut is_set = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long(long) if long == name => is_set = true,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(is_set)
}

/// Reads the rest of a command line that has no options.
fn values(mut parser: Parser) -> anyhow::Result<Vec<String>> {
    let mut values = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(value) => values.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(values)
}

fn action(mut parser: Parser) -> anyhow::Result<Action> {
    let action = match parser.next()? {
        Some(Arg::Value(value)) => value.string()?,
        Some(other) => return Err(other.unexpected().into()),
        None => bail!("services needs one of up, down, status"),
    };
    let action = match &*action {
        "up" => Action::Up,
        "down" => Action::Down,
        "status" => Action::Status,
        _ => bail!("services knows up, down and status, and not {action:?}"),
    };
    match parser.next()? {
        None => Ok(action),
        Some(other) => Err(other.unexpected().into()),
    }
}

fn bench_options(mut parser: Parser) -> anyhow::Result<bench::Options> {
    let mut options = bench::Options::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("quick") => options.quick = true,
            Arg::Long("save-baseline") => options.save_baseline = true,
            Arg::Long("save-charts") => options.save_charts = true,
            Arg::Value(suite) => options.suites.push(suite.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if options.save_baseline && (options.quick || !options.suites.is_empty()) {
        bail!("--save-baseline measures every suite: give neither --quick nor a suite with it");
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Task, String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Task::parse(arguments).map_err(|error| error.to_string())
    }

    #[test]
    fn without_arguments_help_is_shown() {
        assert_eq!(parse(""), Ok(Task::Help));
        assert_eq!(parse("--help"), Ok(Task::Help));
    }

    #[test]
    fn options_belong_to_their_command() {
        assert_eq!(parse("lint"), Ok(Task::Lint { fix: false }));
        assert_eq!(parse("lint --fix"), Ok(Task::Lint { fix: true }));
        assert_eq!(parse("docs --serve"), Ok(Task::Docs { serve: true }));
        assert_eq!(
            parse("ci --without-tests"),
            Ok(Task::Ci { with_tests: false })
        );
        assert!(parse("docs --fix").unwrap_err().contains("--fix"));
    }

    #[test]
    fn arguments_of_test_and_demo_are_passed_on() {
        assert_eq!(
            parse("test -- a_name"),
            Ok(Task::Test(vec!["--".into(), "a_name".into()]))
        );
        for line in ["demo -- --version", "demo --version"] {
            assert_eq!(parse(line), Ok(Task::Demo(vec!["--version".into()])));
        }
    }

    #[test]
    fn nightly_takes_names_of_parts() {
        assert_eq!(parse("nightly"), Ok(Task::Nightly(Vec::new())));
        assert_eq!(
            parse("nightly lines abort"),
            Ok(Task::Nightly(vec!["lines".into(), "abort".into()]))
        );
        assert!(parse("nightly --lines").is_err());
    }

    #[test]
    fn services_take_one_action() {
        assert_eq!(parse("services up"), Ok(Task::Services(Action::Up)));
        assert_eq!(parse("services status"), Ok(Task::Services(Action::Status)));
        for line in [
            "services",
            "services pu",
            "services up down",
            "services --up",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn an_unknown_command_is_named() {
        assert!(parse("tset").unwrap_err().contains("tset"));
    }

    #[test]
    fn a_baseline_is_of_every_suite() {
        assert!(parse("bench --save-baseline --save-charts").is_ok());
        assert!(parse("bench --save-baseline line").is_err());
    }
}
