//! Users' spans of `tracing` in the trace.

use opentelemetry::Context as OtelContext;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use telemetry_core::Config;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Context, Filter, Layer};
use tracing_subscriber::registry::Registry;

use crate::of_export;
use crate::pipeline::Pipeline;

/// The scope of users' spans.
const TRACER: &str = "tracing";

/// Makes the spans of `tracing` children of the current OpenTelemetry span.
pub(crate) fn layer(
    pipeline: &Pipeline,
    config: &Config,
) -> Option<impl Layer<Registry> + Send + Sync + use<>> {
    let tracer = pipeline.traces.as_ref()?.tracer(TRACER);
    let spans = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    let lines = config.line_filter();
    Some(spans.with_filter(Exported { lines }))
}

/// Lets the spans through that are exported: not those beneath one that is not sampled, as
/// making them costs eight times as much as finding that out.
///
/// Of events it says what the filter of the lines says: where the filters of all layers agree on
/// one for good, none is asked again.
struct Exported {
    lines: EnvFilter,
}

impl Exported {
    fn is_wanted(metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO && !of_export::is_target(metadata.target())
    }
}

impl Filter<Registry> for Exported {
    fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, Registry>) -> bool {
        if metadata.is_span() {
            is_sampled() && Self::is_wanted(metadata)
        } else {
            Filter::<Registry>::enabled(&self.lines, metadata, context)
        }
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if !metadata.is_span() {
            Filter::<Registry>::callsite_enabled(&self.lines, metadata)
        } else if Self::is_wanted(metadata) {
            // It depends on the current span, each time.
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let lines = Filter::<Registry>::max_level_hint(&self.lines)?;
        Some(lines.max(LevelFilter::INFO))
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
        for (level, expected) in [
            (LevelFilter::ERROR, LevelFilter::INFO),
            (LevelFilter::INFO, LevelFilter::INFO),
            (LevelFilter::DEBUG, LevelFilter::DEBUG),
        ] {
            let config = Config::default().with_level(level);
            let spans = layer(&pipeline, &config).unwrap();
            assert_eq!(max_level(spans), Some(expected));
        }
    }
}
