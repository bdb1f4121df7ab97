//! Putting telemetry into effect for the process.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
#[cfg(feature = "testing")]
use tracing_subscriber::layer::SubscriberExt as _;

use crate::builder::{BuildError, TelemetryBuilder};
use crate::config::{Config, ConfigWarning, HttpNames};
use crate::guard::TelemetryGuard;
use crate::in_effect;
#[cfg(feature = "testing")]
use crate::line::RegistryGuard;
use crate::log_records;
use crate::names;
use crate::panic;
use crate::subscriber;
use crate::writer::{self, Writer};

/// The `logger` of this crate's own lines.
pub(crate) const LOGGER: &str = "telemetry_core";

/// Installs telemetry with the settings of the environment.
///
/// ```no_run
/// # fn main() -> Result<(), telemetry_core::InstallError> {
/// let telemetry = telemetry_core::init()?;
/// tracing::info!(players = 12, "tournament_shown");
/// drop(telemetry); // or `telemetry.shutdown(deadline).await`
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// See [`Telemetry::install`].
pub fn init() -> Result<TelemetryGuard, InstallError> {
    Telemetry::builder().install()
}

/// Telemetry that is built and not yet in effect.
///
/// ```no_run
/// use telemetry_core::{Config, Environment, Telemetry};
///
/// # fn main() -> Result<(), telemetry_core::InstallError> {
/// let config = Config::default()
///     .with_service_name("dtx-backend")
///     .with_environment(&Environment::from_process());
/// let telemetry = Telemetry::builder().with_config(config).install()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "telemetry is in effect only once it is installed"]
pub struct Telemetry {
    config: Config,
    dispatch: Option<Dispatch>,
    writer: Option<Writer>,
    /// The most verbose level of lines, where nothing but lines is made of records of `log`.
    log_level: Option<LevelFilter>,
}

impl Telemetry {
    pub(crate) fn new(config: Config, built: Option<(Dispatch, Writer)>) -> Self {
        let (dispatch, writer) = built.unzip();
        Self {
            config,
            dispatch,
            writer,
            log_level: None,
        }
    }

    pub(crate) fn with_log_level(mut self, log_level: Option<LevelFilter>) -> Self {
        self.log_level = log_level;
        self
    }

    /// Starts with the settings of the environment, the standard output and no further
    /// layers.
    pub fn builder() -> TelemetryBuilder {
        TelemetryBuilder::new()
    }

    /// Puts telemetry into effect for the whole process, and logs `telemetry_initialized`
    /// and what is wrong with the settings. Records of the `log` crate become lines too.
    ///
    /// When telemetry is installed already this only adds a guard: telemetry ends with its last one.
    ///
    /// # Errors
    ///
    /// When another `tracing` subscriber has been set for the process.
    pub fn install(self) -> Result<TelemetryGuard, InstallError> {
        self.install_with(|| {})
    }

    /// Installs like [`install`](Self::install), and sets `other_globals` with it: once,
    /// before the first line, and not at all when telemetry is installed already or cannot
    /// be.
    ///
    /// # Errors
    ///
    /// See [`install`](Self::install).
    pub fn install_with(
        self,
        other_globals: impl FnOnce(),
    ) -> Result<TelemetryGuard, InstallError> {
        let mut installed = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
        if *installed {
            return Ok(further_guard(&self.config));
        }
        let Self {
            mut config,
            dispatch,
            writer,
            log_level,
        } = self;
        let (Some(dispatch), Some(writer)) = (dispatch, writer) else {
            return Ok(TelemetryGuard::inert());
        };
        if !subscriber::install(dispatch) {
            return Err(InstallError::SubscriberSet);
        }
        *installed = true;
        in_effect::install(config.in_effect());
        panic::watch();
        writer::install(writer.clone());
        let log_level = log_level.unwrap_or_else(LevelFilter::current);
        config = config.with_warnings(log_records::install(log_level));
        other_globals();
        drop(installed);
        let guard = TelemetryGuard::new(writer);
        write_initialized(&config);
        Ok(guard)
    }

    /// Runs `work` with this telemetry in effect on this thread alone: its lines, and every setting
    /// of what is recorded, such as further keys of secrets. Records of the `log` crate become lines
    /// only where telemetry or the test kit is installed.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.dispatch {
            Some(dispatch) => {
                in_effect::run(self.config.in_effect(), || subscriber::run(dispatch, work))
            }
            None => work(),
        }
    }

    /// Waits until all lines accepted so far are written; `false` when `deadline` passes
    /// first.
    pub fn flush(&self, deadline: Duration) -> bool {
        let writer = self.writer.as_ref();
        writer.is_none_or(|writer| writer.flush(deadline))
    }
}

/// Why telemetry could not be installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// It could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Another `tracing` subscriber has been set for the process.
    #[error(
        "another tracing subscriber is set already; install telemetry before it, or add \
         telemetry_core::LineLayer to it"
    )]
    SubscriberSet,
}

static INSTALLING: Mutex<bool> = Mutex::new(false);

/// Installs nothing but the layer of the test kit, unless telemetry is installed.
#[cfg(feature = "testing")]
pub(crate) fn install_for_tests() -> Result<(), InstallError> {
    let mut installed = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if !*installed {
        let spans = tracing_subscriber::registry().with(crate::testing::LateLayer);
        let subscriber = RegistryGuard::above(spans).with(crate::testing::capture_layer());
        if !subscriber::install(subscriber.into()) {
            return Err(InstallError::SubscriberSet);
        }
        // Another logger may be there: then its records stay its own.
        let _taken = log_records::install(LevelFilter::TRACE);
        panic::watch();
        *installed = true;
    }
    Ok(())
}

/// Says whether telemetry is installed, or the test kit in its place.
pub(crate) fn is_installed() -> bool {
    *INSTALLING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a guard of what is installed already. Where that is the test kit, the settings are put into
/// effect: captures see what these let lines show.
pub(crate) fn further_guard(config: &Config) -> TelemetryGuard {
    if config.is_enabled() {
        in_effect::install(config.in_effect());
    }
    match writer::installed() {
        Some(writer) => TelemetryGuard::new(writer.clone()),
        None => TelemetryGuard::inert(),
    }
}

/// Which names the fields of HTTP events have, by the settings that are installed, or of the telemetry
/// that [runs](Telemetry::run) on this thread.
#[inline]
#[must_use]
pub fn http_names() -> HttpNames {
    if HttpNames::are_classic_alone() {
        HttpNames::Classic
    } else {
        in_effect::current().http_names
    }
}

fn write_initialized(config: &Config) {
    let log_format = if config.is_structured() {
        config.format().to_string()
    } else {
        "text".to_owned()
    };
    tracing::info!(
        target: LOGGER,
        message = names::event::TELEMETRY_INITIALIZED,
        { names::OTEL_ENABLED } = config.is_otel_enabled(),
        { names::LOG_FORMAT } = log_format,
        { names::LOG_LEVEL } = config.level(),
        { names::SERVICE_NAME } = config.service_name(),
        { names::SAMPLER } = config.sampler().map(|(name, _)| name),
        { names::SAMPLER_RATIO } = config.sampler().map(|(_, ratio)| ratio),
    );
    for warning in config.warnings() {
        let ConfigWarning {
            variable,
            problem,
            using,
        } = warning;
        tracing::warn!(
            target: LOGGER,
            message = names::event::TELEMETRY_CONFIG_WARNING,
            { names::VARIABLE } = variable,
            { names::PROBLEM } = problem,
            { names::USING } = using,
        );
    }
}
