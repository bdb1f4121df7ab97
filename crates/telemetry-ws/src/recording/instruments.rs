//! What connections are recorded with.

use std::sync::OnceLock;

use opentelemetry::global::BoxedTracer;
use opentelemetry::metrics::{BoundCounter, Counter, Histogram, UpDownCounter};
use opentelemetry::{KeyValue, global};
use opentelemetry_semantic_conventions::attribute::NETWORK_IO_DIRECTION;

use crate::names::metric;

/// Those of servers. There are none as long as nothing exports.
pub(super) static SERVER: telemetry_core::Instruments<Instruments> =
    telemetry_core::Instruments::new(|| {
        Instruments::make(&Names {
            active: metric::SERVER_ACTIVE_CONNECTIONS,
            messages: metric::SERVER_MESSAGES,
            io: metric::SERVER_IO,
            duration: metric::SERVER_CONNECTION_DURATION,
        })
    });

/// Those of clients. There are none as long as nothing exports.
pub(super) static CLIENT: telemetry_core::Instruments<Instruments> =
    telemetry_core::Instruments::new(|| {
        Instruments::make(&Names {
            active: metric::CLIENT_ACTIVE_CONNECTIONS,
            messages: metric::CLIENT_MESSAGES,
            io: metric::CLIENT_IO,
            duration: metric::CLIENT_CONNECTION_DURATION,
        })
    });

/// The boundaries of a connection's duration, in seconds: connections live from an instant to
/// days.
const DURATION_BOUNDARIES: [f64; 12] = [
    0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0,
];

#[derive(Debug)]
pub(super) struct Instruments {
    pub(super) tracer: BoxedTracer,
    pub(super) active: UpDownCounter<i64>,
    pub(super) duration: Histogram<f64>,
    messages: Counter<u64>,
    io: Counter<u64>,
    /// Spares looking for the series with each message, where the SDK can.
    bound: OnceLock<[Bound; 2]>,
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Direction {
    Receive,
    Transmit,
}

/// The series of one direction.
#[derive(Debug)]
struct Bound {
    messages: BoundCounter<u64>,
    io: BoundCounter<u64>,
}

struct Names {
    active: &'static str,
    messages: &'static str,
    io: &'static str,
    duration: &'static str,
}

impl Instruments {
    fn make(names: &Names) -> Self {
        let scope = telemetry_core::instrumentation_scope!();
        let meter = global::meter_with_scope(scope.clone());
        Self {
            tracer: global::tracer_with_scope(scope),
            active: meter
                .i64_up_down_counter(names.active)
                .with_unit("{connection}")
                .with_description("Number of open WebSocket connections.")
                .build(),
            duration: meter
                .f64_histogram(names.duration)
                .with_unit("s")
                .with_description("Duration of WebSocket connections.")
                .with_boundaries(DURATION_BOUNDARIES.to_vec())
                .build(),
            messages: meter
                .u64_counter(names.messages)
                .with_unit("{message}")
                .with_description("Number of WebSocket messages of text and bytes.")
                .build(),
            io: meter
                .u64_counter(names.io)
                .with_unit("By")
                .with_description("Size of WebSocket messages of text and bytes.")
                .build(),
            bound: OnceLock::new(),
        }
    }

    /// Counts a message.
    #[inline]
    pub(super) fn count(&self, direction: Direction, bytes: usize) {
        let bytes = bytes as u64;
        if telemetry_core::are_instruments_bound() {
            let bound = &self.bound()[direction as usize];
            bound.messages.add(1);
            bound.io.add(bytes);
        } else {
            let attributes = [direction.attribute()];
            self.messages.add(1, &attributes);
            self.io.add(bytes, &attributes);
        }
    }

    fn bound(&self) -> &[Bound; 2] {
        self.bound.get_or_init(|| {
            [Direction::Receive, Direction::Transmit].map(|direction| {
                let attributes = [direction.attribute()];
                Bound {
                    messages: self.messages.bind(&attributes),
                    io: self.io.bind(&attributes),
                }
            })
        })
    }
}

impl Direction {
    fn attribute(self) -> KeyValue {
        let direction = match self {
            Self::Receive => "receive",
            Self::Transmit => "transmit",
        };
        KeyValue::new(NETWORK_IO_DIRECTION, direction)
    }
}
