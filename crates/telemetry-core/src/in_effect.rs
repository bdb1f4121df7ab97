//! The settings that code reads while it records: those of the telemetry that runs on this thread,
//! else of what is installed, else the defaults.
//!
//! Whatever makes a line, a scope or a span reads them here, so that [`Telemetry`](crate::Telemetry)
//! that is installed, telemetry that runs a closure, and captures of the test kit record alike.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::Duration;

use crate::append_only::AppendOnly;
use crate::client_value::{self, DEFAULT_VALUE_LIMIT};
use crate::config::HttpNames;
#[cfg(feature = "testing")]
use crate::line::DEFAULT_LINE_LIMIT;
use crate::line::forget_callsites;
use crate::redact::SensitiveKeys;
use crate::slow_statement::{self, DEFAULT_SLOW_STATEMENT};

/// The settings that matter where something is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InEffect {
    pub(crate) sensitive_keys: &'static SensitiveKeys,
    /// Zero is no limit.
    pub(crate) value_limit: usize,
    /// Of the lines that are captured: others are made by a layer that has its own. Zero is no limit.
    #[cfg(feature = "testing")]
    pub(crate) line_limit: usize,
    pub(crate) http_names: HttpNames,
    /// Zero: no statement is slow.
    pub(crate) slow_statement: Duration,
}

/// All there were: they are few, and live as long as the program.
static ALL: AppendOnly<InEffect, 1> = AppendOnly::new();

static INSTALLED: OnceLock<&'static InEffect> = OnceLock::new();

thread_local! {
    /// Those of the telemetry that runs on this thread.
    static RUNNING: Cell<Option<&'static InEffect>> = const { Cell::new(None) };
}

impl Default for InEffect {
    fn default() -> Self {
        Self {
            sensitive_keys: SensitiveKeys::with(&[]),
            value_limit: DEFAULT_VALUE_LIMIT,
            #[cfg(feature = "testing")]
            line_limit: DEFAULT_LINE_LIMIT,
            http_names: HttpNames::default(),
            slow_statement: DEFAULT_SLOW_STATEMENT,
        }
    }
}

impl InEffect {
    /// Keeps these settings.
    fn kept(self) -> &'static Self {
        client_value::lower_least_limit(self.value_limit);
        self.http_names.note();
        slow_statement::note(self.slow_statement);
        ALL.find_or_add(0, |known| *known == self, || self)
    }
}

/// The settings that are in effect here.
///
/// Each setting has a check of its own in front of this, which costs less: code that records asks here
/// only where some settings of the process differ from the defaults, or would have an effect.
#[cold]
pub(crate) fn current() -> &'static InEffect {
    let running = RUNNING.try_with(Cell::get).ok().flatten();
    running
        .or_else(|| INSTALLED.get().copied())
        .unwrap_or_else(|| InEffect::default().kept())
}

/// Puts settings into effect for the process, unless others are.
pub(crate) fn install(settings: InEffect) {
    // A second installation does nothing, here too.
    let _installed = INSTALLED.set(settings.kept());
    forget_callsites();
}

/// Calls `work` with these settings in effect on this thread.
pub(crate) fn run<T>(settings: InEffect, work: impl FnOnce() -> T) -> T {
    let _before = Before(enter(Some(settings.kept())));
    work()
}

fn enter(settings: Option<&'static InEffect>) -> Option<&'static InEffect> {
    let keys = current().sensitive_keys;
    let before = RUNNING.try_with(|running| running.replace(settings));
    if current().sensitive_keys != keys {
        forget_callsites();
    }
    before.ok().flatten()
}

/// Puts back what was in effect.
struct Before(Option<&'static InEffect>);

impl Drop for Before {
    fn drop(&mut self) {
        enter(self.0);
    }
}
