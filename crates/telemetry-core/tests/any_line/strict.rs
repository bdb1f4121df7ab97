//! JSON read strictly: an object that has a key twice is an error.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

/// An object, with its fields in order.
#[derive(Debug)]
pub(crate) struct Strict(pub(crate) Vec<(String, Value)>);

impl Strict {
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        let mut fields = self.0.iter();
        fields.find_map(|(known, value)| (known == key).then_some(value))
    }

    /// The fields behind the first four.
    pub(crate) fn own(&self) -> Vec<(String, Value)> {
        self.0.get(4..).unwrap_or_default().to_vec()
    }

    /// Two keys: one is the other's beginning up to a dot.
    pub(crate) fn extended(&self) -> Option<(&str, &str)> {
        let keys = || self.0.iter().map(|(key, _)| &**key);
        keys().find_map(|shorter| {
            let extends = |key: &str| {
                let more = key.strip_prefix(shorter);
                more.is_some_and(|more| more.starts_with('.'))
            };
            Some((shorter, keys().find(|key| extends(key))?))
        })
    }

    /// About how many bytes the fields take that a line keeps whole.
    pub(crate) fn needed_length(&self) -> usize {
        let needed = self.0.iter().enumerate().filter(|(at, (key, _))| {
            *at < 4 || key.ends_with(".id") || key == "trace_id" || key == "span_id"
        });
        needed
            .map(|(_, (key, value))| {
                let text = value.to_string();
                // What serde_json writes as it is may be an escape on the line.
                let escapes = text.chars().filter(|c| !(' '..='~').contains(c)).count();
                key.len() * 6 + text.len() + escapes * 6 + 4
            })
            .sum()
    }
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Strict;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
                let mut fields: Vec<(String, Value)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if fields.iter().any(|(known, _)| *known == key) {
                        return Err(A::Error::custom(format_args!("{key:?} is there twice")));
                    }
                    fields.push((key, value));
                }
                Ok(Strict(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}
