//! What is known of a callsite before its first event, rendered once.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::Metadata;

use crate::append_only::AppendOnly;
use crate::encode;
use crate::fields::{Keys, allowed, render_key};
use crate::in_effect;
use crate::line::{errors, level_name};
use crate::names;
use crate::redact::{self, SensitiveKeys, Sensitivity};

/// The field that `tracing`'s macros keep the message in.
pub(super) const MESSAGE: &str = "message";

/// One place in the code that logs, or makes a span.
#[derive(Debug)]
pub(super) struct Callsite {
    metadata: &'static Metadata<'static>,
    /// The list by which its fields are secrets or not.
    sensitive_keys: &'static SensitiveKeys,
    /// `,"level":"info","logger":"target","event":`
    pub(super) head: Box<[u8]>,
    fields: Box<[FieldKey]>,
    pub(super) shape: Shape,
    /// Not so for the OpenTelemetry crates, which log while their context is being changed.
    pub(super) has_trace: bool,
    /// Whether one of the fields is the text of an error.
    pub(super) has_error: bool,
    /// The keys that a line of this callsite may have of its own.
    pub(super) declared: Keys,
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
    /// The value is a secret if it is a text.
    Sensitive,
    /// The value is a secret.
    Secret,
}

impl FieldKind {
    /// Says whether a text is kept off the line.
    #[inline(always)]
    pub(super) fn hides_text(self) -> bool {
        matches!(self, Self::Sensitive | Self::Secret)
    }

    /// Says whether a number or a boolean is kept off the line.
    #[inline(always)]
    pub(super) fn hides_number(self) -> bool {
        self == Self::Secret
    }
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
        let keys: Vec<_> = metadata
            .fields()
            .iter()
            .map(|field| kept_key(metadata, name_of(field.name())))
            .collect();
        for (at, field) in metadata.fields().iter().enumerate() {
            let key = &keys[at];
            let mut quoted = Vec::new();
            let kind = if is_message(metadata, key) {
                FieldKind::Message
            } else {
                render_key(&mut quoted, key);
                if !keys[..at].contains(key) {
                    declared.add(Keys::new(key));
                }
                match redact::sensitivity(name_of(field.name())) {
                    Sensitivity::None => FieldKind::Plain,
                    Sensitivity::Texts => FieldKind::Sensitive,
                    Sensitivity::All => FieldKind::Secret,
                }
            };
            quoted.push(b'"');
            fields.push(FieldKey::new(&quoted, kind));
        }
        Self {
            metadata,
            sensitive_keys: in_effect::current().sensitive_keys,
            head: head.into(),
            shape: shape(metadata, &keys),
            fields: fields.into(),
            has_error: keys.iter().any(|key| errors::is_text(key)),
            has_trace: !metadata.target().starts_with("opentelemetry"),
            declared,
        }
    }

    /// How a field is written.
    #[inline]
    pub(super) fn field(&self, index: usize) -> Option<&FieldKey> {
        self.fields.get(index)
    }

    /// The rendered keys of all fields that may be recorded here.
    pub(super) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.fields.iter().filter_map(FieldKey::key)
    }
}

/// The name of a field as it was written: raw identifiers lose their prefix.
fn name_of(name: &'static str) -> &'static str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// The crate whose lines have `error.message` beside `error.type`, by the stable conventions.
const STABLE_NAMES_CRATE: &str = "telemetry_http";

/// The key that a field is kept under.
fn kept_key(metadata: &Metadata<'_>, name: &'static str) -> Cow<'static, str> {
    let is_own = || {
        let module = metadata.module_path().unwrap_or_default();
        module.split("::").next() == Some(STABLE_NAMES_CRATE)
    };
    if matches!(name, names::ERROR_MESSAGE | names::ERROR_TYPE) && is_own() {
        name.into()
    } else {
        allowed(name)
    }
}

fn is_message(metadata: &Metadata<'_>, key: &str) -> bool {
    key == MESSAGE && metadata.is_event()
}

fn shape(metadata: &Metadata<'_>, keys: &[Cow<'_, str>]) -> Shape {
    let has_twice = (1..keys.len()).any(|at| keys[..at].contains(&keys[at]));
    // An error among the fields may add one more key.
    if metadata.target() == "log" && keys.iter().any(|key| key == "log.target") {
        Shape::Log
    } else if keys.first().is_some_and(|key| key == MESSAGE) && !has_twice {
        Shape::Straight
    } else {
        Shape::Mixed
    }
}

/// A power of two.
const SLOTS: usize = 256;

/// Callsites live as long as the program, and so does what is rendered of them.
static ALL: AppendOnly<Callsite, SLOTS> = AppendOnly::new();

/// Counts the changes of the settings that callsites depend on.
static CHANGES: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static RECENT: RefCell<Recent> = const {
        RefCell::new(Recent { changes: 0, callsites: [None; SLOTS] })
    };
}

/// The callsites that this thread used last, by their address, since the last change.
struct Recent {
    changes: usize,
    callsites: [Option<&'static Callsite>; SLOTS],
}

/// Finds each callsite anew from now on, as other settings are in effect.
pub(crate) fn forget_callsites() {
    CHANGES.fetch_add(1, Ordering::Release);
}

/// What is known of the callsite with this metadata.
#[inline]
pub(super) fn of(metadata: &'static Metadata<'static>) -> &'static Callsite {
    let address = std::ptr::from_ref(metadata) as usize;
    let slot = (address >> 4 ^ address >> 12) & (SLOTS - 1);
    let changes = CHANGES.load(Ordering::Acquire);
    RECENT
        .try_with(|recent| {
            let known = {
                let recent = recent.borrow();
                (recent.changes == changes).then(|| recent.callsites[slot])
            };
            match known {
                Some(Some(callsite)) if std::ptr::eq(callsite.metadata, metadata) => callsite,
                _ => {
                    let callsite = find(metadata, slot);
                    recent.borrow_mut().keep(callsite, slot, changes);
                    callsite
                }
            }
        })
        .unwrap_or_else(|_| find(metadata, slot))
}

impl Recent {
    #[cold]
    fn keep(&mut self, callsite: &'static Callsite, slot: usize, changes: usize) {
        if self.changes != changes {
            self.callsites.fill(None);
            self.changes = changes;
        }
        self.callsites[slot] = Some(callsite);
    }
}

#[cold]
#[inline(never)]
fn find(metadata: &'static Metadata<'static>, slot: usize) -> &'static Callsite {
    let keys = in_effect::current().sensitive_keys;
    let is_it =
        |known: &Callsite| std::ptr::eq(known.metadata, metadata) && known.sensitive_keys == keys;
    ALL.find_or_add(slot, is_it, || Callsite::new(metadata))
}
