//! The settings of export: from the environment, or in code.

mod batch;
mod network;
mod otlp;
mod sampler;
mod signal;
mod variables;

use std::fmt;
use std::time::Duration;

use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_semantic_conventions::resource::SERVICE_NAME;
use percent_encoding::percent_decode_str;
use telemetry_core::{ConfigWarning, Environment, EnvironmentReader};

pub use batch::BatchSettings;
pub(crate) use network::NetworkSettings;
pub use otlp::{Headers, OtlpOptions, OtlpSettings};
pub(crate) use otlp::{shown, with_path};
pub use sampler::Sampler;
pub use signal::{Exporter, Protocol, Signal};
pub use variables::VARIABLES;

/// The default of `OTEL_METRIC_EXPORT_INTERVAL`.
const DEFAULT_METRIC_INTERVAL: Duration = Duration::from_secs(60);
/// The default of `OTEL_METRIC_EXPORT_TIMEOUT`.
const DEFAULT_METRIC_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest and the shortest time between two exports of metrics, and for one.
const METRIC_TIMES: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(24 * 60 * 60);

/// The settings of export: from the environment, as [`VARIABLES`] says, and in code.
///
/// ```
/// use telemetry_core::Environment;
/// use telemetry_otel::{OtelConfig, OtlpOptions, Protocol, Sampler, Signal};
///
/// let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317")];
/// let config = OtelConfig::from_environment(&Environment::from_iter(environment))
///     .with_sampler(Sampler::AlwaysOn)
///     .with_otlp_for(Signal::Logs, OtlpOptions::new().with_endpoint("http://loki:3100/otlp/v1/logs"));
/// let protocol = |signal| config.otlp(signal).unwrap().protocol();
/// assert_eq!(protocol(Signal::Traces), Protocol::Grpc);
/// assert_eq!(protocol(Signal::Logs), Protocol::HttpProtobuf);
/// ```
#[derive(Clone, Debug)]
pub struct OtelConfig {
    /// `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER` and `OTEL_LOGS_EXPORTER`.
    exporters: [Exporter; 3],
    /// `OTEL_EXPORTER_OTLP_*` of all signals.
    otlp: OtlpOptions,
    /// `OTEL_EXPORTER_OTLP_*` of each.
    otlp_of: [OtlpOptions; 3],
    network: NetworkSettings,
    sampler: Sampler,
    propagators: Propagators,
    resource_attributes: Vec<(String, String)>,
    spans: BatchSettings,
    log_records: BatchSettings,
    metric_interval: Duration,
    metric_timeout: Duration,
    temporality: Temporality,
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
        let otlp = OtlpOptions::read(&mut reader, None);
        let otlp_of = Signal::ALL.map(|signal| OtlpOptions::read(&mut reader, Some(signal)));
        let network = NetworkSettings::read(&mut reader);
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
            reader.parsed(name, setting, otlp::milliseconds, Duration::as_millis);
        }
        let mut temporality = TemporalityPreference::default();
        reader.choice(
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
            &mut temporality,
            &TemporalityPreference::NAMES,
        );
        Self {
            exporters,
            otlp,
            otlp_of,
            network,
            temporality: temporality.0,
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
    pub fn otlp(&self, signal: Signal) -> Option<OtlpSettings> {
        self.otlp.settings(&self.otlp_of[signal as usize], signal)
    }

    /// Sets how all signals are sent by OTLP. What the environment says of one signal stays.
    #[must_use]
    pub fn with_otlp(mut self, mut options: OtlpOptions) -> Self {
        self.warnings.extend(options.take_warnings());
        self.otlp.override_by(options);
        self
    }

    /// Sets how one signal is sent by OTLP, in place of what holds for all.
    #[must_use]
    pub fn with_otlp_for(mut self, signal: Signal, mut options: OtlpOptions) -> Self {
        self.warnings.extend(options.take_warnings());
        self.otlp_of[signal as usize].override_by(options);
        self
    }

    pub(crate) fn network(&self) -> &NetworkSettings {
        &self.network
    }

    /// Which traces are recorded (`OTEL_TRACES_SAMPLER`).
    #[must_use]
    pub fn sampler(&self) -> Sampler {
        self.sampler
    }

    /// Sets which traces are recorded. A ratio that is not from 0 to 1 changes nothing and is a
    /// [warning](Self::warnings).
    #[must_use]
    pub fn with_sampler(mut self, sampler: Sampler) -> Self {
        if sampler.is_valid() {
            self.sampler = sampler;
        } else {
            self.warn(
                "with_sampler",
                "its ratio is not a number from 0 to 1",
                self.sampler,
            );
        }
        self
    }

    /// What is read from and written to headers (`OTEL_PROPAGATORS`).
    #[must_use]
    pub fn propagators(&self) -> Propagators {
        self.propagators
    }

    /// Sets what is read from and written to headers.
    #[must_use]
    pub fn with_propagators(mut self, propagators: Propagators) -> Self {
        self.propagators = propagators;
        self
    }

    /// The attributes of everything that is exported (`OTEL_RESOURCE_ATTRIBUTES`).
    #[must_use]
    pub fn resource_attributes(&self) -> &[(String, String)] {
        &self.resource_attributes
    }

    /// Adds an attribute to everything that is exported, or replaces the one of this name.
    #[must_use]
    pub fn with_resource_attribute(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        let name = name.into();
        self.resource_attributes.retain(|(other, _)| *other != name);
        self.resource_attributes.push((name, value.into()));
        self
    }

    /// How spans are gathered into batches (`OTEL_BSP_*`).
    #[must_use]
    pub fn span_batches(&self) -> BatchSettings {
        self.spans
    }

    /// Sets how spans are gathered into batches.
    #[must_use]
    pub fn with_span_batches(mut self, batches: BatchSettings) -> Self {
        self.spans = batches;
        self
    }

    /// How log records are gathered into batches (`OTEL_BLRP_*`).
    #[must_use]
    pub fn log_batches(&self) -> BatchSettings {
        self.log_records
    }

    /// Sets how log records are gathered into batches.
    #[must_use]
    pub fn with_log_batches(mut self, batches: BatchSettings) -> Self {
        self.log_records = batches;
        self
    }

    /// How long lies between two exports of metrics (`OTEL_METRIC_EXPORT_INTERVAL`).
    #[must_use]
    pub fn metric_interval(&self) -> Duration {
        self.metric_interval
    }

    /// Sets how long lies between two exports of metrics. What is not from a millisecond to a day
    /// changes nothing and is a [warning](Self::warnings).
    #[must_use]
    pub fn with_metric_interval(mut self, interval: Duration) -> Self {
        if METRIC_TIMES.contains(&interval) {
            self.metric_interval = interval;
        } else {
            self.warn_of_time("with_metric_interval", self.metric_interval);
        }
        self
    }

    /// How long an export of metrics may take (`OTEL_METRIC_EXPORT_TIMEOUT`).
    #[must_use]
    pub fn metric_timeout(&self) -> Duration {
        self.metric_timeout
    }

    /// Sets how long an export of metrics may take. What is not from a millisecond to a day changes
    /// nothing and is a [warning](Self::warnings).
    #[must_use]
    pub fn with_metric_timeout(mut self, timeout: Duration) -> Self {
        if METRIC_TIMES.contains(&timeout) {
            self.metric_timeout = timeout;
        } else {
            self.warn_of_time("with_metric_timeout", self.metric_timeout);
        }
        self
    }

    /// How sums and histograms are exported (`OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`).
    #[must_use]
    pub fn temporality(&self) -> Temporality {
        self.temporality
    }

    /// Sets how sums and histograms are exported.
    #[must_use]
    pub fn with_temporality(mut self, temporality: Temporality) -> Self {
        self.temporality = temporality;
        self
    }

    fn warn_of_time(&mut self, method: &str, using: Duration) {
        let using = format!("{using:?}");
        self.warn(method, "it is not from a millisecond to a day", using);
    }

    fn warn(&mut self, method: &str, problem: &str, using: impl fmt::Display) {
        self.warnings.push(ConfigWarning {
            variable: format!("OtelConfig::{method}"),
            problem: problem.to_owned(),
            using: using.to_string(),
        });
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

/// A temporality by its name in the specification.
#[derive(Clone, Copy, Debug)]
struct TemporalityPreference(Temporality);

impl TemporalityPreference {
    const NAMES: [(&'static str, Self); 3] = [
        ("cumulative", Self(Temporality::Cumulative)),
        ("delta", Self(Temporality::Delta)),
        ("lowmemory", Self(Temporality::LowMemory)),
    ];
}

impl Default for TemporalityPreference {
    fn default() -> Self {
        Self(Temporality::Cumulative)
    }
}

impl fmt::Display for TemporalityPreference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(_, it)| it.0 == self.0);
        f.write_str(name.map_or("cumulative", |(name, _)| name))
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
