//! Variables of the specification that have no effect here: each is a warning.

use telemetry_core::EnvironmentReader;

/// A variable that has no effect.
pub(super) struct Unsupported {
    pub(super) name: &'static str,
    /// Values that are in effect anyway, and so are no reason for a warning.
    accepted: &'static [&'static str],
    /// Why it has no effect.
    problem: &'static str,
    /// What is used in its place.
    using: &'static str,
}

macro_rules! unsupported {
    ($($problem:literal, $using:literal: $($name:literal $([$($accepted:literal),*])?),*;)*) => {
        pub(super) static UNSUPPORTED: &[Unsupported] = &[$($(Unsupported {
            name: $name,
            accepted: &[$($($accepted),*)?],
            problem: $problem,
            using: $using,
        }),*),*];
    };
}

unsupported! {
    "files of configuration are not read", "the environment and what is set in code":
        "OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE";
    "entities are not supported: set OTEL_RESOURCE_ATTRIBUTES", "the resource without them":
        "OTEL_ENTITIES";
    "the level of all lines, those on export included, is that of LOG_LEVEL", "LOG_LEVEL":
        "OTEL_LOG_LEVEL";
    "no exporter for Zipkin: send OTLP to a collector that has one", "the exporters that are set":
        "OTEL_EXPORTER_ZIPKIN_ENDPOINT", "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
        "OTEL_EXPORTER_ZIPKIN_PROTOCOL";
    "no exporter for Jaeger: it takes OTLP", "the exporters that are set":
        "OTEL_EXPORTER_JAEGER_AGENT_HOST", "OTEL_EXPORTER_JAEGER_AGENT_PORT",
        "OTEL_EXPORTER_JAEGER_ENDPOINT", "OTEL_EXPORTER_JAEGER_PASSWORD",
        "OTEL_EXPORTER_JAEGER_PROTOCOL", "OTEL_EXPORTER_JAEGER_TIMEOUT",
        "OTEL_EXPORTER_JAEGER_USER";
    "the URL says whether there is TLS: https:// for TLS, http:// for none", "the URL":
        "OTEL_EXPORTER_OTLP_INSECURE", "OTEL_EXPORTER_OTLP_TRACES_INSECURE",
        "OTEL_EXPORTER_OTLP_METRICS_INSECURE", "OTEL_EXPORTER_OTLP_LOGS_INSECURE",
        "OTEL_EXPORTER_OTLP_SPAN_INSECURE", "OTEL_EXPORTER_OTLP_METRIC_INSECURE";
    "the SDK for Rust records no exemplars", "always_off":
        "OTEL_METRICS_EXEMPLAR_FILTER" ["always_off"];
    "histograms have the boundaries that the instrument has", "explicit_bucket_histogram":
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION" ["explicit_bucket_histogram"];
    "batches of spans are exported one after the other", "1":
        "OTEL_BSP_MAX_CONCURRENT_EXPORTS" ["1"];
}

/// Warns of those that are set. No value is shown.
pub(super) fn warn(reader: &mut EnvironmentReader<'_>) {
    for variable in UNSUPPORTED {
        let Some(value) = reader.get(variable.name) else {
            continue;
        };
        let mut accepted = variable.accepted.iter();
        if !accepted.any(|accepted| accepted.eq_ignore_ascii_case(value)) {
            let problem = format!("it has no effect: {}", variable.problem);
            reader.warn(variable.name, problem, variable.using);
        }
    }
}

/// Says what is wrong with a word of a list: `kind` is what it should be one of. A word of the
/// specification is not supported, any other is not known.
pub(super) fn unknown(word: &str, kind: &str, unsupported: &[&str], supported: &[&str]) -> String {
    let supported = supported.join(", ");
    let mut unsupported = unsupported.iter();
    if unsupported.any(|it| it.eq_ignore_ascii_case(word)) {
        format!("{word:?} is not supported: the {kind}s that work are {supported}")
    } else {
        format!("{word:?} is not one of {supported}")
    }
}
