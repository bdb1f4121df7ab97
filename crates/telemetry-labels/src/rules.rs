//! How rules are kept once they are built.

use std::borrow::Cow;

/// What counts as an id after a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdKind {
    /// Digits alone that fit a `u64`.
    Integer,
    /// A UUID in its hyphenated form of 36 characters, in either case.
    Uuid,
    /// One or more of `A-Z a-z 0-9 - _`, at most 128. The segment is then taken as the id
    /// even where it names another resource or a marker.
    Slug,
    /// The resource has a label but never an id.
    None,
}

impl IdKind {
    /// Says whether a segment is a textual id of this kind.
    pub(crate) fn is_text(self, segment: &str) -> bool {
        match self {
            Self::Uuid => is_uuid(segment),
            Self::Slug => is_slug(segment),
            Self::Integer | Self::None => false,
        }
    }
}

fn is_uuid(segment: &str) -> bool {
    segment.len() == 36
        && segment.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_slug(segment: &str) -> bool {
    (1..=128).contains(&segment.len())
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// What a segment stands for.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) name: Cow<'static, str>,
    /// The field name of its id, `<name>.id`.
    pub(crate) key: Cow<'static, str>,
    pub(crate) ids: IdKind,
    /// A label only as the last segment.
    pub(crate) is_marker: bool,
    /// Its place in the set of labels already given.
    pub(crate) index: u32,
}

/// A regular expression added by the user.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) regex: regex::Regex,
    pub(crate) name: Box<str>,
    pub(crate) key: Box<str>,
    pub(crate) index: u32,
}
