//! The program that holds all contenders. See `bench/src/main.rs`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use crate::process;
use crate::workspace::{cargo, root};

/// What our own contender is called in every suite.
pub(crate) const OURS: &str = "telemetry";

/// Says whether a contender is this workspace's.
pub(crate) fn is_ours(contender: &str) -> bool {
    contender.starts_with(OURS)
}

/// The program, built.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
}

impl Program {
    /// Builds it.
    ///
    /// # Errors
    ///
    /// When it does not build.
    pub(crate) fn build() -> anyhow::Result<Self> {
        let target = root().join("bench/target");
        let mut command = cargo(["build", "--release", "--manifest-path=bench/Cargo.toml"]);
        command.arg("--target-dir").arg(&target);
        let status = command.status().context("cannot run cargo")?;
        ensure!(status.success(), "`{}` failed", process::line(&command));
        let name = format!("bench{}", std::env::consts::EXE_SUFFIX);
        Ok(Self {
            path: target.join("release").join(name),
        })
    }

    /// Gives a command that runs it.
    pub(crate) fn command(&self) -> Command {
        Command::new(&self.path)
    }

    /// Lists the suites that are `wanted`, or all when none is, each with its contenders.
    ///
    /// # Errors
    ///
    /// When a suite that is wanted does not exist.
    pub(crate) fn suites(&self, wanted: &[String]) -> anyhow::Result<Vec<(String, Vec<String>)>> {
        let list = output(self.command().arg("list"))?;
        let suites = parse_list(&list);
        for name in wanted {
            if !suites.iter().any(|(suite, _)| suite == name) {
                let names: Vec<_> = suites.iter().map(|(suite, _)| &**suite).collect();
                bail!("there is no suite {name:?}, but {}", names.join(", "));
            }
        }
        Ok(suites
            .into_iter()
            .filter(|(suite, _)| wanted.is_empty() || wanted.contains(suite))
            .collect())
    }

    /// Gives the arguments that run a contender: `samples` times `iterations` of its work.
    pub(crate) fn arguments(
        &self,
        suite: &str,
        contender: &str,
        iterations: u64,
        samples: u32,
    ) -> [PathBuf; 5] {
        let (iterations, samples) = (iterations.to_string(), samples.to_string());
        [
            self.path.clone(),
            suite.into(),
            contender.into(),
            iterations.into(),
            samples.into(),
        ]
    }

    /// Runs a contender and gives the nanoseconds that an iteration took, for each sample.
    ///
    /// # Errors
    ///
    /// When it fails or prints anything else.
    pub(crate) fn sample(
        &self,
        suite: &str,
        contender: &str,
        iterations: u64,
        samples: u32,
    ) -> anyhow::Result<Vec<f64>> {
        let [program, arguments @ ..] = self.arguments(suite, contender, iterations, samples);
        output(Command::new(program).args(arguments))?
            .lines()
            .map(|line| {
                let nanoseconds: f64 = line
                    .parse()
                    .with_context(|| format!("{suite} {contender} printed {line:?}"))?;
                Ok(nanoseconds / iterations as f64)
            })
            .collect()
    }

    /// Runs a contender and gives what it counts: see `bench/src/counts.rs`.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub(crate) fn counts(
        &self,
        suite: &str,
        contender: &str,
        iterations: u32,
    ) -> anyhow::Result<String> {
        let iterations = iterations.to_string();
        let arguments = ["count", suite, contender, &*iterations];
        output(self.command().args(arguments))
    }
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output()?;
    ensure!(
        output.status.success(),
        "`{}` failed: {}",
        process::line(command),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

fn parse_list(list: &str) -> Vec<(String, Vec<String>)> {
    let mut suites: Vec<(String, Vec<String>)> = Vec::new();
    for (suite, contender) in list.lines().filter_map(|line| line.split_once(' ')) {
        match suites.last_mut() {
            Some((name, contenders)) if name == suite => contenders.push(contender.to_owned()),
            _ => suites.push((suite.to_owned(), vec![contender.to_owned()])),
        }
    }
    suites
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contenders_are_grouped_by_suite() {
        let suites = parse_list("line telemetry\nline slog-json\nscope telemetry\n");
        let expected = [
            (
                "line".to_owned(),
                vec!["telemetry".to_owned(), "slog-json".to_owned()],
            ),
            ("scope".to_owned(), vec!["telemetry".to_owned()]),
        ];
        assert_eq!(suites, expected);
    }
}
