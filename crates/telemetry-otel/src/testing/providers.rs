//! The global providers of tests.

use std::sync::Once;

use opentelemetry::global;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

use telemetry_core::testing::add_span_layer;

use crate::spans::Captured;
use crate::testing::metrics::CapturingMeters;
use crate::testing::spans::{CapturingProcessor, CountingIds};

/// Sets them, the first time.
#[expect(
    clippy::disallowed_methods,
    reason = "this crate alone sets OpenTelemetry's globals"
)]
pub(super) fn set() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let tracers = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
            .with_id_generator(CountingIds)
            .with_span_processor(CapturingProcessor)
            .build();
        add_span_layer(Captured::new(&tracers));
        global::set_tracer_provider(tracers);
        global::set_meter_provider(CapturingMeters);
        telemetry_core::use_global_providers();
    });
}
