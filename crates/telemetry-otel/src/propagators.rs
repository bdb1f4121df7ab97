//! The global propagator.

use opentelemetry::global;
use opentelemetry::propagation::{TextMapCompositePropagator, TextMapPropagator};

use crate::config::Propagators;

/// Sets what is read from and written to the headers of requests.
pub(crate) fn set(propagators: Propagators) {
    let mut parts: Vec<Box<dyn TextMapPropagator + Send + Sync>> = Vec::new();
    let _ = propagators;
    parts.clear();
    global::set_text_map_propagator(TextMapCompositePropagator::new(parts));
}
