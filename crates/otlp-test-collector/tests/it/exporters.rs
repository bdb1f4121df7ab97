//! The exporters of OpenTelemetry, over both protocols.

use std::collections::HashMap;
use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::{
    Compression, RetryPolicy, WithExportConfig as _, WithHttpConfig as _, WithTonicConfig as _,
};
use otlp_test_collector::{Collector, Protocol};
use tokio::runtime::Runtime;

/// After this an exporter gives up that is meant to. Its exports that succeed have to be faster.
const TIMEOUT: Duration = Duration::from_secs(3);

/// After this an exporter gives up that is not.
const PATIENCE: Duration = Duration::from_secs(60);

const KEY: &str = "x-api-key";

/// A protocol, with or without gzip, and the runtime that gRPC wants.
struct Way {
    protocol: Protocol,
    gzip: bool,
    runtime: Runtime,
}

impl Way {
    fn new(protocol: Protocol, gzip: bool) -> Self {
        // reqwest may be built without one, and panics then.
        let _first = rustls::crypto::ring::default_provider().install_default();
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

mod arrival;
mod misbehaviour;

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("the-scope")
        .with_version("0.1")
        .with_schema_url("https://example.org/scope")
        .build()
}
