//! The values of captured attributes.

use std::fmt;

use opentelemetry::{Array, KeyValue, StringValue, Value};
use telemetry_core::value_comparisons;

/// The value of an attribute of a captured span, span event, link or measurement.
///
/// It compares as the field of a captured line does, and with OpenTelemetry's own values and a line's
/// too:
///
/// ```
/// use telemetry_otel::testing::AttributeValue;
///
/// let id = AttributeValue::from(7);
/// assert_eq!(id, 7);
/// assert_eq!(7_u64, id);
/// assert_eq!(id, opentelemetry::Value::I64(7));
/// assert_eq!(id, telemetry_core::Value::I64(7));
/// assert_ne!(id, "7");
/// ```
#[derive(Clone, PartialEq)]
pub struct AttributeValue(Value);

impl AttributeValue {
    /// The boolean, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.0 {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Value::String(value) => Some(value.as_str()),
            _ => None,
        }
    }

    /// The integer, if it is one.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Value::I64(value) => Some(value),
            _ => None,
        }
    }

    /// The integer, if it is one that is not negative.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        u64::try_from(self.as_i64()?).ok()
    }

    /// The float, if it is one.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self.0 {
            Value::F64(value) => Some(value),
            _ => None,
        }
    }

    /// The strings, if it is a list of them.
    #[must_use]
    pub fn as_list(&self) -> Option<Vec<&str>> {
        match &self.0 {
            Value::Array(Array::String(values)) => {
                Some(values.iter().map(StringValue::as_str).collect())
            }
            _ => None,
        }
    }

    /// The value as OpenTelemetry has it.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        &self.0
    }
}

value_comparisons!(AttributeValue);

/// Implements comparing a list of this type with an array.
macro_rules! lists {
    ($($variant:ident: $item:ty;)*) => {$(
        impl<const N: usize> PartialEq<[$item; N]> for AttributeValue {
            fn eq(&self, other: &[$item; N]) -> bool {
                matches!(&self.0, Value::Array(Array::$variant(values)) if values == other)
            }
        }

        impl<const N: usize> PartialEq<AttributeValue> for [$item; N] {
            fn eq(&self, other: &AttributeValue) -> bool {
                other == self
            }
        }
    )*};
}

lists! {
    Bool: bool;
    I64: i64;
    F64: f64;
}

impl PartialEq<Value> for AttributeValue {
    fn eq(&self, other: &Value) -> bool {
        self.0 == *other
    }
}

impl PartialEq<AttributeValue> for Value {
    fn eq(&self, other: &AttributeValue) -> bool {
        *self == other.0
    }
}

impl PartialEq<telemetry_core::Value> for AttributeValue {
    fn eq(&self, other: &telemetry_core::Value) -> bool {
        use telemetry_core::Value;
        match other {
            Value::Bool(other) => self == other,
            Value::I64(other) => self == other,
            // OpenTelemetry has no larger integers: such a field is a string there.
            Value::U64(other) => self.as_str() == Some(&other.to_string()),
            Value::F64(other) => self == other,
            Value::String(other) => self == other,
            Value::List(other) => self == other,
        }
    }
}

impl PartialEq<AttributeValue> for telemetry_core::Value {
    fn eq(&self, other: &AttributeValue) -> bool {
        other == self
    }
}

impl From<AttributeValue> for Value {
    fn from(value: AttributeValue) -> Self {
        value.0
    }
}

macro_rules! conversions {
    ($($type:ty),*) => {$(
        impl From<$type> for AttributeValue {
            fn from(value: $type) -> Self {
                Self(value.into())
            }
        }
    )*};
}

conversions!(bool, i64, f64, &'static str, String, StringValue, Value);

impl fmt::Debug for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The names and values of attributes, in their order.
pub(super) fn named(
    attributes: impl IntoIterator<Item = KeyValue>,
) -> Vec<(String, AttributeValue)> {
    let attributes = attributes.into_iter();
    attributes
        .map(|attribute| (attribute.key.to_string(), attribute.value.into()))
        .collect()
}

/// The value of the attribute of this name: the last, where it was set more than once.
pub(super) fn find<'a>(
    attributes: &'a [(String, AttributeValue)],
    key: &str,
) -> Option<&'a AttributeValue> {
    let mut attributes = attributes.iter().rev();
    attributes.find_map(|(known, value)| (known == key).then_some(value))
}

/// Implements reading the attributes of a type by their names, as the fields of a captured line.
macro_rules! read_by_name {
    ($($type:ident),*) => {$(
        impl $type {
            /// The value of an attribute: the last, where it was set more than once.
            #[must_use]
            pub fn get(&self, key: &str) -> Option<&AttributeValue> {
                $crate::testing::attributes::find(&self.attributes, key)
            }

            /// The names of all attributes.
            pub fn keys(&self) -> impl Iterator<Item = &str> {
                self.attributes.iter().map(|(key, _)| key.as_str())
            }
        }

        impl ::std::ops::Index<&str> for $type {
            type Output = AttributeValue;

            /// # Panics
            ///
            /// When there is no such attribute; the message shows what it was looked for in.
            #[track_caller]
            fn index(&self, key: &str) -> &AttributeValue {
                match self.get(key) {
                    Some(value) => value,
                    None => panic!("no attribute {key:?} in {self:?}"),
                }
            }
        }
    )*};
}

pub(super) use read_by_name;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Measurement;

    fn attributes() -> Measurement {
        let labels = Array::String(vec!["tournament".into(), "draft".into()]);
        Measurement {
            name: "picks".into(),
            unit: String::new(),
            value: 1.0,
            attributes: named([
                KeyValue::new("user.id", 6),
                KeyValue::new("user.id", 7),
                KeyValue::new("ratio", 0.5),
                KeyValue::new("cached", true),
                KeyValue::new("name", "a"),
                KeyValue::new("labels", Value::Array(labels)),
                KeyValue::new("rounds", Value::Array(Array::I64(vec![1, 2]))),
            ]),
        }
    }

    #[test]
    fn an_attribute_compares_as_the_field_of_a_line_does() {
        let span = attributes();
        assert_eq!(span["user.id"], 7);
        assert_eq!(7_u16, span["user.id"]);
        assert_eq!(span["ratio"], 0.5);
        assert_eq!(span["cached"], true);
        assert_eq!(span["name"], "a");
        let name = String::from("a");
        assert_eq!(span["name"], name);
        assert_eq!(span["labels"], ["tournament", "draft"]);
        assert_eq!(span["labels"], vec!["tournament", "draft"]);
        assert_eq!(span["rounds"], [1, 2]);
        assert_ne!(span["user.id"], "7");
        assert_ne!(span["name"], true);
        assert_ne!(span["labels"], ["tournament"]);
        assert_eq!(span.get("name"), Some(&"a".into()));
        assert_eq!(span.get("absent"), None);
        assert_eq!(span.keys().filter(|key| *key == "user.id").count(), 2);
    }

    #[test]
    fn an_attribute_compares_with_the_field_of_a_line() {
        use telemetry_core::Value as Field;
        let span = attributes();
        assert_eq!(span["user.id"], Field::I64(7));
        assert_eq!(Field::F64(0.5), span["ratio"]);
        assert_eq!(
            span["labels"],
            Field::List(vec!["tournament".into(), "draft".into()])
        );
        assert_eq!(
            AttributeValue::from("18446744073709551615"),
            Field::U64(u64::MAX)
        );
        assert_ne!(span["user.id"], Field::String("7".into()));
    }

    #[test]
    #[should_panic(expected = r#"no attribute "absent" in Measurement { name: "picks""#)]
    fn an_absent_attribute_fails_with_all() {
        let _absent = &attributes()["absent"];
    }
}
