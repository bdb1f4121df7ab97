//! What the figures of host and process say.

use std::time::{Duration, Instant};

use crate::collector::{Collector, Exported};

/// How long to wait for what must happen.
const BOUND: Duration = Duration::from_secs(60);

fn value(metrics: &[Exported], name: &str, attribute: Option<&str>) -> f64 {
    let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
    let point = metric.points.iter().find(|point| {
        attribute.is_none_or(|attribute| point.attributes.iter().any(|it| it == attribute))
    });
    point.unwrap_or_else(|| panic!("{metric:?}")).value
}

fn assert_plausible(metrics: &[Exported]) {
    for metric in metrics {
        for point in &metric.points {
            assert!(point.value.is_finite() && point.value >= 0.0, "{metric:?}");
            if metric.unit == "1" {
                assert!(point.value <= 1.0, "{metric:?}");
            }
        }
    }
    let get = |name| value(metrics, name, None);

    // A test program has some MiB, and no machine has a PiB.
    let resident = get("process.memory.usage");
    assert!((1e6..1e15).contains(&resident), "{resident}");
    assert_eq!(get("process.runtime.memory"), resident);
    assert!(get("process.memory.virtual") >= resident);

    let state = |state| value(metrics, "system.memory.usage", Some(state));
    let used = state("system.memory.state=used");
    let total = used + state("system.memory.state=free");
    assert!(total > resident && total < 1e15, "{total}");
    let utilization = get("system.memory.utilization");
    assert!((utilization - used / total).abs() < 1e-9, "{utilization}");

    assert!(get("process.uptime") > 0.0);
    if cfg!(target_os = "linux") {
        let threads = get("process.thread.count");
        assert!((1.0..10_000.0).contains(&threads), "{threads}");
        // Any machine that boots and builds has been busy for some time.
        assert!(get("system.cpu.utilization") > 0.0);
    }
}

#[test]
fn the_first_collection_is_plausible() {
    assert_plausible(&Collector::registered().collect());
}

#[test]
fn work_between_collections_is_seen() {
    let collector = Collector::registered();
    let first = collector.sum("process.cpu.time");

    // Until a later reading says so: no figure is of less than the time it is cached for.
    let deadline = Instant::now() + BOUND;
    let metrics = loop {
        burn(Duration::from_millis(50));
        let metrics = collector.collect();
        let busy = value(&metrics, "process.runtime.cpu.utilization", None);
        let time: f64 = value(&metrics, "process.cpu.time", Some("cpu.mode=user"));
        if time > first + 0.2 && busy > 0.0 {
            break metrics;
        }
        assert!(Instant::now() < deadline, "{metrics:?}");
    };
    assert_plausible(&metrics);
    assert!(value(&metrics, "system.cpu.utilization", None) > 0.0);
}

#[test]
fn the_utilizations_by_mode_add_up_to_that_of_all_modes() {
    let collector = Collector::registered();
    let deadline = Instant::now() + BOUND;
    // Until it has had the CPU for a tick of the clock.
    let (sum, total) = loop {
        burn(Duration::from_millis(250));
        let metrics = collector.collect();
        let by_mode = metrics
            .iter()
            .find(|metric| metric.name == "process.cpu.utilization")
            .unwrap();
        let sum: f64 = by_mode.points.iter().map(|point| point.value).sum();
        if sum > 0.0 {
            let total = value(&metrics, "process.runtime.cpu.utilization", None);
            break (sum, total);
        }
        assert!(Instant::now() < deadline);
    };
    // Ticks of the clock are coarse: on busy CPUs they may add up to a little more than all.
    let difference = sum.min(1.0) - total;
    assert!(difference.abs() < 1e-9, "{sum} {total}");
}

#[test]
fn uptime_goes_on() {
    let collector = Collector::registered();
    let first = collector.sum("process.uptime");
    let deadline = Instant::now() + BOUND;
    while collector.sum("process.uptime") <= first {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
}

/// Uses the CPU.
fn burn(time: Duration) {
    let end = Instant::now() + time;
    let mut number = 0_u64;
    while Instant::now() < end {
        number = std::hint::black_box(number.wrapping_mul(31).wrapping_add(7));
    }
}
