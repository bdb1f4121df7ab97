//! Figures of the CPU by its mode, where the platform tells it.

use std::time::Duration;

use opentelemetry::KeyValue;

use crate::names::{CPU_MODE, MODE_SYSTEM, MODE_USER};

/// A figure of the CPU by its mode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ByMode<T> {
    /// One of the application's own code, one of the kernel's work for it.
    Split { user: T, system: T },
    /// One of both together.
    Total(T),
}

impl<T> ByMode<T> {
    /// Calls `report` with each figure and its attributes.
    pub(super) fn each(self, mut report: impl FnMut(T, &[KeyValue])) {
        match self {
            Self::Split { user, system } => {
                report(user, &[KeyValue::new(CPU_MODE, MODE_USER)]);
                report(system, &[KeyValue::new(CPU_MODE, MODE_SYSTEM)]);
            }
            Self::Total(total) => report(total, &[]),
        }
    }

    /// Makes other figures of these.
    pub(super) fn map<U>(self, mut make: impl FnMut(T) -> U) -> ByMode<U> {
        match self {
            Self::Split { user, system } => ByMode::Split {
                user: make(user),
                system: make(system),
            },
            Self::Total(total) => ByMode::Total(make(total)),
        }
    }
}

impl ByMode<Duration> {
    /// Returns the time in all modes.
    pub(super) fn total(self) -> Duration {
        match self {
            Self::Split { user, system } => user.saturating_add(system),
            Self::Total(total) => total,
        }
    }

    /// Returns the time since `earlier`; none where that is later, or not of the same kind.
    pub(super) fn since(self, earlier: Self) -> Self {
        match (self, earlier) {
            (
                Self::Split { user, system },
                Self::Split {
                    user: earlier_user,
                    system: earlier_system,
                },
            ) => Self::Split {
                user: user.saturating_sub(earlier_user),
                system: system.saturating_sub(earlier_system),
            },
            (later, earlier) => Self::Total(later.total().saturating_sub(earlier.total())),
        }
    }
}
