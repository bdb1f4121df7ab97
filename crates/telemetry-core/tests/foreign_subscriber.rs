//! A process whose subscriber is another's.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use telemetry_core::{InstallError, init};

#[test]
fn installation_refuses_to_replace_another_subscriber_and_says_what_to_do() {
    tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
    let error = init().unwrap_err();
    assert!(matches!(error, InstallError::SubscriberSet));
    assert_eq!(
        error.to_string(),
        "another tracing subscriber is set already; install telemetry before it, or add \
         telemetry_core::LineLayer to it"
    );
}
