//! The extractor and the iterator over what it finds.

use std::iter::{FusedIterator, Peekable};
use std::sync::Arc;
use std::vec;

use crate::builder::LabelExtractorBuilder;
use crate::builtin;
use crate::label::{Id, Label, ResourceId};
use crate::rules::{IdKind, Pattern, Rule};
use crate::segment::{Segment, integer_after, is_last, parse_integer, without_query};

/// Finds labels and ids in URL paths.
///
/// Cheap to clone and free of interior mutability: one extractor serves every request of
/// an application.
#[derive(Clone, Debug)]
pub struct LabelExtractor {
    pub(crate) builtin: bool,
    /// Absent as long as the built-in rules are all there is.
    pub(crate) own: Option<Arc<OwnRules>>,
}

/// The rules that a user has added.
#[derive(Debug, Default)]
pub(crate) struct OwnRules {
    pub(crate) prefixes: Vec<Box<str>>,
    /// By segment, sorted.
    pub(crate) rules: Vec<(Box<str>, Rule)>,
    pub(crate) patterns: Vec<Pattern>,
}

impl LabelExtractor {
    /// Makes an extractor of the built-in rules alone.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            builtin: true,
            own: None,
        }
    }

    /// Starts from the built-in rules, to add your own to them.
    pub fn builder() -> LabelExtractorBuilder {
        LabelExtractorBuilder::new()
    }

    /// Yields the labels of `path` in the order in which they stand in it, each once.
    ///
    /// `path` may carry a query string or a fragment, which are ignored. It is taken as it
    /// is: percent-encoding is not decoded, and letters are matched in the case given.
    /// Nothing is allocated unless a [pattern](LabelExtractorBuilder::pattern) was added.
    #[inline]
    #[must_use]
    pub fn extract<'a>(&'a self, path: &'a str) -> Labels<'a> {
        let mut labels = Labels {
            extractor: self,
            path,
            at: self.start(path),
            seen: 0,
            hits: None,
        };
        if let Some(own) = &self.own
            && !own.patterns.is_empty()
        {
            labels.hits = Some(Box::new(own.pattern_hits(path)));
        }
        labels
    }

    /// Where to begin: at the slash before the first segment that may give a label, or at
    /// the end of a path that is not looked at.
    #[inline]
    fn start(&self, path: &str) -> usize {
        let builtin = self.builtin.then(|| builtin::start(path)).flatten();
        builtin.unwrap_or_else(|| match &self.own {
            Some(own)
                if own
                    .prefixes
                    .iter()
                    .any(|prefix| path.starts_with(&**prefix)) =>
            {
                0
            }
            _ => path.len(),
        })
    }

    /// Finds the rule for a whole segment; a user's rule comes before a built-in one.
    #[inline]
    fn find(&self, path: &str, segment: Segment) -> Option<&Rule> {
        if let Some(own) = &self.own
            && let Some(rule) = own.find(segment.text(path))
        {
            return Some(rule);
        }
        if self.builtin {
            return builtin::find(path, segment);
        }
        None
    }
}

impl Default for LabelExtractor {
    fn default() -> Self {
        Self::new()
    }
}

impl OwnRules {
    fn find(&self, segment: &str) -> Option<&Rule> {
        self.rules
            .binary_search_by(|(known, _)| (**known).cmp(segment))
            .ok()
            .map(|at| &self.rules[at].1)
    }

    /// Matches every pattern once and sorts the hits by where they end.
    fn pattern_hits<'a>(&'a self, path: &'a str) -> PatternHits<'a> {
        let path = without_query(path);
        let mut hits: Vec<_> = self
            .patterns
            .iter()
            .filter_map(|pattern| PatternHit::find(pattern, path))
            .collect();
        hits.sort_by_key(|hit| hit.end);
        hits.into_iter().peekable()
    }
}

/// The labels of one path. Made by [`LabelExtractor::extract`].
#[derive(Clone, Debug)]
pub struct Labels<'a> {
    extractor: &'a LabelExtractor,
    path: &'a str,
    /// The slash before the next segment, or the end of the path.
    at: usize,
    /// One bit for each label already given.
    seen: u64,
    /// What the patterns found. Boxed, since most have none: what is made for each path is small.
    hits: Option<Box<PatternHits<'a>>>,
}

type PatternHits<'a> = Peekable<vec::IntoIter<PatternHit<'a>>>;

impl<'a> Iterator for Labels<'a> {
    type Item = Label<'a>;

    // Always: a label that is returned in pieces, through memory, stalls who takes it.
    #[inline(always)]
    fn next(&mut self) -> Option<Label<'a>> {
        while let Some(segment) = Segment::at(self.path, self.at) {
            let Some(rule) = self.extractor.find(self.path, segment) else {
                self.go_past(segment);
                continue;
            };
            // A pattern that ends before this segment takes its place before it.
            if let Some(label) = self.next_pattern(segment.start) {
                return Some(label);
            }
            self.at = segment.end;
            if rule.is_marker && !is_last(self.path, segment.end) {
                continue;
            }
            let id = self.id(rule);
            if self.see(rule.index) {
                return Some(Label {
                    name: &rule.name,
                    id,
                });
            }
        }
        self.next_pattern(self.path.len())
    }
}

impl FusedIterator for Labels<'_> {}

impl<'a> Labels<'a> {
    /// Goes past a segment that no rule stands for. If the query string begins in it, the
    /// path is cut there first, and the segment read again.
    fn go_past(&mut self, segment: Segment) {
        let text = segment.text(self.path);
        let cut = segment.start + without_query(text).len();
        if cut == segment.end {
            self.at = segment.end;
        } else {
            self.path = self.path.get(..cut).unwrap_or_default();
        }
    }

    /// Reads the next segment as the id of a resource and, if it is one, goes past it.
    #[inline]
    fn id(&mut self, rule: &'a Rule) -> Option<ResourceId<'a>> {
        let value = match rule.ids {
            IdKind::None => return None,
            IdKind::Integer => {
                let (value, end) = integer_after(self.path, self.at)?;
                self.at = end;
                Id::Integer(value)
            }
            IdKind::Uuid | IdKind::Slug => Id::Text(self.text_id(rule.ids)?),
        };
        Some(ResourceId {
            key: &rule.key,
            value,
        })
    }

    fn text_id(&mut self, kind: IdKind) -> Option<&'a str> {
        let segment = Segment::at(self.path, self.at)?;
        let text = without_query(segment.text(self.path));
        if !kind.is_text(text) {
            return None;
        }
        self.at = segment.start + text.len();
        Some(text)
    }

    /// Takes the next pattern that ended at or before `position` and is new.
    #[inline]
    fn next_pattern(&mut self, position: usize) -> Option<Label<'a>> {
        while let Some(hit) = self.hits.as_mut()?.next_if(|hit| hit.end <= position) {
            if self.see(hit.index) {
                return Some(hit.label);
            }
        }
        None
    }

    /// Marks a label as given; `false` when it already was.
    #[inline]
    fn see(&mut self, index: u32) -> bool {
        let bit = 1 << index;
        let is_new = self.seen & bit == 0;
        self.seen |= bit;
        is_new
    }
}

/// What one pattern found.
#[derive(Clone, Copy, Debug)]
struct PatternHit<'a> {
    label: Label<'a>,
    index: u32,
    /// Where the match ends in the path.
    end: usize,
}

impl<'a> PatternHit<'a> {
    fn find(pattern: &'a Pattern, path: &'a str) -> Option<Self> {
        let captures = pattern.regex.captures(path)?;
        let id = captures.name("id").map(|id| ResourceId {
            key: &pattern.key,
            value: match parse_integer(id.as_str()) {
                Some(value) => Id::Integer(value),
                None => Id::Text(id.as_str()),
            },
        });
        Some(Self {
            label: Label {
                name: &pattern.name,
                id,
            },
            index: pattern.index,
            end: captures.get(0)?.end(),
        })
    }
}
