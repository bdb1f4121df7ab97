//! Keys that cannot stand on one line: the same twice, or one that another begins with up to a
//! dot.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::sync::atomic::{self, AtomicU64};

use crate::decode::{Piece, Pieces};
use crate::names;

/// Which sets of keys are on a line, in their order.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeySets(u64);

/// A power of two.
const SLOTS: usize = 1024;

/// The sets of keys that were found without a conflict last, by their lowest bits. Nearly every
/// line has keys that another had before it.
static KNOWN: [AtomicU64; SLOTS] = [const { AtomicU64::new(0) }; SLOTS];

impl KeySets {
    /// Begins with the set whose hashes have this sum.
    #[inline]
    pub(super) const fn new(sum: u64) -> Self {
        let mut sets = Self(0x243f_6a88_85a3_08d3);
        sets.add(sum);
        sets
    }

    /// Adds the set whose hashes have this sum.
    #[inline]
    pub(super) const fn add(&mut self, sum: u64) {
        self.0 = (self.0 ^ sum)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29);
    }

    /// Says whether these sets, in this order, are known to have no conflict.
    #[inline]
    pub(super) fn are_known(self) -> bool {
        self.slot().load(atomic::Ordering::Relaxed) == self.0
    }

    /// Remembers that these sets have no conflict.
    pub(super) fn remember(self) {
        self.slot().store(self.0, atomic::Ordering::Relaxed);
    }

    #[inline]
    fn slot(self) -> &'static AtomicU64 {
        &KNOWN[self.0 as usize % SLOTS]
    }
}

/// Where the sections of a line begin: that of the event, those of its spans, that of the scope.
#[derive(Debug)]
pub(super) struct Sections {
    first: [u32; Self::USUAL],
    count: usize,
    /// Those of spans that are nested deeper than usual.
    more: Vec<u32>,
}

impl Sections {
    const USUAL: usize = 8;

    /// The section of the event alone.
    #[inline]
    pub(super) const fn new() -> Self {
        Self {
            first: [0; Self::USUAL],
            count: 1,
            more: Vec::new(),
        }
    }

    /// Begins a section.
    #[inline]
    pub(super) fn begin(&mut self, at: usize) {
        match self.first.get_mut(self.count) {
            Some(start) => {
                *start = at as u32;
                self.count += 1;
            }
            None => self.begin_one_more(at),
        }
    }

    #[cold]
    #[inline(never)]
    fn begin_one_more(&mut self, at: usize) {
        self.more.push(at as u32);
    }

    /// Where the section of the event ends, on a line of this length.
    pub(super) fn end_of_event(&self, length: usize) -> usize {
        let second = self.first.get(1).filter(|_| self.count > 1);
        second.map_or(length, |second| *second as usize)
    }

    /// The number of the section that has this place.
    fn number_at(&self, at: usize) -> usize {
        let starts = self.first.iter().take(self.count).chain(&self.more);
        starts.filter(|start| **start as usize <= at).count()
    }
}

/// Says whether all of these rendered keys can stand on one line.
pub(super) fn can_stand_together<'a>(keys: impl IntoIterator<Item = &'a [u8]>) -> bool {
    let mut keys: Vec<_> = keys.into_iter().collect();
    keys.sort_unstable_by(|a, b| compare(a, b));
    keys.windows(2)
        .all(|pair| pair[0] != pair[1] && !extends(pair[1], pair[0]))
}

/// Takes conflicts off a line that is whole but for its closing brace.
///
/// Of fields of one key that of the earlier section stays, and within a section the last. A key
/// that another extends is kept under `field.`, once more if need be.
#[cold]
#[inline(never)]
pub(super) fn resolve(line: &mut Vec<u8>, sections: &Sections) {
    let mut at = 0;
    let mut fields: Vec<_> = Pieces(line)
        .enumerate()
        .map(|(position, piece)| {
            let field = LineField {
                key: piece.key.into(),
                rank: (sections.number_at(at), Reverse(position)),
                piece,
            };
            at += piece.bytes.len();
            field
        })
        .collect();
    while rename(&mut fields) {}
    fields.sort_unstable_by_key(|field| field.rank.1.0);
    let mut resolved = Vec::with_capacity(line.len() + 64);
    for LineField { key, piece, .. } in &fields {
        match key {
            Cow::Borrowed(_) => resolved.extend_from_slice(piece.bytes),
            Cow::Owned(key) => {
                resolved.extend_from_slice(b",\"");
                resolved.extend_from_slice(key);
                resolved.extend_from_slice(b"\":");
                resolved.extend_from_slice(piece.value);
            }
        }
    }
    line.clear();
    line.extend_from_slice(&resolved);
}

struct LineField<'a> {
    /// As it is rendered; owned where it is no longer the piece's own.
    key: Cow<'a, [u8]>,
    /// Which field wins over others of its key: that of the lowest rank.
    rank: (usize, Reverse<usize>),
    piece: Piece<'a>,
}

/// Drops fields whose key another has, and renames those whose key another extends; `false` when
/// there was none to rename.
///
/// This ends: the longest of the keys that begin alike is never renamed, and a renamed one
/// begins with `field.` once more often.
fn rename(fields: &mut Vec<LineField<'_>>) -> bool {
    fields.sort_unstable_by(|a, b| compare(&a.key, &b.key).then(a.rank.cmp(&b.rank)));
    fields.dedup_by(|a, b| a.key == b.key);
    let mut has_renamed = false;
    for at in 1..fields.len() {
        if extends(&fields[at].key, &fields[at - 1].key) {
            let shorter = &mut fields[at - 1];
            shorter.key = [names::FIELD_PREFIX.as_bytes(), &shorter.key]
                .concat()
                .into();
            has_renamed = true;
        }
    }
    has_renamed
}

/// Says whether two rendered keys cannot stand on one line.
pub(super) fn clash(a: &[u8], b: &[u8]) -> bool {
    a == b || extends(a, b) || extends(b, a)
}

/// Says whether `key` is `shorter` with a dot and more behind it.
fn extends(key: &[u8], shorter: &[u8]) -> bool {
    key.strip_prefix(shorter)
        .is_some_and(|more| more.first() == Some(&b'.'))
}

/// Orders keys so that what extends a key comes right behind it: a dot is before anything else.
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let rank = |byte: &u8| {
        if *byte == b'.' {
            0
        } else {
            u16::from(*byte) + 1
        }
    };
    a.iter().map(rank).cmp(b.iter().map(rank))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a line of these sections.
    fn resolved(parts: &[&str]) -> String {
        let mut line = Vec::new();
        let mut sections = Sections::new();
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                sections.begin(line.len());
            }
            line.extend_from_slice(part.as_bytes());
        }
        resolve(&mut line, &sections);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn of_one_key_the_earlier_section_stays() {
        assert_eq!(
            resolved(&[r#"{"x":0,"a":1"#, r#","a":2,"b":2"#, r#","b":3,"c":3"#]),
            r#"{"x":0,"a":1,"b":2,"c":3"#
        );
    }

    #[test]
    fn a_key_that_another_extends_is_kept_under_a_prefix() {
        assert_eq!(
            resolved(&[r#"{"x":0,"a":1"#, r#","a.b":2"#]),
            r#"{"x":0,"field.a":1,"a.b":2"#
        );
        assert_eq!(
            resolved(&[r#"{"x":0,"a.b.c":1"#, r#","a.b":2,"a":3"#]),
            r#"{"x":0,"a.b.c":1,"field.a.b":2,"field.field.a":3"#
        );
        assert_eq!(
            resolved(&[r#"{"x":0,"ab.c":1,"a-b":1,"a":1"#, r#","a\".b":2"#]),
            r#"{"x":0,"ab.c":1,"a-b":1,"a":1,"a\".b":2"#
        );
    }

    #[test]
    fn where_the_name_is_taken_the_later_value_wins() {
        // Later is what is bound later, and the event is later than its context.
        assert_eq!(
            resolved(&[r#"{"x":0"#, r#","field.a":1,"a":2,"a.b":3"#]),
            r#"{"x":0,"field.a":2,"a.b":3"#
        );
        assert_eq!(
            resolved(&[r#"{"x":0"#, r#","a":2,"a.b":3,"field.a":1"#]),
            r#"{"x":0,"a.b":3,"field.a":1"#
        );
        assert_eq!(
            resolved(&[r#"{"x":0,"a":2,"a.b":3"#, r#","field.a":1"#]),
            r#"{"x":0,"field.a":2,"a.b":3"#
        );
        assert_eq!(
            resolved(&[r#"{"x":0,"field.a":1"#, r#","a":2,"a.b":3"#]),
            r#"{"x":0,"field.a":1,"a.b":3"#
        );
    }

    #[test]
    fn a_new_name_that_clashes_is_changed_once_more() {
        assert_eq!(
            resolved(&[r#"{"x":0,"a":1,"a.b":2,"field.a.c":3,"field":4"#]),
            r#"{"x":0,"field.field.a":1,"a.b":2,"field.a.c":3,"field.field.field":4"#
        );
    }
}
