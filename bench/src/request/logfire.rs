//! The request with `logfire`, wired to axum as its own example is.

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum_tracing_opentelemetry_of_logfire::middleware::OtelAxumLayer;
use logfire::config::{ConsoleColors, ConsoleOptions, Target};
use opentelemetry_of_logfire::Context;
use opentelemetry_sdk_of_logfire::error::OTelSdkResult;
use opentelemetry_sdk_of_logfire::trace::{Span, SpanData, SpanProcessor};

use crate::request::{calls, router};
use crate::{Sink, Work};

/// Gives up what it gets: as that of `sdk`, by the traits of the minor version that logfire is built on.
#[derive(Debug)]
struct Discard;

impl SpanProcessor for Discard {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        black_box(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Each request is sampled. Its console writes a line of text for each.
pub fn logfire() -> Work {
    let console = ConsoleOptions::default()
        .with_colors(ConsoleColors::Never)
        .with_target(Target::Pipe(Arc::new(Mutex::new(Sink))));
    with_console(Some(console))
}

/// The same without its console.
pub fn without_lines() -> Work {
    with_console(None)
}

fn with_console(console: Option<ConsoleOptions>) -> Work {
    // What it makes is global: nothing ends when this handle does.
    let _logfire = logfire::configure()
        .send_to_logfire(false)
        .with_console(console)
        .with_additional_span_processor(Discard)
        .finish()
        .unwrap_or_else(|error| panic!("no logfire: {error}"));
    calls(router().layer(OtelAxumLayer::default()))
}
