//! Building telemetry, putting it into effect, and ending it.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Level, dispatcher};
use tracing_log::AsLog;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::Registry;

use crate::config::{Config, ConfigWarning, HttpNames};
use crate::line::{
    GlobalFilter, LineFilter, LineLayer, LineSink, LogFormat, OwnLine, RegistryGuard, Remembering,
    SharedSink, ThreadEndGuard,
};
use crate::names;
use crate::redact;
use crate::writer::{self, LossReport, Writer};

/// The `logger` of this crate's own lines.
pub(crate) const LOGGER: &str = "telemetry_core";
/// How long the end of the program waits for lines to be written, unless it says so itself.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

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
    /// Starts with the settings of the environment, the standard output and no further
    /// layers.
    pub fn builder() -> TelemetryBuilder {
        TelemetryBuilder {
            config: None,
            output: None,
            layers: Vec::new(),
            copies: None,
            exports: false,
        }
    }

    /// Puts telemetry into effect for the whole process, and logs `telemetry_initialized`
    /// and what is wrong with the settings. Records of the `log` crate become lines too.
    ///
    /// When telemetry is installed already this does nothing: the guard it returns is
    /// inert.
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
            return Ok(TelemetryGuard::inert());
        }
        let Self {
            config,
            dispatch,
            writer,
            log_level,
        } = self;
        let Some(dispatch) = dispatch else {
            return Ok(TelemetryGuard::inert());
        };
        redact::extend(config.redacted_keys());
        dispatcher::set_global_default(dispatch).map_err(|_| InstallError::SubscriberSet)?;
        *installed = true;
        // Both are set here alone, once.
        let _first = WRITER.set(writer.clone());
        let _first = HTTP_NAMES.set(config.http_names());
        let log_level = AsLog::as_log(&log_level.unwrap_or_else(LevelFilter::current));
        // Another logger may be there: then its records stay its own.
        let _taken = tracing_log::LogTracer::builder()
            .with_max_level(log_level)
            .init();
        other_globals();
        drop(installed);
        announce(&config);
        Ok(TelemetryGuard { writer })
    }

    /// Runs `work` with this telemetry in effect on this thread alone.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.dispatch {
            Some(dispatch) => dispatcher::with_default(dispatch, work),
            None => work(),
        }
    }

    /// Waits until all lines accepted so far are written; `false` when `deadline` passes
    /// first.
    pub fn flush(&self, deadline: Duration) -> bool {
        flush(self.writer.as_ref(), deadline)
    }
}

/// Collects what telemetry consists of.
#[must_use = "a builder does nothing until `build` or `install` is called"]
pub struct TelemetryBuilder {
    config: Option<Config>,
    output: Option<Box<dyn Write + Send>>,
    layers: Vec<BoxedLayer>,
    copies: Option<SharedSink>,
    exports: bool,
}

impl TelemetryBuilder {
    /// Sets the settings, in place of those of the environment.
    pub fn with_config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// Sends lines to `output` in place of the standard output. Only the writer thread
    /// calls it, with whole lines. After an error other than
    /// [`BrokenPipe`](io::ErrorKind::BrokenPipe) it is tried again with the same bytes.
    pub fn with_output(mut self, output: impl Write + Send + 'static) -> Self {
        self.output = Some(Box::new(output));
        self
    }

    /// Adds a layer beneath the lines' own. It sees all events and spans, whatever
    /// `LOG_LEVEL` says, unless it has a filter of its own.
    pub fn with_layer(mut self, layer: impl Layer<Registry> + Send + Sync) -> Self {
        self.layers.push(layer.boxed());
        self
    }

    /// Hands each line to `sink` too: in JSON, whatever the format, on the thread that logs
    /// and before the output has it.
    pub fn with_copies_of_lines(mut self, sink: impl LineSink + Send + Sync + 'static) -> Self {
        self.copies = Some(Arc::new(sink));
        self
    }

    /// Says that something exports what the layers record, as `telemetry-otel` does.
    /// Without it, `OTEL_ENABLED=true` gives a warning.
    pub fn with_export(mut self, exports: bool) -> Self {
        self.exports = exports;
        self
    }

    /// Starts the writer and builds the subscriber, without any effect on the process.
    ///
    /// # Errors
    ///
    /// When the operating system cannot start the writer's thread.
    pub fn build(self) -> Result<Telemetry, BuildError> {
        let mut config = self.config.unwrap_or_else(Config::from_env);
        if !config.is_enabled() {
            return Ok(Telemetry {
                config,
                dispatch: None,
                writer: None,
                log_level: None,
            });
        }
        config.set_exports(self.exports);
        let is_terminal = self.output.is_none() && io::stdout().is_terminal();
        let colors = config.colors() && is_terminal;
        let writer = Writer::start(
            self.output.unwrap_or_else(writer::stdout),
            config.buffer_capacity(),
            config.overflow(),
            loss_report(config.format(), colors),
        )
        .map_err(BuildError::WriterThread)?;
        let is_alone = self.layers.is_empty();
        let lines_level = || config.line_filter().max_level_hint();
        Ok(Telemetry {
            log_level: is_alone.then(lines_level).flatten(),
            dispatch: Some(dispatch(
                &config,
                self.layers,
                self.copies,
                &writer,
                Output {
                    is_terminal,
                    colors,
                },
            )),
            writer: Some(writer),
            config,
        })
    }

    /// Builds and installs.
    ///
    /// # Errors
    ///
    /// See [`build`](Self::build) and [`Telemetry::install`].
    pub fn install(self) -> Result<TelemetryGuard, InstallError> {
        self.build()?.install()
    }

    /// Builds and installs, and sets other globals with it.
    ///
    /// # Errors
    ///
    /// See [`build`](Self::build) and [`Telemetry::install_with`].
    pub fn install_with(
        self,
        other_globals: impl FnOnce(),
    ) -> Result<TelemetryGuard, InstallError> {
        self.build()?.install_with(other_globals)
    }
}

impl fmt::Debug for TelemetryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelemetryBuilder")
            .field("config", &self.config)
            .field("layers", &self.layers.len())
            .field("copies_lines", &self.copies.is_some())
            .field("exports", &self.exports)
            .finish_non_exhaustive()
    }
}

/// Ends telemetry: waits for lines to be written when it is shut down or dropped. Keep it
/// until the end of `main`.
#[derive(Debug)]
#[must_use = "lines that wait to be written are lost when the program ends without it"]
pub struct TelemetryGuard {
    /// Absent in an inert guard.
    writer: Option<Writer>,
}

impl TelemetryGuard {
    /// A guard of nothing.
    pub fn inert() -> Self {
        Self { writer: None }
    }

    /// Waits until all lines accepted so far are written; `false` when `deadline` passes
    /// first. Blocks the thread: for short-lived processes, and before a fork or suspend.
    pub fn flush(&self, deadline: Duration) -> bool {
        flush(self.writer.as_ref(), deadline)
    }

    /// Waits, without blocking the thread, until all lines accepted so far are written;
    /// `false` when `deadline` passes first. Lines that come later are still written as
    /// long as the process lives.
    pub async fn shutdown(mut self, deadline: Duration) -> bool {
        let Some(writer) = self.writer.take() else {
            return true;
        };
        let (done, is_done) = tokio::sync::oneshot::channel();
        // A thread of its own: the runtime may have no blocking threads or timers, and be
        // about to end.
        let waiter = std::thread::Builder::new()
            .name("telemetry-shutdown".into())
            .spawn(move || done.send(writer.flush(deadline)));
        match waiter {
            Ok(_) => is_done.await.unwrap_or_default(),
            Err(_) => false,
        }
    }
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        flush(self.writer.as_ref(), DEFAULT_DEADLINE);
    }
}

/// Why telemetry could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The operating system could not start a thread.
    #[error("cannot start the thread that writes log lines")]
    WriterThread(#[source] io::Error),
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
static WRITER: OnceLock<Option<Writer>> = OnceLock::new();
static HTTP_NAMES: OnceLock<HttpNames> = OnceLock::new();

/// Installs nothing but the layer of the test kit, unless telemetry is installed.
#[cfg(feature = "testing")]
pub(crate) fn install_for_tests() -> Result<(), InstallError> {
    let mut installed = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if !*installed {
        let spans = tracing_subscriber::registry().with(crate::testing::LateLayer);
        let subscriber = RegistryGuard::above(spans).with(crate::testing::capture_layer());
        tracing::subscriber::set_global_default(subscriber)
            .map_err(|_| InstallError::SubscriberSet)?;
        *installed = true;
    }
    Ok(())
}

/// The writer that is in effect for the process.
pub(crate) fn writer() -> Option<&'static Writer> {
    WRITER.get()?.as_ref()
}

/// Which names the fields of HTTP events have, by the settings that are installed.
#[inline]
#[must_use]
pub fn http_names() -> HttpNames {
    HTTP_NAMES.get().copied().unwrap_or_default()
}

/// What lines look like on the output.
#[derive(Clone, Copy)]
struct Output {
    is_terminal: bool,
    colors: bool,
}

fn dispatch(
    config: &Config,
    layers: Vec<BoxedLayer>,
    copies: Option<SharedSink>,
    writer: &Writer,
    output: Output,
) -> Dispatch {
    let Output {
        is_terminal,
        colors,
    } = output;
    let lines = |copies| {
        LineLayer::new(config.format(), writer.clone())
            .with_colors(colors)
            .with_terminal(is_terminal)
            .with_copies(copies)
    };
    // With the test kit there is always another layer.
    if layers.is_empty() && config.is_structured() && cfg!(not(feature = "testing")) {
        return lines_alone(config, lines(copies));
    }
    // An empty vector of layers would switch everything off; no vector at all does not.
    let layers = (!layers.is_empty()).then_some(layers);
    let subscriber = RegistryGuard::above(tracing_subscriber::registry().with(layers));
    #[cfg(feature = "testing")]
    let subscriber = subscriber.with(crate::testing::capture_layer());
    let filter = || line_filter(config);
    if config.is_structured() {
        subscriber.with(lines(copies).with_filter(filter())).into()
    } else {
        let text = tracing_subscriber::fmt::layer()
            .with_ansi(colors)
            .with_writer(writer.clone());
        // The plain format makes no lines that could be copied.
        let copies =
            copies.map(|copies| LineLayer::new(LogFormat::Json, copies).with_filter(filter()));
        subscriber
            .with(copies)
            .with(text.with_filter(filter()))
            .into()
    }
}

/// Where nobody else looks: what lines leave out need not be told apart from what others take.
fn lines_alone<S>(config: &Config, lines: LineLayer<S>) -> Dispatch
where
    S: LineSink + Send + Sync + 'static,
{
    let subscriber = RegistryGuard::above(tracing_subscriber::registry())
        .with(GlobalFilter(line_filter(config)))
        .with(lines);
    ThreadEndGuard(subscriber).into()
}

fn line_filter(config: &Config) -> Remembering<LineFilter> {
    Remembering::new(config.event_and_span_filter())
}

fn announce(config: &Config) {
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

fn flush(writer: Option<&Writer>, deadline: Duration) -> bool {
    writer.is_none_or(|writer| writer.flush(deadline))
}

fn loss_report(format: LogFormat, colors: bool) -> writer::ReportLine {
    Box::new(move |report| match report {
        LossReport::Started { dropped } => {
            OwnLine::new(Level::WARN, LOGGER, names::event::LOG_LOSS_STARTED)
                .field(names::DROPPED_LINES, *dropped)
                .finish(format, colors)
        }
        LossReport::Ended { dropped, lasted } => {
            OwnLine::new(Level::WARN, LOGGER, names::event::LOG_LOSS_ENDED)
                .field(names::DROPPED_LINES, *dropped)
                .field(names::DURATION_MS, milliseconds(*lasted))
                .finish(format, colors)
        }
    })
}

/// A duration as [`DURATION_MS`](names::DURATION_MS) has it: in milliseconds, rounded to
/// two decimals.
#[inline]
#[must_use]
pub fn milliseconds(duration: Duration) -> f64 {
    let below_a_second = u64::from((duration.subsec_nanos() + 5_000) / 10_000);
    let hundredths = duration.as_secs().saturating_mul(100_000);
    hundredths.saturating_add(below_a_second) as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    /// The lines of what `log` logs, where lines are alone.
    fn lines(variables: &[(&str, &str)], log: impl FnOnce()) -> String {
        let environment = Environment::from_iter(variables.iter().copied());
        let config = Config::default().with_environment(&environment);
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&written);
        let layer = LineLayer::new(LogFormat::Json, move |line: &[u8], _: Level| {
            sink.lock().unwrap().extend_from_slice(line);
        });
        dispatcher::with_default(&lines_alone(&config, layer), log);
        let written = written.lock().unwrap();
        String::from_utf8(written.clone()).unwrap()
    }

    fn log() {
        tracing::info!("picked");
        tracing::debug!("looked_at");
        tracing::info_span!("draft", hero = 7).in_scope(|| tracing::debug!("thought_about"));
    }

    #[test]
    fn lines_alone_are_of_the_level_that_is_set() {
        for (level, count) in [("ERROR", 0), ("INFO", 1), ("DEBUG", 3)] {
            let lines = lines(&[("LOG_LEVEL", level)], log);
            assert_eq!(lines.lines().count(), count, "{lines}");
        }
    }

    #[test]
    fn lines_alone_have_the_fields_of_spans_at_any_level() {
        let log = || {
            let span = tracing::info_span!("outer", round = tracing::field::Empty, a = 1);
            let _entered = span.clone().entered();
            let _debug = tracing::debug_span!("debug", b = 2).entered();
            let _library = tracing::info_span!(target: "hyper::proto", "s", c = 3).entered();
            let _warn = tracing::warn_span!("warn", d = 4).entered();
            span.record("round", 5);
            tracing::warn!(target: "lone", "warned");
            tracing::error!("x");
        };
        let error = lines(&[("LOG_LEVEL", "ERROR")], log);
        assert!(
            error.ends_with("\"x\",\"d\":4,\"a\":1,\"round\":5}\n"),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
        let off = [("LOG_LEVEL", "ERROR"), ("RUST_LOG", "telemetry_core=off")];
        assert_eq!(lines(&off, log), "");
        let spans_off = || tracing::error!(target: "other", "x");
        let off = lines(&off, || {
            tracing::info_span!("s", a = 1).in_scope(spans_off);
        });
        assert!(off.ends_with("\"x\"}\n"), "{off}");
    }

    #[test]
    fn lines_alone_follow_directives_and_spans() {
        let of_span = lines(&[("RUST_LOG", "[draft]=debug")], log);
        let events = ["picked", "thought_about"];
        assert_eq!(of_span.lines().count(), events.len(), "{of_span}");
        for event in events {
            assert!(of_span.contains(event), "{of_span}");
        }
        assert!(of_span.contains(r#""hero":7"#), "{of_span}");
        assert_eq!(lines(&[("RUST_LOG", "telemetry_core=off")], log), "");
    }
}
