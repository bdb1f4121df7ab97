//! The exporters of OpenTelemetry, over both protocols.

use std::collections::HashMap;
use std::time::Duration;

use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::{
    Link, SpanContext, SpanId, SpanKind as ApiKind, Status, TraceContextExt as _, TraceFlags,
    TraceId, TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::{
    Compression, LogExporter, MetricExporter, RetryPolicy, SpanExporter, WithExportConfig as _,
    WithHttpConfig as _, WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanExporter as _};
use otlp_test_collector::{
    Behaviour, Collector, MetricKind, PointValue, Protocol, Rejection, Signal, SpanKind,
    SpanStatus, Temporality,
};
use tokio::runtime::Runtime;

/// After this an exporter gives up.
const TIMEOUT: Duration = Duration::from_millis(300);

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
    assert_eq!((request.protocol, request.signal), (way.protocol, Some(signal)));
    assert_eq!(request.gzip, way.gzip);
    assert_eq!(request.header(KEY), Some("secret"));
    assert!(request.header("user-agent").is_some_and(|agent| agent.contains("OTLP")));
    assert!(request.accepted);
    let prefix = if way.protocol == Protocol::Grpc { 5 } else { 0 };
    assert_eq!(request.size == request.payload.len() + prefix, !way.gzip);
}

#[test]
fn spans_arrive_whole() {
    for way in Way::all() {
        let collector = Collector::start();
        let exporter = exporter!(SpanExporter, Signal::Traces, &way, &collector, TIMEOUT * 30);
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
        let parent = tracer.start("parent", &tracer);
        let _ = parent;
        provider.shutdown().unwrap();
        let _ = linked;
    }
}
