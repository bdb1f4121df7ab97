//! Why an upgrade is refused.

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::response::{IntoResponse, Response};
use telemetry_core::Scope;

use crate::handshake;

/// Refuses a request that is no upgrade to a WebSocket: axum's own response, with the request
/// id when no HTTP layer sees to it.
#[derive(Debug)]
pub struct UpgradeRejection {
    inner: WebSocketUpgradeRejection,
    /// Absent where something else follows the request.
    scope: Option<Scope>,
}

impl UpgradeRejection {
    pub(super) fn new(inner: WebSocketUpgradeRejection, scope: Option<Scope>) -> Self {
        Self { inner, scope }
    }

    /// What axum says of it.
    #[must_use]
    pub fn into_inner(self) -> WebSocketUpgradeRejection {
        self.inner
    }
}

impl IntoResponse for UpgradeRejection {
    fn into_response(self) -> Response {
        let mut response = self.inner.into_response();
        if let Some(scope) = &self.scope {
            handshake::set_request_id(response.headers_mut(), scope);
        }
        response
    }
}
