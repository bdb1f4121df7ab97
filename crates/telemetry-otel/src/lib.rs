//! OpenTelemetry export of traces, metrics and log records, by environment variables.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), telemetry_core::InstallError> {
//!     let telemetry = telemetry_otel::init()?; // lines, and export when the environment says so
//!     tracing::info!(players = 12, "tournament_shown");
//!     telemetry.shutdown(Duration::from_secs(5)).await; // the last records are sent
//!     Ok(())
//! }
//! ```
//!
//! With a collector that is gone, one line, and one more once it is back (`otel_export_recovered`):
//!
//! ```json
//! {"timestamp":"2026-11-21T06:19:30.405168Z","level":"warning","logger":"telemetry_otel","event":"otel_export_failing","signal":"logs","error":"Operation failed: TonicLogsClient export failed with gRPC code: Unavailable: transport error: tcp connect error: tcp connect error: Connection refused (os error 111)"}
//! ```
//!
//! # What it exports
//!
//! | signal | what |
//! |---|---|
//! | traces | the spans that the crates of this workspace make for units of work; beneath them the application's own `#[tracing::instrument]` spans, of level info and above, in traces that are sampled |
//! | metrics | all that is recorded with OpenTelemetry's API, and those below, which are there with 0 from the start |
//! | logs | a record for each log line, with the same fields of the same types, the event as its body, and as its name where it is an identifier, the ids and flags of trace and span, and `code.file.path`, `code.line.number`; `exception.type`, `exception.message`, `exception.stacktrace` in place of `exception` |
//!
//! | metric | unit | kind | what |
//! |---|---|---|---|
//! | `telemetry.log.dropped_lines` | `{line}` | counter | log lines lost: the buffer was full, or the output refused them |
//! | `otel.sdk.processor.span.processed` | `{span}` | counter | what was given to the exporter, or dropped because too many waited (`error.type` is `queue_full`), by `otel.component.type`, `otel.component.name` |
//! | `otel.sdk.processor.log.processed` | `{log_record}` | counter | the same of log records |
//! | `otel.sdk.processor.span.queue.size` | `{span}` | up-down counter | what waits to be given to the exporter |
//! | `otel.sdk.processor.log.queue.size` | `{log_record}` | up-down counter | what waits to be given to the exporter |
//! | `otel.sdk.processor.span.queue.capacity` | `{span}` | up-down counter | how much may wait |
//! | `otel.sdk.processor.log.queue.capacity` | `{log_record}` | up-down counter | how much may wait |
//! | `otel.sdk.exporter.span.exported` | `{span}` | counter | what the collector took, or was lost after all tries (`error.type` is `connection`, `tls`, `timeout`, `protocol`, `refused`, `rejected` or `_OTHER`), by `otel.component.type`, `otel.component.name`, `server.address`, `server.port` |
//! | `otel.sdk.exporter.log.exported` | `{log_record}` | counter | the same of log records |
//! | `otel.sdk.exporter.metric_data_point.exported` | `{data_point}` | counter | the same of points of metrics |
//! | `otel.sdk.exporter.span.inflight` | `{span}` | up-down counter | what is being exported |
//! | `otel.sdk.exporter.log.inflight` | `{log_record}` | up-down counter | what is being exported |
//! | `otel.sdk.exporter.metric_data_point.inflight` | `{data_point}` | up-down counter | what is being exported |
//!
//! What export itself logs and records is on log lines and never exported. All of it has a resource:
//! `service.name`, `service.version`, `service.instance.id`, `deployment.environment.name`,
//! `process.*`, `telemetry.sdk.*`, and what `OTEL_RESOURCE_ATTRIBUTES` says.
//!
//! | event | level | fields | when |
//! |---|---|---|---|
//! | `otel_export_off` | warning | `problem` | export is asked for, and there is nowhere to export to, or a setting keeps it from working (error); at any `LOG_LEVEL` |
//! | `otel_export_failing` | warning | `export.signal`, `error` | the export of a signal begins to fail; at any `LOG_LEVEL` |
//! | `otel_export_recovered` | warning | `export.signal`, `failed_exports`, `dropped_records`, `duration_ms` | it works again; at any `LOG_LEVEL` |
//! | `otel_records_rejected` | warning | `export.signal`, `rejected_records`, `error` | the collector takes a part of what it is sent, or warns of it; at any `LOG_LEVEL` |
//! | `otel_records_lost` | warning | `lost_spans`, `lost_data_points`, `lost_log_records`, `error` | at the end: what did not reach the collector, and why; at any `LOG_LEVEL` |
//!
//! Integers have limits: OTLP has none above that of `i64`, so on log records a larger one is a
//! string. On spans of `tracing`, every unsigned field is a string, for `tracing-opentelemetry` does
//! not know them: record `players as i64` where the backend is to compute with it.
//!
//! # Variables
//!
//! | variable | default | |
//! |---|---|---|
//! | `OTEL_ENABLED` | `false` | export on or off; `OTEL_SDK_DISABLED` wins |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | unset | the collector's URL; without one nothing is exported |
//! | `OTEL_EXPORTER_OTLP_PROTOCOL` | by the port | `grpc` for 4317, else `http/protobuf` |
//! | `OTEL_EXPORTER_OTLP_HEADERS`, `_TIMEOUT`, `_COMPRESSION` | unset, 10 s, none | each also for one signal: `OTEL_EXPORTER_OTLP_LOGS_HEADERS` |
//! | `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER`, `OTEL_LOGS_EXPORTER` | `otlp` | a list of `otlp`, `console` (the standard error) and, of metrics, `prometheus`; or `none` |
//! | `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | `parentbased_traceidratio`, `0.1` | which traces are recorded |
//! | `OTEL_PROPAGATORS` | `tracecontext,baggage` | in effect with export off, too |
//! | `OTEL_RESOURCE_ATTRIBUTES` | unset | |
//! | `OTEL_BSP_*`, `OTEL_BLRP_*`, `OTEL_METRIC_EXPORT_*` | the standard's | batches, queues and intervals |
//! | `OTEL_ATTRIBUTE_*`, `OTEL_SPAN_*`, `OTEL_LOGRECORD_*` and the like | the standard's | limits of what is exported |
//!
//! [`VARIABLES`] has all of them, [`standard_variables`] those of the specification with what becomes of each. A bad value is its default and a `telemetry_config_warning`, and never keeps the application
//! from running.
//!
//! # Where to look
//!
//! | to … | see |
//! |---|---|
//! | start | [`init`], [`Otel::builder`] |
//! | flush and end | [`OtelGuard`] |
//! | choose in code | [`OtelConfig`] |
//! | find out whether export can work | [`doctor()`] |
//! | test what is recorded | `testing`, with the feature of that name |

mod config;
mod doctor;
mod exporter;
mod guard;
mod install;
mod logs;
mod metrics;
mod of_export;
mod origin;
mod pipeline;
mod propagators;
mod redaction;
mod resource;
mod span_queue;
mod spans;
#[cfg(feature = "testing")]
pub mod testing;

pub use config::{
    BatchSettings, Exporter, Headers, LogRecordLimits, OtelConfig, OtlpOptions, OtlpSettings,
    PrometheusAddress, Propagators, Protocol, Sampler, Signal, SpanLimits, StandardVariable,
    Support, VARIABLES, standard_variables,
};
pub use doctor::{Report, Setting, SignalReport, doctor};
pub use guard::OtelGuard;
pub use install::{Otel, OtelBuilder, init};
