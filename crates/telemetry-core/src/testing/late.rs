//! A layer that is added to the subscriber of the tests after it was set.

use std::sync::OnceLock;

use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::Registry;

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

static LATE: OnceLock<BoxedLayer> = OnceLock::new();

/// Adds a layer that sees the spans of all tests of the process, for kits that capture something
/// else beside log lines. The first counts; it sees no events and has no say in what is enabled.
pub fn add_span_layer(layer: impl Layer<Registry> + Send + Sync) {
    // Set by an earlier test.
    let _same = LATE.set(layer.boxed());
}

/// Hands spans on to the layer that was added, once there is one.
pub(crate) struct LateLayer;

fn late() -> Option<&'static BoxedLayer> {
    LATE.get()
}

impl Layer<Registry> for LateLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, Registry>) {
        if let Some(layer) = late() {
            layer.on_new_span(attributes, id, context);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, Registry>) {
        if let Some(layer) = late() {
            layer.on_record(id, values, context);
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, Registry>) {
        if let Some(layer) = late() {
            layer.on_follows_from(id, follows, context);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, Registry>) {
        if let Some(layer) = late() {
            layer.on_enter(id, context);
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, Registry>) {
        if let Some(layer) = late() {
            layer.on_exit(id, context);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, Registry>) {
        if let Some(layer) = late() {
            layer.on_close(id, context);
        }
    }
}
