//! Alloy's configuration: its names, and where data goes. There is no Alloy to ask, so its names are
//! held against a table that was made from the reference of Alloy 1.18.

mod block;
mod known;

use std::collections::BTreeSet;

use super::{OBSERVABILITY, keys, services, strings};
use crate::{assert_none, read};
use block::Block;
use known::EXPERIMENTAL;

const CONFIGURATION: &str = "docker/alloy-config.alloy";

fn component(name: &str) -> Block {
    let mut all = Block::components()
        .into_iter()
        .filter(|component| component.name == name);
    let component = all.next().unwrap_or_else(|| panic!("there is no {name}"));
    assert!(all.next().is_none(), "there are several {name}");
    component
}

#[test]
fn components_arguments_and_blocks_are_those_that_alloy_has() {
    let components = Block::components();
    assert!(components.len() >= 11);
    assert_none(
        components.iter().flat_map(Block::mistakes),
        "Alloy refuses this; a name that is new here goes into the table, from Alloy's reference:",
    );
}

#[test]
fn all_that_is_referred_to_is_there_and_all_that_is_there_is_referred_to() {
    let components = Block::components();
    let exported: BTreeSet<_> = components.iter().filter_map(Block::export).collect();
    let used: BTreeSet<_> = components.iter().flat_map(Block::references).collect();
    assert_eq!(exported, used);
    let labels = components.iter().map(|c| (&c.name, &c.label));
    assert_eq!(
        labels.collect::<BTreeSet<_>>().len(),
        components.len(),
        "a label is used twice"
    );
}

#[test]
fn each_signal_goes_through_limiter_and_batch_to_grafana_cloud() {
    let limiter = "[otelcol.processor.memory_limiter.default.input]";
    let batch = "[otelcol.processor.batch.default.input]";
    let exporters =
        "[otelcol.exporter.otlphttp.grafana_cloud.input, otelcol.exporter.debug.local.input]";
    for signal in ["traces", "metrics", "logs"] {
        for (name, next) in [
            ("otelcol.receiver.otlp", limiter),
            ("otelcol.processor.memory_limiter", batch),
            ("otelcol.processor.batch", exporters),
        ] {
            assert_eq!(
                component(name).block("output").argument(signal),
                next,
                "{name}"
            );
        }
    }
    assert_eq!(
        component("otelcol.receiver.prometheus")
            .block("output")
            .argument("metrics"),
        limiter
    );

    let cloud = component("otelcol.exporter.otlphttp");
    assert_eq!(
        cloud.block("client").argument("auth"),
        "otelcol.auth.basic.grafana_cloud.handler"
    );
    for block in ["retry_on_failure", "sending_queue"] {
        assert_eq!(cloud.block(block).argument("enabled"), "true");
    }
}

#[test]
fn databases_are_asked_each_minute_and_named_by_instance_and_service() {
    let scrape = component("prometheus.scrape");
    assert_eq!(scrape.argument("scrape_interval"), "60s");
    assert_eq!(
        scrape.argument("forward_to"),
        "[otelcol.receiver.prometheus.default.receiver]"
    );
    let all = Block::components().into_iter();
    let relabels: Vec<_> = all.filter(|c| c.name == "discovery.relabel").collect();
    assert_eq!(relabels.len(), 2);
    for relabel in relabels {
        let service = relabel.label.clone().unwrap();
        assert!(
            scrape
                .references()
                .contains(&format!("discovery.relabel.{service}.output"))
        );
        assert_eq!(
            relabel.argument("targets"),
            format!("prometheus.exporter.{service}.default.targets")
        );
        let rules = relabel
            .blocks
            .iter()
            .map(|r| (r.argument("target_label"), r.argument("replacement")));
        let instance = format!("sys.env(\"{}_ADDRESS\")", service.to_uppercase());
        let expected = [
            ("instance", &*instance),
            ("service", &*service),
            ("job", &*service),
        ];
        assert_eq!(rules.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn passwords_come_from_the_environment_that_compose_gives() {
    let text = read(CONFIGURATION);
    let asked = text.split("sys.env(\"").skip(1);
    let asked: BTreeSet<_> = asked.map(|rest| rest.split('"').next().unwrap()).collect();
    let services = services(OBSERVABILITY);
    let (_, alloy) = services.iter().find(|(name, _)| name == "alloy").unwrap();
    let mut given: BTreeSet<_> = keys(&alloy["environment"]).into_iter().collect();
    assert!(given.remove("GOMEMLIMIT"), "which is Go's");
    assert_eq!(asked, given);
    for secret in ["password", "data_source_names"] {
        let lines = text
            .lines()
            .filter(|line| line.contains(secret) && line.contains(" = "));
        assert_none(
            lines.filter(|line| !line.contains("sys.env(")),
            "a secret in the file:",
        );
    }
}

#[test]
fn the_debug_exporter_is_allowed_and_the_limit_is_below_that_of_the_container() {
    let services = services(OBSERVABILITY);
    let (_, alloy) = services.iter().find(|(name, _)| name == "alloy").unwrap();
    assert!(strings(&alloy["command"]).contains(&"--stability.level=experimental"));
    assert_eq!(component(EXPERIMENTAL.0).argument("verbosity"), "basic");
    let limiter = component("otelcol.processor.memory_limiter");
    let limit = limiter
        .argument("limit")
        .trim_end_matches("MiB")
        .parse::<u32>();
    assert!(limit.unwrap() < 512);
}

#[test]
fn what_alloy_would_refuse_is_found() {
    let block = Block {
        name: "otelcol.exporter.otlphttp".to_owned(),
        arguments: vec![("endpoint".to_owned(), "x".to_owned())],
        ..Block::default()
    };
    let expected = [
        "otelcol.exporter.otlphttp has no endpoint",
        "otelcol.exporter.otlphttp needs client{}",
    ];
    assert_eq!(block.mistakes(), expected);
    let block = Block {
        name: "otelcol.receiver.redis".to_owned(),
        ..Block::default()
    };
    assert_eq!(block.mistakes(), ["there is no otelcol.receiver.redis"]);
}
