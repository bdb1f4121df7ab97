//! The tests of telemetry-ws with another tungstenite inside axum.
//!
//! axum moves it in patch releases, and its errors are known by their texts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::process;
use crate::steps::Steps;
use crate::workspace::{self, cargo};

/// Those that axum 0.8 had before, and the one that comes next.
const VERSIONS: [&str; 3] = ["0.26", "0.28", "0.30"];

/// Tests beside axum as it is, but for the version of its tungstenite.
pub(super) fn other_versions_in_axum(steps: &mut Steps) {
    for version in VERSIONS {
        let mut manifest = None;
        steps.check(&format!("axum with tungstenite {version}"), || {
            manifest = Some(lay_out(version)?);
            Ok(())
        });
        if let Some(manifest) = manifest {
            let mut test = cargo(["test", "--target-dir", "target/tungstenite"]);
            test.arg("--manifest-path").arg(&manifest);
            if steps.run(&mut test) {
                let name = format!("tungstenite {version} was in {}", process::line(&test));
                steps.check(&name, || is_locked(&manifest, version));
            }
        }
    }
}

/// Makes a package of the tests, with a copy of axum that has `version`; gives its manifest.
fn lay_out(version: &str) -> anyhow::Result<PathBuf> {
    let root = workspace::root();
    let directory = root.join("target").join(format!("tungstenite-{version}"));
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    let axum = directory.join("axum");
    let original = manifest_of_axum()?;
    let source = original.parent().context("axum has no directory")?;
    copy(source, &axum)?;
    let manifest = fs::read_to_string(&original)?;
    fs::write(axum.join("Cargo.toml"), with_version(&manifest, version)?)?;
    fs::create_dir_all(directory.join("src"))?;
    fs::write(directory.join("src/lib.rs"), "")?;
    fs::copy(root.join("Cargo.lock"), directory.join("Cargo.lock"))?;
    let manifest = directory.join("Cargo.toml");
    fs::write(&manifest, package(root))?;
    Ok(manifest)
}

/// The manifest of a package that has the tests of telemetry-ws which are about axum.
fn package(root: &Path) -> String {
    let crates = root.join("crates");
    let crates = crates.display();
    format!(
        r#"[package]
name = "telemetry-ws-tests"
version = "0.0.0"
edition = "2024"
publish = false

[features]
tungstenite = []

[dependencies]
axum = {{ version = "0.8", default-features = false, features = ["http1", "tokio", "ws"] }}
futures-util = {{ version = "0.3", features = ["async-await-macro", "sink"] }}
serde_json = "1"
telemetry-core = {{ path = "{crates}/telemetry-core", features = ["testing"] }}
telemetry-labels = {{ path = "{crates}/telemetry-labels" }}
telemetry-ws = {{ path = "{crates}/telemetry-ws" }}
tokio = {{ version = "1", features = ["io-util", "macros", "net", "rt-multi-thread", "time"] }}
tokio-tungstenite = "0.30"
tracing = "0.1"

[[test]]
name = "it"
path = "{crates}/telemetry-ws/tests/it/main.rs"

[patch.crates-io]
axum = {{ path = "axum" }}

[workspace]
"#
    )
}

/// Puts `version` where a manifest asks for tokio-tungstenite.
fn with_version(manifest: &str, version: &str) -> anyhow::Result<String> {
    let mut is_of_tungstenite = false;
    let mut changed = 0;
    let lines = manifest.lines().map(|line| {
        if line.starts_with('[') {
            is_of_tungstenite = line.ends_with("dependencies.tokio-tungstenite]");
        } else if is_of_tungstenite && line.starts_with("version = ") {
            changed += 1;
            return format!("version = \"{version}\"\n");
        }
        format!("{line}\n")
    });
    let manifest = lines.collect();
    ensure!(changed > 0, "axum does not ask for tokio-tungstenite");
    Ok(manifest)
}

/// Fails unless `version` was in what was tested.
fn is_locked(manifest: &Path, version: &str) -> anyhow::Result<()> {
    let lock = fs::read_to_string(manifest.with_file_name("Cargo.lock"))?;
    let expected = format!("name = \"tungstenite\"\nversion = \"{version}.");
    ensure!(lock.contains(&expected), "it is not in Cargo.lock");
    Ok(())
}

fn manifest_of_axum() -> anyhow::Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        manifest_path: PathBuf,
    }

    let output = cargo(["metadata", "--locked", "--format-version=1"]).output()?;
    ensure!(output.status.success(), "cargo metadata failed");
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    let mut packages = metadata.packages.into_iter();
    let axum = packages.find(|package| package.name == "axum");
    Ok(axum.context("there is no axum")?.manifest_path)
}

/// Copies a directory with all that is in it.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_tungstenite_alone_is_changed() {
        let manifest = "[dependencies.tokio]\nversion = \"1\"\n\n\
                        [dependencies.tokio-tungstenite]\nversion = \"0.29.0\"\noptional = true\n";
        let expected = manifest.replace("0.29.0", "0.28");
        assert_eq!(with_version(manifest, "0.28").unwrap(), expected);
        assert!(with_version("[dependencies.tokio]\nversion = \"1\"\n", "0.28").is_err());
    }
}
