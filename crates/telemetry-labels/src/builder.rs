//! Adding rules to an extractor.

use std::sync::Arc;

use regex::Regex;

use crate::builtin;
use crate::extractor::{LabelExtractor, OwnRules};
use crate::rules::{IdKind, Pattern, Rule};

/// How many different labels one extractor can give.
const MAX_LABELS: usize = u64::BITS as usize;

/// Adds resources, markers, prefixes and patterns to an extractor.
///
/// ```
/// use telemetry_labels::{IdKind, LabelExtractor};
///
/// # fn main() -> Result<(), telemetry_labels::BuildError> {
/// let extractor = LabelExtractor::builder()
///     .prefix("/v2/")
///     .resource("season", ["season", "seasons"], IdKind::Integer)
///     .resource("article", ["articles"], IdKind::Slug)
///     .marker("schedule")
///     .pattern("round", r"/rounds/r(?<id>\d+)")
///     .build()?;
///
/// let names: Vec<_> = extractor.extract("/v2/seasons/9/rounds/r3/schedule").map(|l| l.name).collect();
/// assert_eq!(names, ["season", "round", "schedule"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct LabelExtractorBuilder {
    builtin: bool,
    prefixes: Vec<String>,
    /// Segment, label, ids, and whether it is a marker.
    segments: Vec<(String, String, IdKind, bool)>,
    /// Label and regular expression.
    patterns: Vec<(String, String)>,
}

impl LabelExtractorBuilder {
    /// Starts from the built-in rules.
    pub fn new() -> Self {
        Self {
            builtin: true,
            prefixes: Vec::new(),
            segments: Vec::new(),
            patterns: Vec::new(),
        }
    }

    /// Leaves out the built-in prefixes, resources and markers.
    pub fn without_builtin(mut self) -> Self {
        self.builtin = false;
        self
    }

    /// Looks at paths that begin with `prefix` too. It begins with a slash and, as a
    /// rule, ends with one.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefixes.push(prefix.into());
        self
    }

    /// Gives `label` to paths that have one of `segments` as a whole segment, and
    /// `<label>.id` when an id of the kind `ids` follows. Comes before a built-in rule for
    /// the same segment.
    pub fn resource<S: Into<String>>(
        mut self,
        label: impl Into<String>,
        segments: impl IntoIterator<Item = S>,
        ids: IdKind,
    ) -> Self {
        let label = label.into();
        for segment in segments {
            self.segments
                .push((segment.into(), label.clone(), ids, false));
        }
        self
    }

    /// Gives `label` to paths whose last segment it is, without an id.
    pub fn marker(mut self, label: impl Into<String>) -> Self {
        let label = label.into();
        self.segments
            .push((label.clone(), label, IdKind::None, true));
        self
    }

    /// Gives `label` to paths in which the regular expression finds a match, for what
    /// whole segments cannot say.
    ///
    /// It sees every path, whatever its prefix, without query string and fragment. A
    /// group named `id` gives `<label>.id`: an integer when it is digits alone that fit a
    /// `u64`, text otherwise. The label's place in the order is where the match ends.
    pub fn pattern(mut self, label: impl Into<String>, regex: impl Into<String>) -> Self {
        self.patterns.push((label.into(), regex.into()));
        self
    }

    /// Checks the rules and makes the extractor.
    ///
    /// # Errors
    ///
    /// When a label, segment or prefix is not of its form, a segment has two rules, a
    /// pattern does not compile, or there are more than 64 labels. The error names the
    /// offender.
    pub fn build(self) -> Result<LabelExtractor, BuildError> {
        let is_default =
            self.prefixes.is_empty() && self.segments.is_empty() && self.patterns.is_empty();
        let own = if is_default {
            None
        } else {
            Some(Arc::new(self.own_rules()?))
        };
        Ok(LabelExtractor {
            builtin: self.builtin,
            own,
        })
    }

    fn own_rules(&self) -> Result<OwnRules, BuildError> {
        let mut names = LabelNames::new();
        let mut own = OwnRules::default();
        for prefix in &self.prefixes {
            if !prefix.starts_with('/') {
                return Err(BuildError::Prefix(prefix.clone()));
            }
            own.prefixes.push(prefix.as_str().into());
        }
        for (segment, label, ids, is_marker) in &self.segments {
            if segment.is_empty() || segment.contains(['/', '?', '#']) {
                return Err(BuildError::Segment(segment.clone()));
            }
            let rule = Rule {
                name: label.clone().into(),
                key: format!("{label}.id").into(),
                ids: *ids,
                is_marker: *is_marker,
                index: names.index(label)?,
            };
            own.rules.push((segment.as_str().into(), rule));
        }
        own.rules.sort_by(|(a, _), (b, _)| a.cmp(b));
        if let Some(pair) = own.rules.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(BuildError::DuplicateSegment(pair[0].0.to_string()));
        }
        for (label, regex) in &self.patterns {
            let index = names.index(label)?;
            let regex = Regex::new(regex).map_err(|source| BuildError::Pattern {
                label: label.clone(),
                source,
            })?;
            own.patterns.push(Pattern {
                regex,
                name: label.as_str().into(),
                key: format!("{label}.id").into(),
                index,
            });
        }
        Ok(own)
    }
}

impl Default for LabelExtractorBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// Why an extractor could not be built.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A prefix that does not begin with a slash.
    Prefix(String),
    /// A segment that is empty or holds a slash, question mark or hash.
    Segment(String),
    /// A label that is empty or holds anything but `A-Z a-z 0-9 _ - .`.
    Label(String),
    /// A segment that two rules claim.
    DuplicateSegment(String),
    /// A regular expression that does not compile.
    Pattern {
        /// The label it was meant to give.
        label: String,
        /// What the `regex` crate says of it.
        source: regex::Error,
    },
    /// More than 64 different labels, the built-in ones included.
    TooManyLabels,
}

impl std::fmt::Display for BuildError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Prefix(prefix) => write!(f, "prefix {prefix:?} does not begin with a slash"),
            Self::Segment(segment) => write!(f, "{segment:?} is not one whole path segment"),
            Self::Label(label) => write!(
                f,
                "label {label:?} is not made of letters, digits, '_', '-' and '.'"
            ),
            Self::DuplicateSegment(segment) => write!(f, "segment {segment:?} has two rules"),
            Self::Pattern { label, .. } => {
                write!(f, "the pattern for label {label:?} does not compile")
            }
            Self::TooManyLabels => write!(f, "more than {MAX_LABELS} different labels"),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Pattern { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Numbers the labels, so that rules that give the same label share one number.
struct LabelNames<'a>(Vec<&'a str>);

impl<'a> LabelNames<'a> {
    fn new() -> Self {
        Self(builtin::RULES.iter().map(|rule| &*rule.name).collect())
    }

    fn index(&mut self, label: &'a str) -> Result<u32, BuildError> {
        let is_valid = !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if !is_valid {
            return Err(BuildError::Label(label.to_owned()));
        }
        let at = match self.0.iter().position(|known| *known == label) {
            Some(at) => at,
            None if self.0.len() == MAX_LABELS => return Err(BuildError::TooManyLabels),
            None => {
                self.0.push(label);
                self.0.len() - 1
            }
        };
        u32::try_from(at).map_err(|_| BuildError::TooManyLabels)
    }
}
