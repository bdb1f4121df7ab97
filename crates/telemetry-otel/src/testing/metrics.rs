//! Captured measurements.

use std::fmt::{self, Debug};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use opentelemetry::metrics::{
    AsyncInstrument, AsyncInstrumentBuilder, Callback, Counter, Gauge, Histogram, HistogramBuilder,
    InstrumentBuilder, InstrumentProvider, Meter, MeterProvider, ObservableCounter,
    ObservableGauge, ObservableUpDownCounter, SyncInstrument, UpDownCounter,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use telemetry_core::testing::captures;

use crate::testing::attributes::{AttributeValue, named, read_by_name};
use crate::testing::{Captured, Membership};

static MEASUREMENTS: Captured<Measurement> = Captured::new();
static OBSERVERS: LazyLock<Mutex<Vec<Observer>>> = LazyLock::new(Mutex::default);

/// Asks the callbacks of one observable instrument.
type Observer = Arc<dyn Fn() + Send + Sync>;

/// The measurements of one test, from
/// [`capture_metrics`](crate::testing::capture_metrics) until it is dropped.
///
/// They are kept as they were made, and not aggregated.
#[derive(Debug)]
#[must_use = "measurements are captured as long as the capture is kept"]
pub struct MetricCapture {
    membership: Membership,
}

/// One measurement of an instrument.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Measurement {
    /// The name of the instrument.
    pub name: String,
    /// Its unit; empty where it has none.
    pub unit: String,
    /// What was measured.
    pub value: f64,
    /// In the order of their names.
    pub attributes: Vec<(String, AttributeValue)>,
}

impl MetricCapture {
    pub(super) fn new(membership: Membership) -> Self {
        MEASUREMENTS.begin(membership.id);
        Self { membership }
    }

    /// All measurements so far, in the order in which they were made.
    #[must_use]
    pub fn measurements(&self) -> Vec<Measurement> {
        MEASUREMENTS.of(self.membership.id)
    }

    /// The measurements of one instrument so far.
    #[must_use]
    pub fn named(&self, name: &str) -> Vec<Measurement> {
        let mut measurements = self.measurements();
        measurements.retain(|measurement| measurement.name == name);
        measurements
    }

    /// The values of one instrument so far.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<f64> {
        let measurements = self.named(name).into_iter();
        measurements.map(|measurement| measurement.value).collect()
    }

    /// The one measurement of an instrument.
    ///
    /// # Panics
    ///
    /// When there is none or more than one; the message shows all.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test has no better way to fail")]
    pub fn single(&self, name: &str) -> Measurement {
        let mut measurements = self.named(name);
        match (measurements.len(), measurements.pop()) {
            (1, Some(measurement)) => measurement,
            (count, _) => panic!(
                "{count} measurements of {name:?} among these: {:#?}",
                self.measurements()
            ),
        }
    }

    /// Asks all observable instruments of the process, as an export does.
    pub fn observe(&self) {
        let observers = OBSERVERS.lock();
        let observers = observers.unwrap_or_else(PoisonError::into_inner).clone();
        for observer in observers {
            observer();
        }
    }
}

impl Drop for MetricCapture {
    fn drop(&mut self) {
        MEASUREMENTS.end(self.membership.id);
    }
}

read_by_name!(Measurement);

/// Numbers that instruments measure.
trait Number: Copy {
    fn to_f64(self) -> f64;
}

impl Number for u64 {
    fn to_f64(self) -> f64 {
        self as f64
    }
}

impl Number for i64 {
    fn to_f64(self) -> f64 {
        self as f64
    }
}

impl Number for f64 {
    fn to_f64(self) -> f64 {
        self
    }
}

/// An instrument whose measurements go to the captures of whoever makes them.
#[derive(Clone, Debug)]
struct Instrument {
    name: String,
    unit: String,
}

impl Instrument {
    fn capture(&self, value: f64, attributes: &[KeyValue]) {
        let mut attributes = named(attributes.iter().cloned());
        attributes.sort_by(|(a, _), (b, _)| a.cmp(b));
        let measurement = Measurement {
            name: self.name.clone(),
            unit: self.unit.clone(),
            value,
            attributes,
        };
        MEASUREMENTS.push(&captures(), &measurement);
    }
}

impl<T: Number> SyncInstrument<T> for Instrument {
    fn measure(&self, measurement: T, attributes: &[KeyValue]) {
        self.capture(measurement.to_f64(), attributes);
    }
}

impl<T: Number> AsyncInstrument<T> for Instrument {
    fn observe(&self, measurement: T, attributes: &[KeyValue]) {
        self.capture(measurement.to_f64(), attributes);
    }
}

/// Makes instruments whose measurements are captured.
#[derive(Debug)]
pub(super) struct CapturingMeters;

impl MeterProvider for CapturingMeters {
    fn meter_with_scope(&self, _: InstrumentationScope) -> Meter {
        Meter::new(Arc::new(Self))
    }
}

/// Makes one kind of instrument for one type of number.
macro_rules! instruments {
    ($($method:ident: $builder:ident<$kind:ident<$number:ty>>;)*) => {$(
        fn $method(&self, builder: $builder<'_, $kind<$number>>) -> $kind<$number> {
            $kind::new(Arc::new(instrument(&builder.name, builder.unit.as_deref())))
        }
    )*};
}

/// Makes one kind of observable instrument for one type of number.
macro_rules! observable_instruments {
    ($($method:ident: $kind:ident<$number:ty>;)*) => {$(
        fn $method(
            &self,
            builder: AsyncInstrumentBuilder<'_, $kind<$number>, $number>,
        ) -> $kind<$number> {
            register(instrument(&builder.name, builder.unit.as_deref()), builder.callbacks);
            $kind::new()
        }
    )*};
}

impl InstrumentProvider for CapturingMeters {
    instruments! {
        u64_counter: InstrumentBuilder<Counter<u64>>;
        f64_counter: InstrumentBuilder<Counter<f64>>;
        i64_up_down_counter: InstrumentBuilder<UpDownCounter<i64>>;
        f64_up_down_counter: InstrumentBuilder<UpDownCounter<f64>>;
        u64_gauge: InstrumentBuilder<Gauge<u64>>;
        i64_gauge: InstrumentBuilder<Gauge<i64>>;
        f64_gauge: InstrumentBuilder<Gauge<f64>>;
        u64_histogram: HistogramBuilder<Histogram<u64>>;
        f64_histogram: HistogramBuilder<Histogram<f64>>;
    }

    observable_instruments! {
        u64_observable_counter: ObservableCounter<u64>;
        f64_observable_counter: ObservableCounter<f64>;
        i64_observable_up_down_counter: ObservableUpDownCounter<i64>;
        f64_observable_up_down_counter: ObservableUpDownCounter<f64>;
        u64_observable_gauge: ObservableGauge<u64>;
        i64_observable_gauge: ObservableGauge<i64>;
        f64_observable_gauge: ObservableGauge<f64>;
    }
}

fn instrument(name: &str, unit: Option<&str>) -> Instrument {
    Instrument {
        name: name.to_owned(),
        unit: unit.unwrap_or_default().to_owned(),
    }
}

fn register<T: Number + 'static>(instrument: Instrument, callbacks: Vec<Callback<T>>) {
    let observer: Observer = Arc::new(move || {
        for callback in &callbacks {
            callback(&instrument);
        }
    });
    let mut observers = OBSERVERS.lock().unwrap_or_else(PoisonError::into_inner);
    observers.push(observer);
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}{}", self.name, self.value, self.unit)?;
        for (key, value) in &self.attributes {
            write!(f, " {key}={value}")?;
        }
        Ok(())
    }
}
