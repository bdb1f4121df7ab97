//! Records of the `log` crate, as events of `tracing` with their key-values.

use std::cell::RefCell;

use log::kv::{self, VisitSource, VisitValue};
use log::{Log, Record};
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, dispatcher};
use tracing_log::{AsLog as _, AsTrace as _};

use crate::append_only::AppendOnly;
use crate::config::ConfigWarning;
use crate::fields::Fields;
use crate::value::{FieldValue, ValueEncoder};

/// Makes events of the records of the `log` crate, from now on and for the whole process. Returns
/// a warning when the process has another logger already. Records above `max_level` cost nothing.
pub(crate) fn install(max_level: LevelFilter) -> Option<ConfigWarning> {
    match log::set_logger(&Logger) {
        Ok(()) => {
            log::set_max_level(max_level.as_log());
            None
        }
        Err(_) => Some(ConfigWarning {
            variable: "log".into(),
            problem: "the process has another logger for the `log` crate already: install \
                      telemetry first"
                .into(),
            using: "that logger for records of the `log` crate".into(),
        }),
    }
}

/// Hands the fields of the record that is being made a line to `read`.
pub(crate) fn with_key_values(read: impl FnOnce(&Fields)) {
    // A thread that is ending has none.
    let _ending = KEY_VALUES.try_with(|fields| {
        if let Ok(fields) = fields.try_borrow() {
            read(&fields);
        }
    });
}

/// Keeps where a callsite of `tracing` is, so that records that `tracing` makes of its events and
/// spans are recognized.
pub(crate) fn register_callsite(metadata: &Metadata<'static>) {
    if let Some(place) = metadata.file().zip(metadata.line()) {
        CALLSITES.find_or_add(slot(place), |known| *known == place, || place);
    }
}

/// The file and line of each callsite of `tracing` that a filter of lines has met.
static CALLSITES: AppendOnly<(&'static str, u32), 1024> = AppendOnly::new();

thread_local! {
    /// The key-values of the record that this thread logs.
    static KEY_VALUES: RefCell<Fields> = const { RefCell::new(Fields::new()) };
}

struct Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level().as_trace() <= LevelFilter::current()
            && dispatcher::get_default(|dispatch| dispatch.enabled(&metadata.as_trace()))
    }

    fn log(&self, record: &Record<'_>) {
        if is_of_tracing(record) || !self.enabled(record.metadata()) {
            return;
        }
        let mut key_values = KeyValues(Fields::new());
        // A source of the application's that fails has no further pairs.
        let _incomplete = record.key_values().visit(&mut key_values);
        let _current = Current::enter(key_values.0);
        // Never fails.
        let _dispatched = tracing_log::format_trace(record);
    }

    fn flush(&self) {}
}

/// Says whether `tracing` made the record of an event or a span of its own, as it does with its
/// features `log` and `log-always`: the event has its line without it, and the text of the record
/// would show every field in clear.
///
/// Such a record is of the place of a callsite, which no macro of `log` gives but as a constant.
fn is_of_tracing(record: &Record<'_>) -> bool {
    if record.module_path_static().is_some() || record.file_static().is_some() {
        return false;
    }
    let Some(place) = record.file().zip(record.line()) else {
        return false;
    };
    record.target().starts_with("tracing::span") || is_callsite(place)
}

fn is_callsite(place: (&str, u32)) -> bool {
    CALLSITES
        .find(slot(place), |known| *known == place)
        .is_some()
}

/// Where a callsite is kept.
fn slot((file, line): (&str, u32)) -> usize {
    // Files of one program differ in length more than in anything that is as cheap.
    file.len().wrapping_mul(31).wrapping_add(line as usize)
}

/// The fields of a record are current as long as this lives; then those of the record around it,
/// whose values logged it.
struct Current {
    outer: Fields,
}

impl Current {
    fn enter(fields: Fields) -> Self {
        Self {
            outer: replace(fields),
        }
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        replace(std::mem::take(&mut self.outer));
    }
}

fn replace(fields: Fields) -> Fields {
    KEY_VALUES
        .try_with(|current| current.replace(fields))
        .unwrap_or_default()
}

/// Gathers the key-values of a record.
struct KeyValues(Fields);

impl<'kvs> VisitSource<'kvs> for KeyValues {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        value.visit(Pair {
            fields: &mut self.0,
            key: key.as_str(),
        })
    }
}

/// Sets the value of one key.
struct Pair<'a> {
    fields: &'a mut Fields,
    key: &'a str,
}

impl Pair<'_> {
    fn set<V: FieldValue + ?Sized>(&mut self, value: &V) -> Result<(), kv::Error> {
        self.fields.set(self.key, value);
        Ok(())
    }
}

impl VisitValue<'_> for Pair<'_> {
    fn visit_any(&mut self, value: kv::Value<'_>) -> Result<(), kv::Error> {
        self.set(&Displayed(value))
    }

    fn visit_null(&mut self) -> Result<(), kv::Error> {
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), kv::Error> {
        self.set(&value)
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), kv::Error> {
        self.set(&value)
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), kv::Error> {
        self.set(&value)
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), kv::Error> {
        self.set(&value)
    }

    fn visit_str(&mut self, value: &str) -> Result<(), kv::Error> {
        self.set(value)
    }
}

/// A value that is written as its text.
struct Displayed<'a>(kv::Value<'a>);

impl FieldValue for Displayed<'_> {
    fn encode(&self, encoder: ValueEncoder<'_>) {
        encoder.display(&self.0);
    }
}
