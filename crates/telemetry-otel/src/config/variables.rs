//! The table of environment variables: what is documented is what is read.

use std::fmt;

use telemetry_core::Variable;
use telemetry_core::instrument;

use crate::config::unsupported::UNSUPPORTED;

macro_rules! variables {
    ($($name:literal, $default:literal, $meaning:literal;)*) => {
        /// Every variable that this crate reads, beside those of `telemetry-core`.
        pub static VARIABLES: &[Variable] = &[$(Variable {
            name: $name,
            default: $default,
            meaning: $meaning,
        }),*];
    };
}

variables! {
    "OTEL_EXPORTER_OTLP_ENDPOINT", "unset", "The URL of the collector. Without one nothing is exported. Over HTTP, `/v1/traces` and the like are added.";
    "OTEL_EXPORTER_OTLP_PROTOCOL", "`grpc` for port 4317, else `http/protobuf`", "`grpc`, `http/protobuf` or `http/json`.";
    "OTEL_EXPORTER_OTLP_HEADERS", "unset", "Headers of each request: `name=value,name=value`, the values percent-encoded. Never shown.";
    "OTEL_EXPORTER_OTLP_TIMEOUT", "10000", "How many milliseconds a request may take.";
    "OTEL_EXPORTER_OTLP_COMPRESSION", "none", "`gzip` or `none`.";
    "OTEL_EXPORTER_OTLP_CERTIFICATE", "unset", "The file of the authorities that sign the collector's certificate, in PEM, in place of the system's.";
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "unset", "The file of the certificate that the collector is shown, in PEM. With a key.";
    "OTEL_EXPORTER_OTLP_CLIENT_KEY", "unset", "The file of that certificate's key, in PEM.";
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "unset", "The same for traces alone: as it is, no path is added.";
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "unset", "The same for traces alone.";
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "unset", "The same for traces alone, in place of those for all.";
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "unset", "The same for traces alone.";
    "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "unset", "The same for traces alone.";
    "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "unset", "The same for traces alone.";
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "unset", "The same for traces alone.";
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "unset", "The same for traces alone.";
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "unset", "The same for metrics alone: as it is, no path is added.";
    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "unset", "The same for metrics alone.";
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS", "unset", "The same for metrics alone, in place of those for all.";
    "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "unset", "The same for metrics alone.";
    "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "unset", "The same for metrics alone.";
    "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", "unset", "The same for metrics alone.";
    "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE", "unset", "The same for metrics alone.";
    "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", "unset", "The same for metrics alone.";
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "unset", "The same for log records alone: as it is, no path is added.";
    "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "unset", "The same for log records alone.";
    "OTEL_EXPORTER_OTLP_LOGS_HEADERS", "unset", "The same for log records alone, in place of those for all.";
    "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "unset", "The same for log records alone.";
    "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "unset", "The same for log records alone.";
    "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", "unset", "The same for log records alone.";
    "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE", "unset", "The same for log records alone.";
    "OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", "unset", "The same for log records alone.";
    "OTEL_TRACES_EXPORTER", "otlp", "A list of `otlp`, `console` (the standard error), or `none`.";
    "OTEL_METRICS_EXPORTER", "otlp", "A list of `otlp`, `console` (the standard error) and `prometheus` (which fetches), or `none`.";
    "OTEL_LOGS_EXPORTER", "otlp", "A list of `otlp`, `console` (the standard error), or `none`.";
    "OTEL_TRACES_SAMPLER", "parentbased_traceidratio", "`always_on`, `always_off`, `traceidratio`, or one of these after `parentbased_`.";
    "OTEL_TRACES_SAMPLER_ARG", "0.1", "The part of the traces that a `traceidratio` sampler records, from 0 to 1.";
    "OTEL_PROPAGATORS", "tracecontext,baggage", "What is read from and written to headers: `tracecontext`, `baggage` or `none`.";
    "OTEL_RESOURCE_ATTRIBUTES", "unset", "Attributes of everything exported: `key=value,key=value`, percent-encoded.";
    "OTEL_BSP_MAX_QUEUE_SIZE", "2048", "How many spans wait at most; more are dropped.";
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512", "How many spans are sent at once.";
    "OTEL_BSP_SCHEDULE_DELAY", "5000", "How many milliseconds a span waits for others.";
    "OTEL_BSP_EXPORT_TIMEOUT", "30000", "How many milliseconds sending a batch of spans may take.";
    "OTEL_BLRP_MAX_QUEUE_SIZE", "2048", "How many log records wait at most; more are dropped.";
    "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "512", "How many log records are sent at once.";
    "OTEL_BLRP_SCHEDULE_DELAY", "1000", "How many milliseconds a log record waits for others.";
    "OTEL_BLRP_EXPORT_TIMEOUT", "30000", "How many milliseconds sending a batch of log records may take.";
    "OTEL_METRIC_EXPORT_INTERVAL", "60000", "How many milliseconds lie between two exports of metrics.";
    "OTEL_METRIC_EXPORT_TIMEOUT", "30000", "How many milliseconds an export of metrics may take.";
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "cumulative", "`cumulative`, `delta` or `lowmemory`: whether sums and histograms begin anew with each export.";
    "OTEL_EXPORTER_PROMETHEUS_HOST", "localhost", "The host on which Prometheus fetches metrics; `0.0.0.0` for all interfaces.";
    "OTEL_EXPORTER_PROMETHEUS_PORT", "9464", "The port on which Prometheus fetches metrics, at `/metrics`.";
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "unset", "How many characters a value of an attribute may have: of a longer one, the rest is cut off. Of spans, their events and links, and log records.";
    "OTEL_ATTRIBUTE_COUNT_LIMIT", "128", "How many attributes a span and a log record may have: more are left out, and counted in it.";
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "unset", "The length for spans alone.";
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "unset", "The count for spans alone.";
    "OTEL_SPAN_EVENT_COUNT_LIMIT", "128", "How many events a span may have.";
    "OTEL_SPAN_LINK_COUNT_LIMIT", "128", "How many links a span may have.";
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "128", "How many attributes an event of a span may have.";
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "128", "How many attributes a link of a span may have.";
    "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "unset", "The length for log records alone.";
    "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "unset", "The count for log records alone.";
    "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", "logs/dup", "`logs`: exceptions are no events of spans, and on log records alone. `logs/dup`: both.";
    "SSL_CERT_FILE", "unset", "The file of the authorities that are trusted, in PEM, in place of the system's.";
    "SSL_CERT_DIR", "unset", "The directories of the authorities that are trusted, in place of the system's.";
    "HTTP_PROXY", "unset", "The proxy of connections to `http://` URLs: never to this host itself. Small letters, here and below, win over capitals.";
    "HTTPS_PROXY", "unset", "The proxy of connections to `https://` URLs.";
    "ALL_PROXY", "unset", "The proxy where neither of these is set.";
    "NO_PROXY", "unset", "Hosts, domains and networks that no proxy is used for: a list, with commas.";
}

/// A variable of the OpenTelemetry specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandardVariable {
    /// Its name.
    pub name: &'static str,
    /// The page of the specification that has it, as `standard_variables.txt` of `telemetry-core`
    /// calls it.
    pub page: &'static str,
    /// What becomes of it.
    pub support: Support,
}

/// What becomes of a variable that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It has the effect that the specification wants.
    Honoured,
    /// It has none, and is a `telemetry_config_warning`.
    Warned,
}

impl fmt::Display for Support {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Honoured => "honoured",
            Self::Warned => "not supported: warned",
        })
    }
}

/// Every variable of the OpenTelemetry specification. None is left to the SDK, which reads some of
/// them by rules of its own.
pub fn standard_variables() -> impl Iterator<Item = StandardVariable> {
    instrument::standard_variables().map(|(page, name)| StandardVariable {
        name,
        page,
        support: if UNSUPPORTED.iter().any(|it| it.name == name) {
            Support::Warned
        } else {
            Support::Honoured
        },
    })
}
