//! What is bound in a scope: the fields, and what temporary bindings hide of them.

use crate::fields::{Fields, allowed};
use crate::value::FieldValue;

/// How many keys a scope has at most.
pub(crate) const MAX_KEYS: usize = 256;

/// The fields of a scope, as a line copies them, and the temporary bindings among them.
///
/// A key that has temporary bindings is in `fields` with the value of the one that was made
/// last.
#[derive(Debug, Default)]
pub(crate) struct Bindings {
    fields: Fields,
    /// Most scopes have none, and a scope that is made is written to memory whole.
    temporary: Option<Box<Temporary>>,
}

/// All temporary bindings of a scope.
#[derive(Debug, Default)]
struct Temporary {
    /// One for each key that is bound temporarily.
    stacks: Vec<Stack>,
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
            temporary: None,
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
    // A key that is bound temporarily, or is beyond the bound, is always one that may be among
    // the fields: the usual key costs no further check (bench `scope`).
    #[inline(always)]
    #[must_use]
    pub(super) fn set<V: FieldValue + ?Sized>(&mut self, key: &str, value: &V) -> bool {
        let Self { fields, temporary } = self;
        fields.set_if(key, value, |fields, key| replace(fields, temporary, key))
    }

    /// Removes `key`, with all that it hides; `false` when it was not bound.
    pub(super) fn remove(&mut self, key: &str) -> bool {
        if let Some(temporary) = &mut self.temporary {
            temporary.forget(key);
        }
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
        if beneath.is_none() && !has_room(&mut self.fields) {
            return None;
        }
        self.fields.set(key, value);
        let temporary = self.temporary.get_or_insert_default();
        let id = temporary.next_id;
        temporary.next_id += 1;
        temporary.push(key, Hidden { id, beneath });
        Some(id)
    }

    /// Takes a temporary binding out, wherever it is among those of its key. One that a plain
    /// `set` or `remove` has replaced is gone already.
    pub(super) fn end_temporary(&mut self, key: &str, id: u64) {
        let Some(temporary) = &mut self.temporary else {
            return;
        };
        match temporary.take_visible(key, id) {
            Some(Some(beneath)) => self.fields.restore(key, &beneath),
            Some(None) => {
                self.fields.remove(key);
            }
            None => {}
        }
    }
}

/// Removes `key`, with all that it hides, for a plain `set`; `false` when it is a new one for which
/// there is no room.
#[cold]
#[inline(never)]
fn replace(fields: &mut Fields, temporary: &mut Option<Box<Temporary>>, key: &str) -> bool {
    if let Some(temporary) = temporary {
        temporary.forget(key);
    }
    fields.remove(key).is_some() || has_room(fields)
}

/// Says whether there is room for a new key.
fn has_room(fields: &mut Fields) -> bool {
    // Each key that was not suspected takes one of the 64 bits of the mask, so that fewer than 64
    // come unseen after this was called.
    if fields.len() >= MAX_KEYS - 64 {
        fields.suspect_all_keys();
    }
    fields.len() < MAX_KEYS
}

impl Temporary {
    fn push(&mut self, key: &str, binding: Hidden) {
        match self.position(key) {
            Some(at) => self.stacks[at].bindings.push(binding),
            None => self.stacks.push(Stack {
                key: allowed(key).into(),
                bindings: vec![binding],
            }),
        }
    }

    /// Takes out a binding. Where it is the visible one of its key, returns what it hides.
    fn take_visible(&mut self, key: &str, id: u64) -> Option<Option<Box<[u8]>>> {
        let at = self.position(key)?;
        let bindings = &mut self.stacks[at].bindings;
        // Ids grow from the bottom to the top.
        let place = bindings.binary_search_by_key(&id, |binding| binding.id);
        let place = place.ok()?;
        let taken = bindings.remove(place);
        if let Some(above) = bindings.get_mut(place) {
            // It hides from now on what the one beneath it hid.
            above.beneath = taken.beneath;
            return None;
        }
        if bindings.is_empty() {
            self.stacks.swap_remove(at);
        }
        Some(taken.beneath)
    }

    fn forget(&mut self, key: &str) {
        if let Some(at) = self.position(key) {
            self.stacks.swap_remove(at);
        }
    }

    fn position(&self, key: &str) -> Option<usize> {
        let key = allowed(key);
        self.stacks.iter().position(|stack| *stack.key == *key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Keys;

    /// Keys that take this bit of the mask.
    fn keys_of_bit(bit: u32) -> impl Iterator<Item = String> {
        let keys = (0..).map(|number| format!("key_{number}"));
        keys.filter(move |key| Keys::new(key).mask == 1 << bit)
    }

    #[test]
    fn the_bound_is_exact_whatever_the_hashes_of_the_keys() {
        // So many keys that take one bit, then one for each of the other bits, then all.
        for same in [1, 100, 190, 191, 192, 193, 200, 255, 256] {
            let mut bindings = Bindings::new(Fields::new());
            let keys = keys_of_bit(0).take(same).collect::<Vec<_>>();
            let rare = (1..64).filter_map(|bit| keys_of_bit(bit).next());
            let rest = (0..300).map(|number| format!("rest_{number}"));
            for key in keys.into_iter().chain(rare).chain(rest) {
                let has_room = bindings.fields().len() < MAX_KEYS;
                assert_eq!(bindings.set(&key, &1), has_room, "{same} {key}");
                // One that is there can be set again.
                assert!(bindings.set("again", &2));
            }
            assert_eq!(bindings.fields().len(), MAX_KEYS);
            assert_eq!(bindings.fields().iter().count(), MAX_KEYS);
        }
    }

    #[test]
    fn temporary_bindings_count_as_others() {
        let mut bindings = Bindings::new(Fields::new());
        let mut ids = Vec::new();
        for number in 0..300 {
            let key = format!("key_{number}");
            match bindings.set_temporarily(&key, &number) {
                Some(id) => ids.push((key, id)),
                None => assert_eq!(ids.len(), MAX_KEYS),
            }
        }
        assert!(!bindings.set("more", &1));
        // Another one on top of a key that is there takes no room.
        let on_top = bindings.set_temporarily("key_0", &"top");
        assert!(on_top.is_some());
        for (key, id) in ids {
            bindings.end_temporary(&key, id);
        }
        assert_eq!(bindings.fields().len(), 1);
        assert!(bindings.set("more", &1));
    }
}
