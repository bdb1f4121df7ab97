//! Whether Redis answers, and what is said about it.

use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use telemetry_core::{milliseconds, names};

/// How long Redis is left alone once it has failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Lets commands through as long as they are answered, and one a second when they are not.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Option<Outage>>);

/// Redis does not answer.
#[derive(Clone, Copy, Debug)]
struct Outage {
    since: Instant,
    next_attempt: Instant,
}

/// A command that is let through.
#[derive(Debug)]
#[must_use = "somebody waits to hear how it ended"]
pub(super) struct Attempt<'a> {
    health: &'a Health,
    begun: Instant,
}

impl Health {
    /// Lets a command through, unless Redis is left alone.
    pub(super) fn attempt(&self) -> Option<Attempt<'_>> {
        let begun = Instant::now();
        if let Some(outage) = &mut *self.lock() {
            if begun < outage.next_attempt {
                return None;
            }
            outage.next_attempt = begun + PAUSE;
        }
        Some(Attempt {
            health: self,
            begun,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Outage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// It was answered: an outage that began before it is over.
    pub(super) fn succeeded(self) {
        let over = self.health.lock().take_if(|it| it.since <= self.begun);
        if let Some(outage) = over {
            let duration_ms = milliseconds(outage.since.elapsed());
            tracing::info!({ names::DURATION_MS } = duration_ms, "cache_recovered");
        }
    }

    /// It was not answered: says so, if that is new.
    pub(super) fn failed(self, error: &(dyn Error + 'static)) {
        let now = Instant::now();
        let mut outage = self.health.lock();
        let is_new = outage.is_none();
        let since = outage.map_or(now, |outage| outage.since);
        *outage = Some(Outage {
            since,
            next_attempt: now + PAUSE,
        });
        drop(outage);
        if is_new {
            tracing::warn!({ names::ERROR } = error.to_string(), "cache_unavailable");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use telemetry_core::testing::capture_logs;

    use super::*;

    fn error() -> io::Error {
        io::Error::other("connection refused")
    }

    #[test]
    fn redis_is_left_alone_for_a_while_once_it_fails_and_then_tried_by_one() {
        let logs = capture_logs();
        let health = Health::default();
        let [first, second, third] = [(); 3].map(|()| health.attempt().unwrap());
        first.failed(&error());
        second.failed(&error());
        assert!(health.attempt().is_none());
        // It was on its way before.
        third.succeeded();
        assert!(health.attempt().is_none());

        let past = Instant::now().checked_sub(PAUSE).unwrap();
        health.lock().as_mut().unwrap().next_attempt = past;
        let probe = health.attempt().unwrap();
        assert!(health.attempt().is_none(), "one is enough");
        assert!(logs.named("cache_recovered").is_empty());
        probe.succeeded();
        assert!(health.attempt().is_some());
        let line = logs.single("cache_unavailable");
        assert_eq!(line["error"], "connection refused");
        logs.single("cache_recovered");
    }
}
