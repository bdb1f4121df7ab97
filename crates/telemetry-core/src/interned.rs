//! Texts of which a program has few, kept for ever: names of fields, labels, routes.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use rustc_hash::{FxBuildHasher, FxHashSet};

/// How many are kept.
const MOST: usize = 1024;
/// A longer one is not kept.
const LONGEST: usize = 128;

static KEPT: Mutex<FxHashSet<&'static str>> = Mutex::new(HashSet::with_hasher(FxBuildHasher));

thread_local! {
    /// Those of them that this thread has asked for.
    static KNOWN: RefCell<FxHashSet<&'static str>> =
        const { RefCell::new(HashSet::with_hasher(FxBuildHasher)) };
}

/// A text of which a program has few, such as the name of a span, kept for as long as it runs.
///
/// What is exported is made by one thread and given up by another, which makes its memory dear:
/// this takes none. The first 1,024 texts of at most 128 bytes are kept, others are copied.
#[must_use]
pub fn interned(text: &str) -> Cow<'static, str> {
    let kept = KNOWN.try_with(|known| {
        let mut known = known.try_borrow_mut().ok()?;
        if let Some(kept) = known.get(text) {
            return Some(*kept);
        }
        let kept = keep(text)?;
        known.insert(kept);
        Some(kept)
    });
    match kept {
        Ok(Some(kept)) => kept.into(),
        _ => text.to_owned().into(),
    }
}

#[cold]
fn keep(text: &str) -> Option<&'static str> {
    if text.len() > LONGEST {
        return None;
    }
    let mut all = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kept) = all.get(text) {
        return Some(kept);
    }
    if all.len() == MOST {
        return None;
    }
    let kept: &'static str = Box::leak(text.into());
    all.insert(kept);
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_kept(text: &str) -> bool {
        let (once, again) = (interned(text), interned(text));
        assert_eq!((&*once, &*again), (text, text));
        matches!((once, again), (Cow::Borrowed(once), Cow::Borrowed(again)) if std::ptr::eq(once, again))
    }

    #[test]
    fn a_text_is_kept_once_for_all_threads_and_only_so_many_are() {
        assert!(is_kept("tournament.id"));
        let here = interned("tournament.id").as_ptr().addr();
        let there = std::thread::spawn(|| interned("tournament.id").as_ptr().addr());
        assert_eq!(there.join().unwrap(), here);

        assert!(is_kept(&"x".repeat(LONGEST)));
        assert!(!is_kept(&"x".repeat(LONGEST + 1)));
        for number in 0..MOST {
            let _kept_or_not = interned(&number.to_string());
        }
        assert!(!is_kept("one too many"));
        assert!(is_kept("tournament.id"));
    }
}
