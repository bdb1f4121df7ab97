//! The last letters of the names of secrets, by which nearly every key is excluded.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::redact::keys::SensitiveKeys;

/// A set of the last four bytes of names, each folded to 5 bits, which also folds the case of
/// letters.
///
/// With three bytes the keys `session_id` and `user.id` would be alike (bench `scope`).
#[derive(Clone, Debug)]
pub(super) struct Endings(Box<[u64; ENDINGS / 64]>);

const ENDINGS: usize = 1 << 15;

impl Default for Endings {
    fn default() -> Self {
        Self(Box::new([0; ENDINGS / 64]))
    }
}

impl Endings {
    pub(super) fn add(&mut self, name: &str) {
        // The words of a key are joined by any separator, or by none.
        self.add_joined(&name.replace('_', ""));
        self.add_joined(name);
    }

    fn add_joined(&mut self, name: &str) {
        for separator in 0..32 {
            let bytes = name
                .bytes()
                .map(|byte| if byte == b'_' { separator } else { byte });
            let bytes: Vec<_> = [separator].into_iter().chain(bytes).collect();
            match bytes.last_chunk() {
                Some(last) if name.is_ascii() => {
                    let ending = hashed(*last);
                    self.0[ending / 64] |= 1 << (ending % 64);
                }
                // Short names end many keys, and the case of other letters does not fold away:
                // look at every key.
                _ => self.0.fill(u64::MAX),
            }
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        let ending = ending_of(key);
        self.0[ending / 64] >> (ending % 64) & 1 == 1
    }
}

/// The endings that are in any list.
pub(super) struct AllEndings(Box<[AtomicU64; ENDINGS / 64]>);

impl AllEndings {
    #[inline(always)]
    pub(super) fn get() -> &'static Self {
        static ALL_ENDINGS: OnceLock<AllEndings> = OnceLock::new();
        ALL_ENDINGS.get_or_init(|| {
            let built_in = SensitiveKeys::new(&[]).endings();
            Self(Box::new(built_in.0.map(AtomicU64::new)))
        })
    }

    pub(super) fn add(&self, endings: &Endings) {
        for (all, added) in self.0.iter().zip(endings.0.iter()) {
            all.fetch_or(*added, Ordering::Release);
        }
    }

    #[inline(always)]
    pub(super) fn has(&self, key: &str) -> bool {
        let ending = ending_of(key);
        // What may see a list has seen its endings, by what made the list known.
        self.0[ending / 64].load(Ordering::Relaxed) >> (ending % 64) & 1 == 1
    }
}

#[inline(always)]
fn ending_of(key: &str) -> usize {
    match (key.as_bytes().last_chunk(), key.as_bytes()) {
        (Some(last), _) => hashed(*last),
        (None, [a, b, c]) => hashed([0, *a, *b, *c]),
        // No name is as short, unless all keys are looked at.
        _ => 0,
    }
}

#[inline(always)]
fn hashed(last: [u8; 4]) -> usize {
    let folded = u32::from_le_bytes(last) & 0x1f1f_1f1f;
    (folded.wrapping_mul(0x9e37_79b1) >> 17) as usize
}
