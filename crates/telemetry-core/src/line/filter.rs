//! Which events become lines, and which spans are kept for them.

use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Filter, Layer};

use crate::config::LineFilter;
use crate::line::registry_guard;

/// Enables the events that become lines, and the spans whose fields are on them.
///
/// Spans have a filter of their own, since their fields are context: it does not depend on the
/// level of lines.
pub(crate) struct EventAndSpanFilter {
    pub(crate) lines: LineFilter,
    /// That of lines without the directives that depend on spans, for threads that are ending:
    /// which spans are entered is kept in thread-locals.
    pub(crate) lines_without_spans: LineFilter,
    /// Has no directives that depend on spans: for these, `lines` keeps track of spans.
    pub(crate) spans: LineFilter,
}

impl<S> Filter<S> for EventAndSpanFilter {
    fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool {
        if registry_guard::is_ending() {
            return Filter::enabled(&self.lines_without_spans, metadata, context);
        }
        let is_enabled = Filter::enabled(&self.lines, metadata, context);
        // It may just have looked for what the crate `thread_local` keeps.
        registry_guard::mark_entered();
        is_enabled || metadata.is_span() && Filter::enabled(&self.spans, metadata, context)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        let interest = Filter::<S>::callsite_enabled(&self.lines, metadata);
        if metadata.is_span() && !interest.is_always() {
            let spans = Filter::<S>::callsite_enabled(&self.spans, metadata);
            if spans.is_always() {
                return spans;
            }
        }
        interest
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let lines = Filter::<S>::max_level_hint(&self.lines)?;
        let spans = Filter::<S>::max_level_hint(&self.spans)?;
        Some(lines.max(spans))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        Filter::on_new_span(&self.lines, attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        Filter::on_record(&self.lines, id, values, context);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if !registry_guard::is_ending() {
            Filter::on_enter(&self.lines, id, context);
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if !registry_guard::is_ending() {
            Filter::on_exit(&self.lines, id, context);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        Filter::on_close(&self.lines, id, context);
    }
}

/// Applies a filter to all layers, where the line layer is the only one: that is cheaper than a
/// filter of one layer.
pub(crate) struct GlobalFilter<F>(pub(crate) F);

impl<S: Subscriber, F: Filter<S> + 'static> Layer<S> for GlobalFilter<F> {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.0.callsite_enabled(metadata)
    }

    fn enabled(&self, metadata: &Metadata<'_>, context: Context<'_, S>) -> bool {
        self.0.enabled(metadata, &context)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.0.max_level_hint()
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        self.0.on_new_span(attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        self.0.on_record(id, values, context);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        self.0.on_enter(id, context);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        self.0.on_exit(id, context);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        self.0.on_close(id, context);
    }
}

/// A power of two, of what programs have in callsites of the levels that are logged.
const SLOTS: usize = 1024;
const ENABLED: usize = 1;
const DISABLED: usize = 2;

/// Caches a filter's answer per callsite, so that `enabled` is not called again where the answer never
/// changes.
///
/// `tracing` caches it by itself as long as all layers agree. Where spans are exported they do not,
/// and each filter is called for each event and each span; an `EnvFilter` then compares its
/// directives one by one.
pub(crate) struct CachedFilter<F> {
    filter: F,
    /// Addresses of metadata, which have room for what was said in their lowest bits.
    known: Box<[AtomicUsize; SLOTS]>,
}

impl<F> CachedFilter<F> {
    pub(crate) fn new(filter: F) -> Self {
        Self {
            filter,
            known: Box::new([const { AtomicUsize::new(0) }; SLOTS]),
        }
    }

    #[inline]
    fn slot(&self, address: usize) -> &AtomicUsize {
        &self.known[(address >> 4 ^ address >> 12) & (SLOTS - 1)]
    }
}

#[inline]
fn address(metadata: &Metadata<'_>) -> usize {
    std::ptr::from_ref(metadata).addr()
}

impl<S, F: Filter<S>> Filter<S> for CachedFilter<F> {
    #[inline]
    fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool {
        let address = address(metadata);
        match self.slot(address).load(Ordering::Relaxed) ^ address {
            ENABLED => true,
            DISABLED => false,
            _ => self.filter.enabled(metadata, context),
        }
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        let interest = self.filter.callsite_enabled(metadata);
        let said = if interest.is_always() {
            ENABLED
        } else if interest.is_never() {
            DISABLED
        } else {
            0
        };
        let address = address(metadata);
        self.slot(address).store(address | said, Ordering::Relaxed);
        interest
    }

    fn event_enabled(&self, event: &Event<'_>, context: &Context<'_, S>) -> bool {
        self.filter.event_enabled(event, context)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.filter.max_level_hint()
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        self.filter.on_new_span(attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        self.filter.on_record(id, values, context);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        self.filter.on_enter(id, context);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        self.filter.on_exit(id, context);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        self.filter.on_close(id, context);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;

    use tracing_subscriber::filter::EnvFilter;
    use tracing_subscriber::layer::{Layer, SubscriberExt as _};
    use tracing_subscriber::registry::Registry;

    use super::*;

    /// Counts how often it is asked.
    struct Asked(EnvFilter, Arc<AtomicU32>);

    impl Filter<Registry> for Asked {
        fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, Registry>) -> bool {
            self.1.fetch_add(1, Ordering::Relaxed);
            Filter::enabled(&self.0, metadata, context)
        }

        fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
            Filter::<Registry>::callsite_enabled(&self.0, metadata)
        }

        fn on_new_span(
            &self,
            attributes: &Attributes<'_>,
            id: &Id,
            context: Context<'_, Registry>,
        ) {
            Filter::on_new_span(&self.0, attributes, id, context);
        }

        fn on_enter(&self, id: &Id, context: Context<'_, Registry>) {
            Filter::on_enter(&self.0, id, context);
        }

        fn on_exit(&self, id: &Id, context: Context<'_, Registry>) {
            Filter::on_exit(&self.0, id, context);
        }
    }

    struct Counted(Arc<AtomicU32>);

    impl Layer<Registry> for Counted {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, Registry>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes no event, so that the layers do not agree.
    struct Nothing;

    impl Filter<Registry> for Nothing {
        fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, Registry>) -> bool {
            false
        }
    }

    /// How many events of those that `log` writes are let through, and how often a filter of these
    /// directives was asked.
    fn counts(directives: &str, log: impl FnOnce()) -> (u32, u32) {
        let (asked, events) = (Arc::default(), Arc::default());
        let filter = Asked(EnvFilter::new(directives), Arc::clone(&asked));
        let counted = Counted(Arc::clone(&events)).with_filter(CachedFilter::new(filter));
        let other = Counted(Arc::default()).with_filter(Nothing);
        let subscriber = tracing_subscriber::registry().with(counted.and_then(other));
        tracing::subscriber::with_default(subscriber, log);
        (
            events.load(Ordering::Relaxed),
            asked.load(Ordering::Relaxed),
        )
    }

    #[test]
    fn it_is_not_asked_about_what_it_has_said() {
        let log = || {
            for _ in 0..10 {
                tracing::info!("taken");
                tracing::debug!("not taken");
            }
        };
        assert_eq!(counts("info", log), (10, 0));
    }

    #[test]
    fn what_depends_on_spans_is_asked_each_time() {
        let log = || {
            for _ in 0..10 {
                tracing::debug!("not taken");
                tracing::info_span!("pick").in_scope(|| tracing::debug!("taken"));
            }
        };
        let (events, asked) = counts("[pick]=debug", log);
        assert_eq!(events, 10);
        assert!(asked >= 20, "{asked}");
    }
}
