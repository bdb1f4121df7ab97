//! What is under `docker/`, as far as it can be looked at without an engine. What `cargo xtask ci`
//! asks of other programs, such as whether a Compose file keeps the schema, is not asked here again.

mod alloy;
mod compose;
mod environment;
mod grafana;
mod images;
mod promql;

use serde_json::Value;

use crate::read;

const SITE: &str = "docker/docker-compose.yaml";
const OBSERVABILITY: &str = "docker/docker-compose.observability.yaml";

/// Reads a file of YAML.
fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Gives the services of a Compose file.
fn services(file: &str) -> Vec<(String, Value)> {
    let services = yaml(file)["services"].take();
    let Value::Object(services) = services else {
        panic!("{file} has no services")
    };
    services.into_iter().collect()
}

/// Gives the keys of a mapping; none where there is none.
fn keys(mapping: &Value) -> Vec<&str> {
    let keys = mapping.as_object().into_iter().flat_map(|all| all.keys());
    keys.map(String::as_str).collect()
}

/// Gives the strings of a list; none where there is none.
fn strings(list: &Value) -> Vec<&str> {
    let items = list.as_array().into_iter().flatten();
    items.map(|item| item.as_str().unwrap()).collect()
}
