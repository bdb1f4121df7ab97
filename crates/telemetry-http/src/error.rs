//! The error behind a response.

use std::error::Error;

use telemetry_core::Failure;

/// What went wrong, for the `request_failed` line of a response with a 5xx status: the
/// error's message as `error`, its causes as `exception`.
///
/// Put it among the response's extensions where an error becomes a response:
///
/// ```
/// use http::{Response, StatusCode};
/// use telemetry_http::RecordedError;
///
/// # type Body = String;
/// fn into_response(error: &std::io::Error) -> Response<Body> {
///     let mut response = Response::new("something went wrong".to_owned());
///     *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
///     response.extensions_mut().insert(RecordedError::new(error));
///     response
/// }
/// ```
///
/// Secrets in URLs that the error or its causes show are masked, as on spans.
#[derive(Clone, Debug)]
pub struct RecordedError(Failure);

impl RecordedError {
    /// Records an error with all that caused it.
    #[must_use]
    pub fn new(error: &dyn Error) -> Self {
        Self(Failure::from_error(Failure::OTHER, error))
    }

    /// Records a message alone.
    #[must_use]
    pub fn message(message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self(Failure::new(Failure::OTHER).with_error(&message))
    }

    pub(crate) fn into_failure(self) -> Failure {
        self.0
    }
}
