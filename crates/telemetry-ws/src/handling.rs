//! The unit of work that a message is.

use std::fmt;
use std::sync::Arc;

use telemetry_core::{FutureExt as _, InScope};

use crate::connection::Connection;
use crate::transport::Transport;

/// Gives messages units of work of their own. A cheap handle, made by
/// [`TelemetrySocket::handling`](crate::TelemetrySocket::handling).
pub struct MessageHandling<S: Transport> {
    connection: Arc<Connection<S>>,
}

impl<S: Transport> MessageHandling<S> {
    pub(crate) fn new(connection: Arc<Connection<S>>) -> Self {
        Self { connection }
    }

    /// Runs what a message asks for within a scope of its own.
    pub fn handle<F: Future>(&self, _message: &S::Message, work: F) -> InScope<F> {
        let scope = self
            .connection
            .scope
            .in_scope(telemetry_core::Scope::snapshot);
        work.in_scope(scope)
    }
}

impl<S: Transport> Clone for MessageHandling<S> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.connection))
    }
}

impl<S: Transport> fmt::Debug for MessageHandling<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageHandling")
            .field("connection", &self.connection)
            .finish()
    }
}
