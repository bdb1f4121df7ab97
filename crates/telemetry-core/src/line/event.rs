//! The rendering of one event.

use std::error::Error;
use std::fmt::Debug;

use opentelemetry::trace::SpanContext;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata};
use tracing_log::NormalizeEvent as _;

use crate::decode::Pieces;
use crate::encode;
use crate::error_chain;
use crate::fields::{Fields, Keys, render_key};
use crate::line::callsite::{self, Callsite, FieldKey, FieldKind, Shape};
use crate::line::conflicts::{self, KeySets, Sections};
use crate::line::name;
use crate::line::spans::FieldsVisitor;
use crate::line::{errors, level_name, limit, timestamp};
use crate::log_records;
use crate::names;
use crate::redact::REDACTED;
use crate::value::{FieldValue, ValueEncoder};

/// A line in the making: the event's own fields are on it, the context comes behind.
///
/// All is appended as it is. Whether the keys can stand on one line is looked at once, at the
/// end, unless other lines with these sets of keys had no conflict: the event's fields win over
/// those of spans, inner spans over outer ones, and all of them over the scope's.
pub(super) struct EventLine<'a> {
    out: &'a mut Vec<u8>,
    callsite: &'static Callsite,
    /// All keys that the line has or may have.
    sets: KeySets,
    sections: Sections,
    /// How long the line may be, with its line end. A value that is longer is not written whole.
    limit: usize,
}

impl<'a> EventLine<'a> {
    /// Writes the head and the event's own fields. `span_name` gives the name of the span that
    /// the event is in, and is called only for an event without a message.
    #[inline]
    pub(super) fn begin(
        event: &Event<'_>,
        span_name: &dyn Fn() -> Option<&'static str>,
        out: &'a mut Vec<u8>,
        limit: usize,
    ) -> Self {
        let callsite = callsite::of(event.metadata());
        out.clear();
        timestamp::begin_line(out);
        let mut line = Self {
            out,
            callsite,
            sets: KeySets::new(callsite.declared.sum),
            sections: Sections::new(),
            limit,
        };
        match callsite.shape {
            Shape::Straight => line.straight(event, span_name),
            Shape::Mixed => line.mixed(event, span_name),
            Shape::Log => line.log(event),
        }
        if callsite.has_error {
            errors::mask_fields(line.out);
        }
        line
    }

    #[inline]
    fn straight(&mut self, event: &Event<'_>, span_name: &dyn Fn() -> Option<&'static str>) {
        self.out.extend_from_slice(&self.callsite.head);
        let mut visitor = Straight {
            out: self.out,
            callsite: self.callsite,
            limit: self.limit,
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
        self.own_fields(&visitor.fields);
        if let Some(exception) = visitor.exception {
            self.exception(&exception);
        }
    }

    /// Adds the event's own fields, whichever of them are declared.
    fn own_fields(&mut self, fields: &Fields) {
        limit::add_bounded(self.out, fields.bytes(), self.limit);
        self.sets = KeySets::new(fields.keys().sum);
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
        log_records::with_key_values(|fields| visitor.fields.merge(fields));
        self.own_fields(&visitor.fields);
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
            self.sets.add(Keys::new(names::EXCEPTION).sum);
        }
    }

    /// Adds the fields of a span or of the scope.
    #[inline]
    pub(super) fn add(&mut self, fields: &Fields) {
        self.sections.begin(self.out.len());
        self.sets.add(fields.keys().sum);
        if fields.bytes().len() <= self.limit {
            self.out.extend_from_slice(fields.bytes());
        } else {
            limit::add_bounded(self.out, fields.bytes(), self.limit);
        }
    }

    /// Says whether the ids of the current span belong on the line.
    #[inline]
    pub(super) fn has_trace(&self) -> bool {
        self.callsite.has_trace
    }

    /// Adds the ids of the span context, which fields of these names win over.
    #[inline]
    pub(super) fn add_trace(&mut self, context: &SpanContext) {
        self.sections.begin(self.out.len());
        self.sets.add(TRACE_SET);
        self.id(TRACE_ID_FRAME, context.trace_id().to_bytes());
        self.id(SPAN_ID_FRAME, context.span_id().to_bytes());
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
    pub(super) fn finish(mut self) {
        if !self.sets.are_known() {
            self.resolve();
        }
        self.out.extend_from_slice(b"}\n");
        if self.out.len() > self.limit {
            limit::fit(self.out, self.limit);
        }
    }

    #[cold]
    #[inline(never)]
    fn resolve(&mut self) {
        if self.has_no_conflict() {
            self.sets.remember();
        } else {
            conflicts::resolve(self.out, &self.sections);
        }
    }

    /// Says whether no line with these sets of keys has a conflict. A field that is declared and
    /// was not recorded may be on the next one.
    fn has_no_conflict(&self) -> bool {
        let is_straight = self.callsite.shape == Shape::Straight;
        let declared = || self.callsite.keys().filter(|_| is_straight);
        let context_at = self.sections.end_of_event(self.out.len());
        let (own, context) = self.out.split_at(context_at);
        let own = Pieces(own).map(|piece| piece.key);
        let undeclared = own.filter(|key| !declared().any(|known| known == *key));
        let context = Pieces(context).map(|piece| piece.key);
        conflicts::can_stand_together(undeclared.chain(declared()).chain(context))
    }

    /// Says whether the line has a field with this rendered key.
    #[cold]
    fn has(&self, key: &[u8]) -> bool {
        Pieces(self.out).any(|piece| piece.key == key)
    }
}

/// The set of the keys of a span's ids.
const TRACE_SET: u64 = 0x1319_8a2e_0370_7344;
/// `timestamp`, `level`, `logger` and `event`.
const HEAD_FIELDS: usize = 4;

/// What stands around the ids of a span, with room for their digits.
const TRACE_ID_FRAME: &[u8; 46] = b",\"trace_id\":\"00000000000000000000000000000000\"";
const SPAN_ID_FRAME: &[u8; 29] = b",\"span_id\":\"0000000000000000\"";

/// Writes fields as they come: the message is the first of them, and no key comes twice.
struct Straight<'a> {
    out: &'a mut Vec<u8>,
    callsite: &'static Callsite,
    /// How much of a value is of use.
    limit: usize,
    metadata: &'static Metadata<'static>,
    span_name: &'a dyn Fn() -> Option<&'static str>,
    has_event: bool,
    exception: Option<String>,
}

impl Straight<'_> {
    /// Writes the key and a value that is no string.
    #[inline(always)]
    fn value(&mut self, field: &Field, value: impl FieldValue) {
        let Some(field) = self.field(field, FieldKind::hides_number) else {
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
        let Some(field) = self.field(field, FieldKind::hides_text) else {
            return false;
        };
        field.write_before_string(self.out);
        true
    }

    /// The key to be written; `None` when the field is written already.
    #[inline(always)]
    fn field(
        &mut self,
        field: &Field,
        is_hidden: impl FnOnce(FieldKind) -> bool,
    ) -> Option<&'static FieldKey> {
        let field = self.callsite.field(field.index())?;
        if field.kind == FieldKind::Message {
            self.has_event = true;
            return Some(field);
        }
        self.require_event();
        if is_hidden(field.kind) {
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
            encode::text(self.out, encode::bounded(value, self.limit));
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
            encode::formatted_within(self.out, format_args!("{value:?}"), self.limit);
            self.out.push(b'"');
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        if self.string(field) {
            let message = error_chain::message(value);
            encode::escaped(self.out, encode::bounded(&message, self.limit));
            self.out.push(b'"');
            let exception = self.exception.take();
            self.exception = exception.or_else(|| error_chain::exception(value));
        }
    }
}
