//! The rendering of one event.

use std::error::Error;
use std::fmt::{Debug, Write as _};

use opentelemetry::trace::SpanContext;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata};
use tracing_log::NormalizeEvent as _;

use crate::decode::Pieces;
use crate::encode;
use crate::fields::{Fields, Keys, render_key};
use crate::line::callsite::{self, Callsite, FieldKey, FieldKind, Shape};
use crate::line::name;
use crate::line::spans::FieldsVisitor;
use crate::line::{level_name, timestamp};
use crate::names;
use crate::redact::REDACTED;
use crate::value::{FieldValue, ValueEncoder};

/// A line in the making: the event's own fields are on it, the context comes behind.
///
/// What is added later never replaces what is there: on a line the event's fields win over
/// those of spans, inner spans over outer ones, and all of them over the scope's.
pub(super) struct EventLine<'a> {
    out: &'a mut Vec<u8>,
    callsite: &'static Callsite,
    /// All keys that the line has or may have.
    keys: Keys,
}

impl<'a> EventLine<'a> {
    /// Writes the head and the event's own fields. `span_name` gives the name of the span that
    /// the event is in, and is called only for an event without a message.
    #[inline]
    pub(super) fn begin(
        event: &Event<'_>,
        span_name: &dyn Fn() -> Option<&'static str>,
        out: &'a mut Vec<u8>,
    ) -> Self {
        let callsite = callsite::of(event.metadata());
        out.clear();
        timestamp::begin_line(out);
        let mut line = Self {
            out,
            callsite,
            keys: callsite.declared,
        };
        match callsite.shape {
            Shape::Straight => line.straight(event, span_name),
            Shape::Mixed => line.mixed(event, span_name),
            Shape::Log => line.log(event),
        }
        line
    }

    #[inline]
    fn straight(&mut self, event: &Event<'_>, span_name: &dyn Fn() -> Option<&'static str>) {
        self.out.extend_from_slice(&self.callsite.head);
        let mut visitor = Straight {
            out: self.out,
            callsite: self.callsite,
            metadata: event.metadata(),
            span_name,
            has_event: false,
            exception: None,
        };
        event.record(&mut visitor);
        visitor.require_event();
        if let Some(exception) = visitor.exception {
            self.exception(&exception);
        }
    }

    #[cold]
    fn mixed(&mut self, event: &Event<'_>, span_name: &dyn Fn() -> Option<&'static str>) {
        let mut visitor = FieldsVisitor::of_event();
        event.record(&mut visitor);
        self.out.extend_from_slice(&self.callsite.head);
        match &visitor.message {
            Some(message) => self.out.extend_from_slice(message),
            None => encode::string(self.out, name::of(event.metadata(), span_name)),
        }
        self.out.extend_from_slice(visitor.fields.bytes());
        if let Some(exception) = visitor.exception {
            self.exception(&exception);
        }
    }

    /// A record of the `log` crate: its target is in a field.
    #[cold]
    fn log(&mut self, event: &Event<'_>) {
        let mut visitor = FieldsVisitor::of_event();
        event.record(&mut visitor);
        let metadata = event.normalized_metadata();
        let metadata = metadata.as_ref().unwrap_or_else(|| event.metadata());
        for (key, value) in [
            (names::LEVEL, level_name(*metadata.level())),
            (names::LOGGER, metadata.target()),
        ] {
            render_key(self.out, key);
            encode::string(self.out, value);
        }
        render_key(self.out, names::EVENT);
        let message = visitor.message.as_deref().unwrap_or(b"\"\"");
        self.out.extend_from_slice(message);
        for key in ["log.target", "log.module_path", "log.file", "log.line"] {
            visitor.fields.remove(key);
        }
        self.out.extend_from_slice(visitor.fields.bytes());
    }

    /// How many fields the line has so far, beside the four of its head.
    #[cold]
    pub(super) fn count_fields(&self) -> usize {
        Pieces(self.out).count().saturating_sub(HEAD_FIELDS)
    }

    /// Adds the source chain of an error, unless the event has an exception of its own.
    #[cold]
    fn exception(&mut self, exception: &str) {
        if !self.has(names::EXCEPTION.as_bytes()) {
            render_key(self.out, names::EXCEPTION);
            encode::string(self.out, exception);
            self.keys.add(Keys::of(names::EXCEPTION));
        }
    }

    /// Adds the fields whose keys the line does not have.
    #[inline]
    pub(super) fn add(&mut self, fields: &Fields) {
        let keys = fields.keys();
        if self.shares_none_with(keys) {
            self.out.extend_from_slice(fields.bytes());
        } else {
            self.add_carefully(fields);
        }
        self.keys.add(keys);
    }

    #[cold]
    #[inline(never)]
    fn add_carefully(&mut self, fields: &Fields) {
        let mut shares = false;
        for piece in Pieces(fields.bytes()) {
            let has = self.has(piece.key);
            shares |= has || self.callsite.declares(piece.key);
            if !has {
                self.out.extend_from_slice(piece.bytes);
            }
        }
        if !shares {
            self.callsite.set_disjoint(self.keys, fields.keys());
        }
    }

    /// Says whether the ids of the current span belong on the line.
    #[inline]
    pub(super) fn has_trace(&self) -> bool {
        self.callsite.has_trace
    }

    /// Adds the ids of the span context, unless the line has fields of these names.
    #[inline]
    pub(super) fn add_trace(&mut self, context: &SpanContext) {
        let mut keys = Keys::of(names::TRACE_ID);
        keys.add(Keys::of(names::SPAN_ID));
        let (mut trace, mut span) = (true, true);
        if !self.shares_none_with(keys) {
            trace = !self.has(names::TRACE_ID.as_bytes());
            span = !self.has(names::SPAN_ID.as_bytes());
            let declares = |name: &str| self.callsite.declares(name.as_bytes());
            if trace && span && !declares(names::TRACE_ID) && !declares(names::SPAN_ID) {
                self.callsite.set_disjoint(self.keys, keys);
            }
        }
        if trace {
            self.id(TRACE_ID_FRAME, context.trace_id().to_bytes());
        }
        if span {
            self.id(SPAN_ID_FRAME, context.span_id().to_bytes());
        }
    }

    // One piece of a fixed length: pieces of any length are calls.
    #[inline(always)]
    fn id<const N: usize, const LENGTH: usize>(&mut self, frame: &[u8; LENGTH], id: [u8; N]) {
        let mut piece = *frame;
        let digits = encode::hex_digits(id);
        piece[LENGTH - 1 - 2 * N..LENGTH - 1].copy_from_slice(digits.as_flattened());
        self.out.extend_from_slice(&piece);
    }

    /// Ends the line.
    #[inline]
    pub(super) fn finish(self) {
        self.out.extend_from_slice(b"}\n");
    }

    #[inline]
    fn shares_none_with(&self, keys: Keys) -> bool {
        !self.keys.may_meet(keys) || self.callsite.is_disjoint(self.keys, keys)
    }

    /// Says whether the line has a field with this rendered key.
    #[cold]
    fn has(&self, key: &[u8]) -> bool {
        Pieces(self.out).any(|piece| piece.key == key)
    }
}

/// `timestamp`, `level`, `logger` and `event`.
const HEAD_FIELDS: usize = 4;

/// What stands around the ids of a span, with room for their digits.
const TRACE_ID_FRAME: &[u8; 46] = b",\"trace_id\":\"00000000000000000000000000000000\"";
const SPAN_ID_FRAME: &[u8; 29] = b",\"span_id\":\"0000000000000000\"";

/// Renders an error with what caused it, one cause a line; `None` without a cause.
pub(super) fn source_chain(error: &(dyn Error + 'static)) -> Option<String> {
    let mut source = error.source()?;
    let mut chain = error.to_string();
    loop {
        // Writing to a string does not fail, unless the error's own formatter does.
        let _incomplete = write!(chain, "\ncaused by: {source}");
        match source.source() {
            Some(next) => source = next,
            None => return Some(chain),
        }
    }
}

/// Writes fields as they come: the message is the first of them, and no key comes twice.
struct Straight<'a> {
    out: &'a mut Vec<u8>,
    callsite: &'static Callsite,
    metadata: &'static Metadata<'static>,
    span_name: &'a dyn Fn() -> Option<&'static str>,
    has_event: bool,
    exception: Option<String>,
}

impl Straight<'_> {
    /// Writes the key and a value that is no string.
    #[inline(always)]
    fn value(&mut self, field: &Field, value: impl FieldValue) {
        let Some(field) = self.field(field) else {
            return;
        };
        if field.kind == FieldKind::Message {
            name::write_as_string(self.out, &value);
        } else {
            field.write_before_value(self.out);
            value.encode(ValueEncoder::new(self.out));
        }
    }

    /// Writes the key of a string and its first quote; `false` when the string is not to
    /// follow.
    #[inline(always)]
    fn string(&mut self, field: &Field) -> bool {
        let Some(field) = self.field(field) else {
            return false;
        };
        field.write_before_string(self.out);
        true
    }

    /// The key to be written; `None` when the field is written already.
    #[inline(always)]
    fn field(&mut self, field: &Field) -> Option<&'static FieldKey> {
        let field = self.callsite.field(field.index())?;
        if field.kind == FieldKind::Message {
            self.has_event = true;
            return Some(field);
        }
        self.require_event();
        if field.kind == FieldKind::Sensitive {
            self.redact(field);
            return None;
        }
        Some(field)
    }

    /// Writes a field without its value.
    #[cold]
    fn redact(&mut self, field: &FieldKey) {
        field.write_before_value(self.out);
        encode::string(self.out, REDACTED);
    }

    /// Writes a name when no message was recorded.
    #[inline]
    fn require_event(&mut self) {
        if !self.has_event {
            self.has_event = true;
            encode::string(self.out, name::of(self.metadata, self.span_name));
        }
    }
}

impl Visit for Straight<'_> {
    #[inline]
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.string(field) {
            encode::escaped(self.out, value);
            self.out.push(b'"');
        }
    }

    #[inline]
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.value(field, value);
    }

    #[inline]
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.value(field, value);
    }

    #[inline]
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.value(field, value);
    }

    #[inline]
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.value(field, value);
    }

    #[inline]
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if self.string(field) {
            encode::formatted(self.out, format_args!("{value:?}"));
            self.out.push(b'"');
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        if self.string(field) {
            encode::formatted(self.out, format_args!("{value}"));
            self.out.push(b'"');
            self.exception = self.exception.take().or_else(|| source_chain(value));
        }
    }
}
