//! Collecting what telemetry consists of, and building the subscriber and the writer.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;

use tracing::{Dispatch, Level};
use tracing_subscriber::layer::{Filter, Layer, SubscriberExt as _};
use tracing_subscriber::registry::Registry;

use crate::config::Config;
use crate::duration::milliseconds;
use crate::fields::Fields;
use crate::guard::TelemetryGuard;
use crate::install::{self, InstallError, LOGGER, SamplerShown, Telemetry};
use crate::line::{
    CachedFilter, EventAndSpanFilter, GlobalFilter, LineLayer, LineSink, LogFormat, OwnLine,
    RegistryGuard, SharedSink, ThreadEndGuard,
};
use crate::names;
use crate::writer::{self, LossReport, Output, Writer};

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Collects what telemetry consists of.
#[must_use = "a builder does nothing until `build` or `install` is called"]
pub struct TelemetryBuilder {
    config: Option<Config>,
    output: Option<Output>,
    layers: Vec<BoxedLayer>,
    copies: Option<SharedSink>,
    exports: bool,
    sampler: Option<SamplerShown>,
}

impl TelemetryBuilder {
    pub(crate) fn new() -> Self {
        Self {
            config: None,
            output: None,
            layers: Vec::new(),
            copies: None,
            exports: false,
            sampler: None,
        }
    }

    /// Sets the settings, in place of those of the environment.
    pub fn with_config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// Sends lines to `output` in place of the standard output. Only the writer thread
    /// calls it, with whole lines. After an error other than
    /// [`BrokenPipe`](io::ErrorKind::BrokenPipe) it is tried again with the same bytes.
    pub fn with_output(mut self, output: impl Write + Send + 'static) -> Self {
        self.output = Some(Output::from_writer(output));
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

    /// Shows on `telemetry_initialized` which traces are exported: the sampler, by its name in
    /// `OTEL_TRACES_SAMPLER`, and the part of the traces that it records, where it has one.
    pub fn with_sampler_shown(mut self, name: impl Into<String>, ratio: Option<f64>) -> Self {
        let name = name.into();
        self.sampler = Some(SamplerShown { name, ratio });
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
            return Ok(Telemetry::new(config, None));
        }
        config.set_exports(self.exports);
        let is_terminal = self.output.is_none() && io::stdout().is_terminal();
        let look = Look {
            is_terminal,
            colors: config.colors() && is_terminal,
        };
        let writer = Writer::start(
            self.output.unwrap_or_else(Output::stdout),
            config.buffer_capacity(),
            config.overflow(),
            loss_report(config.format(), look.colors, config.rendered_fields()),
        )
        .map_err(BuildError::WriterThread)?;
        // Nothing but lines is made of records of `log` then.
        let is_single_layer = self.layers.is_empty();
        let level_of_lines = || Filter::<Registry>::max_level_hint(&config.line_filter());
        let log_level = is_single_layer.then(level_of_lines).flatten();
        let dispatch = dispatch(&config, self.layers, self.copies, &writer, look);
        let telemetry = Telemetry::new(config, Some((dispatch, writer)));
        Ok(telemetry
            .with_log_level(log_level)
            .with_sampler_shown(self.sampler))
    }

    /// Builds and installs.
    ///
    /// # Errors
    ///
    /// See [`build`](Self::build) and [`Telemetry::install`].
    pub fn install(self) -> Result<TelemetryGuard, InstallError> {
        self.install_with(|| {})
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
        // What would be built has a thread, which would live for ever.
        if install::is_installed() {
            let config = self.config.unwrap_or_else(Config::from_env);
            return Ok(install::further_guard(&config));
        }
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

/// Why telemetry could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The operating system could not start a thread.
    #[error("cannot start the thread that writes log lines")]
    WriterThread(#[source] io::Error),
}

/// What lines look like on the output.
#[derive(Clone, Copy)]
struct Look {
    is_terminal: bool,
    colors: bool,
}

fn dispatch(
    config: &Config,
    layers: Vec<BoxedLayer>,
    copies: Option<SharedSink>,
    writer: &Writer,
    look: Look,
) -> Dispatch {
    let lines = |copies| {
        LineLayer::for_writer(config.format(), writer.clone())
            .with_line_limit(config.line_limit())
            .with_colors(look.colors)
            .with_terminal(look.is_terminal)
            .with_plain_text(!config.is_structured())
            .with_copies(copies)
            .with_fields(config.rendered_fields())
    };
    // With the test kit there is always another layer.
    if layers.is_empty() && cfg!(not(feature = "testing")) {
        return single_layer_dispatch(config, lines(copies));
    }
    // An empty vector of layers would switch everything off; no vector at all does not.
    let layers = (!layers.is_empty()).then_some(layers);
    let subscriber = RegistryGuard::above(tracing_subscriber::registry().with(layers));
    #[cfg(feature = "testing")]
    let subscriber = subscriber.with(crate::testing::capture_layer());
    let filter = line_filter(config);
    subscriber.with(lines(copies).with_filter(filter)).into()
}

/// Builds the subscriber when the line layer is the only one: a global filter is then cheaper than a
/// per-layer filter (bench `line`).
fn single_layer_dispatch<S>(config: &Config, lines: LineLayer<S>) -> Dispatch
where
    S: LineSink + Send + Sync + 'static,
{
    let subscriber = RegistryGuard::above(tracing_subscriber::registry())
        .with(GlobalFilter(line_filter(config)))
        .with(lines);
    ThreadEndGuard(subscriber).into()
}

fn line_filter(config: &Config) -> CachedFilter<EventAndSpanFilter> {
    CachedFilter::new(config.event_and_span_filter())
}

fn loss_report(format: LogFormat, colors: bool, fields: Fields) -> writer::ReportLine {
    Box::new(move |report| match report {
        LossReport::Started { dropped } => {
            OwnLine::new(Level::WARN, LOGGER, names::event::LOG_LOSS_STARTED)
                .field(names::DROPPED_LINES, *dropped)
                .fields(&fields)
                .finish(format, colors)
        }
        LossReport::Ended { dropped, lasted } => {
            OwnLine::new(Level::WARN, LOGGER, names::event::LOG_LOSS_ENDED)
                .field(names::DROPPED_LINES, *dropped)
                .field(names::DURATION_MS, milliseconds(*lasted))
                .fields(&fields)
                .finish(format, colors)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tracing::dispatcher;

    use super::*;
    use crate::config::Environment;

    /// The lines of what `log` logs, where the line layer is the only one.
    fn lines(variables: &[(&str, &str)], log: impl FnOnce()) -> String {
        let environment = Environment::from_iter(variables.iter().copied());
        let config = Config::default().with_environment(&environment);
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&written);
        let layer = LineLayer::new(LogFormat::Json, move |line: &[u8], _: Level| {
            sink.lock().unwrap().extend_from_slice(line);
        });
        dispatcher::with_default(&single_layer_dispatch(&config, layer), log);
        let written = written.lock().unwrap();
        String::from_utf8(written.clone()).unwrap()
    }

    fn log() {
        tracing::info!("picked");
        tracing::debug!("looked_at");
        tracing::info_span!("draft", hero = 7).in_scope(|| tracing::debug!("thought_about"));
    }

    #[test]
    fn a_single_layer_has_lines_of_the_level_that_is_set() {
        for (level, count) in [("ERROR", 0), ("INFO", 1), ("DEBUG", 3)] {
            let lines = lines(&[("LOG_LEVEL", level)], log);
            assert_eq!(lines.lines().count(), count, "{lines}");
        }
    }

    #[test]
    fn a_single_layer_has_the_fields_of_spans_at_any_level() {
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
    fn a_single_layer_follows_directives_and_spans() {
        let of_span = lines(&[("RUST_LOG", "[draft]=debug")], log);
        let events = ["picked", "thought_about"];
        assert_eq!(of_span.lines().count(), events.len(), "{of_span}");
        for event in events {
            assert!(of_span.contains(event), "{of_span}");
        }
        assert!(of_span.contains(r#""hero":7"#), "{of_span}");
        assert_eq!(lines(&[("RUST_LOG", "telemetry_core=off")], log), "");
    }

    #[test]
    fn fields_of_every_line_come_last_once_and_redacted() {
        let config = Config::default()
            .with_field("region", "eu")
            .with_field("shard", 7)
            .with_field("api_key", "sesame")
            .with_field("level", "x")
            .with_redacted_keys(["steam_guard"])
            .with_field("steam_guard", 4711);
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&written);
        let layer = LineLayer::new(LogFormat::Json, move |line: &[u8], _: Level| {
            sink.lock().unwrap().extend_from_slice(line);
        })
        .with_fields(config.rendered_fields());
        dispatcher::with_default(&single_layer_dispatch(&config, layer), || {
            tracing::info!(hero = 7, "picked");
            tracing::info!(region = "us", "moved");
            tracing::info_span!("draft", shard = 8).in_scope(|| {
                crate::Scope::builder()
                    .field("region", "asia")
                    .build()
                    .in_scope(|| {
                        tracing::info!("drafted");
                    });
            });
            // One that another extends is kept under another name.
            tracing::info!(shard.name = "a", "named");
        });
        let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let tails = written
            .lines()
            .map(|line| line.split_once("\"event\":").unwrap().1);
        let others = r#""api_key":"[redacted]","field.level":"x""#;
        assert_eq!(
            tails.collect::<Vec<_>>(),
            [
                format!(
                    r#""picked","hero":7,"region":"eu","shard":7,{others},"steam_guard":4711}}"#
                ),
                format!(r#""moved","region":"us","shard":7,{others},"steam_guard":4711}}"#),
                format!(r#""drafted","shard":8,"region":"asia",{others},"steam_guard":4711}}"#),
                format!(
                    r#""named","shard.name":"a","region":"eu","field.shard":7,{others},"steam_guard":4711}}"#
                ),
            ]
        );
    }

    #[test]
    fn the_writers_own_lines_have_the_fields_of_every_line_too() {
        let config = Config::default()
            .with_field("region", "eu")
            .with_field("dropped_lines", "x");
        let report = loss_report(LogFormat::Json, false, config.rendered_fields());
        let line = String::from_utf8(report(&LossReport::Started { dropped: 3 })).unwrap();
        assert!(
            line.ends_with("\"log_loss_started\",\"dropped_lines\":3,\"region\":\"eu\"}\n"),
            "{line}"
        );
    }
}
