//! Log lines: from a `tracing` event to one line of JSON, or of text for a terminal.

mod callsite;
mod conflicts;
mod errors;
mod event;
mod filter;
mod layer;
mod limit;
mod name;
mod plain;
mod pretty;
mod registry_guard;
mod source;
mod spans;
mod terminal;
mod thread_end;
mod timestamp;
mod user_sink;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub(crate) use callsite::forget_callsites;
pub(crate) use filter::{CachedFilter, EventAndSpanFilter, GlobalFilter};
pub use layer::LineLayer;
pub(crate) use layer::SharedSink;
pub(crate) use limit::{DEFAULT_LINE_LIMIT, MIN_LINE_LIMIT};
pub(crate) use registry_guard::RegistryGuard;
pub use source::LineSource;
pub(crate) use thread_end::ThreadEndGuard;
use tracing::Level;
pub(crate) use user_sink::is_within_sink;

use crate::decode::Pieces;
use crate::encode;
use crate::fields::Fields;
use crate::names;
use crate::value::{FieldValue, Value};

/// Takes finished lines.
///
/// Implemented by the writer that [`Telemetry`](crate::Telemetry) installs, and by any
/// function of a line and its level.
pub trait LineSink {
    /// Takes one line, with its line end. Must not block for long. What it logs itself is not
    /// handed to it; a panic is caught and reported once on the standard error stream.
    fn accept(&self, line: &[u8], level: Level);

    /// Takes one line as [`accept`](Self::accept) does, with what is known of it beside what it
    /// says. The layer calls this one; without an implementation it calls the other.
    #[inline]
    fn accept_with_source(&self, line: &[u8], source: &LineSource) {
        self.accept(line, source.level());
    }
}

impl<F: Fn(&[u8], Level)> LineSink for F {
    #[inline]
    fn accept(&self, line: &[u8], level: Level) {
        self(line, level);
    }
}

impl<S: LineSink + ?Sized> LineSink for Arc<S> {
    #[inline]
    fn accept(&self, line: &[u8], level: Level) {
        (**self).accept(line, level);
    }

    #[inline]
    fn accept_with_source(&self, line: &[u8], source: &LineSource) {
        (**self).accept_with_source(line, source);
    }
}

/// Reads a line in JSON, as a [`LineSink`] gets it: all its fields in their order, typed.
///
/// On anything but a line of [`LineLayer`] it ends early; it never fails.
pub fn fields_of_line(line: &[u8]) -> impl Iterator<Item = (Cow<'_, str>, Value)> {
    crate::decode::line(line)
}

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Aligned text for a terminal.
    Pretty,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
            Self::Pretty => "pretty",
        })
    }
}

/// The name of a level as lines write it.
pub(crate) const fn level_name(level: Level) -> &'static str {
    match level {
        Level::TRACE => "trace",
        Level::DEBUG => "debug",
        Level::INFO => "info",
        Level::WARN => "warning",
        Level::ERROR => "error",
    }
}

/// A line that no event stands behind: the writer's own reports.
pub(crate) struct OwnLine(Vec<u8>);

impl OwnLine {
    pub(crate) fn new(level: Level, logger: &str, event: &str) -> Self {
        let mut line = Vec::with_capacity(256);
        timestamp::begin_line(&mut line);
        let mut line = Self(line);
        for (key, value) in [
            (names::LEVEL, level_name(level)),
            (names::LOGGER, logger),
            (names::EVENT, event),
        ] {
            crate::fields::render_key(&mut line.0, key);
            encode::string(&mut line.0, value);
        }
        line
    }

    pub(crate) fn field(mut self, key: &str, value: impl FieldValue) -> Self {
        crate::fields::render_key(&mut self.0, key);
        value.encode(crate::value::ValueEncoder::new(&mut self.0));
        self
    }

    /// Adds the fields of every line whose keys it has not.
    pub(crate) fn fields(mut self, fields: &Fields) -> Self {
        for piece in Pieces(fields.bytes()) {
            if !Pieces(&self.0).any(|known| known.key == piece.key) {
                self.0.extend_from_slice(piece.bytes);
            }
        }
        self
    }

    pub(crate) fn finish(mut self, format: LogFormat, colors: bool) -> Vec<u8> {
        self.0.extend_from_slice(b"}\n");
        match format {
            LogFormat::Json => self.0,
            LogFormat::Pretty => {
                let mut text = Vec::with_capacity(256);
                pretty::render(&self.0, colors, &mut text);
                text
            }
        }
    }
}
