//! Prometheus in Alloy's place: it asks the exporters with the labels that `docker/alloy-config.alloy`
//! gives them, and then answers what `docker/grafana/` asks for.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::Program;
use crate::servers::{Postgres, Redis};

const DASHBOARD: &str = "docker/grafana/dashboard.json";
const ALERTS: &str = "docker/grafana/alerts.yaml";

#[tokio::test]
async fn what_is_collected_has_instance_and_service_and_answers_dashboard_and_alerts() {
    let (Some(postgres), Some(redis)) = (Postgres::with_database().await, Redis::connect()) else {
        return;
    };
    if let (Some(of_postgres), Some(of_redis)) = (postgres.exporter(), redis.exporter()) {
        let directory = tempfile::tempdir().unwrap();
        let exporters = [("postgres", &of_postgres), ("redis", &of_redis)];
        if let Some(prometheus) = start(directory.path(), exporters) {
            look(&prometheus, &postgres, &redis).await;
        }
    }
    postgres.remove().await;
}

async fn look(prometheus: &Program, postgres: &Postgres, redis: &Redis) {
    postgres.make_traffic().await;
    redis.make_traffic();
    for (service, up) in [("postgres", "pg_up"), ("redis", "redis_up")] {
        let query =
            format!("{up}{{instance=\"{service}:1\", service=\"{service}\", job=\"{service}\"}}");
        prometheus.wait_for_answer(&path(&query), has_result);
    }
    let names = names();
    assert!(names.len() >= 18, "{names:?}");
    for name in names {
        let query = format!("{{__name__=\"{name}\", instance!=\"\", service!=\"\"}}");
        prometheus.wait_for_answer(&path(&query), has_result);
    }
    for (expression, has_to_have_result) in expressions() {
        let expression = expression.replace("$database", ".+");
        let expression = expression.replace("$__rate_interval", "10s");
        prometheus.wait_for_answer(&path(&expression), |body| {
            body.contains("\"success\"") && (!has_to_have_result || has_result(body))
        });
    }
}

/// Starts Prometheus; `None` when it is not installed.
fn start(directory: &Path, exporters: [(&str, &Program); 2]) -> Option<Program> {
    let alloy = read("docker/alloy-config.alloy");
    let mut configuration = "global: { scrape_interval: 1s }\nscrape_configs:\n".to_owned();
    for (service, exporter) in exporters {
        configuration.push_str(&format!(
            "  - job_name: {service}-exporter\n    static_configs: [{{ targets: [\"{}\"] }}]\n    \
             relabel_configs:\n",
            exporter.address
        ));
        let rules = alloy
            .split(&format!("discovery.relabel \"{service}\" {{"))
            .nth(1)
            .unwrap();
        let rules = rules.split("\n}").next().unwrap();
        for rule in rules.split("rule {").skip(1) {
            let value = |name: &str| {
                let line = rule.lines().find(|line| line.trim().starts_with(name));
                line.unwrap().split_once(" = ").unwrap().1.to_owned()
            };
            // What Alloy has from its environment.
            let replacement = value("replacement").replace(
                &format!("sys.env(\"{}_ADDRESS\")", service.to_uppercase()),
                &format!("\"{service}:1\""),
            );
            let target = value("target_label");
            configuration.push_str(&format!(
                "      - {{ target_label: {target}, replacement: {replacement} }}\n"
            ));
        }
    }
    let file = directory.join("prometheus.yml");
    fs::write(&file, configuration).unwrap();
    Program::start("prometheus", |command, address| {
        command.arg(format!("--config.file={}", file.display()));
        command.arg(format!(
            "--storage.tsdb.path={}",
            directory.join("data").display()
        ));
        command.arg(format!("--web.listen-address={address}"));
    })
}

/// Gives the names of the exporters' metrics that are asked for.
fn names() -> BTreeSet<String> {
    let text = read(DASHBOARD) + &read(ALERTS);
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let names = words.filter(|word| word.starts_with("pg_") || word.starts_with("redis_"));
    names.map(str::to_owned).collect()
}

/// Gives the expressions that ask for them, and whether they have a result when all is well: those
/// of the dashboard do, but for a limit that need not be set.
fn expressions() -> Vec<(String, bool)> {
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let alerts: Value = serde_saphyr::from_str(&read(ALERTS)).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let groups = alerts["groups"].as_array().unwrap().iter();
    let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
    let text = |query: &Value| query["expr"].as_str().unwrap().to_owned();
    let targets = targets
        .map(text)
        .map(|query| (query.clone(), !query.contains(" > 0")));
    let all = targets.chain(rules.map(text).map(|query| (query, false)));
    let all: Vec<_> = all
        .filter(|(query, _)| query.contains("pg_") || query.contains("redis_"))
        .collect();
    assert!(all.len() > 15, "{all:?}");
    all
}

fn path(query: &str) -> String {
    let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("/api/v1/query?query={encoded}")
}

fn has_result(body: &str) -> bool {
    body.contains("\"success\"") && !body.contains("\"result\":[]")
}

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(path)).unwrap()
}
