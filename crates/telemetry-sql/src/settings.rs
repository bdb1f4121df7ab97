//! What statements of one pool, or connection, have in common.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_semantic_conventions::attribute::{
    DB_NAMESPACE, DB_SYSTEM_NAME, SERVER_ADDRESS, SERVER_PORT,
};
use sqlx::Database;

use crate::drivers::{self, Target};
use crate::statements::Statements;

/// How statements are recorded.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) statements: Statements,
    pub(crate) has_text: bool,
    pub(crate) system: &'static str,
    pub(crate) namespace: Option<String>,
    /// From how long on a statement is slow; else it is that of the process.
    pub(crate) slow_statement: Option<Duration>,
}

impl Settings {
    pub(crate) fn new<DB: Database>(
        target: Target,
        has_text: bool,
        slow_statement: Option<Duration>,
    ) -> Self {
        let (system, dialect) = drivers::system::<DB>();
        let mut shared = vec![KeyValue::new(DB_SYSTEM_NAME, system)];
        let namespace = target.namespace;
        for (key, value) in [
            (DB_NAMESPACE, namespace.clone()),
            (SERVER_ADDRESS, target.address),
        ] {
            shared.extend(value.map(|value| KeyValue::new(key, value)));
        }
        let port = target.port.map(i64::from);
        shared.extend(port.map(|port| KeyValue::new(SERVER_PORT, port)));
        Self {
            statements: Statements::new(system, dialect, shared),
            has_text,
            system,
            namespace,
            slow_statement,
        }
    }
}
