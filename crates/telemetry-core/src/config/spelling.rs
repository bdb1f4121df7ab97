//! Misspelt names of variables.

use crate::config::variables::{OTHER_SYSTEMS, VARIABLES, standard_variables};
use crate::config::{ConfigWarning, Environment};

/// Only names that begin with one of these are looked at.
const PREFIXES: [&str; 4] = ["OTEL_", "LOG_", "TELEMETRY_", "STRUCTLOG_"];

/// Finds names that are probably meant to be others. A name that is like none is left
/// alone: it may belong to another program.
pub(super) fn check(environment: &Environment) -> Vec<ConfigWarning> {
    environment
        .names()
        .filter(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
        .filter(|name| !OTHER_SYSTEMS.iter().any(|prefix| name.starts_with(prefix)))
        .filter(|name| environment.get(name).is_some() && known().all(|known| known != *name))
        .filter_map(|name| {
            let meant = closest(name)?;
            Some(ConfigWarning {
                variable: name.to_owned(),
                problem: format!("there is no such variable; {meant} is probably meant"),
                using: format!("{meant} as it is set"),
            })
        })
        .collect()
}

fn known() -> impl Iterator<Item = &'static str> {
    let own = VARIABLES.iter().map(|variable| variable.name);
    own.chain(standard_variables().map(|(_, name)| name))
}

/// The known name with the fewest letters that differ, when these are few.
fn closest(name: &str) -> Option<&'static str> {
    let (distance, meant) = known()
        .map(|known| (strsim::osa_distance(name, known), known))
        .min()?;
    let is_close = distance <= 2 || distance * 5 <= name.len().max(meant.len());
    is_close.then_some(meant)
}
