//! Which way the arrows point. See `ARCHITECTURE.md`.

use std::collections::BTreeSet;

use crate::manifests::{Dependency, Package};
use crate::{assert_none, cargo, read};

/// What any crate of the workspace may depend on; no crate depends on another one.
const SHARED: [&str; 2] = ["telemetry-core", "telemetry-labels"];

/// The demo may depend on all, and nothing on it.
const DEMO: &str = "dtx-backend";

/// The crate that exports, the one that uses OpenTelemetry's SDK.
const EXPORT: &str = "telemetry-otel";

/// The collector for tests of export, which is tried with the SDK's exporters.
const TEST_COLLECTOR: &str = "otlp-test-collector";

#[test]
fn crates_depend_on_core_and_labels_alone() {
    assert_none(
        wrong_arrows(&Package::all()),
        "what two crates share belongs into telemetry-core:",
    );
}

#[test]
fn telemetry_labels_is_a_leaf_above_regex() {
    let packages = Package::all();
    let labels = packages.iter().find(|p| p.name == "telemetry-labels");
    assert_eq!(normal(labels.unwrap()), ["regex"]);

    let allowed = BTreeSet::from(
        [
            "aho-corasick",
            "memchr",
            "regex",
            "regex-automata",
            "regex-syntax",
        ]
        .map(str::to_owned),
    );
    let beneath = beneath("telemetry-labels", "--all-features");
    assert_none(
        beneath.difference(&allowed),
        "telemetry-labels has regex and what that needs beneath it, and not:",
    );
}

#[test]
fn logs_and_http_bring_no_exporter_client_server_or_database() {
    for package in ["telemetry-core", "telemetry-http"] {
        assert_none(
            heavy(&beneath(package, "--no-default-features")),
            &format!("put behind a feature what brings this to users of {package}:"),
        );
    }
}

#[test]
fn telemetry_sql_brings_no_driver() {
    let beneath = beneath("telemetry-sql", "--no-default-features");
    assert!(beneath.contains("sqlx"));
    let drivers = [
        "libsqlite3-sys",
        "sqlx-mysql",
        "sqlx-postgres",
        "sqlx-sqlite",
    ];
    assert_none(
        drivers.iter().filter(|driver| beneath.contains(**driver)),
        "the application chooses its driver, and not telemetry-sql:",
    );
}

#[test]
fn only_the_crate_for_export_has_the_sdk() {
    let packages = Package::all();
    let violations = packages
        .iter()
        .filter(|p| ![EXPORT, DEMO, TEST_COLLECTOR].contains(&&*p.name));
    let violations = violations.filter(|p| {
        let beneath = beneath(&p.name, "--all-features");
        ["opentelemetry_sdk", "opentelemetry-otlp"]
            .iter()
            .any(|sdk| beneath.contains(*sdk))
    });
    assert_none(
        violations.map(|p| &p.name),
        "use OpenTelemetry's API and not its SDK in:",
    );
}

#[test]
fn there_is_one_version_of_opentelemetry() {
    let lock = read("Cargo.lock");
    assert_eq!(
        versions_of("opentelemetry", &lock).len(),
        1,
        "two versions do not see each other's context: bring the crates that use \
         OpenTelemetry to the same minor version in Cargo.toml"
    );
}

/// Finds dependencies among the crates of the workspace that may not be.
fn wrong_arrows(packages: &[Package]) -> Vec<String> {
    let is_member = |name: &&str| packages.iter().any(|package| package.name == *name);
    let mut wrong = Vec::new();
    for package in packages {
        for name in normal(package).into_iter().filter(is_member) {
            let may = match &*package.name {
                "telemetry-core" | "telemetry-labels" | "xtask" => false,
                DEMO => name != "xtask",
                _ => SHARED.contains(&name),
            };
            if !may {
                wrong.push(format!("{} depends on {name}", package.name));
            }
        }
    }
    wrong
}

fn normal(package: &Package) -> Vec<&str> {
    let normal = package.dependencies.iter().filter(|d| d.kind.is_none());
    normal.map(|dependency| &*dependency.name).collect()
}

/// Gives the names of all that a crate is built from, itself left out.
fn beneath(package: &str, features: &str) -> BTreeSet<String> {
    let tree = cargo(&[
        "tree",
        "--edges=normal",
        "--prefix=none",
        "--format={p}",
        "--package",
        package,
        features,
    ]);
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let others = names.filter(|name| *name != package);
    others.map(str::to_owned).collect()
}

fn heavy(beneath: &BTreeSet<String>) -> Vec<&String> {
    let is_heavy = |name: &&String| {
        let names = [
            "axum",
            "opentelemetry_sdk",
            "opentelemetry-otlp",
            "reqwest",
            "tonic",
        ];
        names.contains(&name.as_str()) || name.starts_with("sqlx")
    };
    beneath.iter().filter(is_heavy).collect()
}

fn versions_of<'lock>(name: &str, lock: &'lock str) -> Vec<&'lock str> {
    let entry = format!("name = \"{name}\"\nversion = ");
    let entries = lock.split(&entry).skip(1);
    entries.filter_map(|rest| rest.lines().next()).collect()
}

#[test]
fn a_wrong_dependency_is_found() {
    let package = |name: &str, dependencies: &[(&str, Option<&str>)]| {
        let dependencies = dependencies.iter().map(|(name, kind)| Dependency {
            name: (*name).to_owned(),
            kind: kind.map(str::to_owned),
        });
        Package::example(name, dependencies.collect())
    };
    let packages = [
        package("telemetry-core", &[("tracing", None)]),
        package(
            "telemetry-http",
            &[("telemetry-core", None), ("telemetry-ws", Some("dev"))],
        ),
        package("telemetry-ws", &[("telemetry-http", None)]),
        package(DEMO, &[("telemetry-ws", None)]),
        package("xtask", &[("telemetry-core", None)]),
    ];
    assert_eq!(
        wrong_arrows(&packages),
        [
            "telemetry-ws depends on telemetry-http",
            "xtask depends on telemetry-core"
        ]
    );
}

#[test]
fn what_is_heavy_is_found_beneath_a_crate() {
    assert!(heavy(&beneath("telemetry-http", "--no-default-features")).is_empty());
    assert!(heavy(&beneath("telemetry-http", "--all-features")).contains(&&"axum".to_owned()));
}

#[test]
fn a_second_version_is_found() {
    let lock = "name = \"a\"\nversion = \"1\"\n\nname = \"ab\"\nversion = \"1\"\n\n\
                name = \"a\"\nversion = \"2\"\n";
    assert_eq!(versions_of("a", lock), ["\"1\"", "\"2\""]);
}
