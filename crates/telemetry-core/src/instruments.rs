//! What instrumentation records with, once there is something to record for.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static PROVIDERS_ARE_SET: AtomicBool = AtomicBool::new(false);
static ARE_BOUND: AtomicBool = AtomicBool::new(false);

/// The boundaries of histograms of short durations that OpenTelemetry's semantic conventions
/// advise, in seconds.
pub const DURATION_BOUNDARIES: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Makes the instrumentation of this workspace record with OpenTelemetry's global providers.
///
/// `telemetry-otel` calls it once it has set them. An application that sets up an SDK of its
/// own calls it then: what was made of the global providers earlier would do nothing for
/// ever, and until then no span or measurement is begun.
pub fn use_global_providers() {
    PROVIDERS_ARE_SET.store(true, Ordering::Release);
}

/// Says that the global meter provider can bind instruments to their attributes, which spares
/// looking for their series with each measurement.
///
/// For an SDK that is built with its feature `experimental_metrics_bound_instruments`: what is
/// measured with a bound instrument of any other is lost. `telemetry-otel` calls it.
pub fn bind_instruments() {
    ARE_BOUND.store(true, Ordering::Release);
}

/// Whether [`bind_instruments`] was called.
#[inline]
#[must_use]
pub fn are_instruments_bound() -> bool {
    ARE_BOUND.load(Ordering::Acquire)
}

/// The tracers and instruments of a crate, made when they are first needed after
/// [`use_global_providers`].
///
/// ```
/// use opentelemetry::metrics::Counter;
/// use telemetry_core::Instruments;
///
/// static INSTRUMENTS: Instruments<Counter<u64>> =
///     Instruments::new(|| opentelemetry::global::meter("example").u64_counter("games").build());
///
/// if let Some(games) = INSTRUMENTS.get() {
///     games.add(1, &[]);
/// }
/// ```
pub struct Instruments<T> {
    made: OnceLock<T>,
    make: fn() -> T,
}

impl<T> Instruments<T> {
    /// Says how they are made: with tracers and meters of `opentelemetry::global`.
    pub const fn new(make: fn() -> T) -> Self {
        Self {
            made: OnceLock::new(),
            make,
        }
    }

    /// The instruments; `None` as long as nothing exports.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        PROVIDERS_ARE_SET
            .load(Ordering::Acquire)
            .then(|| self.made.get_or_init(self.make))
    }
}

impl<T> fmt::Debug for Instruments<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instruments")
            .field("are_made", &self.made.get().is_some())
            .finish_non_exhaustive()
    }
}
