//! Names of Alloy: of components, of their arguments and blocks, and of what they export.

/// A component or block that we use: its name; arguments and blocks (with `{}`) that it has to have;
/// others that it may have; and what it exports.
pub(super) type Known = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static str,
);

/// Names of blocks begin with that of what they are in.
pub(super) const KNOWN: [Known; 21] = [
    (
        "otelcol.receiver.otlp",
        &["output{}"],
        &["grpc{}", "http{}"],
        "",
    ),
    (
        "otelcol.receiver.otlp/grpc",
        &[],
        &["endpoint", "max_recv_msg_size", "include_metadata"],
        "",
    ),
    (
        "otelcol.receiver.otlp/http",
        &[],
        &["endpoint", "max_request_body_size", "include_metadata"],
        "",
    ),
    (
        "otelcol.receiver.otlp/output",
        &[],
        &["logs", "metrics", "traces"],
        "",
    ),
    (
        "otelcol.receiver.prometheus",
        &["output{}"],
        &[],
        "receiver",
    ),
    ("otelcol.receiver.prometheus/output", &["metrics"], &[], ""),
    (
        "prometheus.exporter.postgres",
        &["data_source_names"],
        &["enabled_collectors", "disable_settings_metrics"],
        "targets",
    ),
    (
        "prometheus.exporter.redis",
        &["redis_addr"],
        &["redis_password", "redis_user", "connection_timeout"],
        "targets",
    ),
    ("discovery.relabel", &["targets"], &["rule{}"], "output"),
    (
        "discovery.relabel/rule",
        &[],
        &[
            "action",
            "regex",
            "replacement",
            "separator",
            "source_labels",
            "target_label",
        ],
        "",
    ),
    (
        "prometheus.scrape",
        &["forward_to", "targets"],
        &[
            "job_name",
            "scrape_interval",
            "scrape_timeout",
            "metrics_path",
        ],
        "",
    ),
    (
        "otelcol.processor.memory_limiter",
        &["check_interval", "output{}"],
        &[
            "limit",
            "limit_percentage",
            "spike_limit",
            "spike_limit_percentage",
        ],
        "input",
    ),
    (
        "otelcol.processor.memory_limiter/output",
        &[],
        &["logs", "metrics", "traces"],
        "",
    ),
    (
        "otelcol.processor.batch",
        &["output{}"],
        &["send_batch_max_size", "send_batch_size", "timeout"],
        "input",
    ),
    (
        "otelcol.processor.batch/output",
        &[],
        &["logs", "metrics", "traces"],
        "",
    ),
    ("otelcol.auth.basic", &["client_auth{}"], &[], "handler"),
    (
        "otelcol.auth.basic/client_auth",
        &["password", "username"],
        &[],
        "",
    ),
    (
        "otelcol.exporter.otlphttp",
        &["client{}"],
        &[
            "encoding",
            "logs_endpoint",
            "metrics_endpoint",
            "retry_on_failure{}",
            "sending_queue{}",
            "traces_endpoint",
        ],
        "input",
    ),
    (
        "otelcol.exporter.otlphttp/client",
        &["endpoint"],
        &["auth", "compression", "headers", "timeout", "tls{}"],
        "",
    ),
    (
        "otelcol.exporter.otlphttp/sending_queue",
        &[],
        &[
            "block_on_overflow",
            "enabled",
            "num_consumers",
            "queue_size",
            "sizer",
        ],
        "",
    ),
    (
        "otelcol.exporter.otlphttp/retry_on_failure",
        &[],
        &[
            "enabled",
            "initial_interval",
            "max_elapsed_time",
            "max_interval",
            "multiplier",
        ],
        "",
    ),
];

/// Needs `--stability.level=experimental`.
pub(super) const EXPERIMENTAL: Known = (
    "otelcol.exporter.debug",
    &[],
    &[
        "verbosity",
        "sampling_initial",
        "sampling_thereafter",
        "use_internal_logger",
    ],
    "input",
);
