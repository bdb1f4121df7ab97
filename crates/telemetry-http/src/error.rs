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
#[derive(Clone, Debug)]
pub struct RecordedError {
    message: String,
    causes: Option<String>,
}

impl RecordedError {
    /// Records an error with all that caused it.
    #[must_use]
    pub fn new(error: &dyn Error) -> Self {
        let failure = Failure::from_error(Failure::OTHER, error);
        Self {
            message: failure.error,
            causes: failure.exception,
        }
    }

    /// Records a message alone.
    #[must_use]
    pub fn message(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            causes: None,
        }
    }

    pub(crate) fn into_parts(self) -> (String, Option<String>) {
        (self.message, self.causes)
    }
}
