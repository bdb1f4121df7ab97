//! The settings of export: from the environment, or in code.

mod batch;
mod sampler;
mod signal;
mod variables;

use std::fmt;
use std::time::Duration;

use opentelemetry_semantic_conventions::resource::SERVICE_NAME;
use percent_encoding::percent_decode_str;
use telemetry_core::{ConfigWarning, Environment, EnvironmentReader};

pub use batch::BatchSettings;
pub use sampler::Sampler;
pub use signal::{Exporter, Headers, OtlpSettings, Protocol, Signal};
pub(crate) use signal::{shown, with_path};
pub use variables::VARIABLES;

/// The default of `OTEL_METRIC_EXPORT_INTERVAL`.
const DEFAULT_METRIC_INTERVAL: Duration = Duration::from_secs(60);
/// The default of `OTEL_METRIC_EXPORT_TIMEOUT`.
const DEFAULT_METRIC_TIMEOUT: Duration = Duration::from_secs(30);

/// The settings of export. [`VARIABLES`] says what each means.
///
/// ```
/// use telemetry_core::Environment;
/// use telemetry_otel::{OtelConfig, Protocol, Signal};
///
/// let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317")];
/// let config = OtelConfig::from_environment(&Environment::from_iter(environment));
/// let traces = config.otlp(Signal::Traces).unwrap();
/// assert_eq!(traces.protocol, Protocol::Grpc);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OtelConfig {
    /// `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER` and `OTEL_LOGS_EXPORTER`.
    exporters: [Exporter; 3],
    /// `OTEL_EXPORTER_OTLP_*`.
    otlp: [Option<OtlpSettings>; 3],
    /// `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`.
    pub sampler: Sampler,
    /// `OTEL_PROPAGATORS`.
    pub propagators: Propagators,
    /// `OTEL_RESOURCE_ATTRIBUTES`.
    pub resource_attributes: Vec<(String, String)>,
    /// `OTEL_BSP_*`: how spans are gathered.
    pub spans: BatchSettings,
    /// `OTEL_BLRP_*`: how log records are gathered.
    pub log_records: BatchSettings,
    /// `OTEL_METRIC_EXPORT_INTERVAL`.
    pub metric_interval: Duration,
    /// `OTEL_METRIC_EXPORT_TIMEOUT`.
    pub metric_timeout: Duration,
    warnings: Vec<ConfigWarning>,
}

/// What is read from and written to the headers of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Propagators {
    /// `traceparent` and `tracestate`.
    pub trace_context: bool,
    /// `baggage`, where the peer is trusted.
    pub baggage: bool,
}

impl OtelConfig {
    /// Reads the settings. A bad value leaves the default, and adds a
    /// [warning](Self::warnings).
    #[must_use]
    pub fn from_environment(environment: &Environment) -> Self {
        let mut reader = EnvironmentReader::new(environment);
        let of_all = signal::Said::read(&mut reader, None);
        let otlp = Signal::ALL.map(|signal| {
            let of_signal = signal::Said::read(&mut reader, Some(signal));
            of_all.settings(&of_signal, signal)
        });
        let exporters = Signal::ALL.map(|signal| exporter(&mut reader, signal));
        let mut propagators = Propagators::default();
        reader.parsed(
            "OTEL_PROPAGATORS",
            &mut propagators,
            Propagators::parse,
            Propagators::to_string,
        );
        let mut resource_attributes: Vec<(String, String)> = Vec::new();
        reader.parsed(
            "OTEL_RESOURCE_ATTRIBUTES",
            &mut resource_attributes,
            parse_resource_attributes,
            |_| "no attributes",
        );
        // The specification's precedence.
        if environment.get("OTEL_SERVICE_NAME").is_some() {
            resource_attributes.retain(|(key, _)| key != SERVICE_NAME);
        }
        let mut metric_interval = DEFAULT_METRIC_INTERVAL;
        let mut metric_timeout = DEFAULT_METRIC_TIMEOUT;
        for (name, setting) in [
            ("OTEL_METRIC_EXPORT_INTERVAL", &mut metric_interval),
            ("OTEL_METRIC_EXPORT_TIMEOUT", &mut metric_timeout),
        ] {
            reader.parsed(name, setting, signal::milliseconds, Duration::as_millis);
        }
        Self {
            exporters,
            otlp,
            sampler: Sampler::read(&mut reader),
            propagators,
            resource_attributes,
            spans: BatchSettings::read(&mut reader, "OTEL_BSP", Duration::from_secs(5)),
            log_records: BatchSettings::read(&mut reader, "OTEL_BLRP", Duration::from_secs(1)),
            metric_interval,
            metric_timeout,
            warnings: reader.into_warnings(),
        }
    }

    /// Where a signal goes.
    #[must_use]
    pub fn exporter(&self, signal: Signal) -> Exporter {
        self.exporters[signal as usize]
    }

    /// Sets where a signal goes.
    #[must_use]
    pub fn with_exporter(mut self, signal: Signal, exporter: Exporter) -> Self {
        self.exporters[signal as usize] = exporter;
        self
    }

    /// How a signal is sent by OTLP; `None` when it has no endpoint.
    #[must_use]
    pub fn otlp(&self, signal: Signal) -> Option<&OtlpSettings> {
        self.otlp[signal as usize].as_ref()
    }

    /// What is wrong with the settings. No value of a header is shown.
    #[must_use]
    pub fn warnings(&self) -> &[ConfigWarning] {
        &self.warnings
    }

    /// Says whether a signal leaves the process.
    #[must_use]
    pub fn exports(&self, signal: Signal) -> bool {
        match self.exporter(signal) {
            Exporter::Otlp => self.otlp(signal).is_some(),
            Exporter::Console => true,
            Exporter::None => false,
        }
    }
}

impl Default for OtelConfig {
    /// The settings of an empty environment: OTLP, without an endpoint.
    fn default() -> Self {
        Self::from_environment(&Environment::default())
    }
}

impl Propagators {
    fn parse(list: &str) -> Result<Self, String> {
        let mut propagators = Self {
            trace_context: false,
            baggage: false,
        };
        for name in list
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            match name {
                "tracecontext" => propagators.trace_context = true,
                "baggage" => propagators.baggage = true,
                "none" => {}
                _ => {
                    return Err(format!(
                        "{name:?} is not one of tracecontext, baggage, none"
                    ));
                }
            }
        }
        Ok(propagators)
    }
}

impl Default for Propagators {
    fn default() -> Self {
        Self {
            trace_context: true,
            baggage: true,
        }
    }
}

impl fmt::Display for Propagators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.trace_context, self.baggage) {
            (true, true) => "tracecontext,baggage",
            (true, false) => "tracecontext",
            (false, true) => "baggage",
            (false, false) => "none",
        })
    }
}

fn exporter(reader: &mut EnvironmentReader<'_>, signal: Signal) -> Exporter {
    let mut exporter = Exporter::default();
    reader.choice(
        &format!("OTEL_{}_EXPORTER", signal.upper()),
        &mut exporter,
        &[
            ("otlp", Exporter::Otlp),
            ("console", Exporter::Console),
            ("none", Exporter::None),
        ],
    );
    exporter
}

/// Reads `key=value,key=value`, percent-encoded. As the specification says, the whole is
/// left out when a part of it is bad.
fn parse_resource_attributes(list: &str) -> Result<Vec<(String, String)>, String> {
    let entries = list
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty());
    let attributes = entries.map(|entry| {
        let decoded = |text: &str| {
            let text = percent_decode_str(text.trim()).decode_utf8().ok()?;
            Some(text.into_owned())
        };
        let (key, value) = entry.split_once('=')?;
        let (key, value) = (decoded(key)?, decoded(value)?);
        (!key.is_empty()).then_some((key, value))
    });
    let attributes: Option<_> = attributes.collect();
    attributes.ok_or_else(|| "it is not a list such as team=backend,region=eu".to_owned())
}

#[cfg(test)]
mod tests;
