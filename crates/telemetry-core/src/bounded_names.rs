//! The values of an attribute of metrics that somebody else chooses, bounded.

use std::fmt;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustc_hash::FxBuildHasher;
use tracing::Level;

use crate::append_only::AppendOnly;
use crate::failure::Failure;
use crate::names::{self, event};

/// The `logger` of the warning.
const LOGGER: &str = "telemetry_core";

/// How many names are kept.
const MAX_NAMES: usize = 200;
/// How many of them may differ in nothing but words with digits, as `user-1` and `user-2` do.
const MAX_ALIKE: usize = 100;
/// How long a name may be, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// The values that an attribute of a metric has, where others choose them: names of tables, of
/// queues, of hosts.
///
/// Each value is a series of its instrument. There is room for so many, and they are kept for as long
/// as the process runs. The first 200 names are kept; any other is `_OTHER`, so that what
/// was there before stays as it is. Of names that differ in nothing but words with digits, 100 are
/// kept: queues that are named after users leave room for the others. The first that is not kept is
/// one line, `metric_attribute_bounded`.
///
/// One of these is for one attribute of one instrument, or of some that have the same values:
///
/// ```
/// use opentelemetry::KeyValue;
/// use telemetry_core::instrument::BoundedNames;
///
/// static QUEUES: BoundedNames = BoundedNames::new("messaging.destination.name");
///
/// let attribute = KeyValue::new("messaging.destination.name", QUEUES.get("standings"));
/// assert_eq!(attribute.value.as_str(), "standings");
/// ```
pub struct BoundedNames {
    attribute: &'static str,
    names: AppendOnly<&'static str, 64>,
    shapes: AppendOnly<Shape, 16>,
    /// How many names there are.
    count: AtomicUsize,
    is_reported: AtomicBool,
}

/// What names have in common that differ in nothing but words with digits.
struct Shape {
    text: String,
    count: AtomicUsize,
}

impl BoundedNames {
    /// Starts without any name, for the attribute of this name.
    #[must_use]
    pub const fn new(attribute: &'static str) -> Self {
        Self {
            attribute,
            names: AppendOnly::new(),
            shapes: AppendOnly::new(),
            count: AtomicUsize::new(0),
            is_reported: AtomicBool::new(false),
        }
    }

    /// The name, if it is kept, else `_OTHER`. Takes no lock; of a name that is known, no memory
    /// either.
    #[must_use]
    pub fn get(&self, name: &str) -> &'static str {
        let slot = hash(name);
        let known = self.names.find(slot, |known| *known == name);
        known
            .copied()
            .or_else(|| self.add(slot, name))
            .unwrap_or_else(|| {
                self.report();
                Failure::OTHER
            })
    }

    /// Keeps a name, if there is room for it.
    #[cold]
    fn add(&self, slot: usize, name: &str) -> Option<&'static str> {
        if name.len() > MAX_NAME_BYTES || !take_one(&self.count, MAX_NAMES) {
            return None;
        }
        let is_alike = shape(name).is_none_or(|text| {
            let find = |shape: &Shape| shape.text == text;
            let count = AtomicUsize::new(0);
            let shape = self.shapes.find_or_add(hash(&text), find, || Shape {
                text: text.clone(),
                count,
            });
            take_one(&shape.count, MAX_ALIKE)
        });
        if !is_alike {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let is_it = |known: &&'static str| *known == name;
        let make = || &*Box::leak(Box::<str>::from(name));
        Some(self.names.find_or_add(slot, is_it, make))
    }

    /// Writes the line of the first name that is not kept. As long as no line is written anywhere,
    /// it waits.
    #[cold]
    fn report(&self) {
        if !self.is_reported.load(Ordering::Relaxed)
            && tracing::enabled!(target: LOGGER, Level::WARN)
            && !self.is_reported.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                target: LOGGER,
                message = event::METRIC_ATTRIBUTE_BOUNDED,
                { names::METRIC_ATTRIBUTE } = self.attribute,
                { names::VALUE_LIMIT } = MAX_NAMES,
            );
        }
    }
}

impl fmt::Debug for BoundedNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedNames")
            .field("attribute", &self.attribute)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// Takes one of so many; `false` where none is left.
fn take_one(count: &AtomicUsize, max: usize) -> bool {
    let taken = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
        (count < max).then_some(count + 1)
    });
    taken.is_ok()
}

fn hash(text: &str) -> usize {
    let hash = FxBuildHasher.hash_one(text);
    usize::try_from(hash % 1024).unwrap_or_default()
}

/// The name with `*` in place of each word that has a digit; `None` where none has.
fn shape(name: &str) -> Option<String> {
    if !name.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut shape = String::with_capacity(name.len());
    let mut rest = name;
    while !rest.is_empty() {
        let word = rest
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(word);
        let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
        shape.push_str(if has_digit { "*" } else { word });
        let separators = after.find(char::is_alphanumeric).unwrap_or(after.len());
        let (separators, after) = after.split_at(separators);
        shape.push_str(separators);
        rest = after;
    }
    Some(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_words_with_digits_are_alike() {
        for (name, expected) in [
            ("user-17", Some("user-*")),
            ("SELECT events_2026_11", Some("SELECT events_*_*")),
            ("3f2a-abc9.gen", Some("*-*.gen")),
            ("players", None),
            ("", None),
        ] {
            assert_eq!(shape(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn what_is_known_stays_and_what_comes_after_names_of_users_has_room() {
        let names = BoundedNames::new(names::MESSAGING_DESTINATION_NAME);
        assert_eq!(names.get("mail"), "mail");
        for user in 0..2_000 {
            let queue = format!("user-{user}");
            let expected = if user < MAX_ALIKE { &*queue } else { "_OTHER" };
            assert_eq!(names.get(&queue), expected);
        }
        assert_eq!(names.get("standings"), "standings");
        assert_eq!(names.get("mail"), "mail");
        assert_eq!(names.get("user-7"), "user-7");
    }

    #[test]
    fn names_of_any_kind_are_as_many_as_there_may_be() {
        let names = BoundedNames::new("db.collection.name");
        let name = |number: u32| {
            let text = format!("{number:b}");
            text.replace('0', "a").replace('1', "b")
        };
        let kept = (0..1_000).filter(|number| names.get(&name(*number)) != "_OTHER");
        assert_eq!(kept.count(), MAX_NAMES);
        assert_eq!(names.get(&name(7)), name(7));
        assert_eq!(BoundedNames::new("a").get(&"x".repeat(256)), "_OTHER");
    }

    #[test]
    fn threads_that_add_the_same_names_keep_each_once() {
        static NAMES: BoundedNames = BoundedNames::new("server.address");
        let threads = [(); 4].map(|()| {
            std::thread::spawn(|| {
                let names = (0..MAX_NAMES * 2).map(|number| format!("h{number}.{}", number % 3));
                names.filter(|name| NAMES.get(name) != "_OTHER").count()
            })
        });
        for thread in threads {
            assert!(thread.join().unwrap() <= MAX_NAMES);
        }
        assert!(NAMES.count.load(Ordering::Relaxed) <= MAX_NAMES);
    }
}
