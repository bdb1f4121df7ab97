//! Rules of the crates' manifests, and the crates as cargo sees them.

use std::path::Path;

use serde::Deserialize;

use crate::{assert_none, cargo, root};

/// A crate, as `cargo metadata` tells it.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
    manifest_path: String,
    description: Option<String>,
    license: Option<String>,
    readme: Option<String>,
    rust_version: Option<String>,
    /// An empty list where publishing is refused.
    publish: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// None for normal ones, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

impl Package {
    /// Lists the crates of the workspace.
    pub(crate) fn all() -> Vec<Self> {
        #[derive(Deserialize)]
        struct Metadata {
            packages: Vec<Package>,
        }

        let json = cargo(&["metadata", "--no-deps", "--format-version=1"]);
        let metadata: Metadata = serde_json::from_str(&json).unwrap();
        metadata.packages
    }

    /// Makes one that keeps the rules.
    pub(crate) fn example(name: &str, dependencies: Vec<Dependency>) -> Self {
        Self {
            name: name.to_owned(),
            dependencies,
            manifest_path: format!("crates/{name}/Cargo.toml"),
            description: Some("An example".to_owned()),
            license: Some("MIT".to_owned()),
            readme: Some("README.md".to_owned()),
            rust_version: Some("1.95".to_owned()),
            publish: Some(Vec::new()),
        }
    }

    fn file(&self) -> String {
        let path = Path::new(&self.manifest_path);
        path.strip_prefix(root()).unwrap().display().to_string()
    }
}

#[test]
fn each_manifest_is_complete() {
    let violations = Package::all().into_iter().flat_map(|package| {
        let missing = missing(&package).into_iter();
        let file = package.file();
        missing.map(move |field| format!("{file}:1: has no {field}"))
    });
    assert_none(violations, "add it, as the other crates' manifests do:");
}

#[test]
fn each_crate_inherits_the_lints() {
    let violations = Package::all().into_iter().filter_map(|package| {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        (!inherits_lints(&manifest)).then(|| format!("{}:1: has lints of its own", package.file()))
    });
    assert_none(violations, "add `[lints]` with `workspace = true`:");
}

#[test]
fn each_crate_has_a_readme() {
    let violations = Package::all().into_iter().filter_map(|package| {
        let readme = Path::new(&package.manifest_path).with_file_name("README.md");
        let is_there = package.name == "xtask" || readme.is_file();
        (!is_there).then(|| format!("{}:1: has no README.md beside it", package.file()))
    });
    assert_none(
        violations,
        "say in it what the crate is for and how to use it:",
    );
}

fn missing(package: &Package) -> Vec<&'static str> {
    let is_published = package.publish.as_ref().is_none_or(|to| !to.is_empty());
    let fields = [
        ("description", package.description.is_some()),
        ("license", package.license.is_some()),
        ("rust-version", package.rust_version.is_some()),
        (
            "readme",
            package.readme.is_some() || package.name == "xtask",
        ),
        ("`publish = false`", !is_published),
    ];
    let missing = fields.into_iter().filter(|(_, is_there)| !is_there);
    missing.map(|(field, _)| field).collect()
}

fn inherits_lints(manifest: &str) -> bool {
    let lints = manifest
        .split("\n[")
        .find_map(|section| section.strip_prefix("lints]\n"));
    lints.is_some_and(|lints| lints.lines().any(|line| line == "workspace = true"))
}

#[test]
fn an_incomplete_manifest_is_found() {
    let package = Package {
        license: None,
        publish: None,
        ..Package::example("example", Vec::new())
    };
    assert_eq!(missing(&package), ["license", "`publish = false`"]);
    assert!(!inherits_lints("[package]\nworkspace = true\n\n[lints]\n"));
    assert!(inherits_lints("[package]\n\n[lints]\nworkspace = true\n"));
}
