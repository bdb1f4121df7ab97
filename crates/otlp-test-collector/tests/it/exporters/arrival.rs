//! What the collector keeps is what was recorded.

use std::time::SystemTime;

use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::{
    Link, SpanContext, SpanId, SpanKind as ApiKind, Status, TraceContextExt as _, TraceFlags,
    TraceId, TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Array, Context, KeyValue, Value};
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use otlp_test_collector::{MetricKind, PointValue, Signal, SpanKind, SpanStatus, Temporality};

use super::*;

fn resource() -> Resource {
    let version = [KeyValue::new("service.version", "1.2.3")];
    Resource::builder()
        .with_service_name("tournaments")
        .with_schema_url(version, "https://example.org/resource")
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
