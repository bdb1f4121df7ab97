//! The bound of the spans that wait to be exported.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};

use crate::config::Signal;
use crate::exporter::Health;
use crate::origin::Origin;
use crate::redaction::redact;

/// How many spans wait: shared by who adds to them and who takes them away.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting(Arc<AtomicUsize>);

/// A processor that is given no more spans than wait at most. What is too much is counted, which
/// the SDK's own processor keeps to itself.
#[derive(Debug)]
pub(crate) struct Bounded<P> {
    processor: P,
    most: usize,
    waiting: Waiting,
    health: Arc<Health>,
    origin: Origin,
}

/// The exporter of such a processor.
#[derive(Debug)]
pub(crate) struct Draining<E> {
    exporter: E,
    waiting: Waiting,
}

impl<P> Bounded<P> {
    pub(crate) fn new(processor: P, most: usize, waiting: Waiting, health: &Arc<Health>) -> Self {
        Self {
            processor,
            most,
            waiting,
            health: Arc::clone(health),
            origin: Origin::new(),
        }
    }
}

impl<E> Draining<E> {
    pub(crate) fn new(exporter: E, waiting: &Waiting) -> Self {
        Self {
            exporter,
            waiting: waiting.clone(),
        }
    }
}

impl<P: SpanProcessor> SpanProcessor for Bounded<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.processor.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        // A forked child has no thread that would take it.
        if self.origin.is_forked() {
            return;
        }
        self.health.made(Signal::Traces, 1);
        let Waiting(waiting) = &self.waiting;
        if waiting.fetch_add(1, Ordering::Relaxed) >= self.most {
            waiting.fetch_sub(1, Ordering::Relaxed);
            self.health.drop_item(Signal::Traces);
        } else {
            self.processor.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.processor.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.processor.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.processor.set_resource(resource);
    }
}

impl<E: SpanExporter> SpanExporter for Draining<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(redact);
        let taken = batch.len();
        let result = self.exporter.export(batch).await;
        self.waiting.0.fetch_sub(taken, Ordering::Relaxed);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
