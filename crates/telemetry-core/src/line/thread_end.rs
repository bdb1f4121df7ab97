//! Keeps threads that are ending from entering spans.

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Dispatch, Event, Metadata, Subscriber};
use tracing_core::span::Current;

use crate::line::registry_guard;

/// Enters no span on a thread that has lost the thread-locals of the registry, where that panics.
///
/// Around the whole subscriber, since a layer is asked only after the registry. It does not find
/// layers by their type (`Dispatch::downcast_ref`), so it is for a subscriber of our own layers.
pub(crate) struct ThreadEndGuard<S>(pub(crate) S);

impl<S: Subscriber> Subscriber for ThreadEndGuard<S> {
    #[inline]
    fn enter(&self, span: &Id) {
        if !registry_guard::is_ending() {
            self.0.enter(span);
        }
    }

    #[inline]
    fn exit(&self, span: &Id) {
        self.0.exit(span);
    }

    fn on_register_dispatch(&self, subscriber: &Dispatch) {
        self.0.on_register_dispatch(subscriber);
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.0.register_callsite(metadata)
    }

    #[inline]
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.0.max_level_hint()
    }

    #[inline]
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.0.new_span(span)
    }

    #[inline]
    fn record(&self, span: &Id, values: &Record<'_>) {
        self.0.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.0.record_follows_from(span, follows);
    }

    #[inline]
    fn event_enabled(&self, event: &Event<'_>) -> bool {
        self.0.event_enabled(event)
    }

    #[inline]
    fn event(&self, event: &Event<'_>) {
        self.0.event(event);
    }

    #[inline]
    fn clone_span(&self, id: &Id) -> Id {
        self.0.clone_span(id)
    }

    #[inline]
    fn try_close(&self, id: Id) -> bool {
        self.0.try_close(id)
    }

    fn current_span(&self) -> Current {
        self.0.current_span()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use tracing::{Instrument as _, Span};

    use super::*;
    use crate::line::registry_guard::RegistryGuard;

    static RUN: AtomicUsize = AtomicUsize::new(0);

    /// Enters a span when its thread ends.
    struct EntersAtTheEnd(RefCell<Option<Span>>);

    impl Drop for EntersAtTheEnd {
        fn drop(&mut self) {
            if let Some(span) = self.0.take() {
                // Dropping a future that is in a span enters the span.
                drop(std::future::ready(()).instrument(span.clone()));
                span.in_scope(|| RUN.fetch_add(1, Ordering::Relaxed));
                let _entered = span.entered();
            }
        }
    }

    thread_local! {
        static ENDING: EntersAtTheEnd = const { EntersAtTheEnd(RefCell::new(None)) };
    }

    // A panic in such a destructor would end this process.
    #[test]
    fn a_span_is_not_entered_when_its_thread_ends() {
        let subscriber = ThreadEndGuard(RegistryGuard::above(tracing_subscriber::registry()));
        let dispatch = Dispatch::new(subscriber);
        for _ in 0..3 {
            let dispatch = dispatch.clone();
            let thread = thread::spawn(move || {
                tracing::dispatcher::with_default(&dispatch, || {
                    ENDING.with(|ending| {
                        let span = tracing::info_span!("kept");
                        span.in_scope(|| ());
                        assert!(span.id().is_some());
                        ending.0.replace(Some(span));
                    });
                });
            });
            thread.join().unwrap();
        }
        assert_eq!(RUN.load(Ordering::Relaxed), 3);
    }
}
