//! The names of metrics and attributes that the semantic conventions do not have.

pub(crate) mod metric {
    //! The metrics, of servers and of clients.

    pub(crate) const SERVER_ACTIVE_CONNECTIONS: &str = "websocket.server.active_connections";
    pub(crate) const SERVER_MESSAGES: &str = "websocket.server.messages";
    pub(crate) const SERVER_IO: &str = "websocket.server.io";
    pub(crate) const SERVER_CONNECTION_DURATION: &str = "websocket.server.connection.duration";
    pub(crate) const CLIENT_ACTIVE_CONNECTIONS: &str = "websocket.client.active_connections";
    pub(crate) const CLIENT_MESSAGES: &str = "websocket.client.messages";
    pub(crate) const CLIENT_IO: &str = "websocket.client.io";
    pub(crate) const CLIENT_CONNECTION_DURATION: &str = "websocket.client.connection.duration";
}

/// The code that a connection was closed with, on metrics.
pub(crate) const CLOSE_CODE: &str = "websocket.close_code";
/// `text` or `binary`.
pub(crate) const MESSAGE_TYPE: &str = "websocket.message.type";
/// How many bytes a message has.
pub(crate) const MESSAGE_SIZE: &str = "websocket.message.size";
