//! A binding that ends with its guard.

use crate::scope::{Scope, limit, render};
use crate::value::FieldValue;

/// Ends a temporary binding when it is dropped. Made by
/// [`bind_temporarily`](crate::bind_temporarily).
#[derive(Debug)]
#[must_use = "the binding ends when the guard is dropped"]
pub struct TemporaryBinding(Option<Bound>);

#[derive(Debug)]
struct Bound {
    scope: Scope,
    key: Box<str>,
    id: u64,
}

impl TemporaryBinding {
    pub(super) fn new(scope: Option<Scope>, key: &str, value: impl FieldValue) -> Self {
        let bound = scope.and_then(|scope| {
            let id = render(value, |value| scope.lock().set_temporarily(key, &value));
            if id.is_none() {
                limit::refuse_key();
            }
            let key = key.into();
            id.map(|id| Bound { scope, key, id })
        });
        Self(bound)
    }
}

impl Drop for TemporaryBinding {
    fn drop(&mut self) {
        if let Some(bound) = &self.0 {
            bound.scope.lock().end_temporary(&bound.key, bound.id);
        }
    }
}
