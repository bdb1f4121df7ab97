//! What statements of one pool, or connection, have in common.

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
}

impl Settings {
    pub(crate) fn new<DB: Database>(target: Target, has_text: bool) -> Self {
        let (system, dialect) = drivers::system::<DB>();
        let mut shared = vec![KeyValue::new(DB_SYSTEM_NAME, system)];
        for (key, value) in [
            (DB_NAMESPACE, target.namespace),
            (SERVER_ADDRESS, target.address),
        ] {
            shared.extend(value.map(|value| KeyValue::new(key, value)));
        }
        let port = target.port.map(i64::from);
        shared.extend(port.map(|port| KeyValue::new(SERVER_PORT, port)));
        Self {
            statements: Statements::new(system, dialect, shared),
            has_text,
        }
    }
}
