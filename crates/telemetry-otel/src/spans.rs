//! Users' spans of `tracing` in the trace.

use opentelemetry::Context as OtelContext;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::level_filters::LevelFilter;
#[cfg(feature = "testing")]
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Level, Metadata};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::layer::{Context, Filter, Layer};
use tracing_subscriber::registry::Registry;

use crate::of_export;
use crate::pipeline::Pipeline;

/// The target of a span of lapin's that is as long as its connection, and about nothing.
const CONNECTION_LONG: &str = "lapin::io_loop";

/// Makes the spans of `tracing` children of the current OpenTelemetry span.
pub(crate) fn layer(pipeline: &Pipeline) -> Option<impl Layer<Registry> + Send + Sync + use<>> {
    Some(unfiltered(pipeline.traces.as_ref()?).with_filter(Exported))
}

/// The layer without its filter.
fn unfiltered(provider: &SdkTracerProvider) -> OpenTelemetryLayer<Registry, SdkTracer> {
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer_with_scope(telemetry_core::instrumentation_scope!()))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
}

fn is_wanted(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    *metadata.level() <= Level::INFO && !of_export::is_target(target) && target != CONNECTION_LONG
}

/// Lets the spans through that are exported: not those beneath one that is not sampled, as
/// making them costs eight times as much as finding that out. Events are log records, and not told
/// a second time by the span.
struct Exported;

impl Filter<Registry> for Exported {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, Registry>) -> bool {
        metadata.is_span() && is_sampled() && is_wanted(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_span() && is_wanted(metadata) {
            // It depends on the current span, each time.
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }
}

/// The layer of the test kit, which is added to a subscriber that is there already: a filter cannot
/// be.
#[cfg(feature = "testing")]
pub(crate) struct Captured(OpenTelemetryLayer<Registry, SdkTracer>);

#[cfg(feature = "testing")]
impl Captured {
    pub(crate) fn new(provider: &SdkTracerProvider) -> Self {
        Self(unfiltered(provider))
    }
}

// What happens later to a span that it has not seen begin, the layer passes over.
#[cfg(feature = "testing")]
impl Layer<Registry> for Captured {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, Registry>) {
        if is_sampled() && is_wanted(attributes.metadata()) {
            self.0.on_new_span(attributes, id, context);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, Registry>) {
        self.0.on_record(id, values, context);
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, Registry>) {
        self.0.on_follows_from(id, follows, context);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, Registry>) {
        self.0.on_enter(id, context);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, Registry>) {
        self.0.on_exit(id, context);
    }

    fn on_close(&self, id: Id, context: Context<'_, Registry>) {
        self.0.on_close(id, context);
    }
}

/// Whether a span would be recorded here. One without a parent may be.
fn is_sampled() -> bool {
    OtelContext::map_current(|current| {
        !current.has_active_span() || current.span().span_context().is_sampled()
    })
}

#[cfg(test)]
mod tests {
    use opentelemetry_sdk::Resource;
    use tracing::Subscriber as _;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::config::{Exporter, OtelConfig, Signal};

    /// What `tracing` asks to find out which events and spans need not be made.
    fn max_level(layer: impl Layer<Registry> + Send + Sync) -> Option<LevelFilter> {
        Registry::default().with(layer).max_level_hint()
    }

    #[test]
    fn what_is_not_exported_is_not_made() {
        let otel = OtelConfig::default().with_exporter(Signal::Traces, Exporter::Console);
        let pipeline = Pipeline::build(&otel, &Resource::builder_empty().build()).unwrap();
        let spans = layer(&pipeline).unwrap();
        assert_eq!(max_level(spans), Some(LevelFilter::INFO));
    }

    #[test]
    fn spans_of_connections_are_not_wanted() {
        let is_wanted = |span: &tracing::Span| span.metadata().map(is_wanted);
        let subscriber = Registry::default();
        tracing::subscriber::with_default(subscriber, || {
            let connection = tracing::info_span!(target: "lapin::io_loop", "io_loop");
            let own = tracing::info_span!(target: "lapin_of_ours", "io_loop");
            assert_eq!(is_wanted(&connection), Some(false));
            assert_eq!(is_wanted(&own), Some(true));
        });
    }
}
