//! The program from its arguments to its end.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use telemetry_core::{Config, Environment};
use telemetry_otel::{Otel, OtelConfig};
use tokio::runtime::Runtime;

use crate::command::{self, Command};
use crate::doctor::CertificateReport;
use crate::roles::{self, Role};
use crate::settings::Settings;

const SERVICE_NAME: &str = env!("CARGO_PKG_NAME");
/// apalis says in its own words what the lines of jobs say already.
const APALIS: &str = "apalis_core=error";
/// How long the end of the program waits for tasks that were cut off.
const TASKS_DEADLINE: Duration = Duration::from_secs(1);
/// How long the doctor tries to reach the collector.
const DOCTOR_TIMEOUT: Duration = Duration::from_secs(5);

/// Does what the arguments say, with the settings that the environment gives.
///
/// A failure that is not an error is what the doctor found, once it is printed.
///
/// # Errors
///
/// When an argument or a setting is not valid, or a role cannot be played. The error and
/// its sources say on one line what to do.
pub fn run<I>(arguments: I, environment: &Environment) -> anyhow::Result<ExitCode>
where
    I: IntoIterator<Item: Into<OsString>, IntoIter: 'static>,
{
    match Command::parse(arguments)? {
        Command::Run(roles) => run_roles(roles, environment)?,
        Command::Doctor => return doctor(environment),
        Command::Help => print(&command::help())?,
        Command::Version => print(concat!("dtx-backend ", env!("CARGO_PKG_VERSION"), "\n"))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn run_roles(roles: &[Role], environment: &Environment) -> anyhow::Result<()> {
    let settings = Settings::from_environment(environment)?;
    let telemetry = Otel::builder()
        .with_config(config(environment).with_directive(APALIS.parse()?))
        .with_otel(OtelConfig::from_environment(environment))
        .with_service_version(env!("CARGO_PKG_VERSION"))
        .install()?;
    let runtime = Runtime::new().context("cannot start the threads of the program")?;
    let result = runtime.block_on(roles::run(roles, &settings, &telemetry));
    // Telemetry outlives the tasks: requests and jobs that are cut off here write their lines.
    runtime.shutdown_timeout(TASKS_DEADLINE);
    drop(telemetry);
    result
}

/// Prints what the doctor finds, without installing telemetry.
fn doctor(environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = config(environment);
    let report = telemetry_otel::doctor(&config, environment, DOCTOR_TIMEOUT);
    let certificates = CertificateReport::new(environment);
    print(&format!("{report}{certificates}"))?;
    Ok(if report.can_export() && certificates.is_well() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The settings of telemetry.
fn config(environment: &Environment) -> Config {
    Config::default()
        .with_service_name(SERVICE_NAME)
        .with_environment(environment)
}

fn print(text: &str) -> anyhow::Result<()> {
    io::stdout()
        .write_all(text.as_bytes())
        .context("cannot write to the standard output")
}
