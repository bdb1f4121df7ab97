//! Observable instruments that read a snapshot.

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, AsyncInstrumentBuilder, Meter};

use crate::sampler::Sampler;
use crate::snapshot::Snapshot;

/// What an instrument is called, measures in and says.
#[derive(Clone, Copy)]
pub(crate) struct Description {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) text: &'static str,
}

/// Reports the figures of one instrument out of a snapshot.
pub(crate) type Report<T> = fn(&Snapshot, &dyn AsyncInstrument<T>);

/// Makes observable instruments that share the snapshots of one sampler.
pub(crate) struct Instruments<'a> {
    meter: &'a Meter,
    sampler: Arc<Sampler>,
}

impl<'a> Instruments<'a> {
    /// Makes instruments of `meter` that report what `sampler` read.
    pub(crate) fn new(meter: &'a Meter, sampler: Arc<Sampler>) -> Self {
        Self { meter, sampler }
    }

    /// Adds a figure of the moment.
    pub(crate) fn gauge(&self, description: Description, report: Report<f64>) {
        let builder = self.meter.f64_observable_gauge(description.name);
        self.prepare(builder, description, report).build();
    }

    /// Adds a sum of seconds that only grows.
    pub(crate) fn seconds(&self, description: Description, report: Report<f64>) {
        let builder = self.meter.f64_observable_counter(description.name);
        self.prepare(builder, description, report).build();
    }

    /// Adds a number that only grows.
    pub(crate) fn counter(&self, description: Description, report: Report<u64>) {
        let builder = self.meter.u64_observable_counter(description.name);
        self.prepare(builder, description, report).build();
    }

    /// Adds an amount that grows and shrinks.
    pub(crate) fn amount(&self, description: Description, report: Report<i64>) {
        let builder = self.meter.i64_observable_up_down_counter(description.name);
        self.prepare(builder, description, report).build();
    }

    // The instrument that `build` returns is a mere marker: the SDK keeps the callback.
    fn prepare<'b, I, T: 'static>(
        &self,
        builder: AsyncInstrumentBuilder<'b, I, T>,
        description: Description,
        report: Report<T>,
    ) -> AsyncInstrumentBuilder<'b, I, T> {
        let sampler = Arc::clone(&self.sampler);
        builder
            .with_unit(description.unit)
            .with_description(description.text)
            .with_callback(move |instrument| report(&sampler.snapshot(), instrument))
    }
}

/// Reports a figure if there is one.
pub(crate) fn observe<T>(
    instrument: &dyn AsyncInstrument<T>,
    figure: Option<T>,
    attributes: &[KeyValue],
) {
    if let Some(figure) = figure {
        instrument.observe(figure, attributes);
    }
}

/// Converts an amount to what the SDK takes; one that does not fit becomes the largest.
pub(crate) fn amount(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}
