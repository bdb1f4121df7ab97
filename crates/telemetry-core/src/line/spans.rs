//! The fields of spans, and of events whose fields need sorting out.

use std::error::Error;
use std::fmt::{self, Debug};

use tracing::field::{Field, Visit};

use crate::error_chain;
use crate::fields::Fields;
use crate::line::{callsite, errors, name};
use crate::value::{FieldValue, Rendered, ValueEncoder};

/// The fields of a span, in its extensions. A type of our own, so that no other layer's
/// fields are taken for ours.
#[derive(Debug)]
pub(super) struct SpanFields(pub(super) Fields);

/// What some fields of a span take.
const FIRST_ROOM: usize = 64;

/// Gathers fields into a set, in which a later one replaces an earlier one of its name.
pub(super) struct FieldsVisitor {
    pub(super) fields: Fields,
    /// The message of an event as a JSON string. It is not among the fields.
    pub(super) message: Option<Vec<u8>>,
    /// The source chain of the first error.
    pub(super) exception: Option<String>,
    is_event: bool,
}

impl FieldsVisitor {
    pub(super) fn of_event() -> Self {
        Self {
            fields: Fields::new(),
            message: None,
            exception: None,
            is_event: true,
        }
    }

    pub(super) fn of_span() -> Self {
        Self {
            fields: Fields::in_room(Vec::with_capacity(FIRST_ROOM)),
            is_event: false,
            ..Self::of_event()
        }
    }

    fn set(&mut self, field: &Field, value: impl FieldValue) {
        let name = field.name();
        if self.is_event && name == callsite::MESSAGE {
            let mut message = Vec::new();
            name::write_as_string(&mut message, &value);
            self.message = Some(message);
            return;
        }
        let name = name.strip_prefix("r#").unwrap_or(name);
        if errors::is_text(name) {
            let mut rendered = Vec::new();
            value.encode(ValueEncoder::new(&mut rendered));
            errors::mask(&mut rendered);
            self.fields.set(name, &Rendered(&rendered));
        } else {
            self.fields.set(name, &value);
        }
    }

    fn set_text(&mut self, field: &Field, text: fmt::Arguments<'_>) {
        let mut rendered = Vec::new();
        ValueEncoder::new(&mut rendered).display(&text);
        self.set(field, Rendered(&rendered));
    }
}

impl Visit for FieldsVisitor {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set_text(field, format_args!("{value:?}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.set(field, error_chain::message(value));
        let exception = self.exception.take();
        self.exception = exception.or_else(|| error_chain::exception(value));
    }
}
