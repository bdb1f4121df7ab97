//! The program `dtx-backend`.

use std::io::Write as _;
use std::process::ExitCode;

use telemetry_core::Environment;

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1);
    let error = match dtx_backend::run(arguments, &Environment::from_process()) {
        Ok(code) => return code,
        Err(error) => error,
    };
    // One line, whatever the sources of the error hold. Nobody may be there to read it.
    let message = format!("{error:#}").replace('\n', " ");
    let _is_read = writeln!(std::io::stderr(), "dtx-backend: {message}");
    ExitCode::FAILURE
}
