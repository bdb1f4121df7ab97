//! Cutting a path into segments, eight bytes at a time.

/// One segment of a path: where it stands, and its first eight bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    /// Where it begins in the path, after its slash.
    pub(crate) start: usize,
    /// The slash after it, or the end of the path.
    pub(crate) end: usize,
    /// Its first eight bytes, the first one lowest, with zeros where it is shorter.
    pub(crate) head: u64,
}

impl Segment {
    /// Reads the segment behind the slash at `slash`; `None` at the end of the path, which a
    /// closing slash may stand at.
    #[inline]
    pub(crate) fn at(path: &str, slash: usize) -> Option<Self> {
        let path = path.as_bytes();
        let start = slash + 1;
        if path.get(slash) != Some(&b'/') || start == path.len() {
            return None;
        }
        let word = word_at(path, start);
        let slashes = zeros(word ^ END);
        if slashes == 0 {
            return Some(Self {
                start,
                end: end_of_segment(path, start + 8),
                head: word,
            });
        }
        let bits = slashes.trailing_zeros() & !7;
        Some(Self {
            start,
            end: start + (bits / 8) as usize,
            head: word & ((1 << bits) - 1),
        })
    }

    /// The text of the segment.
    #[inline]
    pub(crate) fn text(self, path: &str) -> &str {
        path.get(self.start..self.end).unwrap_or_default()
    }

    /// Its length in bytes.
    #[inline]
    pub(crate) const fn len(self) -> usize {
        self.end - self.start
    }
}

/// Reads the digits behind the slash at `slash`, up to the end of the segment, as a
/// number, with that end; `None` unless the whole segment is digits that fit a `u64`.
#[inline]
pub(crate) fn integer_after(path: &str, slash: usize) -> Option<(u64, usize)> {
    let digits = path.as_bytes().get(slash + 1..)?;
    let (mut value, mut length) = (0_u64, 0);
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            if !matches!(byte, b'/' | b'?' | b'#') {
                return None;
            }
            break;
        }
        // Up to 19 places cannot overflow.
        value = if length < 19 {
            value * 10 + u64::from(digit)
        } else {
            value.checked_mul(10)?.checked_add(u64::from(digit))?
        };
        length += 1;
    }
    (length > 0).then_some((value, slash + 1 + length))
}

/// Reads digits alone as a number; `None` when the text is anything else or does not fit.
pub(crate) fn parse_integer(text: &str) -> Option<u64> {
    // `parse` alone would let a plus sign through.
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten()
}

/// Says whether nothing but a closing slash stands between `end` and the end of the path,
/// which a query string or a fragment ends too.
#[inline]
pub(crate) fn is_last(path: &str, end: usize) -> bool {
    matches!(
        path.as_bytes().get(end..),
        None | Some([] | [b'/'] | [b'/', b'?' | b'#', ..])
    )
}

/// Cuts the query string and the fragment off.
#[cold]
pub(crate) fn without_query(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or_default()
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
/// What a word holds beyond the end of the path, which delimits as a slash does.
const END: u64 = ONES * b'/' as u64;

/// Reads up to eight bytes from `at` on, the first one lowest, filled up with slashes.
#[inline]
fn word_at(path: &[u8], at: usize) -> u64 {
    match path.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => last_word(path, at),
    }
}

/// [`word_at`] for less than eight bytes.
#[inline]
fn last_word(path: &[u8], at: usize) -> u64 {
    if at >= path.len() {
        return END;
    }
    let left = 8 * (path.len() - at) as u32;
    let Some(bytes) = path.last_chunk() else {
        let rest = path.get(at..).unwrap_or_default();
        return rest
            .iter()
            .rev()
            .fold(END, |word, byte| word << 8 | u64::from(*byte));
    };
    // The last eight bytes of the path, moved down to where `at` is.
    u64::from_le_bytes(*bytes) >> (64 - left) | END << left
}

/// Finds the first slash at or after `from`, or the end of the path.
#[inline]
fn end_of_segment(path: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        let slashes = zeros(word_at(path, at) ^ END);
        if slashes != 0 {
            return at + (slashes.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
}

/// Sets the high bit of each zero byte; exact up to and with the lowest one.
#[inline]
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

#[cfg(test)]
mod tests {
    use super::{Segment, integer_after, is_last, without_query};

    #[test]
    fn segments_are_cut_at_every_length_and_place() {
        for before in 0..20 {
            for length in 0..20 {
                for after in ["", "/", "/x", "/0123456789"] {
                    let text: String = ('a'..='z').take(length).collect();
                    let path = format!("{}/{text}{after}", "b".repeat(before));
                    let Some(segment) = Segment::at(&path, before) else {
                        assert!(path.len() == before + 1, "{path}");
                        continue;
                    };
                    assert_eq!(segment.text(&path), text, "{path}");
                    let mut head = [0; 8];
                    for (to, from) in head.iter_mut().zip(text.bytes()) {
                        *to = from;
                    }
                    assert_eq!(segment.head, u64::from_le_bytes(head), "{path}");
                    assert_eq!(
                        is_last(&path, segment.end),
                        !after.starts_with("/x") && !after.starts_with("/0")
                    );
                }
            }
        }
        assert!(Segment::at("/a", 2).is_none());
        assert!(Segment::at("", 0).is_none());
    }

    #[test]
    fn the_query_is_no_part_of_the_path() {
        for (path, end) in [("/a", 2), ("/a/", 2), ("/a/?b/c", 2), ("/a/#b/c", 2)] {
            assert!(is_last(path, end), "{path}");
        }
        assert!(!is_last("/a/b", 2));
        assert!(!is_last("/a//", 2));
        for path in ["/é", "/é?a=b#c", "/é#a?", "/é?"] {
            assert_eq!(without_query(path), "/é");
        }
    }

    #[test]
    fn integers_are_digits_alone_of_any_length() {
        let read = |text: &str| {
            let end = without_query(text).split('/').next().unwrap().len();
            let value = integer_after(&format!("/{text}"), 0);
            assert!(value.is_none_or(|(_, at)| at == end + 1), "{text}");
            value.map(|(value, _)| value)
        };
        assert_eq!(read("0"), Some(0));
        assert_eq!(read("12/"), Some(12));
        assert_eq!(read("12?page=2"), Some(12));
        assert_eq!(read("12#top"), Some(12));
        assert_eq!(read("18446744073709551615"), Some(u64::MAX));
        assert_eq!(
            read("000000000000000000000000000018446744073709551615"),
            Some(u64::MAX)
        );
        assert_eq!(read("18446744073709551616"), None);
        for text in [
            "", "/", "?", "+1", "-1", "1a", "a1", "1.0", "1 /", "\u{0661}",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
