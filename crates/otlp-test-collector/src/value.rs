//! Attribute values and sets of attributes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::ops::{Deref, Index};

use opentelemetry_proto::tonic::common::v1::any_value::Value as ProtoValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

/// A typed value, of an attribute or of a log record's body.
///
/// It can be compared with what it holds: `span.attributes["http.route"] == "/a/"`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// No value.
    #[default]
    Empty,
    /// A string.
    Text(String),
    /// A boolean.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list.
    Array(Vec<Value>),
    /// A map.
    Map(Attributes),
}

impl Value {
    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn new(value: Option<AnyValue>) -> Self {
        match value.and_then(|value| value.value) {
            None => Self::Empty,
            Some(ProtoValue::StringValue(text)) => Self::Text(text),
            Some(ProtoValue::BoolValue(value)) => Self::Bool(value),
            Some(ProtoValue::IntValue(value)) => Self::Integer(value),
            Some(ProtoValue::DoubleValue(value)) => Self::Float(value),
            Some(ProtoValue::BytesValue(bytes)) => Self::Bytes(bytes),
            Some(ProtoValue::ArrayValue(array)) => {
                let values = array.values.into_iter();
                Self::Array(values.map(|value| Self::new(Some(value))).collect())
            }
            Some(ProtoValue::KvlistValue(list)) => Self::Map(Attributes::new(list.values)),
            // An index into the string table of a profile, which none of the signals here has.
            Some(ProtoValue::StringValueStrindex(index)) => Self::Integer(index.into()),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("(empty)"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Bytes(bytes) => write!(f, "{bytes:?}"),
            Self::Array(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{value}")?;
                }
                f.write_str("]")
            }
            Self::Map(attributes) => write!(f, "{attributes}"),
        }
    }
}

impl PartialEq<str> for Value {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl PartialEq<bool> for Value {
    fn eq(&self, other: &bool) -> bool {
        matches!(self, Self::Bool(value) if value == other)
    }
}

impl PartialEq<i64> for Value {
    fn eq(&self, other: &i64) -> bool {
        matches!(self, Self::Integer(value) if value == other)
    }
}

impl PartialEq<f64> for Value {
    fn eq(&self, other: &f64) -> bool {
        matches!(self, Self::Float(value) if value == other)
    }
}

impl<const N: usize> PartialEq<[&str; N]> for Value {
    fn eq(&self, other: &[&str; N]) -> bool {
        matches!(self, Self::Array(values) if values.iter().eq(other))
    }
}

/// Attributes in the order of their names.
///
/// OTLP demands that names are unique; what was sent twice has its first value here and its
/// name in [`duplicates`](Self::duplicates).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes {
    values: BTreeMap<String, Value>,
    duplicates: Vec<String>,
}

impl Attributes {
    /// The names that were sent more than once.
    #[must_use]
    pub fn duplicates(&self) -> &[String] {
        &self.duplicates
    }

    pub(crate) fn new(pairs: Vec<KeyValue>) -> Self {
        let mut attributes = Self::default();
        for KeyValue { key, value, .. } in pairs {
            match attributes.values.entry(key) {
                Entry::Vacant(entry) => {
                    entry.insert(Value::new(value));
                }
                Entry::Occupied(entry) => attributes.duplicates.push(entry.key().clone()),
            }
        }
        attributes
    }
}

impl Deref for Attributes {
    type Target = BTreeMap<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.values
    }
}

impl Index<&str> for Attributes {
    type Output = Value;

    /// # Panics
    ///
    /// When there is no such attribute; the message shows those there are.
    #[track_caller]
    fn index(&self, name: &str) -> &Value {
        match self.values.get(name) {
            Some(value) => value,
            None => panic!("no attribute {name:?} in {self}"),
        }
    }
}

impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, (name, value)) in self.values.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value}")?;
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &str, value: ProtoValue) -> KeyValue {
        KeyValue {
            key: key.to_owned(),
            value: Some(AnyValue { value: Some(value) }),
            ..KeyValue::default()
        }
    }

    #[test]
    fn values_keep_their_types() {
        let attributes = Attributes::new(vec![
            pair("text", ProtoValue::StringValue("5".to_owned())),
            pair("integer", ProtoValue::IntValue(5)),
            pair("float", ProtoValue::DoubleValue(5.0)),
            pair("bool", ProtoValue::BoolValue(true)),
        ]);
        assert_eq!(attributes["text"], "5");
        assert_eq!(attributes["integer"], 5);
        assert_eq!(attributes["float"], 5.0);
        assert_eq!(attributes["bool"], true);
        assert_ne!(attributes["text"], 5);
        assert_ne!(attributes["integer"], 5.0);
        let shown = r#"{bool=true, float=5.0, integer=5, text="5"}"#;
        assert_eq!(attributes.to_string(), shown);
    }

    #[test]
    fn a_name_that_is_sent_twice_is_reported() {
        let pairs = [1, 2].map(|value| pair("twice", ProtoValue::IntValue(value)));
        let attributes = Attributes::new(pairs.into());
        assert_eq!(attributes["twice"], 1);
        assert_eq!(attributes.duplicates(), ["twice"]);
    }

    #[test]
    #[should_panic(expected = r#"no attribute "other" in {one=1}"#)]
    fn a_missing_attribute_shows_those_there_are() {
        let attributes = Attributes::new(vec![pair("one", ProtoValue::IntValue(1))]);
        let _missing = &attributes["other"];
    }
}
