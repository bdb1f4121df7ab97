//! Installing log lines and export together, and ending them.

use std::error::Error;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::global;
use opentelemetry_sdk::error::OTelSdkResult;
use telemetry_core::{
    Config, ConfigWarning, Environment, InstallError, Telemetry, TelemetryGuard, names,
};

use crate::config::{OtelConfig, Signal};
use crate::exporter::LOGGER;
use crate::layers;
use crate::pipeline::{Action, Pipeline};
use crate::propagators;
use crate::resource::resource;

/// How long the end of the program waits for export, unless it says so itself.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

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
    /// application runs. When telemetry is installed already this does nothing.
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
        let mut config = config.with_warnings(if is_asked_for {
            otel.warnings().to_vec()
        } else {
            Vec::new()
        });
        let mut pipeline = None;
        let mut is_without_endpoint = false;
        if is_asked_for {
            if !Signal::ALL.iter().any(|signal| otel.exports(*signal)) {
                is_without_endpoint = true;
            } else {
                let resource = resource(&config, &otel, version.as_deref());
                match Pipeline::build(&otel, &resource) {
                    Ok(built) => pipeline = Some(built),
                    Err(error) => config = config.with_warnings([cannot_export(&error)]),
                }
            }
        }
        let config = config.with_otel_enabled(pipeline.is_some());
        let mut telemetry = telemetry.with_export(true);
        if let Some(pipeline) = &pipeline {
            if let Some(layer) = layers::spans(pipeline) {
                telemetry = telemetry.with_layer(layer);
            }
            if let Some(layer) = layers::log_records(pipeline, &config) {
                telemetry = telemetry.with_layer(layer);
            }
        }
        let lines = telemetry.with_config(config).install_with(|| {
            if let Some(pipeline) = &pipeline {
                set_globals(pipeline, &otel);
            }
        })?;
        if is_without_endpoint {
            tracing::info!(
                target: LOGGER,
                message = names::event::OTEL_EXPORT_OFF,
                { names::PROBLEM } = "OTEL_EXPORTER_OTLP_ENDPOINT is not set, and no exporter is console",
            );
        }
        Ok(OtelGuard { lines, pipeline })
    }
}

fn cannot_export(error: &dyn Error) -> ConfigWarning {
    let mut problem = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        problem = format!("{problem}: {cause}");
        source = cause.source();
    }
    ConfigWarning {
        variable: "OTEL_ENABLED".to_owned(),
        problem,
        using: "false".to_owned(),
    }
}

fn set_globals(pipeline: &Pipeline, otel: &OtelConfig) {
    if let Some(provider) = &pipeline.traces {
        global::set_tracer_provider(provider.clone());
    }
    if let Some(provider) = &pipeline.metrics {
        global::set_meter_provider(provider.clone());
    }
    propagators::set(otel.propagators);
    telemetry_core::bind_instruments();
    telemetry_core::use_global_providers();
}

/// Ends log lines and export. Keep it until the end of `main`.
#[derive(Debug)]
#[must_use = "what waits to be exported is lost when the program ends without it"]
pub struct OtelGuard {
    lines: TelemetryGuard,
    /// Absent when nothing is exported.
    pipeline: Option<Pipeline>,
}

impl OtelGuard {
    /// Says whether anything is exported.
    #[must_use]
    pub fn exports(&self) -> bool {
        self.pipeline.is_some()
    }

    /// Log lines alone.
    #[must_use]
    pub fn lines(&self) -> &TelemetryGuard {
        &self.lines
    }

    /// Waits until all that was recorded so far is exported and written; `false` when
    /// `deadline` passes first, or an export fails. Blocks the thread: for short-lived
    /// processes, and before a fork or suspend.
    pub fn flush(&self, deadline: Duration) -> bool {
        let end = Instant::now() + deadline;
        let exported = side_by_side(self.actions(Action::Flush), deadline);
        let left = end.saturating_duration_since(Instant::now());
        self.lines.flush(left) && exported
    }

    /// Exports what waits, ends export, and waits until all lines are written, without
    /// blocking the thread; `false` when `deadline` passes first, or an export fails.
    ///
    /// Works on any flavour of runtime, and comes back by the deadline whatever the
    /// collector does.
    pub async fn shutdown(mut self, deadline: Duration) -> bool {
        let end = Instant::now() + deadline;
        let actions = self.actions(Action::Shutdown(deadline));
        self.pipeline = None;
        let (done, is_done) = tokio::sync::oneshot::channel();
        // A thread of its own: the runtime may be the one thread that tasks need.
        let waiter = thread::Builder::new()
            .name("telemetry-shutdown".into())
            .spawn(move || done.send(side_by_side(actions, deadline)));
        let exported = match waiter {
            Ok(_) => is_done.await.unwrap_or_default(),
            Err(_) => false,
        };
        // What ends export may have logged.
        let left = end.saturating_duration_since(Instant::now());
        let lines = std::mem::replace(&mut self.lines, TelemetryGuard::inert());
        lines.shutdown(left).await && exported
    }

    fn actions(&self, action: Action) -> Vec<Box<dyn FnOnce() -> OTelSdkResult + Send>> {
        let pipeline = self.pipeline.as_ref();
        pipeline.map_or_else(Vec::new, |pipeline| pipeline.each(action))
    }
}

impl Drop for OtelGuard {
    fn drop(&mut self) {
        let _is_exported = side_by_side(
            self.actions(Action::Shutdown(DEFAULT_DEADLINE)),
            DEFAULT_DEADLINE,
        );
    }
}

/// Does all of this at the same time, each on a thread of its own, and waits for it;
/// `false` when one fails or `deadline` passes first.
fn side_by_side(
    actions: Vec<Box<dyn FnOnce() -> OTelSdkResult + Send>>,
    deadline: Duration,
) -> bool {
    let end = Instant::now() + deadline;
    let (done, is_done) = mpsc::channel();
    let mut waiting = 0;
    for action in actions {
        let done = done.clone();
        let thread = thread::Builder::new()
            .name("telemetry-shutdown".into())
            // Nobody may wait any more.
            .spawn(move || done.send(action().is_ok()));
        waiting += 1;
        if thread.is_err() {
            return false;
        }
    }
    let results = (0..waiting).map(|_| {
        let left = end.saturating_duration_since(Instant::now());
        is_done.recv_timeout(left).unwrap_or_default()
    });
    // Not `all`, which would not wait for those behind one that failed.
    results.fold(true, |so_far, result| so_far && result)
}
