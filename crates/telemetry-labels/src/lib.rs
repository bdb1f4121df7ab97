//! Labels and resource ids from URL paths.
//!
//! `/api/tournaments/5/draft/12/` says what a request is about: a tournament and its
//! draft. This crate reads that from the path, so that every log line and span of the
//! request can carry `labels=["tournament","draft"]`, `tournament.id=5` and `draft.id=12`.
//!
//! ```
//! use telemetry_labels::{Id, LabelExtractor};
//!
//! let extractor = LabelExtractor::new();
//! let labels: Vec<_> = extractor.extract("/api/tournaments/5/draft/12/?page=2").collect();
//!
//! assert_eq!(labels[0].name, "tournament");
//! assert_eq!(labels[1].name, "draft");
//! let id = labels[1].id.unwrap();
//! assert_eq!((id.key, id.value), ("draft.id", Id::Integer(12)));
//! ```
//!
//! # The built-in rules
//!
//! | rule | |
//! |---|---|
//! | paths looked at | those that begin with `/api/`, `/ws/`, `/draft/` or `/tournament/`; the query string and fragment are ignored |
//! | resources | `tournament`, `draft`, `league`, `organization`, `match`, `game`, `team`, `user`, as a whole segment, singular or plural; each gives its label once, at its first occurrence |
//! | ids | a segment of digits that fits a `u64`, right after a resource, gives `<resource>.id`; anything else is no id and no error |
//! | `users` | gives its label but never an id: `user.id` is the acting user |
//! | markers | `standings`, `bracket`, `stats` as the last segment give their label, without an id |
//!
//! Your own resources, markers, prefixes and patterns are added with a
//! [`LabelExtractorBuilder`]; everything that can be wrong with them is an error when the
//! extractor is built, so extraction itself cannot fail. It allocates nothing as long as
//! no [pattern](LabelExtractorBuilder::pattern) is added.

mod builder;
mod builtin;
mod extractor;
mod label;
mod rules;
mod segment;

pub use builder::{BuildError, LabelExtractorBuilder};
pub use extractor::{LabelExtractor, Labels};
pub use label::{Id, Label, ResourceId};
pub use rules::IdKind;
