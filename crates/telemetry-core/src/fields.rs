//! Fields kept as the JSON that a line copies.

use std::borrow::Cow;
use std::hash::Hasher;

use crate::decode::Pieces;
use crate::encode;
use crate::names;
use crate::redact::{self, REDACTED, Sensitivity};
use crate::value::{self, FieldValue, Rendered, Value};

/// A set of fields, already rendered as `,"key":value,"key":value…`, in the order in which
/// they were set. A key appears once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    bytes: Vec<u8>,
    keys: Keys,
    len: usize,
}

/// What is remembered of a set of keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keys {
    /// One bit for each key, by its hash. Two sets whose masks do not meet share no key.
    pub(crate) mask: u64,
    /// The sum of the keys' hashes: which set of keys it is.
    pub(crate) sum: u64,
}

impl Keys {
    /// The set of one key.
    #[inline(always)]
    pub(crate) fn new(key: &str) -> Self {
        let mut hasher = rustc_hash::FxHasher::default();
        hasher.write(key.as_bytes());
        let hash = hasher.finish();
        Self {
            mask: 1 << (hash & 63),
            sum: hash,
        }
    }

    /// Adds the keys of a set that shares none with this one.
    #[inline]
    pub(crate) fn add(&mut self, other: Self) {
        self.mask |= other.mask;
        self.sum = self.sum.wrapping_add(other.sum);
    }

    /// Takes away keys that were added. Their bits stay: they may be those of others.
    #[inline]
    fn subtract(&mut self, other: Self) {
        self.sum = self.sum.wrapping_sub(other.sum);
    }

    /// Says whether the two sets may share a key.
    #[inline]
    fn may_intersect(self, other: Self) -> bool {
        self.mask & other.mask != 0
    }
}

impl Fields {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            keys: Keys { mask: 0, sum: 0 },
            len: 0,
        }
    }

    /// Makes an empty set in room that is empty.
    #[inline]
    pub(crate) fn in_room(room: Vec<u8>) -> Self {
        Self {
            bytes: room,
            keys: Keys::default(),
            len: 0,
        }
    }

    /// The room for rendered fields, to be used again.
    #[inline]
    pub(crate) fn into_room(self) -> Vec<u8> {
        self.bytes
    }

    /// Takes over what another set has.
    pub(crate) fn copy(&mut self, other: &Self) {
        self.bytes.clear();
        self.bytes.extend_from_slice(&other.bytes);
        self.keys = other.keys;
        self.len = other.len;
    }

    /// Sets `key`, in place of the value it had. A key that is not [`allowed`] is set as
    /// `field.<key>`, and the value of a sensitive one is redacted.
    // Inlined with all that it calls: nearly every key is a constant, of which the compiler then
    // knows the hash, the rendering, and that it is not reserved.
    #[inline(always)]
    pub(crate) fn set<V: FieldValue + ?Sized>(&mut self, key: &str, value: &V) {
        self.set_if(key, value, |fields, key| {
            fields.remove(key);
            true
        });
    }

    /// Sets `key` as [`set`](Self::set) does. Where the key may be among the fields, `replace` is
    /// called to remove it first; when it returns `false`, nothing is set, and so does this.
    #[inline(always)]
    pub(crate) fn set_if<V: FieldValue + ?Sized>(
        &mut self,
        key: &str,
        value: &V,
        replace: impl FnOnce(&mut Self, &str) -> bool,
    ) -> bool {
        if is_reserved(key) {
            self.set_reserved(key, value, replace)
        } else if redact::is_sensitive(key) {
            self.set_sensitive(key, value, replace)
        } else {
            self.set_plain(key, value, replace)
        }
    }

    #[cold]
    fn set_sensitive<V: FieldValue + ?Sized>(
        &mut self,
        key: &str,
        value: &V,
        replace: impl FnOnce(&mut Self, &str) -> bool,
    ) -> bool {
        let mut rendered = Vec::new();
        value::encode(value, &mut rendered);
        let is_text = matches!(rendered.first(), None | Some(b'"' | b'['));
        if is_text || redact::sensitivity(key) == Sensitivity::All {
            self.set_plain(key, REDACTED, replace)
        } else {
            self.set_plain(key, &Rendered(&rendered), replace)
        }
    }

    #[cold]
    fn set_reserved<V: FieldValue + ?Sized>(
        &mut self,
        key: &str,
        value: &V,
        replace: impl FnOnce(&mut Self, &str) -> bool,
    ) -> bool {
        let kept = allowed(key);
        if redact::is_sensitive(key) {
            self.set_plain(&kept, REDACTED, replace)
        } else {
            self.set_plain(&kept, value, replace)
        }
    }

    #[inline(always)]
    fn set_plain<V: FieldValue + ?Sized>(
        &mut self,
        key: &str,
        value: &V,
        replace: impl FnOnce(&mut Self, &str) -> bool,
    ) -> bool {
        let keys = Keys::new(key);
        if self.keys.may_intersect(keys) && !replace(self, key) {
            return false;
        }
        self.keys.add(keys);
        self.len += 1;
        render_key(&mut self.bytes, key);
        value::encode(value, &mut self.bytes);
        true
    }

    /// Removes `key` and returns the piece it had, for [`restore`](Self::restore).
    pub(crate) fn remove(&mut self, key: &str) -> Option<Box<[u8]>> {
        let (at, length) = self.find(key)?;
        self.keys.subtract(Keys::new(&allowed(key)));
        self.len -= 1;
        Some(self.bytes.drain(at..at + length).collect())
    }

    /// Puts back a piece that [`remove`](Self::remove) returned, in place of the value
    /// that `key` has now.
    pub(crate) fn restore(&mut self, key: &str, piece: &[u8]) {
        self.remove(key);
        self.keys.add(Keys::new(&allowed(key)));
        self.len += 1;
        self.bytes.extend_from_slice(piece);
    }

    /// Sets all fields of another set, in place of the values they had.
    pub(crate) fn merge(&mut self, other: &Self) {
        for piece in Pieces(&other.bytes) {
            self.restore(&piece.key(), piece.bytes);
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many keys there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Makes every further key one that may be among the fields: [`set_if`](Self::set_if) asks of
    /// each from now on.
    pub(crate) fn suspect_all_keys(&mut self) {
        self.keys.mask = u64::MAX;
    }

    /// The value of `key`.
    pub(crate) fn get(&self, key: &str) -> Option<Value> {
        let (at, length) = self.find(key)?;
        Pieces(&self.bytes[at..at + length])
            .next()
            .map(|piece| piece.value())
    }

    /// All keys and values, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, Value)> {
        Pieces(&self.bytes).map(|piece| (piece.key(), piece.value()))
    }

    /// The rendered fields.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[inline]
    pub(crate) fn keys(&self) -> Keys {
        self.keys
    }

    /// Finds where the piece of `key` begins, and its length.
    #[cold]
    #[inline(never)]
    fn find(&self, key: &str) -> Option<(usize, usize)> {
        let key = allowed(key);
        if !self.keys.may_intersect(Keys::new(&key)) {
            return None;
        }
        let mut escaped = Vec::new();
        encode::escaped(&mut escaped, &key);
        let mut at = 0;
        for piece in Pieces(&self.bytes) {
            if piece.key == escaped {
                return Some((at, piece.bytes.len()));
            }
            at += piece.bytes.len();
        }
        None
    }
}

/// Appends `,"key":`.
#[inline(always)]
pub(crate) fn render_key(out: &mut Vec<u8>, key: &str) {
    out.extend_from_slice(b",\"");
    encode::escaped(out, key);
    out.extend_from_slice(b"\":");
}

/// Says whether a user's field of this name is kept under another: its name is one that a line
/// has anyway, extends one of those, or is what many of a line's own names begin with. Stores
/// that expand dots refuse a line with both `user` and `user.id`.
#[inline(always)]
pub(crate) fn is_reserved(key: &str) -> bool {
    matches!(
        key,
        names::TIMESTAMP | names::LEVEL | names::LOGGER | names::EVENT
    ) || names::is_family(key)
        || is_extension(key)
}

/// Says whether a key is a name of a line itself with a dot and more behind it.
#[inline(always)]
fn is_extension(key: &str) -> bool {
    let key = key.as_bytes();
    // One byte each rules out nearly every key.
    let is_head = |length: usize, names: &[&str]| {
        key.get(length) == Some(&b'.') && names.iter().any(|name| key.starts_with(name.as_bytes()))
    };
    is_head(5, &[names::LEVEL, names::EVENT, names::ERROR])
        || is_head(6, &[names::LOGGER, names::LABELS])
        || is_head(9, &[names::TIMESTAMP, names::EXCEPTION])
}

/// The key that a user's field of this name is kept under: `field.<key>` for a reserved one.
pub(crate) fn allowed(key: &str) -> Cow<'_, str> {
    if is_reserved(key) {
        format!("{}{key}", names::FIELD_PREFIX).into()
    } else {
        key.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ValueEncoder;

    fn rendered(fields: &Fields) -> &str {
        std::str::from_utf8(fields.bytes()).unwrap()
    }

    #[test]
    fn a_key_appears_once_with_its_last_value() {
        let mut fields = Fields::new();
        fields.set("a", &1);
        fields.set("b", "x");
        fields.set("a", &true);
        assert_eq!(rendered(&fields), r#","b":"x","a":true"#);
    }

    #[test]
    fn keys_that_need_escaping_are_found_again() {
        let mut fields = Fields::new();
        fields.set("a\"b\n", &1);
        fields.set("a\"b\n", &2);
        assert_eq!(rendered(&fields), r#","a\"b\n":2"#);
        assert_eq!(fields.get("a\"b\n"), Some(Value::I64(2)));
        assert!(fields.remove("a\"b\n").is_some());
        assert_eq!(rendered(&fields), "");
    }

    #[test]
    fn a_reserved_key_is_kept_under_a_prefix() {
        let mut fields = Fields::new();
        for key in ["timestamp", "level", "logger", "event"] {
            fields.set(key, "mine");
        }
        assert_eq!(
            rendered(&fields),
            r#","field.timestamp":"mine","field.level":"mine","field.logger":"mine","field.event":"mine""#
        );
        assert!(fields.remove("level").is_some());
        assert!(fields.get("level").is_none());
        assert_eq!(fields.get("logger"), Some(Value::String("mine".into())));
    }

    #[test]
    fn what_extends_a_name_of_the_line_is_kept_under_a_prefix() {
        let names = [
            names::TIMESTAMP,
            names::LEVEL,
            names::LOGGER,
            names::EVENT,
            names::ERROR,
            names::EXCEPTION,
            names::LABELS,
        ];
        for name in names {
            let extension = format!("{name}.x");
            assert_eq!(allowed(&extension), format!("field.{extension}"));
            for other in [
                format!("{name}_x"),
                format!("{name}s.x"),
                format!("x.{name}.x"),
            ] {
                assert_eq!(allowed(&other), other);
            }
        }
        for family in ["user", "http", "queue"] {
            assert_eq!(allowed(family), format!("field.{family}"));
            let member = format!("{family}.x");
            assert_eq!(allowed(&member), member);
        }
        for name in [names::ERROR, names::EXCEPTION, names::LABELS] {
            assert_eq!(allowed(name), name);
        }
    }

    #[test]
    fn a_secret_under_a_reserved_name_is_redacted() {
        let mut fields = Fields::new();
        fields.set("event.password", "hunter2");
        assert_eq!(rendered(&fields), r#","field.event.password":"[redacted]""#);
    }

    #[test]
    fn a_value_that_writes_nothing_is_the_empty_string() {
        struct Silent;
        impl FieldValue for Silent {
            fn encode(&self, _: ValueEncoder<'_>) {}
        }
        let mut fields = Fields::new();
        fields.set("a", &Silent);
        assert_eq!(rendered(&fields), r#","a":"""#);
    }

    #[test]
    fn the_sum_tells_sets_of_keys_apart_whatever_the_order() {
        let of = |keys: &[&str]| {
            let mut fields = Fields::new();
            for key in keys {
                fields.set(key, &1);
            }
            fields.keys().sum
        };
        assert_eq!(of(&["a", "b"]), of(&["b", "a", "b"]));
        assert_ne!(of(&["a", "b"]), of(&["a", "c"]));
        let mut fields = Fields::new();
        fields.set("a", &1);
        fields.set("b", &1);
        fields.remove("b");
        assert_eq!(fields.keys().sum, of(&["a"]));
    }
}
