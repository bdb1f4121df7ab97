//! What each setting is, and where that comes from.

use http::Uri;
use telemetry_core::{Config, ConfigWarning, Environment, Variable, is_sensitive};

use crate::config::{OtelConfig, shown};
use crate::exporter::one_line;

/// The variables that hold the URL of a proxy.
const PROXIES: [&str; 3] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// A setting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// Its environment variable.
    pub name: String,
    /// Its value, without what is secret.
    pub value: String,
    /// Whether the environment sets it.
    pub is_set: bool,
    /// What is wrong with it, and what is used in its place.
    pub problems: Vec<String>,
}

/// Lists the settings that have a default, those that are set, and what is misspelt.
pub(super) fn all(config: &Config, otel: &OtelConfig, environment: &Environment) -> Vec<Setting> {
    let known = telemetry_core::VARIABLES.iter().chain(crate::VARIABLES);
    let mut settings: Vec<_> = known
        .filter_map(|variable| setting(variable, config, environment))
        .collect();
    for warning in config.warnings().iter().chain(otel.warnings()) {
        let ConfigWarning {
            variable,
            problem,
            using,
        } = warning;
        let problem = one_line(&format!("{problem}; using {using}"));
        match settings
            .iter_mut()
            .find(|setting| setting.name == *variable)
        {
            Some(setting) => setting.problems.push(problem),
            None => settings.push(Setting {
                name: one_line(variable),
                // A variable that is not read may hold anything.
                value: "***".to_owned(),
                is_set: true,
                problems: vec![problem],
            }),
        }
    }
    settings
}

/// `None` for what is not set and has no default.
fn setting(variable: &Variable, config: &Config, environment: &Environment) -> Option<Setting> {
    let Variable { name, default, .. } = variable;
    let set = set_value(name, environment);
    let value = match (set, *name) {
        (Some(value), _) => masked(name, value),
        (None, "OTEL_SERVICE_NAME") => config.service_name(),
        (None, "LOG_FORMAT") => config.format().to_string(),
        (None, _) if *default == "unset" => return None,
        (None, _) => default.replace('`', ""),
    };
    Some(Setting {
        name: (*name).to_owned(),
        value: one_line(&value),
        is_set: set.is_some(),
        problems: Vec::new(),
    })
}

/// The value of a variable: those of proxies have names in small letters, too, which win.
fn set_value<'a>(name: &str, environment: &'a Environment) -> Option<&'a str> {
    let small = name
        .ends_with("_PROXY")
        .then(|| environment.get(&name.to_ascii_lowercase()));
    small.flatten().or_else(|| environment.get(name))
}

/// Takes out what is secret.
fn masked(name: &str, value: &str) -> String {
    if name.ends_with("_HEADERS") {
        masked_list(value, |_| true)
    } else if PROXIES.contains(&name) {
        masked_proxy(value)
    } else if name.ends_with("_ENDPOINT") {
        let url = value.parse::<Uri>().ok();
        match url.filter(|url| url.scheme().is_some()) {
            Some(url) => shown(&url),
            None if value.contains(['@', '?']) => "***".to_owned(),
            None => value.to_owned(),
        }
    } else if matches!(name, "OTEL_RESOURCE_ATTRIBUTES" | "TELEMETRY_FIELDS") {
        masked_list(value, is_sensitive)
    } else {
        value.to_owned()
    }
}

/// Takes user and password out of the URL of a proxy, which may have no scheme.
fn masked_proxy(value: &str) -> String {
    let (scheme, rest) = match value.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), value),
    };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}***@{host}"),
        None => value.to_owned(),
    }
}

/// Masks values of `key=value,key=value`, and what is not of that form.
fn masked_list(list: &str, is_secret: fn(&str) -> bool) -> String {
    let entries = list.split(',').map(|entry| match entry.split_once('=') {
        Some((key, _)) if is_secret(key.trim()) => format!("{}=***", key.trim()),
        Some((key, value)) => format!("{}={}", key.trim(), value.trim()),
        None => "***".to_owned(),
    });
    entries.collect::<Vec<_>>().join(",")
}
