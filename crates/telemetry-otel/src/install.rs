//! Installing log lines and export together.

use opentelemetry::global;
use telemetry_core::{Config, Environment, InstallError, Telemetry, error_chain, names};

use crate::config::{OtelConfig, Signal};
use crate::exporter::LOGGER;
use crate::guard::OtelGuard;
use crate::metrics;
use crate::pipeline::Pipeline;
use crate::propagators;
use crate::resource::resource;
use crate::spans;

/// Installs log lines and, when the environment asks for it, export.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), telemetry_core::InstallError> {
/// let telemetry = telemetry_otel::init()?;
/// tracing::info!(players = 12, "tournament_shown");
/// telemetry.shutdown(std::time::Duration::from_secs(5)).await;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// See [`OtelBuilder::install`].
pub fn init() -> Result<OtelGuard, InstallError> {
    Otel::builder().install()
}

/// Where log lines and export are put together. See [`builder`](Self::builder).
#[derive(Debug)]
pub struct Otel;

impl Otel {
    /// Starts with the settings of the environment.
    pub fn builder() -> OtelBuilder {
        let environment = Environment::from_process();
        OtelBuilder {
            config: Config::default().with_environment(&environment),
            otel: OtelConfig::from_environment(&environment),
            version: None,
            telemetry: Telemetry::builder(),
        }
    }
}

/// Collects what telemetry consists of.
#[derive(Debug)]
#[must_use = "a builder does nothing until `install` is called"]
pub struct OtelBuilder {
    config: Config,
    otel: OtelConfig,
    version: Option<String>,
    telemetry: telemetry_core::TelemetryBuilder,
}

impl OtelBuilder {
    /// Sets the settings of log lines, and whether anything is exported at all.
    pub fn with_config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sets the settings of export.
    pub fn with_otel(mut self, otel: OtelConfig) -> Self {
        self.otel = otel;
        self
    }

    /// Sets the version of the service: `env!("CARGO_PKG_VERSION")`.
    pub fn with_service_version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Changes what log lines are built with, such as their output.
    pub fn with_telemetry(
        mut self,
        change: impl FnOnce(telemetry_core::TelemetryBuilder) -> telemetry_core::TelemetryBuilder,
    ) -> Self {
        self.telemetry = change(self.telemetry);
        self
    }

    /// Puts log lines and export into effect for the whole process.
    ///
    /// Export that is asked for and cannot be had is one line that says why, and the
    /// application runs. When telemetry is installed already this only adds a guard: telemetry ends
    /// with its last one.
    ///
    /// # Errors
    ///
    /// When another `tracing` subscriber has been set for the process.
    pub fn install(self) -> Result<OtelGuard, InstallError> {
        let Self {
            config,
            otel,
            version,
            telemetry,
        } = self;
        let is_asked_for = config.is_enabled() && config.is_otel_enabled();
        let off = is_asked_for.then(|| no_destination_reason(&otel)).flatten();
        let config = config.with_warnings(otel.warnings().to_vec());
        let (mut pipeline, mut failure) = (None, None);
        if is_asked_for && off.is_none() {
            let resource = resource(&config, &otel, version.as_deref());
            match Pipeline::build(&otel, &resource) {
                Ok(built) => {
                    failure.clone_from(&built.problem);
                    pipeline = Some(built);
                }
                Err(error) => failure = Some(error_chain::sentence(&error)),
            }
        }
        let config = config.with_otel_enabled(pipeline.is_some());
        let mut telemetry = telemetry.with_export(true);
        if let Some(pipeline) = &pipeline {
            let sampler = otel.sampler();
            telemetry = telemetry.with_sampler_shown(sampler.name(), sampler.ratio());
            if let Some(layer) = spans::layer(pipeline) {
                telemetry = telemetry.with_layer(layer);
            }
            if let Some(records) = &pipeline.logs {
                telemetry = telemetry.with_copies_of_lines(records.clone());
            }
        }
        let mut is_first = false;
        let lines = telemetry.with_config(config).install_with(|| {
            is_first = true;
            // Also when nothing is exported: the trace goes on from who calls to who is called.
            propagators::set(otel.propagators());
            if let Some(pipeline) = &pipeline {
                set_globals(pipeline, &otel);
            }
        })?;
        if !is_first {
            return Ok(OtelGuard::further(lines));
        }
        if let Some(problem) = off {
            tracing::warn!(
                target: LOGGER,
                message = names::event::OTEL_EXPORT_OFF,
                { names::PROBLEM } = problem,
            );
        }
        if let Some(problem) = failure {
            tracing::error!(
                target: LOGGER,
                message = names::event::OTEL_EXPORT_OFF,
                { names::PROBLEM } = problem,
            );
        }
        Ok(OtelGuard::new(lines, pipeline))
    }
}

/// Says why there is nothing to export to, where that is so.
pub(crate) fn no_destination_reason(otel: &OtelConfig) -> Option<&'static str> {
    let mut signals = Signal::ALL.into_iter();
    if signals.clone().any(|signal| otel.exports(signal)) {
        None
    } else if signals.all(|signal| otel.exporters(signal).is_empty()) {
        Some("the exporters of all signals are none")
    } else {
        Some("OTEL_EXPORTER_OTLP_ENDPOINT is not set to a URL, and no exporter is console")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this crate alone sets OpenTelemetry's globals"
)]
fn set_globals(pipeline: &Pipeline, otel: &OtelConfig) {
    if let Some(provider) = &pipeline.traces {
        global::set_tracer_provider(provider.clone());
    }
    if let Some(provider) = &pipeline.metrics {
        global::set_meter_provider(provider.clone());
        metrics::register(provider, &pipeline.health, otel);
    }
    telemetry_core::bind_instruments();
    telemetry_core::use_global_providers();
}
