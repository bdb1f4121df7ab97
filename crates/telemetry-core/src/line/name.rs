//! What an event is called: its message, else its span, else its place.

use tracing::Metadata;

use crate::value::{FieldValue, ValueEncoder};

/// Names an event without a message: by its own name where it has one, else by the span that it
/// is in, else by its file and line, without the way to the file on the machine that built it.
#[cold]
pub(super) fn of(
    metadata: &Metadata<'static>,
    span_name: &dyn Fn() -> Option<&'static str>,
) -> &'static str {
    let name = metadata.name();
    let place = name
        .strip_prefix("event ")
        .filter(|place| metadata.file().is_some_and(|file| place.starts_with(file)));
    place.map_or(name, |place| {
        let file = || place.rsplit(['/', '\\']).next().unwrap_or(place);
        span_name()
            .filter(|name| !name.is_empty())
            .unwrap_or_else(file)
    })
}

/// Appends a value as a JSON string, whatever its type.
#[cold]
pub(super) fn write_as_string(out: &mut Vec<u8>, value: &dyn FieldValue) {
    let mut rendered = Vec::new();
    value.encode(ValueEncoder::new(&mut rendered));
    if rendered.starts_with(b"\"") {
        out.extend_from_slice(&rendered);
    } else {
        // What is no string is a boolean or a number, which needs no escaping.
        ValueEncoder::new(out).plain(&rendered);
    }
}
