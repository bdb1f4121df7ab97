//! The Compose files.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{OBSERVABILITY, SITE, keys, services, strings};
use crate::{assert_none, cargo};

/// What the end of a program may take beside `DTX_SHUTDOWN_TIMEOUT`, in seconds: see
/// `docs/RUNTIME_CONFIG.md`.
const END: u64 = 11;

/// Gives the services that are roles of the program.
fn roles() -> Vec<(String, Value)> {
    let is_role = |service: &Value| {
        service["image"]
            .as_str()
            .unwrap()
            .starts_with("dtx-backend:")
    };
    let roles = services(SITE).into_iter();
    roles.filter(|(_, service)| is_role(service)).collect()
}

#[test]
fn each_role_of_the_program_is_a_service() {
    let help = cargo(&["run", "--quiet", "--package=dtx-backend", "--", "--help"]);
    let commands = help.split("Commands:\n").nth(1).unwrap();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    // What a command does goes on in lines that are further in.
    let commands = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let mut known: BTreeSet<_> = commands
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(known.remove("doctor"), "{help}");

    let roles = roles();
    let run = roles
        .iter()
        .map(|(_, role)| strings(&role["command"]).concat());
    let run: BTreeSet<_> = run.collect();
    assert_eq!(run, known.iter().map(|name| (*name).to_owned()).collect());
    for role in &run {
        // An argument that is not known ends it before help is shown.
        cargo(&[
            "run",
            "--quiet",
            "--package=dtx-backend",
            "--",
            role,
            "--help",
        ]);
    }
}

#[test]
fn what_roles_wait_for_says_when_it_is_healthy() {
    let services = services(SITE);
    let has_check = |name: &str| {
        let (_, service) = services.iter().find(|(other, _)| other == name).unwrap();
        let own = &service["healthcheck"];
        let of_image = service["image"]
            .as_str()
            .unwrap()
            .starts_with("dtx-backend:");
        own["disable"] != true && (!own.is_null() || of_image)
    };
    let mut waits = 0;
    for (name, service) in &services {
        for needed in keys(&service["depends_on"]) {
            let condition = &service["depends_on"][needed]["condition"];
            assert_eq!(condition, "service_healthy", "{name} on {needed}");
            assert!(
                has_check(needed),
                "{name} waits for {needed}, which has no health check"
            );
            waits += 1;
        }
    }
    assert!(waits >= 15, "five roles wait for three servers");
}

#[test]
fn roles_stop_in_order_and_are_started_again() {
    for (name, role) in roles() {
        let seconds = |text: &Value| text.as_str().unwrap().trim_end_matches('s').parse::<u64>();
        let grace = seconds(&role["stop_grace_period"]).unwrap();
        let shutdown = seconds(&role["environment"]["DTX_SHUTDOWN_TIMEOUT"]).unwrap();
        assert!(
            grace >= shutdown + END,
            "{name}: {grace} s for {shutdown} s and {END} s"
        );
        assert_eq!(role["restart"], "unless-stopped", "{name}");
    }
}

#[test]
fn ports_are_published_on_the_loopback_address() {
    let all = [SITE, OBSERVABILITY].map(services).into_iter().flatten();
    let ports = all.flat_map(|(name, service)| {
        let ports = strings(&service["ports"]).into_iter().map(str::to_owned);
        ports
            .map(|port| format!("{name}: {port}"))
            .collect::<Vec<_>>()
    });
    let ports: Vec<_> = ports.collect();
    assert!(ports.len() >= 8);
    assert_none(
        ports.iter().filter(|port| !port.contains(": 127.0.0.1:")),
        "what is published elsewhere is open to whoever reaches the machine:",
    );
}

#[test]
fn jaeger_and_alloy_take_otlp_from_the_host_and_from_containers() {
    let services = services(OBSERVABILITY);
    for (name, own) in [("jaeger", "16686"), ("alloy", "12345")] {
        let (_, service) = services.iter().find(|(other, _)| other == name).unwrap();
        let expected = ["4317", "4318", own].map(|port| format!("127.0.0.1:{port}:{port}"));
        let published: BTreeSet<_> = strings(&service["ports"]).into_iter().collect();
        assert_eq!(
            published,
            expected.iter().map(String::as_str).collect(),
            "{name}"
        );
        assert_eq!(
            strings(&service["networks"]["default"]["aliases"]),
            ["collector"]
        );
        assert_eq!(strings(&service["profiles"]), [name]);
        assert!(service["healthcheck"]["test"].is_array(), "{name}");
    }
    for (name, role) in roles() {
        let endpoint = &role["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"];
        assert!(
            endpoint.as_str().unwrap().contains("http://collector:4317"),
            "{name}"
        );
    }
}

#[test]
fn alloy_has_512_mb() {
    let services = services(OBSERVABILITY);
    let (_, alloy) = services.iter().find(|(name, _)| name == "alloy").unwrap();
    assert_eq!(alloy["mem_limit"], "512m");
}
