//! The settings of export: from the environment, or in code.

mod batch;
mod limits;
mod network;
mod otlp;
mod prometheus;
mod propagators;
mod resource_attributes;
mod sampler;
mod signal;
mod temporality;
mod unsupported;
mod variables;

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_semantic_conventions::resource::SERVICE_NAME;
use telemetry_core::{ConfigWarning, Environment, EnvironmentReader};

pub use batch::BatchSettings;
pub use limits::{LogRecordLimits, SpanLimits};
pub(crate) use network::NetworkSettings;
pub use otlp::{Headers, OtlpOptions, OtlpSettings};
pub(crate) use otlp::{shown, with_path};
pub use prometheus::PrometheusAddress;
pub use propagators::Propagators;
pub use sampler::Sampler;
use signal::Exporters;
pub use signal::{Exporter, Protocol, Signal};
pub use variables::{StandardVariable, Support, VARIABLES, standard_variables};

use temporality::TemporalityPreference;

/// The default of `OTEL_METRIC_EXPORT_INTERVAL`.
const DEFAULT_METRIC_INTERVAL: Duration = Duration::from_secs(60);
/// The default of `OTEL_METRIC_EXPORT_TIMEOUT`.
const DEFAULT_METRIC_TIMEOUT: Duration = Duration::from_secs(30);

/// The shortest and the longest time of any setting: a millisecond and a day. Clocks overflow
/// somewhere.
const TIME_RANGE: RangeInclusive<Duration> =
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
    exporters: [Exporters; 3],
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
    span_limits: SpanLimits,
    record_limits: LogRecordLimits,
    /// Whether exceptions are events of spans (`OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN`).
    has_exception_events: bool,
    prometheus: PrometheusAddress,
    warnings: Vec<ConfigWarning>,
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
        let exporters = Signal::ALL.map(|signal| Exporters::read(&mut reader, signal));
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
            resource_attributes::parse,
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
        let (span_limits, record_limits) = limits::read(&mut reader);
        let mut exceptions = ExceptionSignal::Both;
        reader.choice(
            "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN",
            &mut exceptions,
            &[
                ("logs", ExceptionSignal::Logs),
                ("logs/dup", ExceptionSignal::Both),
            ],
        );
        unsupported::warn(&mut reader);
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
            span_limits,
            record_limits,
            has_exception_events: exceptions == ExceptionSignal::Both,
            prometheus: PrometheusAddress::read(&mut reader),
            warnings: reader.into_warnings(),
        }
    }

    /// Where a signal goes: nowhere when there is none.
    #[must_use]
    pub fn exporters(&self, signal: Signal) -> &[Exporter] {
        &self.exporters[signal as usize].0
    }

    /// Sets where a signal goes, in place of what was set before; [`Exporter::None`] for nowhere.
    #[must_use]
    pub fn with_exporter(self, signal: Signal, exporter: Exporter) -> Self {
        self.with_exporters(signal, [exporter])
    }

    /// Sets all the places that a signal goes to. Prometheus among those of another signal than
    /// metrics changes nothing and is a [warning](Self::warnings).
    #[must_use]
    pub fn with_exporters(
        mut self,
        signal: Signal,
        exporters: impl IntoIterator<Item = Exporter>,
    ) -> Self {
        match Exporters::new(signal, exporters) {
            Ok(exporters) => self.exporters[signal as usize] = exporters,
            Err(problem) => {
                let using = self.exporters[signal as usize].to_string();
                self.warn("with_exporters", &problem, using);
            }
        }
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
        if TIME_RANGE.contains(&interval) {
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
        if TIME_RANGE.contains(&timeout) {
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

    /// How much of a span is exported.
    #[must_use]
    pub fn span_limits(&self) -> SpanLimits {
        self.span_limits
    }

    /// Sets how much of a span is exported.
    #[must_use]
    pub fn with_span_limits(mut self, limits: SpanLimits) -> Self {
        self.span_limits = limits;
        self
    }

    /// How much of a log record is exported.
    #[must_use]
    pub fn log_record_limits(&self) -> LogRecordLimits {
        self.record_limits
    }

    /// Sets how much of a log record is exported.
    #[must_use]
    pub fn with_log_record_limits(mut self, limits: LogRecordLimits) -> Self {
        self.record_limits = limits;
        self
    }

    /// Whether exceptions are events of spans, beside log records
    /// (`OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN`).
    #[must_use]
    pub fn has_exception_events(&self) -> bool {
        self.has_exception_events
    }

    /// Sets whether exceptions are events of spans.
    #[must_use]
    pub fn with_exception_events(mut self, has_exception_events: bool) -> Self {
        self.has_exception_events = has_exception_events;
        self
    }

    /// Where Prometheus fetches metrics (`OTEL_EXPORTER_PROMETHEUS_HOST` and `_PORT`), if it is among
    /// the exporters of metrics.
    #[must_use]
    pub fn prometheus_address(&self) -> &PrometheusAddress {
        &self.prometheus
    }

    /// Sets where Prometheus fetches metrics.
    #[must_use]
    pub fn with_prometheus_address(mut self, address: PrometheusAddress) -> Self {
        self.prometheus = address;
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
        self.exporters(signal)
            .iter()
            .any(|exporter| match exporter {
                Exporter::Otlp => self.otlp(signal).is_some(),
                Exporter::Console | Exporter::Prometheus => true,
                Exporter::None => false,
            })
    }
}

impl Default for OtelConfig {
    /// The settings of an empty environment: OTLP, without an endpoint.
    fn default() -> Self {
        Self::from_environment(&Environment::default())
    }
}

/// Where exceptions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExceptionSignal {
    /// To log records alone.
    Logs,
    /// To log records, and to spans as events.
    Both,
}

impl fmt::Display for ExceptionSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Logs => "logs",
            Self::Both => "logs/dup",
        })
    }
}

#[cfg(test)]
mod tests;
