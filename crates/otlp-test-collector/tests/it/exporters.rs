//! The exporters of OpenTelemetry, over both protocols.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::{
    Link, SpanContext, SpanId, SpanKind as ApiKind, Status, TraceContextExt as _, TraceFlags,
    TraceId, TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Array, Context, InstrumentationScope, KeyValue, Value};
use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::{
    Compression, LogExporter, MetricExporter, RetryPolicy, SpanExporter, WithExportConfig as _,
    WithHttpConfig as _, WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{
    SdkTracerProvider, SpanData, SpanEvents, SpanExporter as _, SpanLinks,
};
use otlp_test_collector::{
    Behaviour, Collector, MetricKind, PointValue, Protocol, Rejection, Signal, SpanKind,
    SpanStatus, Temporality,
};
use tokio::runtime::Runtime;

use crate::block_on::block_on;

/// After this an exporter gives up that is meant to.
const TIMEOUT: Duration = Duration::from_millis(300);

/// After this an exporter gives up that is not.
const PATIENCE: Duration = Duration::from_secs(10);

const KEY: &str = "x-api-key";

/// A protocol, with or without gzip, and the runtime that gRPC wants.
struct Way {
    protocol: Protocol,
    gzip: bool,
    runtime: Runtime,
}

impl Way {
    fn new(protocol: Protocol, gzip: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        Self {
            protocol,
            gzip,
            runtime: runtime.unwrap(),
        }
    }

    fn all() -> [Self; 4] {
        let ways = [
            (Protocol::Grpc, false),
            (Protocol::Grpc, true),
            (Protocol::Http, false),
            (Protocol::Http, true),
        ];
        ways.map(|(protocol, gzip)| Self::new(protocol, gzip))
    }

    fn both() -> [Self; 2] {
        [Protocol::Grpc, Protocol::Http].map(|protocol| Self::new(protocol, false))
    }
}

/// Builds an exporter of one signal; the three builders have no trait in common.
macro_rules! exporter {
    ($exporter:ident, $signal:expr, $way:expr, $collector:expr, $timeout:expr) => {{
        let (way, collector): (&Way, &Collector) = ($way, $collector);
        match way.protocol {
            Protocol::Grpc => {
                let _runtime = way.runtime.enter();
                let mut metadata = MetadataMap::new();
                metadata.insert(KEY, "secret".parse().unwrap());
                let mut builder = $exporter::builder()
                    .with_tonic()
                    .with_endpoint(collector.endpoint())
                    .with_timeout($timeout)
                    .with_retry_policy(RetryPolicy::disabled())
                    .with_metadata(metadata);
                if way.gzip {
                    builder = builder.with_compression(Compression::Gzip);
                }
                builder.build().unwrap()
            }
            Protocol::Http => {
                let path = $signal.http_path();
                let mut builder = $exporter::builder()
                    .with_http()
                    .with_endpoint(collector.endpoint() + path)
                    .with_timeout($timeout)
                    .with_retry_policy(RetryPolicy::disabled())
                    .with_headers(HashMap::from([(KEY.to_owned(), "secret".to_owned())]));
                if way.gzip {
                    builder = builder.with_compression(Compression::Gzip);
                }
                builder.build().unwrap()
            }
        }
    }};
}

fn resource() -> Resource {
    let version = [KeyValue::new("service.version", "1.2.3")];
    Resource::builder()
        .with_service_name("tournaments")
        .with_schema_url(version, "https://example.org/resource")
        .build()
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("the-scope")
        .with_version("0.1")
        .with_schema_url("https://example.org/scope")
        .build()
}

/// How the one request came.
fn assert_request(collector: &Collector, way: &Way, signal: Signal) {
    let requests = collector.requests();
    let [request] = &requests[..] else {
        panic!("not one request:\n{}", collector.summary());
    };
    assert_eq!(
        (request.protocol, request.signal),
        (way.protocol, Some(signal))
    );
    assert_eq!(request.gzip, way.gzip);
    assert_eq!(request.header(KEY), Some("secret"));
    assert!(
        request
            .header("user-agent")
            .is_some_and(|agent| agent.contains("OTLP"))
    );
    assert!(request.accepted);
    let prefix = if way.protocol == Protocol::Grpc { 5 } else { 0 };
    assert_eq!(request.size == request.payload.len() + prefix, !way.gzip);
}

#[test]
fn spans_arrive_whole() {
    for way in Way::all() {
        let collector = Collector::start();
        let exporter = exporter!(SpanExporter, Signal::Traces, &way, &collector, PATIENCE);
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource())
            .build();
        let tracer = provider.tracer_with_scope(scope());
        let linked = SpanContext::new(
            TraceId::from(0xab),
            SpanId::from(0xcd),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        );
        let parent = Context::new().with_span(
            tracer
                .span_builder("parent")
                .with_kind(ApiKind::Server)
                .with_attributes([
                    KeyValue::new("route", "/a/"),
                    KeyValue::new("status", 200),
                    KeyValue::new("ratio", 0.5),
                    KeyValue::new("cached", true),
                    KeyValue::new(
                        "labels",
                        Value::Array(Array::String(vec!["a".into(), "b".into()])),
                    ),
                ])
                .with_links(vec![Link::with_context(linked)])
                .start_with_context(&tracer, &Context::new()),
        );
        let event = vec![KeyValue::new("attempt", 2)];
        parent.span().add_event("retried", event);
        parent.span().set_status(Status::error("broken"));
        drop(tracer.start_with_context("child", &parent));
        parent.span().end();
        provider.shutdown().unwrap();

        let span = collector.wait_for_span("parent");
        let child = collector.wait_for_span("child");
        assert_request(&collector, &way, Signal::Traces);
        let context = parent.span().span_context().clone();
        assert_eq!(span.trace_id, context.trace_id().to_string());
        assert_eq!(span.span_id, context.span_id().to_string());
        assert_eq!((span.parent_id.as_deref(), span.flags & 0xff), (None, 1));
        assert_eq!(child.trace_id, span.trace_id);
        assert_eq!(child.parent_id.as_ref(), Some(&span.span_id));
        assert_eq!(
            (span.kind, child.kind),
            (SpanKind::Server, SpanKind::Internal)
        );
        assert_eq!(span.status, SpanStatus::Error("broken".to_owned()));
        assert_eq!(child.status, SpanStatus::Unset);
        assert!(span.duration() >= child.duration());
        assert_eq!(span.attributes["route"], "/a/");
        assert_eq!(span.attributes["status"], 200);
        assert_eq!(span.attributes["ratio"], 0.5);
        assert_eq!(span.attributes["cached"], true);
        assert_eq!(span.attributes["labels"], ["a", "b"]);
        assert_eq!(span.event("retried").unwrap().attributes["attempt"], 2);
        assert_eq!(span.links[0].trace_id, "000000000000000000000000000000ab");
        assert_eq!(span.links[0].span_id, "00000000000000cd");
        assert_eq!(span.resource["service.name"], "tournaments");
        assert_eq!(span.resource.schema_url, "https://example.org/resource");
        assert_eq!(
            (span.scope.name.as_str(), span.scope.version.as_str()),
            ("the-scope", "0.1")
        );
        assert_eq!(span.scope.schema_url, "https://example.org/scope");
    }
}

#[test]
fn metrics_arrive_whole() {
    for way in Way::all() {
        let collector = Collector::start();
        let exporter = exporter!(MetricExporter, Signal::Metrics, &way, &collector, PATIENCE);
        let provider = SdkMeterProvider::builder()
            .with_periodic_exporter(exporter)
            .with_resource(resource())
            .build();
        let meter = provider.meter_with_scope(scope());
        let counter = meter
            .u64_counter("requests")
            .with_description("all of them")
            .build();
        counter.add(2, &[KeyValue::new("route", "/a/")]);
        counter.add(3, &[KeyValue::new("route", "/b/")]);
        meter
            .f64_gauge("load")
            .with_unit("1")
            .build()
            .record(0.25, &[]);
        let histogram = meter.f64_histogram("duration").with_unit("s");
        let histogram = histogram.with_boundaries(vec![0.1, 1.0]).build();
        for seconds in [0.05, 0.5, 5.0] {
            histogram.record(seconds, &[]);
        }
        provider.shutdown().unwrap();

        let requests = collector.wait_for_metric("requests");
        assert_request(&collector, &way, Signal::Metrics);
        assert_eq!(requests.description, "all of them");
        let temporality = Temporality::Cumulative;
        let monotonic = true;
        assert_eq!(
            requests.kind,
            MetricKind::Sum {
                monotonic,
                temporality
            }
        );
        assert_eq!(requests.points.len(), 2);
        let point = requests.point_with("route", "/b/").unwrap();
        assert_eq!(point.value.as_integer(), Some(3));
        assert!(requests.point_with("route", "/c/").is_none());
        assert_eq!(requests.resource["service.version"], "1.2.3");
        assert_eq!(requests.scope.name, "the-scope");

        let load = collector.wait_for_metric("load");
        assert_eq!((load.kind, load.unit.as_str()), (MetricKind::Gauge, "1"));
        assert_eq!(load.points[0].value.as_float(), Some(0.25));

        let duration = collector.wait_for_metric("duration");
        assert_eq!(duration.kind, MetricKind::Histogram { temporality });
        let expected = PointValue::Histogram {
            count: 3,
            sum: Some(5.55),
            min: Some(0.05),
            max: Some(5.0),
            bounds: vec![0.1, 1.0],
            buckets: vec![1, 1, 1],
        };
        assert_eq!(duration.points[0].value, expected);
    }
}

#[test]
fn logs_arrive_whole() {
    for way in Way::all() {
        let collector = Collector::start();
        let exporter = exporter!(LogExporter, Signal::Logs, &way, &collector, PATIENCE);
        let provider = SdkLoggerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource())
            .build();
        let logger = provider.logger_with_scope(scope());
        let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_800_000_000_123_456_789);
        let mut record = logger.create_log_record();
        record.set_event_name("tournament_shown");
        record.set_timestamp(time);
        record.set_severity_number(Severity::Warn);
        record.set_severity_text("WARN");
        record.set_body(AnyValue::String("shown".into()));
        record.add_attribute("players", 12);
        let flags = Some(TraceFlags::SAMPLED);
        record.set_trace_context(TraceId::from(0xab), SpanId::from(0xcd), flags);
        logger.emit(record);
        logger.emit(logger.create_log_record());
        provider.shutdown().unwrap();

        let log = collector.wait_for_log("tournament_shown");
        assert_request(&collector, &way, Signal::Logs);
        assert_eq!(log, collector.wait_for_log("shown"));
        assert_eq!((log.timestamp, log.observed.is_some()), (Some(time), true));
        assert_eq!(
            (log.severity_number, log.severity_text.as_str()),
            (13, "WARN")
        );
        assert_eq!(log.body, "shown");
        assert_eq!(log.attributes["players"], 12);
        assert_eq!(
            log.trace_id.as_deref(),
            Some("000000000000000000000000000000ab")
        );
        assert_eq!(log.span_id.as_deref(), Some("00000000000000cd"));
        assert_eq!(log.flags, 1);
        assert_eq!(log.resource["service.name"], "tournaments");
        assert_eq!(log.scope.name, "the-scope");
        let other = &collector.logs()[1];
        assert_eq!((&other.trace_id, &other.timestamp), (&None, &None));
    }
}

/// Exports one span, and says how that went.
fn export(way: &Way, exporter: &SpanExporter) -> OTelSdkResult {
    let span = SpanData {
        span_context: SpanContext::NONE,
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: ApiKind::Internal,
        name: "one".into(),
        start_time: SystemTime::UNIX_EPOCH,
        end_time: SystemTime::UNIX_EPOCH,
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: scope(),
    };
    let exported = exporter.export(vec![span]);
    match way.protocol {
        Protocol::Grpc => way.runtime.block_on(exported),
        // The blocking client must not find a runtime.
        Protocol::Http => block_on(exported),
    }
}

#[test]
fn an_exporter_fails_and_recovers_on_the_connection_it_has() {
    let hour = Duration::from_secs(3600);
    for way in Way::both() {
        let collector = Collector::start();
        let exporter = exporter!(SpanExporter, Signal::Traces, &way, &collector, TIMEOUT);
        export(&way, &exporter).unwrap();
        for (behaviour, kept) in [
            (Behaviour::unavailable(), 0),
            (Behaviour::Reject(Rejection::status(400)), 0),
            (Behaviour::Reject(Rejection::throttled(hour)), 0),
            (Behaviour::Refuse, 0),
            (Behaviour::BlackHole, 0),
            (Behaviour::Garbage, 0),
            (Behaviour::Truncate, 0),
            (Behaviour::Delay(hour), 1),
        ] {
            collector.clear();
            collector.set_behaviour(behaviour.clone());
            let failed = export(&way, &exporter);
            assert!(failed.is_err(), "{:?} {behaviour:?}", way.protocol);
            assert_eq!(
                collector.spans().len(),
                kept,
                "{:?} {behaviour:?}",
                way.protocol
            );
            collector.set_behaviour(Behaviour::Accept);
            let recovered = export(&way, &exporter);
            assert!(
                recovered.is_ok(),
                "{:?} {behaviour:?} {recovered:?}",
                way.protocol
            );
        }
    }
}

#[test]
fn an_exporter_is_content_with_what_is_late_or_partial() {
    for way in Way::both() {
        let collector = Collector::start();
        let exporter = exporter!(SpanExporter, Signal::Traces, &way, &collector, PATIENCE);
        for behaviour in [
            Behaviour::Delay(Duration::from_millis(5)),
            Behaviour::PartialSuccess { rejected: 1 },
        ] {
            collector.set_behaviour(behaviour);
            export(&way, &exporter).unwrap();
        }
        assert_eq!((collector.spans().len(), collector.connections()), (2, 1));
    }
}
