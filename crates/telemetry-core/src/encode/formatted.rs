//! What the application's own formatters write.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::encode::{bounded, escaped, has_none_of};
use crate::redact;

/// What stands in place of a value whose formatter panicked.
pub(crate) const PANICKED: &str = "[panicked while formatting]";
/// What stands behind the part of a value that was written before its formatter failed.
const FAILED: &str = "[failed while formatting]";

/// Appends what `value` formats to as the inside of a JSON string.
///
/// A formatter is the application's code: one that fails or panics costs its own value, and
/// neither the line nor the thread.
#[inline]
pub(crate) fn formatted(out: &mut Vec<u8>, value: fmt::Arguments<'_>) {
    formatted_within(out, value, usize::MAX);
}

/// Appends like [`formatted`], and stops the formatter once it has written more than `limit`
/// bytes.
#[inline]
pub(crate) fn formatted_within(out: &mut Vec<u8>, value: fmt::Arguments<'_>, limit: usize) {
    let start = out.len();
    let mut escaping = Escaping {
        out,
        end: start.saturating_add(limit),
        is_full: false,
        may_have_url: false,
    };
    let written = guarded(|| escaping.write_fmt(value));
    let Escaping {
        is_full,
        may_have_url,
        ..
    } = escaping;
    match written {
        Some(Ok(())) => {}
        // A formatter that was ended has failed as well.
        Some(Err(fmt::Error)) if is_full => {}
        Some(Err(fmt::Error)) => out.extend_from_slice(FAILED.as_bytes()),
        None => {
            out.truncate(start);
            out.extend_from_slice(PANICKED.as_bytes());
        }
    }
    if may_have_url {
        mask_written(out, start);
    }
}

/// What `value` formats to, as [`formatted`] writes it, cut at about `limit` bytes with `…`.
///
/// Takes the place of `to_string` and `format!` wherever a value of the application is
/// formatted: both panic when its formatter fails.
pub(crate) fn text_of(value: fmt::Arguments<'_>, limit: usize) -> String {
    let mut text = Bounded {
        text: String::new(),
        limit,
        is_full: false,
    };
    let written = guarded(|| text.write_fmt(value));
    let Bounded {
        mut text, is_full, ..
    } = text;
    match written {
        Some(_) if is_full => text.push(ELLIPSIS),
        Some(Ok(())) => {}
        Some(Err(fmt::Error)) => text.push_str(FAILED),
        None => PANICKED.clone_into(&mut text),
    }
    text
}

/// What stands where a text was cut.
pub(crate) const ELLIPSIS: char = '…';

/// Calls code of the application within a line or a record of ours; `None` when it panics.
#[inline]
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // The destructor of a payload may panic as well.
            let _dropped = catch_unwind(AssertUnwindSafe(|| drop(payload)));
            None
        }
    }
}

/// A text that takes no more than `limit` bytes.
struct Bounded {
    text: String,
    limit: usize,
    is_full: bool,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.limit - self.text.len();
        if self.is_full || text.len() > room {
            self.text.push_str(&text[..text.floor_char_boundary(room)]);
            self.is_full = true;
            // Ends a formatter that would go on.
            return Err(fmt::Error);
        }
        self.text.push_str(text);
        Ok(())
    }
}

/// Masks the secrets of URLs in what was written, in pieces, from `start` on.
#[cold]
#[inline(never)]
fn mask_written(out: &mut Vec<u8>, start: usize) {
    let written = str::from_utf8(&out[start..]).unwrap_or_default();
    if let Cow::Owned(masked) = redact::mask_url_secrets(written) {
        out.truncate(start);
        out.extend_from_slice(masked.as_bytes());
    }
}

struct Escaping<'a> {
    out: &'a mut Vec<u8>,
    /// Where nothing more is of use.
    end: usize,
    is_full: bool,
    may_have_url: bool,
}

impl Escaping<'_> {
    #[cold]
    #[inline(never)]
    fn escape(&mut self, text: &str) {
        self.may_have_url |= text.contains(':');
        escaped(self.out, text);
    }

    /// Writes the beginning of a text that is of no use beyond, and ends the formatter.
    #[cold]
    #[inline(never)]
    fn cut(&mut self, text: &str) -> fmt::Result {
        let room = self.end.saturating_sub(self.out.len());
        self.escape(bounded(text, room));
        self.is_full = true;
        Err(fmt::Error)
    }
}

impl fmt::Write for Escaping<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // What was escaped may be longer.
        if text.len() > self.end.saturating_sub(self.out.len()) {
            return self.cut(text);
        }
        if has_none_of::<true>(text.as_bytes()) {
            self.out.extend_from_slice(text.as_bytes());
        } else {
            self.escape(text);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_formatter_that_fails_or_panics_costs_its_own_value_alone() {
        struct Failing;
        impl fmt::Display for Failing {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("half")?;
                Err(fmt::Error)
            }
        }
        struct Panicking;
        impl fmt::Display for Panicking {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("half")?;
                panic!("on purpose")
            }
        }
        assert_eq!(
            written(|out| formatted(out, format_args!("a {Failing} b"))),
            "a half[failed while formatting]"
        );
        assert_eq!(
            written(|out| formatted(out, format_args!("a {Panicking} b"))),
            PANICKED
        );
        assert_eq!(
            text_of(format_args!("a {Failing} b"), usize::MAX),
            "a half[failed while formatting]"
        );
        assert_eq!(
            text_of(format_args!("a {Panicking} b"), usize::MAX),
            PANICKED
        );
    }

    #[test]
    fn a_panic_whose_payload_panics_when_it_is_dropped_goes_no_further() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("on purpose")
            }
        }
        struct Panicking;
        impl fmt::Display for Panicking {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                std::panic::panic_any(Bomb)
            }
        }
        assert_eq!(text_of(format_args!("{Panicking}"), usize::MAX), PANICKED);
    }

    #[test]
    fn a_text_is_cut_between_characters_and_its_formatter_is_stopped() {
        struct Endless;
        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    f.write_str("ü")?;
                }
            }
        }
        assert_eq!(text_of(format_args!("{Endless}"), 7), "üüü…");
        assert_eq!(text_of(format_args!("abc{}", "def"), 3), "abc…");
        assert_eq!(text_of(format_args!("abc"), 3), "abc");
    }
}
