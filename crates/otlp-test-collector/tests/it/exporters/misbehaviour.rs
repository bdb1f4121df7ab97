//! What becomes of an export that meets a misbehaving collector.

use std::time::SystemTime;

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter as _, SpanLinks};
use otlp_test_collector::{Behaviour, Rejection, Signal};

use super::*;
use crate::block_on::block_on;

/// Exports one span, and says how that went.
fn export(way: &Way, exporter: &SpanExporter) -> OTelSdkResult {
    let span = SpanData {
        span_context: SpanContext::NONE,
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
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
fn an_exporter_fails_and_recovers() {
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
            // That a connection is broken, the client may find out only when it uses it; on a busy
            // machine more than once.
            let mut exports = (0..5).map(|_| export(&way, &exporter));
            assert!(
                exports.any(|recovered| recovered.is_ok()),
                "{:?} {behaviour:?}",
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

#[test]
fn only_grpc_reads_the_body_of_a_success() {
    for way in Way::both() {
        let collector = Collector::start();
        let exporter = exporter!(SpanExporter, Signal::Traces, &way, &collector, PATIENCE);
        collector.set_behaviour(Behaviour::GarbageBody);
        let exported = export(&way, &exporter);
        assert_eq!(
            exported.is_err(),
            way.protocol == Protocol::Grpc,
            "{exported:?}"
        );
    }
}
