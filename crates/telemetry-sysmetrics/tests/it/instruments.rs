//! Which instruments there are, and what they are like.

use crate::collector::Collector;

const NONE: &[&[&str]] = &[&[]];

#[cfg(target_os = "linux")]
const MODES: &[&[&str]] = &[&["cpu.mode=system"], &["cpu.mode=user"]];
#[cfg(not(target_os = "linux"))]
const MODES: &[&[&str]] = NONE;

/// Where the memory of this machine's control groups has a limit.
const CONTAINER: &[Row] = &[
    ("container.memory.available", "By", "up-down counter", NONE),
    ("container.memory.limit", "By", "up-down counter", NONE),
    ("container.memory.usage", "By", "up-down counter", NONE),
];

const USED: &[&[&str]] = &[&["system.memory.state=used"]];
const STATES: &[&[&str]] = &[&["system.memory.state=free"], &["system.memory.state=used"]];

/// Name, unit, kind and the attributes of each point.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static [&'static str]],
);

#[rustfmt::skip]
const SYSTEM: &[Row] = &[
    ("process.cpu.time", "s", "counter", MODES),
    ("process.cpu.utilization", "1", "gauge", MODES),
    ("process.memory.usage", "By", "up-down counter", NONE),
    ("process.memory.virtual", "By", "up-down counter", NONE),
    ("process.runtime.cpu.utilization", "1", "gauge", NONE),
    ("process.runtime.memory", "By", "up-down counter", NONE),
    #[cfg(target_os = "linux")]
    ("process.thread.count", "{thread}", "up-down counter", NONE),
    ("process.uptime", "s", "gauge", NONE),
    ("system.cpu.utilization", "1", "gauge", NONE),
    ("system.memory.usage", "By", "up-down counter", STATES),
    ("system.memory.utilization", "1", "gauge", USED),
];

#[rustfmt::skip]
const TOKIO: &[Row] = &[
    ("tokio.runtime.alive_tasks", "{task}", "up-down counter", NONE),
    ("tokio.runtime.busy_time", "s", "counter", NONE),
    ("tokio.runtime.global_queue_depth", "{task}", "up-down counter", NONE),
    ("tokio.runtime.parks", "{park}", "counter", NONE),
    ("tokio.runtime.workers", "{worker}", "up-down counter", NONE),
];

fn assert_exported(collector: &Collector, expected: &[Row]) {
    let mut metrics = collector.collect();
    metrics.sort_by(|a, b| a.name.cmp(&b.name));
    for metric in &mut metrics {
        metric
            .points
            .sort_by(|a, b| a.attributes.cmp(&b.attributes));
    }

    let container = metrics
        .iter()
        .any(|metric| metric.name.starts_with("container."));
    let expected = [if container { CONTAINER } else { &[] }, expected].concat();

    let names: Vec<_> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    let expected_names: Vec<_> = expected.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names, expected_names);

    for (metric, (name, unit, kind, attributes)) in metrics.iter().zip(&expected) {
        assert_eq!(
            (metric.unit.as_str(), metric.kind),
            (*unit, *kind),
            "{name}"
        );
        assert!(metric.description.ends_with('.'), "{metric:?}");
        let points: Vec<_> = metric
            .points
            .iter()
            .map(|point| &point.attributes)
            .collect();
        assert_eq!(points, *attributes, "{name}");
    }
}

#[test]
fn outside_of_a_runtime_there_are_those_of_host_and_process() {
    assert_exported(&Collector::registered(), SYSTEM);
}

#[tokio::test]
async fn in_a_runtime_there_are_those_of_the_runtime_too() {
    assert_exported(&Collector::registered(), &[SYSTEM, TOKIO].concat());
}

#[test]
fn the_attributes_of_later_collections_are_the_same() {
    let collector = Collector::registered();
    for _ in 0..3 {
        assert_exported(&collector, SYSTEM);
    }
}

#[test]
fn the_documentation_has_every_instrument() {
    for page in [
        include_str!("../../src/lib.rs"),
        include_str!("../../README.md"),
    ] {
        for (name, unit, kind, _) in [SYSTEM, TOKIO, CONTAINER].concat() {
            let row = format!("| `{name}` | `{unit}` | {kind} |");
            assert!(page.contains(&row), "{row}");
        }
    }
}
