//! What everything exported says of the process.

use std::fs;
use std::time::Duration;

use opentelemetry::{KeyValue, StringValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_semantic_conventions::SCHEMA_URL;
use opentelemetry_semantic_conventions::resource::{
    DEPLOYMENT_ENVIRONMENT_NAME, PROCESS_CREATION_TIME, PROCESS_EXECUTABLE_NAME, PROCESS_PID,
    PROCESS_RUNTIME_NAME, SERVICE_INSTANCE_ID, SERVICE_VERSION,
};
use telemetry_core::{Config, REDACTED, RandomId, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::config::OtelConfig;
use crate::redaction::is_secret;

/// The unit of times in `/proc` (`USER_HZ`), which is the same on all of Rust's architectures.
const TICKS_PER_SECOND: u64 = 100;

/// Puts the resource together: the SDK's own attributes, the service, its deployment, the
/// process, the fields of every line, and on top what `OTEL_RESOURCE_ATTRIBUTES` says.
pub(crate) fn resource(config: &Config, otel: &OtelConfig, version: Option<&str>) -> Resource {
    let mut attributes = vec![
        KeyValue::new(SERVICE_INSTANCE_ID, RandomId::new().as_str().to_owned()),
        KeyValue::new(
            DEPLOYMENT_ENVIRONMENT_NAME,
            environment_name(config.deployment()).to_owned(),
        ),
        KeyValue::new(PROCESS_PID, i64::from(std::process::id())),
        KeyValue::new(PROCESS_RUNTIME_NAME, "rustc"),
    ];
    let executable = std::env::current_exe().ok();
    if let Some(name) = executable.as_ref().and_then(|path| path.file_name()) {
        let name = name.to_string_lossy().into_owned();
        attributes.push(KeyValue::new(PROCESS_EXECUTABLE_NAME, name));
    }
    if let Some(time) = creation_time() {
        attributes.push(KeyValue::new(PROCESS_CREATION_TIME, time));
    }
    if let Some(version) = version {
        attributes.push(KeyValue::new(SERVICE_VERSION, version.to_owned()));
    }
    let fields = config.fields().iter();
    attributes.extend(fields.map(|(name, value)| KeyValue::new(name.clone(), shown(name, value))));
    let said = otel.resource_attributes().iter();
    let said = said.map(|(key, value)| {
        let value = Value::String(value.clone());
        KeyValue::new(key.clone(), shown(key, &value))
    });
    // Not `builder`: that reads the environment by rules of its own.
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_service_name(config.service_name())
        .with_schema_url(attributes, SCHEMA_URL)
        .with_attributes(said)
        .build()
}

/// The value of an attribute, unless its key makes it a secret.
fn shown(key: &str, value: &Value) -> opentelemetry::Value {
    let value = match value {
        Value::Bool(value) => (*value).into(),
        Value::I64(value) => (*value).into(),
        // OTLP has no larger integers.
        Value::U64(value) => value.to_string().into(),
        Value::F64(value) => (*value).into(),
        Value::String(value) => value.clone().into(),
        Value::List(values) => {
            let values: Vec<_> = values.iter().cloned().map(StringValue::from).collect();
            opentelemetry::Value::Array(values.into())
        }
    };
    if is_secret(key, &value) {
        REDACTED.into()
    } else {
        value
    }
}

/// The name of a deployment in the words of the semantic conventions. Others are kept.
fn environment_name(deployment: &str) -> &str {
    match deployment {
        "dev" => "development",
        "prod" => "production",
        other => other,
    }
}

/// When the operating system started the process, in RFC 3339; known on Linux.
fn creation_time() -> Option<String> {
    let boot = boot_time(&fs::read_to_string("/proc/stat").ok()?)?;
    let start = start_ticks(&fs::read_to_string("/proc/self/stat").ok()?)?;
    let time = OffsetDateTime::from_unix_timestamp(boot).ok()?
        + Duration::from_millis(start.checked_mul(1000 / TICKS_PER_SECOND)?);
    time.format(&Rfc3339).ok()
}

/// When the system was started, in seconds of the Unix epoch, by the text of `/proc/stat`.
fn boot_time(stat: &str) -> Option<i64> {
    let mut lines = stat.lines();
    lines.find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())
}

/// When a process was started, in ticks since the start of the system, by the text of its `stat`.
fn start_ticks(stat: &str) -> Option<u64> {
    // The name of the program is in parentheses, and may have some itself.
    let (_, fields) = stat.rsplit_once(')')?;
    // Field 22 of all: the first behind the name is the third.
    fields.split_ascii_whitespace().nth(22 - 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deployments_have_the_names_of_the_conventions() {
        for (deployment, name) in [
            ("dev", "development"),
            ("development", "development"),
            ("prod", "production"),
            ("production", "production"),
            ("test", "test"),
            ("staging", "staging"),
            ("eu-prod", "eu-prod"),
        ] {
            assert_eq!(environment_name(deployment), name);
        }
    }

    #[test]
    fn a_program_whose_name_has_parentheses_has_a_start_too() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0";
        assert_eq!(start_ticks(stat), Some(4711));
        assert_eq!(start_ticks("7 (a) S 1"), None);
        assert_eq!(
            boot_time("cpu 1 2\nbtime 1796070000\n"),
            Some(1_796_070_000)
        );
        assert_eq!(boot_time("cpu 1 2\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_was_created_before_now_and_not_long_ago() {
        let created = OffsetDateTime::parse(&creation_time().unwrap(), &Rfc3339).unwrap();
        let age = OffsetDateTime::now_utc() - created;
        // The start of the system is known in whole seconds.
        assert!(
            age.as_seconds_f64() > -2.0 && age.whole_hours() < 1,
            "{age}"
        );
    }
}
