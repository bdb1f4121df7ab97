//! The one walk of an error's causes, and what an error says of itself.
//!
//! An error is the application's code: its `Display` may fail or panic, its `source` may panic or
//! lead back to itself, and its text may have no end. What is read here of an error is bounded,
//! by [`MAX_CAUSES`] and [`MAX_BYTES`], and has a mark where something was left out.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Display};

use crate::as_error::AsError;
use crate::encode::{self, ELLIPSIS};
use crate::redact::mask_urls;

/// How many causes of an error are looked at.
pub const MAX_CAUSES: usize = 32;
/// How many bytes the text of an error, or of one with its causes, takes at most.
pub const MAX_BYTES: usize = 8 * 1024;

/// How many of these are kept for a mark, which stands behind what is left.
const MARK_BYTES: usize = 48;
/// Stands in place of the causes that were left out.
const MORE_CAUSES: &str = "… more causes";
/// Stands in place of a cause whose error panicked when it was asked for it.
const SOURCE_PANICKED: &str = "[panicked in source]";

/// What a value says of itself: an error's message, without its causes.
///
/// ```
/// use telemetry_core::error_chain;
///
/// let error = "a".parse::<u8>().unwrap_err();
/// assert_eq!(error_chain::message(&error), "invalid digit found in string");
/// ```
///
/// Secrets in URLs are masked, as on the spans of outgoing requests. The place of a value that
/// panics while it is formatted is taken by a mark; one that fails
/// keeps what it wrote, and has a mark behind it.
#[must_use]
pub fn message(value: &(impl Display + ?Sized)) -> String {
    message_of(format_args!("{value}"))
}

/// What a value says of itself, as [`message`].
pub(crate) fn message_of(value: fmt::Arguments<'_>) -> String {
    let mut text = encode::text_of(value, MAX_BYTES - MARK_BYTES);
    if text.len() > MAX_BYTES - 2 * MARK_BYTES {
        cut_before_half_a_url(&mut text);
    }
    if let Cow::Owned(masked) = mask_urls(&text) {
        text = masked;
        cut(&mut text, MAX_BYTES - MARK_BYTES);
    }
    text
}

/// Cuts a text that may have been cut within a URL: what is left of a password would not be found.
fn cut_before_half_a_url(text: &mut String) {
    if let Some(url) = text.rfind("://")
        && text.ends_with(ELLIPSIS)
        && !text[url..].contains([' ', '"', '\n', ')', '>', '\''])
    {
        text.truncate(url + "://".len());
        text.push(ELLIPSIS);
    }
}

/// An error with all that caused it, a cause a row; `None` when nothing did. The
/// [`EXCEPTION`](crate::names::EXCEPTION) of a line.
///
/// ```text
/// cannot store the pick
/// caused by: pool timed out while waiting for an open connection
/// ```
#[must_use]
pub fn exception<Kind>(error: &(impl AsError<Kind> + ?Sized)) -> Option<String> {
    let error = error.as_error();
    let causes = causes(error);
    let has_causes = !matches!(causes.next, Ok(None));
    has_causes.then(|| joined(message(error), causes, "\ncaused by: ", |_, _| true))
}

/// An error with all that caused it, in one sentence. A cause that is repeated by what is around
/// it is left out.
///
/// ```text
/// error sending request: client error (Connect): Connection refused (os error 111)
/// ```
#[must_use]
pub fn sentence<Kind>(error: &(impl AsError<Kind> + ?Sized)) -> String {
    let error = error.as_error();
    let is_new = |text: &str, cause: &str| !text.contains(cause);
    joined(message(error), causes(error), ": ", is_new)
}

/// Appends the messages of the causes that are wanted, and a mark for what there was no room for.
fn joined(
    mut text: String,
    mut causes: Causes<'_>,
    separator: &str,
    is_wanted: impl Fn(&str, &str) -> bool,
) -> String {
    cut(&mut text, MAX_BYTES - MARK_BYTES);
    for cause in &mut causes {
        let cause = message(cause);
        if is_wanted(&text, &cause) {
            text.push_str(separator);
            text.push_str(&cause);
            if cut(&mut text, MAX_BYTES - MARK_BYTES) {
                break;
            }
        }
    }
    if let Some(mark) = causes.mark() {
        text.push_str(separator);
        text.push_str(mark);
    }
    text
}

/// Cuts a text that is longer than `limit`, and says whether it was. The mark comes on top.
fn cut(text: &mut String, limit: usize) -> bool {
    let is_longer = text.len() > limit;
    if is_longer {
        text.truncate(text.floor_char_boundary(limit));
        text.push(ELLIPSIS);
    }
    is_longer
}

/// The causes of an error, from the nearest to the first: at most [`MAX_CAUSES`].
///
/// A search for the cause of a type uses it too, so that an error that is its own cause ends it:
///
/// ```
/// use std::error::Error;
/// use std::io;
///
/// use telemetry_core::error_chain;
///
/// fn is_of_the_network(error: &dyn Error) -> bool {
///     error_chain::causes(error).any(|cause| cause.is::<io::Error>())
/// }
/// # assert!(!is_of_the_network(&std::fmt::Error));
/// ```
#[must_use]
pub fn causes<Kind>(error: &(impl AsError<Kind> + ?Sized)) -> Causes<'_> {
    Causes {
        next: source(error.as_error()),
        left: MAX_CAUSES,
    }
}

/// The causes of an error. Made by [`causes`].
#[derive(Clone, Debug)]
pub struct Causes<'a> {
    /// An error when it panicked while it was looked for.
    next: Result<Option<&'a (dyn Error + 'static)>, Panicked>,
    left: usize,
}

/// An error panicked when it was asked for its cause.
#[derive(Clone, Copy, Debug)]
struct Panicked;

impl Causes<'_> {
    /// What to write in place of the causes that are left; `None` when there are none.
    fn mark(&self) -> Option<&'static str> {
        match self.next {
            Ok(next) => next.map(|_| MORE_CAUSES),
            Err(Panicked) => Some(SOURCE_PANICKED),
        }
    }
}

impl<'a> Iterator for Causes<'a> {
    type Item = &'a (dyn Error + 'static);

    fn next(&mut self) -> Option<Self::Item> {
        let cause = self.next.ok()??;
        self.left = self.left.checked_sub(1)?;
        self.next = source(cause);
        Some(cause)
    }
}

fn source<'a>(error: &'a dyn Error) -> Result<Option<&'a (dyn Error + 'static)>, Panicked> {
    encode::guarded(|| error.source()).ok_or(Panicked)
}

#[cfg(test)]
mod tests {
    use std::iter;

    use super::*;

    /// An error of these messages, the first with the rest as its causes.
    #[derive(Debug)]
    struct Chain {
        message: String,
        cause: Option<Box<Self>>,
    }

    impl Chain {
        fn new(messages: impl DoubleEndedIterator<Item = String>) -> Self {
            let chain = messages.rev().fold(None, |cause, message| {
                let cause = cause.map(Box::new);
                Some(Self { message, cause })
            });
            chain.unwrap()
        }
    }

    impl Display for Chain {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&self.message)
        }
    }

    impl Error for Chain {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            let cause = self.cause.as_deref()?;
            Some(cause)
        }
    }

    // The destructor of a chain calls itself for each cause.
    impl Drop for Chain {
        fn drop(&mut self) {
            let mut cause = self.cause.take();
            while let Some(mut next) = cause {
                cause = next.cause.take();
            }
        }
    }

    /// An error that is its own cause.
    #[derive(Debug)]
    struct Circle;

    impl Display for Circle {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("round")
        }
    }

    impl Error for Circle {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }

    /// Two errors that are each other's cause.
    #[derive(Debug)]
    struct Ping;
    #[derive(Debug)]
    struct Pong;

    impl Display for Ping {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("ping")
        }
    }

    impl Display for Pong {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("pong")
        }
    }

    impl Error for Ping {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&Pong)
        }
    }

    impl Error for Pong {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&Ping)
        }
    }

    /// Fails or panics in each of its methods.
    #[derive(Debug)]
    enum Hostile {
        Fails,
        Panics,
        PanicsInSource,
    }

    impl Display for Hostile {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self {
                Self::Fails => Err(fmt::Error),
                Self::Panics => panic!("on purpose"),
                Self::PanicsInSource => f.write_str("no cause"),
            }
        }
    }

    impl Error for Hostile {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            match self {
                Self::PanicsInSource => panic!("on purpose"),
                Self::Fails => Some(&Self::Panics),
                Self::Panics => None,
            }
        }
    }

    fn numbered(length: usize) -> Chain {
        Chain::new((0..length).map(|number| format!("no {number}")))
    }

    #[test]
    fn an_error_has_its_causes() {
        let error = numbered(3);
        assert_eq!(message(&error), "no 0");
        assert_eq!(
            exception(&error).unwrap(),
            "no 0\ncaused by: no 1\ncaused by: no 2"
        );
        assert_eq!(sentence(&error), "no 0: no 1: no 2");
        assert_eq!(exception(&fmt::Error), None);
        let repeated = Chain::new(["a: b", "b", "c"].map(str::to_owned).into_iter());
        assert_eq!(sentence(&repeated), "a: b: c");
    }

    #[test]
    fn an_error_that_is_its_own_cause_has_an_end() {
        for (error, name) in [(&Circle as &dyn Error, "round"), (&Ping, "ping")] {
            assert_eq!(causes(error).count(), MAX_CAUSES);
            let exception = exception(error).unwrap();
            assert_eq!(exception.lines().count(), MAX_CAUSES + 2);
            assert!(exception.starts_with(name));
            assert!(exception.ends_with("\ncaused by: … more causes"));
            assert!(sentence(error).ends_with(": … more causes"));
        }
        assert_eq!(sentence(&Circle), "round: … more causes");
    }

    #[test]
    fn a_long_chain_of_causes_has_an_end() {
        let error = numbered(100_001);
        assert_eq!(causes(&error).last().unwrap().to_string(), "no 32");
        let exception = exception(&error).unwrap();
        assert!(exception.ends_with("\ncaused by: no 32\ncaused by: … more causes"));
        assert!(sentence(&error).ends_with("no 32: … more causes"));
        let whole = numbered(MAX_CAUSES + 1);
        assert!(
            super::exception(&whole)
                .unwrap()
                .ends_with("caused by: no 32")
        );
    }

    #[test]
    fn a_long_text_is_cut() {
        let long = "ü".repeat(MAX_BYTES);
        for lengths in [
            [long.len(), 1, 1],
            [1, long.len(), 1],
            [1, 1, long.len()],
            [3000; 3],
        ] {
            let error = Chain::new(lengths.iter().map(|length| long[..length & !1].to_owned()));
            for text in [
                message(&error),
                exception(&error).unwrap(),
                sentence(&error),
            ] {
                assert!(text.len() <= MAX_BYTES, "{}", text.len());
            }
            assert!(exception(&error).unwrap().contains(ELLIPSIS));
        }
        let error = Chain::new(iter::repeat_n("x".repeat(4000), 10));
        let exception = exception(&error).unwrap();
        assert!(exception.ends_with("xx…\ncaused by: … more causes"));
    }

    #[test]
    fn secrets_in_urls_are_masked_in_an_error_and_its_causes() {
        let messages = ["for url (http://h/?key=sesame)", "postgres://u:p@h/d"];
        let error = Chain::new(messages.map(str::to_owned).into_iter());
        assert_eq!(message(&error), "for url (http://h/?key=[redacted])");
        let expected = "for url (http://h/?key=[redacted])\ncaused by: postgres://[redacted]@h/d";
        assert_eq!(exception(&error).unwrap(), expected);
        assert_eq!(sentence(&error), expected.replace("\ncaused by", ""));
    }

    #[test]
    fn a_url_that_a_cut_goes_through_shows_no_secret() {
        for url in ["http://u:sesame@h/?a=b", "http://h/?key=sesame"] {
            for before in MAX_BYTES - 100..MAX_BYTES {
                let text = message(&format!("{} {url}", "x".repeat(before)));
                assert!(!text.contains("ses"), "{text}");
                assert!(text.len() <= MAX_BYTES);
            }
        }
    }

    #[test]
    fn an_error_whose_methods_fail_or_panic_is_read_as_far_as_it_goes() {
        assert_eq!(message(&Hostile::Fails), "[failed while formatting]");
        assert_eq!(message(&Hostile::Panics), "[panicked while formatting]");
        assert_eq!(
            exception(&Hostile::Fails).unwrap(),
            "[failed while formatting]\ncaused by: [panicked while formatting]"
        );
        let error = Hostile::PanicsInSource;
        assert_eq!(
            exception(&error).unwrap(),
            "no cause\ncaused by: [panicked in source]"
        );
        assert_eq!(sentence(&error), "no cause: [panicked in source]");
        assert_eq!(causes(&error).count(), 0);
    }
}
