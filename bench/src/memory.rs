//! What memory a server keeps: the router of the suite `request`, called in process.
//!
//! `bench memory` measures each contender in a process of its own, which is
//! `bench memory CONTENDER`.

use opentelemetry_sdk::trace::Sampler;
use telemetry_core::{Config, Telemetry};
use telemetry_http::HttpTelemetryLayer;
use tracing::level_filters::LevelFilter;

use crate::process::resident_kibibytes;
use crate::request;
use crate::series::{self, Series};
use crate::{Contender, Sink, Work, trace};

const TURNS: usize = 3;
const FEW: u64 = 10_000;
const MANY: u64 = 1_000_000;

const CONTENDERS: [Contender; 3] = [
    Contender {
        name: "bare-axum",
        set_up: || request::calls(request::router()),
    },
    Contender {
        name: "telemetry",
        set_up: telemetry,
    },
    Contender {
        name: "axum-tracing-opentelemetry",
        set_up: || trace::peer(Sampler::AlwaysOn),
    },
];

/// Measures all contenders.
pub(crate) fn run() {
    let mut series = Series::default();
    for turn in 1..=TURNS {
        for contender in &CONTENDERS {
            eprintln!("memory: {}, turn {turn} of {TURNS}", contender.name);
            for (measure, value) in series::of_process(&["memory", contender.name]) {
                series.add(contender.name, &measure, value);
            }
        }
    }
    series.print("resident size");
}

/// Is one contender, and prints what was measured.
///
/// # Panics
///
/// When there is no such contender.
pub(crate) fn measure(name: &str) {
    let contender = CONTENDERS.iter().find(|known| known.name == name);
    let contender = contender.unwrap_or_else(|| panic!("no contender {name:?}"));
    let mut work = (contender.set_up)();
    (0..FEW).for_each(|_| work());
    let few = resident_kibibytes("self", "VmRSS:") / 1024.0;
    (FEW..MANY).for_each(|_| work());
    let many = resident_kibibytes("self", "VmRSS:") / 1024.0;
    println!("few\t{few}\nmany\t{many}\ngrowth\t{}", many / few);
}

/// Ours, with its writer; every request is sampled, and its span given up.
fn telemetry() -> Work {
    let config = Config::default().with_level(LevelFilter::INFO);
    let guard = Telemetry::builder()
        .with_config(config.with_deployment("prod"))
        .with_output(Sink)
        .install();
    std::mem::forget(guard);
    trace::record(Sampler::AlwaysOn);
    request::calls(request::router().layer(HttpTelemetryLayer::new()))
}
