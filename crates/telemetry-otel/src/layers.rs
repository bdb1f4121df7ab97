//! The `tracing` layers of export: log records, and the spans of users.

use opentelemetry::Context;
use opentelemetry::logs::LoggerProvider as _;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use telemetry_core::{Config, LineLayer, LogFormat};
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt as _, dynamic_filter_fn, filter_fn};
use tracing_subscriber::layer::{Filter, Layer};
use tracing_subscriber::registry::Registry;

use crate::exporter::LOGGER;
use crate::logs::LogRecords;
use crate::pipeline::Pipeline;

/// The scope of users' spans.
const TRACER: &str = "tracing";

/// The targets of what export itself is made of: what they log and record is not exported,
/// or each export would give cause to the next.
const OF_EXPORT: [&str; 10] = [
    "h2",
    "hyper",
    "hyper_util",
    "opentelemetry",
    "reqwest",
    "rustls",
    LOGGER,
    "tonic",
    "tower",
    "want",
];

/// Exports what lines there are, by the same filter.
pub(crate) fn log_records(
    pipeline: &Pipeline,
    config: &Config,
) -> Option<impl Layer<Registry> + Send + Sync + use<>> {
    let logger = pipeline.logs.as_ref()?.logger("");
    let layer = LineLayer::new(LogFormat::Json, LogRecords::new(logger));
    Some(layer.with_filter(config.line_filter().and(not_of_export())))
}

/// Makes the spans of `tracing` children of the current OpenTelemetry span.
///
/// Those beneath a span that is not sampled are left out: making them costs eight times as
/// much as finding that out.
pub(crate) fn spans(pipeline: &Pipeline) -> Option<impl Layer<Registry> + Send + Sync + use<>> {
    let tracer = pipeline.traces.as_ref()?.tracer(TRACER);
    let layer = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    let is_wanted =
        |metadata: &Metadata<'_>| metadata.is_span() && *metadata.level() <= Level::INFO;
    // A filter that looks at the current context must not be remembered for a callsite.
    let sampled = dynamic_filter_fn(move |metadata, _| {
        is_wanted(metadata)
            && Context::map_current(|context| {
                !context.has_active_span() || context.span().span_context().is_sampled()
            })
    });
    // It comes first: asked each time, it spares asking the others.
    let filter = sampled
        .with_max_level_hint(LevelFilter::INFO)
        .and(filter_fn(is_wanted).with_max_level_hint(LevelFilter::INFO))
        .and(not_of_export());
    Some(layer.with_filter(filter))
}

fn not_of_export<S>() -> impl Filter<S> {
    let filter = filter_fn(|metadata| {
        let target = metadata.target();
        let krate = target.split(':').next().unwrap_or(target);
        !OF_EXPORT.contains(&krate) && !krate.starts_with("opentelemetry")
    });
    // Without a hint, those that it is combined with would lose theirs, and every event of
    // the process be made to be thrown away.
    filter.with_max_level_hint(LevelFilter::TRACE)
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
        let otel = OtelConfig::default()
            .with_exporter(Signal::Traces, Exporter::Console)
            .with_exporter(Signal::Logs, Exporter::Console);
        let pipeline = Pipeline::build(&otel, &Resource::builder_empty().build()).unwrap();
        let spans = spans(&pipeline).unwrap();
        assert_eq!(max_level(spans), Some(LevelFilter::INFO));
        for level in [LevelFilter::INFO, LevelFilter::DEBUG] {
            let config = Config::default().with_level(level);
            let records = log_records(&pipeline, &config).unwrap();
            assert_eq!(max_level(records), Some(level));
        }
    }
}
