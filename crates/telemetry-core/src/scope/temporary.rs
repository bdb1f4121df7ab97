//! A binding that ends with its guard.

use crate::scope::{Scope, render};
use crate::value::FieldValue;

/// Ends a temporary binding when it is dropped. Made by
/// [`bind_temporarily`](crate::bind_temporarily).
#[derive(Debug)]
#[must_use = "the binding ends when the guard is dropped"]
pub struct TemporaryBinding {
    scope: Option<Scope>,
    key: Box<str>,
    /// What the key had before, as it was rendered.
    before: Option<Box<[u8]>>,
}

impl TemporaryBinding {
    pub(super) fn new(scope: Option<Scope>, key: &str, value: impl FieldValue) -> Self {
        let before = scope.as_ref().and_then(|scope| {
            render(value, |value| {
                let mut fields = scope.lock();
                let before = fields.remove(key);
                fields.set(key, &value);
                before
            })
        });
        Self {
            scope,
            key: key.into(),
            before,
        }
    }
}

impl Drop for TemporaryBinding {
    fn drop(&mut self) {
        let Some(scope) = &self.scope else { return };
        let mut fields = scope.lock();
        match &self.before {
            Some(before) => fields.restore(&self.key, before),
            None => {
                fields.remove(&self.key);
            }
        }
    }
}
