//! The metrics of a connection, where something exports them.

mod instruments;

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::global::BoxedTracer;
use opentelemetry_semantic_conventions::attribute::HTTP_ROUTE;
use telemetry_core::Failure;

use crate::names;
use crate::recording::instruments::{CLIENT, Direction, Instruments, SERVER};
use crate::state::Traffic;

/// Which end of a connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The one that was called.
    Server,
    /// The one that called.
    #[cfg_attr(
        all(feature = "axum", not(feature = "tungstenite")),
        expect(dead_code, reason = "axum has servers alone")
    )]
    Client,
}

/// What a connection is recorded with.
#[derive(Debug)]
pub(crate) struct Recording {
    /// Absent when nothing exports.
    instruments: Option<&'static Instruments>,
    /// The template of the path, where a router knows it.
    pub(crate) route: Option<String>,
}

/// How a connection ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) duration: Duration,
    pub(crate) traffic: Traffic,
    pub(crate) close_code: u16,
    pub(crate) is_of_peer: bool,
    pub(crate) failure: Option<Failure>,
}

impl Recording {
    pub(crate) fn new(role: Role, route: Option<String>) -> Self {
        let instruments = match role {
            Role::Server => &SERVER,
            Role::Client => &CLIENT,
        };
        Self {
            instruments: instruments.get(),
            route,
        }
    }

    /// What spans of messages are made with.
    pub(crate) fn tracer(&self) -> Option<&'static BoxedTracer> {
        self.instruments.map(|instruments| &instruments.tracer)
    }

    /// Counts a connection that begins.
    pub(crate) fn begin(&self) {
        if let Some(instruments) = self.instruments {
            instruments.active.add(1, &[]);
        }
    }

    /// Counts a message that came in.
    #[inline]
    pub(crate) fn received(&self, bytes: usize) {
        if let Some(instruments) = self.instruments {
            instruments.count(Direction::Receive, bytes);
        }
    }

    /// Counts a message that goes out.
    #[inline]
    pub(crate) fn sent(&self, bytes: usize) {
        if let Some(instruments) = self.instruments {
            instruments.count(Direction::Transmit, bytes);
        }
    }

    /// Counts a connection that has ended.
    pub(crate) fn end(&self, end: &End) {
        let Some(instruments) = self.instruments else {
            return;
        };
        instruments.active.add(-1, &[]);
        let code = KeyValue::new(names::CLOSE_CODE, i64::from(end.known_code()));
        let mut attributes = vec![code];
        if let Some(route) = &self.route {
            attributes.push(KeyValue::new(HTTP_ROUTE, route.clone()));
        }
        let seconds = end.duration.as_secs_f64();
        instruments.duration.record(seconds, &attributes);
    }
}

impl End {
    /// The close code, of which there are few: those that peers make up are the first of
    /// their range (RFC 6455, section 7.4.2), so that a peer cannot make up time series.
    fn known_code(&self) -> u16 {
        match self.close_code {
            3000..=3999 if self.is_of_peer => 3000,
            4000..=4999 if self.is_of_peer => 4000,
            code => code,
        }
    }
}
