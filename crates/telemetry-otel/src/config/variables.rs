//! The table of environment variables: what is documented is what is read.

use telemetry_core::Variable;

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
    "OTEL_EXPORTER_OTLP_PROTOCOL", "`grpc` for port 4317, else `http/protobuf`", "`grpc` or `http/protobuf`.";
    "OTEL_EXPORTER_OTLP_HEADERS", "unset", "Headers of each request: `name=value,name=value`, the values percent-encoded. Never shown.";
    "OTEL_EXPORTER_OTLP_TIMEOUT", "10000", "How many milliseconds a request may take.";
    "OTEL_EXPORTER_OTLP_COMPRESSION", "none", "`gzip` or `none`.";
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "unset", "The same for traces alone: as it is, no path is added.";
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "unset", "The same for traces alone.";
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "unset", "The same for traces alone, in place of those for all.";
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "unset", "The same for traces alone.";
    "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "unset", "The same for traces alone.";
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "unset", "The same for metrics alone: as it is, no path is added.";
    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "unset", "The same for metrics alone.";
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS", "unset", "The same for metrics alone, in place of those for all.";
    "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "unset", "The same for metrics alone.";
    "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "unset", "The same for metrics alone.";
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "unset", "The same for log records alone: as it is, no path is added.";
    "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "unset", "The same for log records alone.";
    "OTEL_EXPORTER_OTLP_LOGS_HEADERS", "unset", "The same for log records alone, in place of those for all.";
    "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "unset", "The same for log records alone.";
    "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "unset", "The same for log records alone.";
    "OTEL_TRACES_EXPORTER", "otlp", "`otlp`, `console` (the standard error) or `none`.";
    "OTEL_METRICS_EXPORTER", "otlp", "`otlp`, `console` (the standard error) or `none`.";
    "OTEL_LOGS_EXPORTER", "otlp", "`otlp`, `console` (the standard error) or `none`.";
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
}
