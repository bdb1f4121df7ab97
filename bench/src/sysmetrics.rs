//! One collection of the metrics of host and process, by OpenTelemetry's SDK.
//!
//! A reading is reused for 200 ms, so that collections one after the other would measure the
//! reuse. Here each iteration asks the next of many providers, whose last reading is old by then.

use std::hint::black_box;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{
    InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Temporality,
};
use sysinfo::{Pid, ProcessesToUpdate, System};

use crate::{Contender, Work};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "telemetry",
        set_up: || collections(telemetry_sysmetrics::register),
    },
    Contender {
        name: "sysinfo-for-each-instrument",
        set_up: || collections(sysinfo_for_each_instrument),
    },
];

/// Enough for collections that take 60 µs.
const PROVIDERS: usize = 4000;

/// How long a reading is reused.
const FRESH_FOR: Duration = Duration::from_millis(200);

/// A provider, and when its instruments were last asked.
struct Provider {
    reader: SharedReader,
    asked: Instant,
    _provider: SdkMeterProvider,
}

impl Provider {
    fn new(register: fn(&Meter)) -> Self {
        let reader = SharedReader(Arc::new(ManualReader::default()));
        let provider = SdkMeterProvider::builder()
            .with_reader(reader.clone())
            .build();
        register(&provider.meter("bench"));
        Self {
            reader,
            asked: Instant::now(),
            _provider: provider,
        }
    }

    fn collect(&mut self) {
        assert!(
            self.asked.elapsed() > FRESH_FOR,
            "a reading would be reused: this machine needs more PROVIDERS"
        );
        let mut metrics = ResourceMetrics::default();
        let collected = self.reader.collect(&mut metrics);
        assert!(collected.is_ok(), "{collected:?}");
        black_box(metrics);
        self.asked = Instant::now();
    }
}

fn collections(register: fn(&Meter)) -> Work {
    let mut providers: Vec<_> = (0..PROVIDERS).map(|_| Provider::new(register)).collect();
    let mut next = 0;
    Box::new(move || {
        providers[next].collect();
        next = (next + 1) % PROVIDERS;
    })
}

/// Registers the gauges of `telemetry-sysmetrics` that `sysinfo` has, each of which reads what it
/// tells.
fn sysinfo_for_each_instrument(meter: &Meter) {
    let system = System::new().unwrap_or_else(|error| panic!("nothing to read: {error}"));
    let system = Arc::new(Mutex::new(system));
    gauge(meter, "system.cpu.utilization", &system, |system, _| {
        system.refresh_cpu_usage();
        f64::from(system.global_cpu_usage()) / 100.0
    });
    gauge(meter, "system.memory.utilization", &system, |system, _| {
        system.refresh_memory();
        system.used_memory() as f64 / system.total_memory() as f64
    });
    gauge(meter, "system.memory.usage", &system, |system, _| {
        system.refresh_memory();
        system.used_memory() as f64
    });
    gauge(meter, "process.cpu.utilization", &system, |system, pid| {
        refreshed(system, pid).map_or(0.0, |process| f64::from(process.cpu_usage()) / 100.0)
    });
    gauge(meter, "process.cpu.time", &system, |system, pid| {
        refreshed(system, pid).map_or(0.0, |process| process.accumulated_cpu_time() as f64 / 1e3)
    });
    gauge(meter, "process.memory.usage", &system, |system, pid| {
        refreshed(system, pid).map_or(0.0, |process| process.memory() as f64)
    });
    gauge(meter, "process.memory.virtual", &system, |system, pid| {
        refreshed(system, pid).map_or(0.0, |process| process.virtual_memory() as f64)
    });
    gauge(meter, "process.uptime", &system, |system, pid| {
        refreshed(system, pid).map_or(0.0, |process| process.run_time() as f64)
    });
}

fn gauge(
    meter: &Meter,
    name: &'static str,
    system: &Arc<Mutex<System>>,
    read: fn(&mut System, Pid) -> f64,
) {
    let system = Arc::clone(system);
    let pid = Pid::from_u32(std::process::id());
    meter
        .f64_observable_gauge(name)
        .with_callback(move |observer| {
            let mut system: MutexGuard<'_, System> =
                system.lock().unwrap_or_else(PoisonError::into_inner);
            observer.observe(read(&mut system, pid), &[]);
        })
        .build();
}

fn refreshed(system: &mut System, pid: Pid) -> Option<&sysinfo::Process> {
    system.refresh_processes(ProcessesToUpdate::Some(&[pid]), true);
    system.process(pid)
}

/// A reader that the provider and this program have in common.
#[derive(Clone, Debug)]
struct SharedReader(Arc<ManualReader>);

impl MetricReader for SharedReader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}
