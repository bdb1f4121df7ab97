//! What memory a server keeps: the router of the suite `request`, called in process, and responses that
//! are open.

pub(crate) mod streams;

use std::hint::spin_loop;
use std::ops::Range;
use std::time::{Duration, Instant};

use opentelemetry_sdk::trace::Sampler;
use telemetry_core::{Config, Telemetry};
use telemetry_http::HttpTelemetryLayer;
use tracing::level_filters::LevelFilter;

use crate::process::resident_kibibytes;
use crate::request;
use crate::series::{self, Series};
use crate::{Contender, Sink, Work, sdk};

const FEW: u32 = 10_000;
const MANY: u32 = 1_000_000;
/// More a second than a core can answer over sockets. Without any pause, what is measured would
/// be how many lines wait at the time.
const INTERVAL: Duration = Duration::from_micros(10);

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
        set_up: || request::tracing_opentelemetry(Sampler::AlwaysOn),
    },
];

/// Measures all contenders.
pub(crate) fn run(turns: u32) {
    let mut series = Series::default();
    for turn in 1..=turns {
        for contender in &CONTENDERS {
            eprintln!("memory: {}, turn {turn} of {turns}", contender.name);
            for (measure, value) in series::of_process(&["one-of", "memory", contender.name]) {
                series.add(contender.name, &measure, value);
            }
        }
    }
    series.print("resident size");
    streams::run(turns);
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
    let start = Instant::now();
    let mut resident_after = |requests: Range<u32>| {
        for request in requests {
            let due = start + INTERVAL * request;
            while Instant::now() < due {
                spin_loop();
            }
            work();
        }
        resident_kibibytes("self", "VmRSS:") / 1024.0
    };
    let few = resident_after(0..FEW);
    let many = resident_after(FEW..MANY);
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
    sdk::install(Sampler::AlwaysOn);
    request::calls(request::router().layer(HttpTelemetryLayer::new()))
}
