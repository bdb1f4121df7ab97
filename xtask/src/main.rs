//! The developers' commands: `cargo xtask --help`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what the commands do"
)]

mod arguments;
mod bench;
mod ci;
mod demo;
mod deployment;
mod docs;
mod lint;
mod nightly;
mod packages;
mod process;
mod services;
mod steps;
mod test;
mod virtualenv;
mod workspace;

use std::process::ExitCode;

use crate::arguments::{HELP, Task};
use crate::steps::Steps;

fn main() -> ExitCode {
    let task = match Task::parse(std::env::args_os().skip(1)) {
        Ok(task) => task,
        Err(error) => {
            eprintln!("error: {error}; `cargo xtask --help` shows what there is");
            return ExitCode::from(2);
        }
    };
    match run(task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<ExitCode> {
    let mut steps = Steps::new();
    if matches!(task, Task::Ci { .. } | Task::Test(_)) {
        packages::install_tools(&mut steps);
    }
    match task {
        Task::Help => {
            print!("{HELP}");
            return Ok(ExitCode::SUCCESS);
        }
        Task::Demo(arguments) => return demo::run(&arguments),
        Task::Docs { serve: true } => return docs::serve(),
        Task::Ci { with_tests } => ci::run(&mut steps, with_tests)?,
        Task::Test(arguments) => test::run(&mut steps, &arguments)?,
        Task::Nightly(parts) => nightly::run(&mut steps, &parts)?,
        Task::Lint { fix: false } => lint::check(&mut steps),
        Task::Lint { fix: true } => lint::fix(&mut steps),
        Task::Docs { serve: false } => docs::build(&mut steps, docs::Reference::Write),
        Task::Bench(options) => bench::run(&options)?,
        Task::Services(action) => services::run(action)?,
    }
    Ok(steps.finish())
}
