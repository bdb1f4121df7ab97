//! The headers of a message: as propagators read and write them, and those of our own.

use std::collections::BTreeMap;

use lapin::types::{AMQPValue, FieldTable, ShortString};
use opentelemetry::propagation::{Extractor, Injector};

/// Headers as a map, which a table is made of.
pub(crate) type Headers = BTreeMap<ShortString, AMQPValue>;

/// Headers as propagators read and write them.
pub(crate) struct Carrier<H>(pub(crate) H);

impl Injector for Carrier<&mut Headers> {
    fn set(&mut self, key: &str, value: String) {
        // A name that has no room is not one of ours.
        if let Ok(key) = ShortString::try_new(key) {
            self.0.insert(key, AMQPValue::LongString(value.into()));
        }
    }
}

impl Extractor for Carrier<Option<&FieldTable>> {
    fn get(&self, key: &str) -> Option<&str> {
        text(self.0?, key)
    }

    fn keys(&self) -> Vec<&str> {
        let keys = self.0.into_iter().flat_map(|table| table.inner().keys());
        keys.map(ShortString::as_str).collect()
    }
}

/// The text of a header; `None` when it is not there, or no text.
pub(crate) fn text<'a>(table: &'a FieldTable, key: &str) -> Option<&'a str> {
    match table.inner().get(key)? {
        AMQPValue::LongString(value) => std::str::from_utf8(value.as_bytes()).ok(),
        AMQPValue::ShortString(value) => Some(value.as_str()),
        _ => None,
    }
}

/// The number that a header is; `None` when it is not there, or no number above zero.
pub(crate) fn number(table: &FieldTable, key: &str) -> Option<u32> {
    let number = match *table.inner().get(key)? {
        AMQPValue::ShortShortUInt(value) => value.into(),
        AMQPValue::ShortUInt(value) => value.into(),
        AMQPValue::LongUInt(value) => value,
        AMQPValue::ShortShortInt(value) => value.try_into().ok()?,
        AMQPValue::ShortInt(value) => value.try_into().ok()?,
        AMQPValue::LongInt(value) => value.try_into().ok()?,
        AMQPValue::LongLongInt(value) => value.try_into().ok()?,
        _ => return None,
    };
    (number > 0).then_some(number)
}
