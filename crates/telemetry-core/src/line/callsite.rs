//! What is known of a callsite before its first event, rendered once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use tracing::Metadata;

use crate::encode;
use crate::fields::{Keys, allowed, is_reserved, render_key};
use crate::line::level_name;
use crate::names;
use crate::redact;

/// The field that `tracing`'s macros keep the message in.
pub(super) const MESSAGE: &str = "message";

/// One place in the code that logs, or makes a span.
#[derive(Debug)]
pub(super) struct Callsite {
    metadata: &'static Metadata<'static>,
    /// `,"level":"info","logger":"target","event":`
    pub(super) head: Box<[u8]>,
    fields: Box<[FieldKey]>,
    pub(super) shape: Shape,
    /// Not so for the OpenTelemetry crates, which log while their context is being changed.
    pub(super) has_trace: bool,
    /// The keys that a line of this callsite may have of its own.
    pub(super) declared: Keys,
    /// Pairs of sets of keys found to share none although their masks meet, by their lowest
    /// bits.
    disjoint: [AtomicU64; 4],
}

/// How the fields of an event can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The message comes first and no key twice: in one pass.
    Straight,
    /// Through a set of fields, which sorts things out.
    Mixed,
    /// A record of the `log` crate, which says in fields where it comes from.
    Log,
}

/// A field as it will be written.
#[derive(Debug)]
pub(super) struct FieldKey {
    /// `,"key":"`; nothing for the message, whose key is in the head, but the quote.
    quoted: Box<[u8]>,
    /// The same, filled up with zeros, unless it is longer.
    block: Option<[u8; BLOCK]>,
    pub(super) kind: FieldKind,
}

/// Most keys are no longer, with what stands around them.
const BLOCK: usize = 32;

impl FieldKey {
    fn new(quoted: &[u8], kind: FieldKind) -> Self {
        let mut block = [0; BLOCK];
        let room = block.get_mut(..quoted.len());
        let block = room
            .map(|room| room.copy_from_slice(quoted))
            .map(|()| block);
        Self {
            quoted: quoted.into(),
            block,
            kind,
        }
    }

    /// Appends what comes before a string: the key and a quote.
    #[inline(always)]
    pub(super) fn write_before_string(&self, out: &mut Vec<u8>) {
        self.write(out, self.quoted.len());
    }

    /// Appends what comes before any other value.
    #[inline(always)]
    pub(super) fn write_before_value(&self, out: &mut Vec<u8>) {
        self.write(out, self.quoted.len() - 1);
    }

    /// Appends the first bytes. A block of a fixed size is copied by a few moves, and cut: a copy
    /// of any size is a call.
    #[inline(always)]
    fn write(&self, out: &mut Vec<u8>, length: usize) {
        match &self.block {
            Some(block) => {
                let end = out.len() + length;
                out.extend_from_slice(block);
                out.truncate(end);
            }
            None => out.extend_from_slice(&self.quoted[..length]),
        }
    }

    /// The key alone, as it is rendered.
    fn key(&self) -> Option<&[u8]> {
        self.quoted.strip_prefix(b",\"")?.strip_suffix(b"\":\"")
    }
}

/// What is done with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    Plain,
    /// The message, whose key is in the head.
    Message,
    /// The value is a secret.
    Sensitive,
}

impl Callsite {
    fn new(metadata: &'static Metadata<'static>) -> Self {
        let mut head = Vec::new();
        render_key(&mut head, names::LEVEL);
        encode::string(&mut head, level_name(*metadata.level()));
        render_key(&mut head, names::LOGGER);
        encode::string(&mut head, metadata.target());
        render_key(&mut head, names::EVENT);

        let (mut fields, mut declared) = (Vec::new(), Keys::default());
        let names: Vec<_> = metadata
            .fields()
            .iter()
            .map(|field| key_of(field.name()))
            .collect();
        for (at, name) in names.iter().enumerate() {
            let mut quoted = Vec::new();
            let kind = if *name == MESSAGE && metadata.is_event() {
                FieldKind::Message
            } else {
                let key = allowed(name);
                render_key(&mut quoted, &key);
                if !names[..at].contains(name) {
                    declared.add(Keys::of(&key));
                }
                if !is_reserved(name) && redact::is_sensitive(name) {
                    FieldKind::Sensitive
                } else {
                    FieldKind::Plain
                }
            };
            quoted.push(b'"');
            fields.push(FieldKey::new(&quoted, kind));
        }
        Self {
            metadata,
            head: head.into(),
            shape: shape(metadata, &names),
            fields: fields.into(),
            has_trace: !metadata.target().starts_with("opentelemetry"),
            declared,
            disjoint: Default::default(),
        }
    }

    /// How a field is written.
    #[inline]
    pub(super) fn field(&self, index: usize) -> Option<&FieldKey> {
        self.fields.get(index)
    }

    /// Says whether one of the fields that may be recorded here has this rendered key.
    pub(super) fn declares(&self, key: &[u8]) -> bool {
        self.fields.iter().any(|field| field.key() == Some(key))
    }

    /// Says whether two sets of keys, which a line of this callsite met before, are known
    /// to share none.
    #[inline]
    pub(super) fn is_disjoint(&self, line: Keys, added: Keys) -> bool {
        let pair = Self::pair(line, added);
        self.slot(pair).load(Ordering::Relaxed) == pair
    }

    /// Remembers that two sets of keys share none.
    pub(super) fn set_disjoint(&self, line: Keys, added: Keys) {
        let pair = Self::pair(line, added);
        self.slot(pair).store(pair, Ordering::Relaxed);
    }

    #[inline]
    fn pair(line: Keys, added: Keys) -> u64 {
        line.sum.rotate_left(32) ^ added.sum
    }

    #[inline]
    fn slot(&self, pair: u64) -> &AtomicU64 {
        &self.disjoint[(pair & 3) as usize]
    }
}

/// The name of a field as it was written: raw identifiers lose their prefix.
fn key_of(name: &'static str) -> &'static str {
    name.strip_prefix("r#").unwrap_or(name)
}

fn shape(metadata: &Metadata<'_>, names: &[&str]) -> Shape {
    let has_twice = (1..names.len()).any(|at| names[..at].contains(&names[at]));
    // An error among the fields may add one more key.
    if metadata.target() == "log" && names.contains(&"log.target") {
        Shape::Log
    } else if names.first() == Some(&MESSAGE) && !has_twice {
        Shape::Straight
    } else {
        Shape::Mixed
    }
}

/// A power of two.
const SLOTS: usize = 256;

/// Callsites live as long as the program, and so does what is rendered of them.
static ALL: RwLock<Option<HashMap<usize, &'static Callsite>>> = RwLock::new(None);

thread_local! {
    /// The callsites that this thread used last, by their address.
    static RECENT: RefCell<[Option<&'static Callsite>; SLOTS]> = const { RefCell::new([None; SLOTS]) };
}

/// What is known of the callsite with this metadata.
#[inline]
pub(super) fn of(metadata: &'static Metadata<'static>) -> &'static Callsite {
    let address = std::ptr::from_ref(metadata) as usize;
    let slot = (address >> 4 ^ address >> 12) & (SLOTS - 1);
    RECENT
        .try_with(|recent| {
            let known = recent.borrow()[slot];
            match known {
                Some(callsite) if std::ptr::eq(callsite.metadata, metadata) => callsite,
                _ => {
                    let callsite = find(metadata, address);
                    recent.borrow_mut()[slot] = Some(callsite);
                    callsite
                }
            }
        })
        .unwrap_or_else(|_| find(metadata, address))
}

#[cold]
#[inline(never)]
fn find(metadata: &'static Metadata<'static>, address: usize) -> &'static Callsite {
    let all = ALL.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(callsite) = all.as_ref().and_then(|all| all.get(&address)) {
        return callsite;
    }
    drop(all);
    let mut all = ALL.write().unwrap_or_else(PoisonError::into_inner);
    all.get_or_insert_default()
        .entry(address)
        .or_insert_with(|| Box::leak(Box::new(Callsite::new(metadata))))
}
