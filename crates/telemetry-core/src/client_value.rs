//! Values that a client chose.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::in_effect;

/// How long such a value may be unless a setting says otherwise, in bytes.
pub(crate) const DEFAULT_VALUE_LIMIT: usize = 2048;
/// The lowest limit.
pub(crate) const MIN_VALUE_LIMIT: usize = 16;

/// What stands where a value was cut.
const ELLIPSIS: char = '…';

/// The lowest limit of any settings: what is no longer is cut by none.
static LEAST_LIMIT: AtomicUsize = AtomicUsize::new(DEFAULT_VALUE_LIMIT);

/// Takes a limit into account. Zero is none.
pub(crate) fn lower_least_limit(limit: usize) {
    if limit > 0 {
        LEAST_LIMIT.fetch_min(limit, Ordering::Relaxed);
    }
}

/// A value that a client chose, such as a path, a header or a close reason, as a line or a span
/// may have it: cut between two characters, with `…`, where it is longer than `LOG_VALUE_LIMIT`.
///
/// Whoever records what somebody else may send at any length calls this. Of a value that is short
/// enough it costs a comparison.
///
/// ```
/// use telemetry_core::client_value;
///
/// assert_eq!(client_value("/api/tournaments/5/"), "/api/tournaments/5/");
/// let long = "/api/tournaments/".repeat(10_000);
/// assert_eq!(client_value(&long).len(), 2048);
/// assert!(client_value(&long).ends_with("…"));
/// ```
#[inline]
#[must_use]
pub fn client_value(value: &str) -> Cow<'_, str> {
    if value.len() <= LEAST_LIMIT.load(Ordering::Relaxed) {
        value.into()
    } else {
        cut_to_limit(value)
    }
}

#[cold]
#[inline(never)]
fn cut_to_limit(value: &str) -> Cow<'_, str> {
    let limit = in_effect::current().value_limit;
    if value.len() <= limit || limit == 0 {
        value.into()
    } else {
        cut(value, limit).into()
    }
}

fn cut(value: &str, limit: usize) -> String {
    let end = value.floor_char_boundary(limit.saturating_sub(ELLIPSIS.len_utf8()));
    let mut cut = String::with_capacity(limit);
    cut.push_str(&value[..end]);
    cut.push(ELLIPSIS);
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_cut_between_characters_and_is_no_longer_than_the_limit() {
        for (value, limit, expected) in [
            ("abcdefghij", 10, "abcdefghij"),
            ("abcdefghijk", 10, "abcdefg…"),
            ("üüüüüüüüü", 16, "üüüüüü…"),
            ("👍👍👍👍👍", 16, "👍👍👍…"),
        ] {
            let result = if value.len() <= limit {
                value.to_owned()
            } else {
                cut(value, limit)
            };
            assert_eq!(result, expected);
            assert!(result.len() <= limit);
        }
    }

    #[test]
    fn a_short_value_is_borrowed() {
        assert!(matches!(client_value("short"), Cow::Borrowed("short")));
        assert!(matches!(client_value(&"x".repeat(2048)), Cow::Borrowed(_)));
        assert!(matches!(client_value(&"x".repeat(2049)), Cow::Owned(_)));
    }
}
