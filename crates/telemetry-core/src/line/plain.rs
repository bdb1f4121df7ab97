//! The plain text format, in the shape of `tracing-subscriber`'s.

use crate::decode;
use crate::encode;
use crate::value::Value;

/// Appends a rendered JSON line as text, with the names of the spans around the event:
/// `2024-01-15T10:23:45.123456Z  INFO draft: dtx::drafts: hero_picked hero=7 request.id="abc-123"`
///
/// Strings are in quotes and control characters escaped: it is one row of text, always.
pub(super) fn render(line: &[u8], spans: &str, out: &mut Vec<u8>) {
    let mut fields = decode::line(line);
    let mut head = || fields.next().map(|(_, value)| value.to_string());
    let (timestamp, level) = (head().unwrap_or_default(), head().unwrap_or_default());
    let (logger, event) = (head().unwrap_or_default(), head().unwrap_or_default());

    out.extend_from_slice(timestamp.as_bytes());
    out.push(b' ');
    out.extend_from_slice(word_of(&level).as_bytes());
    out.push(b' ');
    for part in [spans, &logger, ": ", &event] {
        escaped(out, part);
    }
    for (key, value) in fields {
        out.push(b' ');
        escaped(out, &key);
        out.push(b'=');
        match value {
            Value::String(value) => encode::string(out, &value),
            Value::List(values) => encode::list(out, &values),
            value => out.extend_from_slice(value.to_string().as_bytes()),
        }
    }
    out.push(b'\n');
}

/// A level in five characters.
fn word_of(level: &str) -> &'static str {
    match level {
        "error" => "ERROR",
        "warning" => " WARN",
        "info" => " INFO",
        "debug" => "DEBUG",
        _ => "TRACE",
    }
}

/// Appends text without control characters. Quotes and backslashes need no escape outside of
/// quotes.
fn escaped(out: &mut Vec<u8>, text: &str) {
    for part in text.split_inclusive(['"', '\\']) {
        let plain = part.trim_end_matches(['"', '\\']);
        encode::escaped(out, plain);
        out.extend_from_slice(&part.as_bytes()[plain.len()..]);
    }
}
