//! The spans and metrics of the reference page.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry::trace::SpanKind;
use telemetry_otel::testing::{CapturedSpan, capture_metrics, capture_spans};

use crate::everything::do_everything;
use crate::health;

const PAGE: &str = include_str!("../../../../docs/dev/telemetry/reference.md");

/// The headings of the sections that need a server.
const OF_REDIS: &str = "Commands of Redis";
const OF_RABBITMQ: &str = "Messages";

/// Where the page has a span.
fn heading(span: &CapturedSpan) -> Option<&'static str> {
    let is = |name, value: &'static str| span.get(name) == Some(&value.into());
    match span.kind {
        SpanKind::Server => Some("Requests"),
        SpanKind::Client if is("db.system.name", "redis") => Some(OF_REDIS),
        SpanKind::Client if span.get("db.system.name").is_some() => Some("Statements"),
        SpanKind::Client => Some("Outgoing requests"),
        SpanKind::Producer | SpanKind::Consumer if is("messaging.system", "rabbitmq") => {
            Some(OF_RABBITMQ)
        }
        SpanKind::Consumer if span.name.starts_with("process /ws/") => Some("WebSocket messages"),
        SpanKind::Producer | SpanKind::Consumer => Some("Jobs"),
        // All others are beneath one.
        SpanKind::Internal if span.parent_span_id.is_none() => Some("Units of work"),
        SpanKind::Internal => None,
    }
}

#[tokio::test]
async fn the_reference_page_has_the_attributes_of_each_kind_of_span() {
    let spans = capture_spans();

    let done = do_everything().await;

    let context = [
        "request.id",
        "labels",
        "tournament.id",
        "draft.id",
        "ws.conn_id",
        "task.id",
        "task.name",
        "task.attempt",
        "delivery.attempt",
    ];
    // What is beneath a message has these of its context.
    let of_messages = [
        "messaging.message.id",
        "messaging.destination.name",
        "messaging.rabbitmq.destination.routing_key",
    ];
    let mut recorded: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for span in spans.spans() {
        let Some(heading) = heading(&span) else {
            continue;
        };
        let keys = span.attributes.into_iter().map(|(key, _)| key);
        let is_of_message = matches!(heading, "Jobs" | OF_RABBITMQ);
        let keys = keys.filter(|key| {
            let key = key.as_str();
            !context.contains(&key) && (is_of_message || !of_messages.contains(&key))
        });
        recorded.entry(heading.to_owned()).or_default().extend(keys);
    }
    let headings = section("## Spans").split("\n### ").skip(1);
    let headings = headings.map(|section| section.lines().next().unwrap());
    let documented = headings
        .filter(|heading| done.has_redis || *heading != OF_REDIS)
        .filter(|heading| done.has_rabbitmq || *heading != OF_RABBITMQ)
        .map(|heading| {
            let rows = rows(&format!("### {heading}")).into_iter();
            (heading.to_owned(), rows.map(|row| row[0].clone()).collect())
        });
    assert_eq!(recorded, documented.collect());
}

#[tokio::test]
async fn the_reference_page_has_each_metric_with_its_unit_and_attributes() {
    let metrics = capture_metrics();
    telemetry_sysmetrics::start();

    let done = do_everything().await;
    metrics.observe();

    let mut recorded: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    let mut record = |name, unit, keys: &mut dyn Iterator<Item = String>| {
        let entry = recorded.entry(name);
        entry.or_insert((unit, BTreeSet::new())).1.extend(keys);
    };
    for measurement in metrics.measurements() {
        let mut keys = measurement.attributes.into_iter().map(|(key, _)| key);
        record(measurement.name, measurement.unit, &mut keys);
    }
    for metric in health::metrics() {
        let points = metric.points.iter();
        let mut keys = points.flat_map(|point| point.attributes.keys().cloned());
        record(metric.name, metric.unit, &mut keys);
    }
    let documented = rows("## Metrics").into_iter().map(|row| {
        let keys = row[2].split(", ").filter(|key| !key.is_empty());
        (
            row[0].clone(),
            (row[1].clone(), keys.map(str::to_owned).collect()),
        )
    });
    let mut documented: BTreeMap<_, _> = documented.collect();
    if !cfg!(target_os = "linux") {
        documented.remove("process.thread.count");
    }
    // They are there where the memory of a container is limited.
    documented.retain(|name, _| !name.starts_with("container.") || recorded.contains_key(name));
    if !done.has_rabbitmq {
        // The rows tell of jobs and messages together.
        recorded.retain(|name, _| !name.starts_with("messaging."));
        documented.retain(|name, _| !name.starts_with("messaging."));
    }
    assert_eq!(recorded, documented);
}

/// What is beneath a heading, to the next that is no deeper.
fn section(heading: &str) -> &'static str {
    let (_, section) = PAGE.split_once(&format!("\n{heading}\n")).unwrap();
    let (level, _) = heading.split_once(' ').unwrap();
    section.split(&format!("\n{level} ")).next().unwrap()
}

/// The rows of the table beneath a heading, without the marks of code.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let section = section(heading).split("\n##").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace('`', "")).collect()
    })
    .collect()
}
