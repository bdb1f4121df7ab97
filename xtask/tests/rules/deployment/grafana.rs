//! The dashboard and the alerts ask for metrics that there are.
//!
//! Those of ours are in the tables of the crates' documentation, and have other names once they came
//! by OTLP into a store of Prometheus' kind. Those of PostgreSQL and Redis are looked for in what
//! their exporters give, by `tests/exporters`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::promql::Names;
use super::yaml;
use crate::{assert_none, read, root};

const DASHBOARD: &str = "docker/grafana/dashboard.json";
const ALERTS: &str = "docker/grafana/alerts.yaml";

/// What the names of the exporters' metrics begin with.
const EXPORTERS: [&str; 2] = ["pg_", "redis_"];

/// Labels of every metric, of histograms, and of PostgreSQL's exporter. `job` is `service.name`.
const LABELS: [&str; 4] = ["datname", "instance", "job", "le"];

/// Gives where each expression is, and the expression.
fn expressions() -> Vec<(String, String)> {
    let mut expressions = Vec::new();
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let place = format!("{DASHBOARD}: {}", panel["title"]);
            expressions.push((place, target["expr"].as_str().unwrap().to_owned()));
        }
    }
    for rule in rules() {
        let place = format!("{ALERTS}: {}", rule["alert"]);
        expressions.push((place, rule["expr"].as_str().unwrap().to_owned()));
    }
    expressions
}

fn rules() -> Vec<Value> {
    let alerts = yaml(ALERTS);
    let groups = alerts["groups"].as_array().unwrap();
    let rules = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().unwrap());
    rules.cloned().collect()
}

#[test]
fn each_metric_and_label_is_one_that_is_recorded() {
    let documentation = documentation();
    let metrics = metrics(&documentation);
    assert!(
        metrics.len() > 50,
        "the tables were not understood: {metrics:?}"
    );
    let attributes = attributes(&documentation);
    let mut unknown = BTreeSet::new();
    for (place, expression) in expressions() {
        let Names {
            metrics: asked,
            labels,
        } = Names::of(&expression);
        assert!(!asked.is_empty(), "{place}: {expression}");
        let ours = asked
            .into_iter()
            .filter(|m| !EXPORTERS.iter().any(|e| m.starts_with(e)));
        let names = ours.filter(|metric| !metrics.contains(metric));
        let labels = labels
            .into_iter()
            .filter(|label| !LABELS.contains(&&**label) && !attributes.contains(label));
        unknown.extend(names.chain(labels).map(|name| format!("{place}: {name}")));
    }
    assert_none(unknown, "no crate documents this metric or attribute:");
}

#[test]
fn the_dashboard_has_a_row_for_each_part_and_no_empty_panel() {
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let mut panels: BTreeMap<String, usize> = BTreeMap::new();
    let mut row = String::new();
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(
            ids.insert(panel["id"].as_u64().unwrap()),
            "an id is used twice"
        );
        let title = panel["title"].as_str().unwrap();
        if panel["type"] == "row" {
            title.clone_into(&mut row);
            continue;
        }
        assert!(
            !panel["targets"].as_array().unwrap().is_empty(),
            "{title} is empty"
        );
        *panels.entry(row.clone()).or_default() += 1;
    }
    let rows: Vec<_> = panels.keys().map(String::as_str).collect();
    assert_eq!(
        rows,
        [
            "Database",
            "HTTP",
            "Jobs",
            "Messages",
            "System",
            "WebSocket"
        ]
    );
    assert!(panels.values().all(|count| *count >= 4), "{panels:?}");
}

#[test]
fn an_alert_says_what_it_is_about_by_labels_that_it_has() {
    for rule in rules() {
        let name = &rule["alert"];
        let expression = rule["expr"].as_str().unwrap();
        let labels = Names::of(expression).labels;
        let aggregates = expression.contains(" by (");
        for text in ["summary", "description"] {
            let text = rule["annotations"][text].as_str().unwrap();
            for rest in text.split("$labels.").skip(1) {
                let label = rest.split(' ').next().unwrap();
                let is_there = labels.contains(label) || !aggregates && label == "instance";
                assert!(is_there, "{name} has no {label}");
            }
        }
        assert!(rule["labels"]["severity"].is_string(), "{name}");
    }
}

/// Gives the documentation of all crates: the lines of `//!` in each `lib.rs`.
fn documentation() -> Vec<String> {
    let crates = std::fs::read_dir(root().join("crates")).unwrap();
    let mut lines = Vec::new();
    for path in crates.map(|entry| entry.unwrap().path().join("src/lib.rs")) {
        let text = std::fs::read_to_string(path).unwrap();
        let documentation = text.lines().filter_map(|line| line.strip_prefix("//! "));
        lines.extend(documentation.map(str::to_owned));
    }
    lines
}

/// Gives the names under which metrics are stored, from rows such as
/// ``| `http.server.request.duration` | `s` | histogram, … |``.
fn metrics(documentation: &[String]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in documentation {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let ["", name, unit, ..] = &cells[..] else {
            continue;
        };
        if let (Some(name), Some(unit)) = (quoted(name), quoted(unit)) {
            names.extend(stored(name, unit, &cells[3..].join(" ")));
        }
    }
    names
}

/// Gives the names of a metric in the store: characters replaced, and the unit and kind added.
fn stored(name: &str, unit: &str, kind: &str) -> Vec<String> {
    let is_gauge = kind.contains("gauge");
    let unit = match unit {
        "s" => "_seconds",
        "By" => "_bytes",
        "1" if is_gauge => "_ratio",
        _ => "",
    };
    let name = format!("{}{unit}", name.replace('.', "_"));
    if kind.contains("histogram") {
        return ["bucket", "count", "sum"]
            .map(|part| format!("{name}_{part}"))
            .into();
    }
    let is_counter = kind.replace("up-down counter", "").contains("counter");
    vec![if is_counter {
        format!("{name}_total")
    } else {
        name
    }]
}

/// Gives the attributes that are anywhere in the documentation, as labels.
fn attributes(documentation: &[String]) -> BTreeSet<String> {
    let rows = documentation.iter().filter(|line| line.starts_with('|'));
    let quoted = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    quoted.map(|name| name.replace('.', "_")).collect()
}

fn quoted(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`')
}

#[test]
fn a_metric_is_stored_under_its_name_unit_and_kind() {
    for (name, unit, kind, expected) in [
        ("process.uptime", "s", "gauge", "process_uptime_seconds"),
        (
            "cpu.utilization",
            "1",
            "gauge | of it",
            "cpu_utilization_ratio",
        ),
        (
            "ws.io",
            "By",
            "counter, by `direction`",
            "ws_io_bytes_total",
        ),
        ("requests", "{request}", "up-down counter", "requests"),
    ] {
        assert_eq!(stored(name, unit, kind), [expected]);
    }
    let histogram = ["d_seconds_bucket", "d_seconds_count", "d_seconds_sum"];
    assert_eq!(stored("d", "s", "histogram of calls"), histogram);
}
