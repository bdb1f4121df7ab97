//! The program from its arguments to its end.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use telemetry_core::{Config, Environment, Telemetry};

use crate::command::{self, Command};
use crate::server;
use crate::settings::Settings;

const SERVICE_NAME: &str = env!("CARGO_PKG_NAME");
/// How long the end of the program waits for log lines to be written.
const FLUSH_DEADLINE: Duration = Duration::from_secs(5);

/// Does what the arguments say, with the settings that the environment gives.
///
/// # Errors
///
/// When an argument or a setting is not valid, or the site cannot be served. The error and
/// its sources say on one line what to do.
pub async fn run<I>(arguments: I, environment: &Environment) -> anyhow::Result<()>
where
    I: IntoIterator<Item: Into<OsString>, IntoIter: 'static>,
{
    match Command::parse(arguments)? {
        Command::Serve => serve(environment).await,
        Command::Help => print(&command::help()),
        Command::Version => print(concat!("dtx-backend ", env!("CARGO_PKG_VERSION"), "\n")),
    }
}

async fn serve(environment: &Environment) -> anyhow::Result<()> {
    let settings = Settings::from_environment(environment)?;
    let config = Config::default()
        .with_service_name(SERVICE_NAME)
        .with_environment(environment);
    let telemetry = Telemetry::builder().with_config(config).install()?;
    let result = server::serve(&settings, &telemetry).await;
    telemetry.shutdown(FLUSH_DEADLINE).await;
    result
}

fn print(text: &str) -> anyhow::Result<()> {
    io::stdout()
        .write_all(text.as_bytes())
        .context("cannot write to the standard output")
}
