//! What is known of a line beside what it says.

use opentelemetry::TraceFlags;
use tracing::{Level, Metadata};

/// Where a line comes from, for a [`LineSink`](super::LineSink) that needs more than the line.
#[derive(Clone, Copy, Debug)]
pub struct LineSource {
    metadata: &'static Metadata<'static>,
    trace_flags: Option<TraceFlags>,
}

impl LineSource {
    #[inline]
    pub(super) fn new(
        metadata: &'static Metadata<'static>,
        trace_flags: Option<TraceFlags>,
    ) -> Self {
        Self {
            metadata,
            trace_flags,
        }
    }

    /// The level of the event.
    #[inline]
    #[must_use]
    pub fn level(&self) -> Level {
        *self.metadata.level()
    }

    /// The source file of the event, as the compiler names it, and its line there; `None` for a
    /// record of the `log` crate.
    #[must_use]
    pub fn location(&self) -> Option<(&'static str, u32)> {
        self.metadata.file().zip(self.metadata.line())
    }

    /// The flags of the span whose ids the layer put on the line; `None` where there is no valid
    /// span.
    #[must_use]
    pub fn trace_flags(&self) -> Option<TraceFlags> {
        self.trace_flags
    }
}
