//! What everything exported says of the process.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_semantic_conventions::SCHEMA_URL;
use opentelemetry_semantic_conventions::resource::{
    DEPLOYMENT_ENVIRONMENT_NAME, PROCESS_EXECUTABLE_NAME, PROCESS_PID, PROCESS_RUNTIME_NAME,
    SERVICE_INSTANCE_ID, SERVICE_VERSION,
};
use telemetry_core::{Config, RandomId};

use crate::config::OtelConfig;

/// Puts the resource together: the SDK's own attributes, the service, its deployment, the
/// process, and on top what `OTEL_RESOURCE_ATTRIBUTES` says.
pub(crate) fn resource(config: &Config, otel: &OtelConfig, version: Option<&str>) -> Resource {
    let mut attributes = vec![
        KeyValue::new(SERVICE_INSTANCE_ID, RandomId::new().as_str().to_owned()),
        KeyValue::new(DEPLOYMENT_ENVIRONMENT_NAME, config.deployment().to_owned()),
        KeyValue::new(PROCESS_PID, i64::from(std::process::id())),
        KeyValue::new(PROCESS_RUNTIME_NAME, "rustc"),
    ];
    let executable = std::env::current_exe().ok();
    if let Some(name) = executable.as_ref().and_then(|path| path.file_name()) {
        let name = name.to_string_lossy().into_owned();
        attributes.push(KeyValue::new(PROCESS_EXECUTABLE_NAME, name));
    }
    if let Some(version) = version {
        attributes.push(KeyValue::new(SERVICE_VERSION, version.to_owned()));
    }
    let said = otel.resource_attributes().iter();
    let said = said.map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    // Not `builder`: that reads the environment by rules of its own.
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_service_name(config.service_name())
        .with_schema_url(attributes, SCHEMA_URL)
        .with_attributes(said)
        .build()
}
