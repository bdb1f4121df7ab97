//! `test`: every test, and every combination of features.

use std::ffi::OsString;

use crate::services;
use crate::steps::Steps;
use crate::workspace::{self, Package, cargo};

/// Starts the servers that tests need, runs every test and builds every combination of features;
/// with arguments, runs `cargo test` with them alone.
///
/// # Errors
///
/// When the crates cannot be listed.
pub(crate) fn run(steps: &mut Steps, arguments: &[OsString]) -> anyhow::Result<()> {
    let mut test = cargo(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    steps.check("cargo xtask services up", || {
        // A server that is named so is not left out when it does not answer.
        test.envs(services::up()?);
        Ok(())
    });
    steps.run(test.args(arguments));
    if !arguments.is_empty() {
        return Ok(());
    }
    for package in workspace::packages()? {
        for features in combinations(&package) {
            let mut command = cargo(["check", "--package", &package.name]);
            command.arg("--no-default-features");
            if !features.is_empty() {
                command.arg("--features").arg(features.join(","));
            }
            steps.run(&mut command);
        }
    }
    Ok(())
}

/// Every set of features of a crate that has any. `default` is only a name for one of them.
fn combinations(package: &Package) -> Vec<Vec<&str>> {
    let mut features: Vec<_> = package.features.keys().map(String::as_str).collect();
    features.retain(|name| *name != "default");
    if features.is_empty() {
        return Vec::new();
    }
    features.iter().fold(vec![Vec::new()], |sets, feature| {
        let with = sets.iter().map(|set| [&set[..], &[feature]].concat());
        let with: Vec<_> = with.collect();
        [sets, with].concat()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(features: &[&str]) -> Package {
        Package {
            name: "example".to_owned(),
            features: features
                .iter()
                .map(|name| ((*name).to_owned(), Vec::new()))
                .collect(),
        }
    }

    #[test]
    fn every_set_of_features_is_built() {
        let package = package(&["a", "b", "default"]);
        let expected: [&[&str]; 4] = [&[], &["a"], &["b"], &["a", "b"]];
        assert_eq!(combinations(&package), expected);
    }

    #[test]
    fn a_crate_without_features_is_built_by_its_tests() {
        assert!(combinations(&package(&[])).is_empty());
    }
}
