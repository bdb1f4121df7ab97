//! What an extraction yields.

use std::fmt;

/// One thing that a path is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label<'a> {
    /// The label itself, such as `tournament`.
    pub name: &'a str,
    /// The id that followed it in the path, if one did.
    pub id: Option<ResourceId<'a>>,
}

/// The id of a resource, with the field name that it is logged under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceId<'a> {
    /// The field name: the label followed by `.id`, such as `tournament.id`.
    pub key: &'a str,
    /// The id as the path gives it.
    pub value: Id<'a>,
}

/// The value of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id<'a> {
    /// Digits alone, within the range of `u64`.
    Integer(u64),
    /// A UUID or slug, exactly as it stands in the path.
    Text(&'a str),
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(f),
            Self::Text(value) => f.write_str(value),
        }
    }
}
