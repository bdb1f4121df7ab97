//! Reads back what [`encode`](crate::encode) wrote: flat JSON objects of our own making.
//!
//! Not a JSON parser: it expects bytes that this crate rendered. On anything else it stops
//! early and never panics.

use std::borrow::Cow;

use memchr::memchr2;

use crate::encode;
use crate::value::Value;

/// One `,"key":value` piece of rendered fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    /// The whole piece, from its comma on.
    pub(crate) bytes: &'a [u8],
    /// The key, still escaped, without its quotes.
    pub(crate) key: &'a [u8],
    /// The value as it is rendered.
    pub(crate) value: &'a [u8],
}

/// Cuts rendered fields (`,"key":value,"key":value…`) into pieces. Ends at a closing brace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pieces<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let bytes = self.0;
        let key_end = 1 + string_length(bytes.get(1..)?)?;
        let value_at = key_end + 1;
        let end = value_at + value_length(bytes.get(value_at..)?)?;
        self.0 = &bytes[end..];
        Some(Piece {
            bytes: &bytes[..end],
            key: &bytes[2..key_end - 1],
            value: &bytes[value_at..end],
        })
    }
}

/// The fields of a rendered line, without its braces and line end.
pub(crate) fn line(line: &[u8]) -> impl Iterator<Item = (Cow<'_, str>, Value)> {
    // A line begins with a brace where a piece begins with a comma.
    Pieces(line).map(|piece| (piece.key(), piece.value()))
}

impl<'a> Piece<'a> {
    /// The key as it was before it was escaped.
    pub(crate) fn key(&self) -> Cow<'a, str> {
        unescape(self.key)
    }

    /// The value, typed.
    pub(crate) fn value(&self) -> Value {
        value(self.value)
    }

    /// The texts of a value that is a list.
    pub(crate) fn texts(&self) -> Option<impl Iterator<Item = Cow<'a, str>>> {
        self.value.starts_with(b"[").then(|| texts(self.value))
    }
}

/// A rendered value, typed.
pub(crate) fn value(bytes: &[u8]) -> Value {
    match bytes.first() {
        Some(b'"') => Value::String(unescape(inside(bytes)).into_owned()),
        Some(b'[') => Value::List(texts(bytes).map(Cow::into_owned).collect()),
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        _ => number(&text(bytes)),
    }
}

/// What is text nearly always: seeing that it is takes less than looking for what is not.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

fn number(text: &str) -> Value {
    if let Ok(value) = text.parse() {
        Value::I64(value)
    } else if let Ok(value) = text.parse() {
        Value::U64(value)
    } else {
        text.parse()
            .map_or_else(|_| Value::String(text.to_owned()), Value::F64)
    }
}

/// The texts of a list.
fn texts(list: &[u8]) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = inside(list);
    std::iter::from_fn(move || {
        let length = string_length(rest)?;
        let text = unescape(inside(&rest[..length]));
        rest = rest.get(length + 1..).unwrap_or_default();
        Some(text)
    })
}

/// Where the texts of a list end, behind their quotes.
pub(crate) fn ends_of_texts(list: &[u8]) -> impl Iterator<Item = usize> {
    let mut at = 1;
    std::iter::from_fn(move || {
        let end = at + string_length(list.get(at..)?)?;
        at = end + 1;
        Some(end)
    })
}

/// The largest end up to `length` at which a rendered string can be cut: behind its first quote,
/// and within neither a character nor an escape.
pub(crate) fn end_within(string: &[u8], length: usize) -> usize {
    let mut end = 1;
    while let Some(step) = character_length(string.get(end..).unwrap_or_default())
        && end + step <= length
    {
        end += step;
    }
    end
}

/// The length of the character or escape that `bytes` begin with.
fn character_length(bytes: &[u8]) -> Option<usize> {
    Some(match bytes {
        [b'\\', b'u', ..] => "\\u0000".len(),
        [b'\\', ..] => 2,
        [_, rest @ ..] => {
            let continuations = rest.iter().take_while(|byte| is_continuation(**byte));
            1 + continuations.count()
        }
        [] => return None,
    })
}

/// Says whether a byte is not the first of its character in UTF-8.
const fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// What stands between the first and the last byte.
fn inside(bytes: &[u8]) -> &[u8] {
    bytes
        .get(1..bytes.len().saturating_sub(1))
        .unwrap_or_default()
}

/// The length of the string that `bytes` begin with, quotes included.
fn string_length(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// The length of the value that `bytes` begin with.
fn value_length(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'"' => string_length(bytes),
        b'[' => {
            let mut at = 1;
            while *bytes.get(at)? != b']' {
                at += string_length(&bytes[at..]).unwrap_or(1);
            }
            Some(at + 1)
        }
        _ => Some(
            bytes
                .iter()
                .position(|byte| matches!(byte, b',' | b'}'))
                .unwrap_or(bytes.len()),
        ),
    }
}

fn unescape(bytes: &[u8]) -> Cow<'_, str> {
    let text = text(bytes);
    // Nearly all text is plain, which is quicker to see than that there is no backslash in it.
    if encode::is_plain(bytes) || !bytes.contains(&b'\\') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let (character, length) = unescape_one(escape);
        out.push(character);
        rest = escape.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out.into()
}

/// Reads what follows a backslash, with its length.
fn unescape_one(escape: &str) -> (char, usize) {
    match escape.as_bytes().first() {
        Some(b'n') => ('\n', 1),
        Some(b'r') => ('\r', 1),
        Some(b't') => ('\t', 1),
        Some(b'u') => {
            let digits = escape.get(1..5).unwrap_or_default();
            let code = u32::from_str_radix(digits, 16)
                .ok()
                .and_then(char::from_u32);
            (code.unwrap_or(char::REPLACEMENT_CHARACTER), 5)
        }
        Some(other) if other.is_ascii() => (char::from(*other), 1),
        _ => (char::REPLACEMENT_CHARACTER, 0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fields::Fields;

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::I64),
            (1 << 63..=u64::MAX).prop_map(Value::U64),
            any::<f64>()
                .prop_filter("finite", |value| value.is_finite())
                .prop_map(Value::F64),
            "(?s).{0,12}".prop_map(Value::String),
            prop::collection::vec("(?s).{0,6}", 0..4).prop_map(Value::List),
        ]
    }

    proptest! {
        #[test]
        fn fields_read_back_as_they_were_set(
            pairs in prop::collection::btree_map("x(?s).{0,8}", any_value(), 0..6)
        ) {
            let mut fields = Fields::new();
            for (key, value) in &pairs {
                fields.set(key, value);
            }
            let read = fields.iter().map(|(key, value)| (key.into_owned(), value));
            let read: std::collections::BTreeMap<_, _> = read.collect();
            prop_assert_eq!(read, pairs);
        }

        #[test]
        fn foreign_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(line(&bytes).count() <= 64);
        }

        #[test]
        fn nearly_right_bytes_do_not_panic(text in "[,{}\\[\\]\":\\\\ua1é]{0,40}") {
            prop_assert!(line(text.as_bytes()).count() <= 64);
        }
    }
}
