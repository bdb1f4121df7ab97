//! Whether export can work: what is set, and what the collector says.

mod advice;
mod check;
mod report;
mod request;
mod settings;

use std::time::Duration;

use telemetry_core::{Config, Environment};

pub use report::{Report, SignalReport};
pub use settings::Setting;

use crate::config::{Exporter, OtelConfig, Signal};
use crate::exporter::ExportRuntime;

/// Finds out whether export can work: reads the settings, and sends an empty request of each
/// signal that is exported by OTLP, as the exporters would send it.
///
/// `config` are the settings of log lines, defaults of the application's included;
/// `environment` is what they were read from. Nothing is installed. With export off, nothing
/// is sent. It blocks the thread, for a little longer than `timeout` at most: for a command
/// of the application's.
///
/// ```
/// use std::time::Duration;
/// use telemetry_core::{Config, Environment};
///
/// let environment = Environment::from_iter([
///     ("OTEL_ENABLED", "true"),
///     ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
/// ]);
/// let config = Config::default().with_environment(&environment);
/// let report = telemetry_otel::doctor(&config, &environment, Duration::from_secs(5));
/// assert!(!report.can_export());
/// assert!(report.to_string().contains("Connection refused"));
/// ```
#[must_use]
pub fn doctor(config: &Config, environment: &Environment, timeout: Duration) -> Report {
    let otel = OtelConfig::from_environment(environment);
    let is_on = config.is_enabled() && config.is_otel_enabled();
    Report {
        settings: settings::all(config, &otel, environment),
        signals: if is_on {
            signals(&otel, timeout)
        } else {
            Vec::new()
        },
        off: (!is_on).then(|| why_off(config, environment)),
    }
}

fn signals(otel: &OtelConfig, timeout: Duration) -> Vec<SignalReport> {
    let checks = Signal::ALL.map(|signal| async move {
        let mut report = SignalReport::new(signal, otel);
        if report.is_sent_to(Exporter::Prometheus) {
            check::check_prometheus(otel.prometheus_address(), &mut report);
        }
        if let (true, Some(settings)) = (report.is_sent_to(Exporter::Otlp), otel.otlp(signal)) {
            check::check(&settings, otel.network(), timeout, &mut report).await;
        }
        report
    });
    let runtime = match ExportRuntime::start() {
        Ok(runtime) => runtime,
        Err(error) => {
            let reports = Signal::ALL.map(|signal| {
                let mut report = SignalReport::new(signal, otel);
                report.problem = Some(format!("cannot start the thread that exports: {error}"));
                report
            });
            return reports.into();
        }
    };
    runtime.run(futures_util::future::join_all(checks))
}

fn why_off(config: &Config, environment: &Environment) -> &'static str {
    if !config.is_enabled() {
        "TELEMETRY_ENABLED is false"
    } else if environment.get("OTEL_ENABLED").is_some() && is_disabled(environment) {
        "OTEL_SDK_DISABLED is true"
    } else {
        "OTEL_ENABLED is not true"
    }
}

fn is_disabled(environment: &Environment) -> bool {
    let mut is_disabled = false;
    telemetry_core::EnvironmentReader::new(environment).bool("OTEL_SDK_DISABLED", &mut is_disabled);
    is_disabled
}
