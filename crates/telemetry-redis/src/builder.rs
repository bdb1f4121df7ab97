//! What is told of a connection beside what it tells.

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry_semantic_conventions::attribute::{
    DB_NAMESPACE, DB_SYSTEM_NAME, SERVER_ADDRESS, SERVER_PORT,
};
use redis::aio::ConnectionLike;
use redis::{ConnectionAddr, ConnectionInfo};

use crate::connection::TracedConnection;
use crate::text::QueryText;

/// The name of the system, by the semantic conventions.
const REDIS: &str = "redis";

/// Collects what is recorded of a connection. Made by [`TracedConnection::builder`].
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct TracedConnectionBuilder {
    server: Vec<KeyValue>,
    text: QueryText,
}

/// What all commands of a connection have in common.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Of the server and its database.
    pub(crate) attributes: Vec<KeyValue>,
    pub(crate) text: QueryText,
}

impl TracedConnectionBuilder {
    /// Says where the connection leads: `server.address` and `server.port`. A password or a user
    /// in there is not recorded.
    pub fn with_connection_info(mut self, info: &ConnectionInfo) -> Self {
        self.server = match info.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => vec![
                KeyValue::new(SERVER_ADDRESS, host.clone()),
                KeyValue::new(SERVER_PORT, i64::from(*port)),
            ],
            ConnectionAddr::Unix(path) => {
                vec![KeyValue::new(SERVER_ADDRESS, path.display().to_string())]
            }
            _ => Vec::new(),
        };
        self
    }

    /// Records `db.query.text`, with or without values. It is not recorded by default: keys tell
    /// whose data it is.
    pub fn with_query_text(mut self, text: QueryText) -> Self {
        self.text = text;
        self
    }

    /// Wraps a connection.
    pub fn build<C: ConnectionLike>(self, connection: C) -> TracedConnection<C> {
        let mut attributes = Vec::with_capacity(4);
        attributes.push(KeyValue::new(DB_SYSTEM_NAME, REDIS));
        attributes.push(KeyValue::new(DB_NAMESPACE, connection.get_db().to_string()));
        attributes.extend(self.server);
        let settings = Settings {
            attributes,
            text: self.text,
        };
        TracedConnection::with_settings(connection, Arc::new(settings))
    }
}
