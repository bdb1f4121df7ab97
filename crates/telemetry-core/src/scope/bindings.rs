//! What is bound in a scope: the fields, and what temporary bindings hide of them.

use crate::fields::{Fields, allowed};
use crate::value::FieldValue;

/// How many keys a scope has at most.
pub(crate) const MAX_KEYS: usize = 256;

/// The fields of a scope, as a line copies them, and the temporary bindings among them.
///
/// A key that has temporary bindings is in `fields` with the value of the one that was made
/// last.
#[derive(Debug)]
pub(crate) struct Bindings {
    fields: Fields,
    /// One for each key that is bound temporarily.
    temporary: Vec<Stack>,
    next_id: u64,
}

/// The temporary bindings of one key, in the order in which they were made.
#[derive(Debug)]
struct Stack {
    key: Box<str>,
    bindings: Vec<Hidden>,
}

/// A temporary binding, by what it hides: the value beneath, as it was rendered.
#[derive(Debug)]
struct Hidden {
    id: u64,
    beneath: Option<Box<[u8]>>,
}

impl Bindings {
    #[inline]
    pub(super) const fn new(fields: Fields) -> Self {
        Self {
            fields,
            temporary: Vec::new(),
            next_id: 0,
        }
    }

    #[inline]
    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }

    #[inline]
    pub(super) fn fields_mut(&mut self) -> &mut Fields {
        &mut self.fields
    }

    /// Sets `key`, in place of the value that is visible and of all that it hides. `false` when
    /// the key is a new one and there are [`MAX_KEYS`] already.
    #[inline(always)]
    #[must_use]
    pub(super) fn set<V: FieldValue + ?Sized>(&mut self, key: &str, value: &V) -> bool {
        let is_usual = self.temporary.is_empty() && self.fields.len() < MAX_KEYS;
        if !is_usual && !self.make_room(key) {
            return false;
        }
        self.fields.set(key, value);
        true
    }

    /// Removes `key`, with all that it hides; `false` when it was not bound.
    pub(super) fn remove(&mut self, key: &str) -> bool {
        self.forget_temporary(key);
        self.fields.remove(key).is_some()
    }

    /// Sets `key` on top of the value that it has, and returns the id of the binding for
    /// [`end_temporary`](Self::end_temporary); `None` when there is no room for the key.
    pub(super) fn set_temporarily<V: FieldValue + ?Sized>(
        &mut self,
        key: &str,
        value: &V,
    ) -> Option<u64> {
        let beneath = self.fields.remove(key);
        if beneath.is_none() && self.fields.len() >= MAX_KEYS {
            return None;
        }
        self.fields.set(key, value);
        let id = self.next_id;
        self.next_id += 1;
        let binding = Hidden { id, beneath };
        match self.position(key) {
            Some(at) => self.temporary[at].bindings.push(binding),
            None => self.temporary.push(Stack {
                key: allowed(key).into(),
                bindings: vec![binding],
            }),
        }
        Some(id)
    }

    /// Takes a temporary binding out, wherever it is among those of its key. One that a plain
    /// `set` or `remove` has replaced is gone already.
    pub(super) fn end_temporary(&mut self, key: &str, id: u64) {
        let Some(at) = self.position(key) else { return };
        let bindings = &mut self.temporary[at].bindings;
        // Ids grow from the bottom to the top.
        let Ok(place) = bindings.binary_search_by_key(&id, |binding| binding.id) else {
            return;
        };
        let ended = bindings.remove(place);
        match bindings.get_mut(place) {
            // The one above hides from now on what the ended one hid.
            Some(above) => above.beneath = ended.beneath,
            None => match ended.beneath {
                Some(beneath) => self.fields.restore(key, &beneath),
                None => {
                    self.fields.remove(key);
                }
            },
        }
        if self.temporary[at].bindings.is_empty() {
            self.temporary.swap_remove(at);
        }
    }

    /// Prepares for a plain `set` where there are temporary bindings or [`MAX_KEYS`]: says
    /// whether there is room for `key`.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self, key: &str) -> bool {
        self.forget_temporary(key);
        self.fields.len() < MAX_KEYS || self.fields.has(key)
    }

    fn forget_temporary(&mut self, key: &str) {
        if let Some(at) = self.position(key) {
            self.temporary.swap_remove(at);
        }
    }

    fn position(&self, key: &str) -> Option<usize> {
        if self.temporary.is_empty() {
            return None;
        }
        let key = allowed(key);
        self.temporary.iter().position(|stack| *stack.key == *key)
    }
}
