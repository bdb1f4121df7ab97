//! The values of fields: how they are given, and how they read back.

mod comparisons;

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::decode;
use crate::encode;

/// A value that a field can have: what [`bind`](crate::bind) takes.
///
/// Implemented for booleans, integers, floats, strings, and slices, arrays and vectors of
/// strings. Implement it for your own types to bind them as they are:
///
/// ```
/// use telemetry_core::{FieldValue, ValueEncoder};
///
/// struct TournamentId(i64);
///
/// impl FieldValue for TournamentId {
///     fn encode(&self, encoder: ValueEncoder<'_>) {
///         encoder.i64(self.0);
///     }
/// }
/// ```
pub trait FieldValue {
    /// Writes the value with one call on `encoder`; without one, the value is the empty
    /// string.
    fn encode(&self, encoder: ValueEncoder<'_>);
}

/// Takes one value of a field.
#[derive(Debug)]
pub struct ValueEncoder<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> ValueEncoder<'a> {
    #[inline]
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Writes a boolean.
    #[inline]
    pub fn bool(self, value: bool) {
        encode::bool(self.out, value);
    }

    /// Writes a signed integer.
    #[inline]
    pub fn i64(self, value: i64) {
        encode::integer(self.out, value);
    }

    /// Writes an unsigned integer.
    #[inline]
    pub fn u64(self, value: u64) {
        encode::integer(self.out, value);
    }

    /// Writes a float; NaN and the infinities as the strings `NaN`, `Infinity` and
    /// `-Infinity`.
    #[inline]
    pub fn f64(self, value: f64) {
        encode::float(self.out, value);
    }

    /// Writes a string.
    #[inline]
    pub fn string(self, value: &str) {
        encode::string(self.out, value);
    }

    /// Writes text that is known to need no escaping.
    #[inline]
    pub(crate) fn plain(self, value: &[u8]) {
        self.out.push(b'"');
        self.out.extend_from_slice(value);
        self.out.push(b'"');
    }

    /// Writes what `value` formats to as a string.
    pub fn display(self, value: &dyn fmt::Display) {
        self.out.push(b'"');
        encode::formatted(self.out, format_args!("{value}"));
        self.out.push(b'"');
    }

    /// Writes a list of strings.
    #[inline]
    pub fn list<S: AsRef<str>>(self, values: impl IntoIterator<Item = S>) {
        encode::list(self.out, values);
    }
}

/// Appends a value, which may be of the application's own type: one that panics is replaced, and
/// one that writes nothing is the empty string.
#[inline(always)]
pub(crate) fn encode<V: FieldValue + ?Sized>(value: &V, out: &mut Vec<u8>) {
    let start = out.len();
    let encoded = catch_unwind(AssertUnwindSafe(|| value.encode(ValueEncoder::new(out))));
    if let Err(payload) = encoded {
        replace_panicked(out, start, payload);
    } else if out.len() == start {
        out.extend_from_slice(b"\"\"");
    }
}

#[cold]
#[inline(never)]
fn replace_panicked(out: &mut Vec<u8>, start: usize, payload: Box<dyn Any + Send>) {
    // The destructor of a payload may panic as well.
    let _dropped = catch_unwind(AssertUnwindSafe(|| drop(payload)));
    out.truncate(start);
    encode::string(out, encode::PANICKED);
}

/// A value that is rendered already.
pub(crate) struct Rendered<'a>(pub(crate) &'a [u8]);

impl FieldValue for Rendered<'_> {
    #[inline]
    fn encode(&self, encoder: ValueEncoder<'_>) {
        encoder.out.extend_from_slice(self.0);
    }
}

macro_rules! field_values {
    ($($type:ty => |$value:ident, $encoder:ident| $write:expr;)*) => {$(
        impl FieldValue for $type {
            #[inline]
            fn encode(&self, $encoder: ValueEncoder<'_>) {
                let $value = self;
                $write;
            }
        }
    )*};
}

field_values! {
    bool => |value, encoder| encoder.bool(*value);
    i8 => |value, encoder| encoder.i64(i64::from(*value));
    i16 => |value, encoder| encoder.i64(i64::from(*value));
    i32 => |value, encoder| encoder.i64(i64::from(*value));
    i64 => |value, encoder| encoder.i64(*value);
    isize => |value, encoder| encoder.i64(*value as i64);
    u8 => |value, encoder| encoder.u64(u64::from(*value));
    u16 => |value, encoder| encoder.u64(u64::from(*value));
    u32 => |value, encoder| encoder.u64(u64::from(*value));
    u64 => |value, encoder| encoder.u64(*value);
    usize => |value, encoder| encoder.u64(*value as u64);
    f32 => |value, encoder| encoder.f64(f64::from(*value));
    f64 => |value, encoder| encoder.f64(*value);
    str => |value, encoder| encoder.string(value);
    String => |value, encoder| encoder.string(value);
    Cow<'_, str> => |value, encoder| encoder.string(value);
    Value => |value, encoder| match value {
        Value::Bool(value) => encoder.bool(*value),
        Value::I64(value) => encoder.i64(*value),
        Value::U64(value) => encoder.u64(*value),
        Value::F64(value) => encoder.f64(*value),
        Value::String(value) => encoder.string(value),
        Value::List(values) => encoder.list(values),
    };
}

impl<T: FieldValue + ?Sized> FieldValue for &T {
    #[inline]
    fn encode(&self, encoder: ValueEncoder<'_>) {
        (**self).encode(encoder);
    }
}

impl<S: AsRef<str>> FieldValue for [S] {
    #[inline]
    fn encode(&self, encoder: ValueEncoder<'_>) {
        encoder.list(self);
    }
}

impl<S: AsRef<str>, const N: usize> FieldValue for [S; N] {
    #[inline]
    fn encode(&self, encoder: ValueEncoder<'_>) {
        encoder.list(self);
    }
}

impl<S: AsRef<str>> FieldValue for Vec<S> {
    #[inline]
    fn encode(&self, encoder: ValueEncoder<'_>) {
        encoder.list(self);
    }
}

/// The value of a field, as it reads back from a scope or a captured line.
///
/// It compares with what it may hold, on either side:
///
/// ```
/// use telemetry_core::Value;
///
/// let (id, labels) = (Value::I64(7), Value::List(vec!["tournament".into()]));
/// assert_eq!(id, 7);
/// assert_eq!(7_u64, id);
/// assert_eq!(labels, ["tournament"]);
/// assert_ne!(id, "7");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A boolean.
    Bool(bool),
    /// An integer that fits an `i64`, whatever type it was given as.
    I64(i64),
    /// An integer above `i64::MAX`.
    U64(u64),
    /// A finite float.
    F64(f64),
    /// A string.
    String(String),
    /// A list of strings.
    List(Vec<String>),
}

impl Value {
    /// What a value reads back as.
    pub(crate) fn of(value: &impl FieldValue) -> Self {
        let mut rendered = Vec::new();
        encode(value, &mut rendered);
        decode::value(&rendered)
    }

    /// The boolean, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(value) => Some(value),
            _ => None,
        }
    }

    /// The integer, if it is one within the range of `i64`.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::I64(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if it is one within the range of `u64`.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::I64(value) => u64::try_from(*value).ok(),
            Self::U64(value) => Some(*value),
            _ => None,
        }
    }

    /// The float, if it is one.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::F64(value) => Some(*value),
            _ => None,
        }
    }

    /// The strings, if it is a list of them.
    #[must_use]
    pub fn as_list(&self) -> Option<Vec<&str>> {
        match self {
            Self::List(values) => Some(values.iter().map(String::as_str).collect()),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::I64(value) => value.fmt(f),
            Self::U64(value) => value.fmt(f),
            Self::F64(value) => value.fmt(f),
            Self::String(value) => value.fmt(f),
            Self::List(values) => f.debug_list().entries(values).finish(),
        }
    }
}

crate::value_comparisons!(Value);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_compares_with_what_it_holds_on_either_side() {
        let strings = vec!["a".to_owned(), "b".to_owned()];
        let list = Value::List(strings.clone());
        assert_eq!(list, ["a", "b"]);
        assert_eq!(["a", "b"], list);
        assert_eq!(list, strings);
        assert_eq!(list, strings[..]);
        assert_eq!(list, vec!["a", "b"]);
        assert_ne!(list, ["a"]);
        assert_eq!(Value::I64(7), 7);
        assert_eq!(7_u8, Value::I64(7));
        assert_eq!(Value::I64(-7), -7_i8);
        assert_ne!(Value::I64(-1), u64::MAX);
        assert_eq!(Value::U64(u64::MAX), u64::MAX);
        assert_ne!(Value::U64(u64::MAX), -1);
        assert_eq!(Value::F64(1.5), 1.5);
        assert_eq!(1.5, Value::F64(1.5));
        assert_ne!(Value::F64(1.0), 1);
        assert_eq!(Value::Bool(true), true);
        assert_ne!(false, Value::Bool(true));
        let (text, owned) = (Value::String("a".into()), "a".to_owned());
        assert_eq!(text, "a");
        assert_eq!(text, owned);
        assert_eq!(owned, text);
        assert_eq!(text, Cow::Borrowed("a"));
        assert_ne!(text, ["a"]);
        assert_ne!(text, 7);
    }
}
